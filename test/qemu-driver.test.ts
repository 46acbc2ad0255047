import { describe, expect, test } from "vitest";
import { Answer, getMessage, nextMessage, setMessage } from "../src/fuzz/qemu/message.ts";
import { randomSequence } from "../src/fuzz/qemu/sequence.ts";
import { shrink } from "../src/fuzz/qemu/shrink.ts";
import { VariableDriver } from "../src/fuzz/qemu/variable-driver.ts";
import { toHex } from "../src/hex.ts";
import { Client, GLOBAL_GUID, Machine } from "../src/index.ts";
import { qemu } from "../src/policies/qemu.ts";
import { toUcs2 } from "../src/ucs2.ts";

const GUID = "00112233-4455-6677-8899-aabbccddeeff";
const BYTES = "33221100554477668899aabbccddeeff";
const PROTOCOL = "33d532ede69909429cc02d72cdd998a7";
const named = (name: string) => ({ name: toUcs2(`${name}\0`), guid: GUID });

describe("a message is its two headers and the function's structure", () => {
  const u64 = (value: number) => toHex(new Uint8Array(new BigUint64Array([BigInt(value)]).buffer));
  test.each([
    ["GetVariable", getMessage(named("A"), 7, 3), 1, `${BYTES}${u64(3)}${u64(4)}07000000${"41000000"}000000`],
    [
      "SetVariable",
      setMessage(named("A"), 7, Uint8Array.of(9)),
      3,
      `${BYTES}${u64(1)}${u64(4)}07000000${"41000000"}09`,
    ],
    ["GetNextVariableName", nextMessage(named("A"), 6), 2, `${BYTES}${u64(6)}${"41000000"}0000`],
  ])("%s", (_, message, fn, body) => {
    expect(toHex(message)).toBe(`${PROTOCOL}${u64(16 + body.length / 2)}${u64(fn)}${u64(0)}${body}`);
  });
});

/** A device that keeps what it is asked, tells such a payload size, and answers with such a status. */
class Asked {
  readonly messages: Uint8Array[] = [];
  constructor(
    readonly payloadBytes = 0x10000 - 40,
    readonly status = 0n,
  ) {}
  async communicate(message: Uint8Array): Promise<Uint8Array> {
    const answer = message.slice();
    const view = new DataView(answer.buffer);
    if (view.getBigUint64(24, true) === 11n) view.setBigUint64(40, BigInt(this.payloadBytes), true);
    else this.messages.push(message);
    view.setBigUint64(32, this.status, true);
    return answer;
  }
}

const INVALID_PARAMETER = 0x8000000000000002n;
const NOT_FOUND = 0x800000000000000en;
const NONE = new Uint8Array(0);
/** Name and data that just go into a message. */
const MOST = 0x10000 - 24 - 16 - 36;

describe("what edk2 answers itself, QEMU is not asked", () => {
  test.each<[string, bigint, (driver: VariableDriver) => Promise<bigint>]>([
    ["an empty name is read", NOT_FOUND, async (d) => (await d.getVariable(named(""), 0, 4n)).status],
    ["an empty name is written", INVALID_PARAMETER, (d) => d.setVariable(named(""), 7, NONE)],
    [
      "a name that is too long is read",
      INVALID_PARAMETER,
      async (d) => (await d.getVariable(named("A".repeat(MOST / 2)), 0, 4n)).status,
    ],
    ["too much is written", INVALID_PARAMETER, (d) => d.setVariable(named("A"), 7, new Uint8Array(MOST - 3))],
    [
      "a name without terminator starts a walk",
      INVALID_PARAMETER,
      async (d) => (await d.getNextVariableName({ name: toUcs2("AB"), guid: GUID }, 4n)).status,
    ],
    ["no bytes for a name", INVALID_PARAMETER, async (d) => (await d.getNextVariableName(named(""), 1n)).status],
    ["no attributes are queried", INVALID_PARAMETER, async (d) => (await d.queryVariableInfo(0)).status],
  ])("%s", async (_, status, act) => {
    const device = new Asked();
    expect(await act(await VariableDriver.load(device))).toBe(status);
    expect(device.messages).toEqual([]);
  });

  test("and is asked for all else, up to the last byte of a message", async () => {
    const device = new Asked();
    const driver = await VariableDriver.load(device);
    await driver.setVariable(named("A"), 7, new Uint8Array(MOST - 4));
    expect(device.messages.map((message) => message.length)).toEqual([0x10000]);
  });
});

test.each([0x10000, 0x10000 - 40])("a payload of %i bytes is told: no message is longer than 64 KiB", async (told) => {
  const device = new Asked(told);
  const driver = await VariableDriver.load(device);
  await driver.getVariable(named("A"), 0, 0xffffffffffffffffn);
  expect(device.messages[0]).toHaveLength(0x10000);
  expect(new Answer(device.messages[0] as Uint8Array).size).toBe(BigInt(MOST - 4));
});

test("a size is told on success and BUFFER_TOO_SMALL, else it stays", async () => {
  for (const [status, size] of [
    [0n, 4n],
    [0x8000000000000005n, 4n],
    [NOT_FOUND, 1n << 40n],
  ] as const) {
    const driver = await VariableDriver.load(new Asked(36 + 4 + 4, status));
    expect((await driver.getVariable(named("A"), 0, 1n << 40n)).size).toBe(size);
  }
});

test("the device's own variables come before the firmware's, in its order; at a reboot the count again is last", () => {
  const machine = new Machine({ policy: qemu });
  expect(walk(machine)).toEqual(["SetupMode", "SignatureSupport", "SecureBoot", "VendorKeys", "MTC"]);
  expect(machine.variable("CustomMode", "c076ec0c-7028-4399-a072-71ee5c448b9f")?.attributes).toBe(3);
  expect(machine.variable("VendorKeysNv", GLOBAL_GUID)?.attributes).toBe(0x23);
  new Client(machine).setVariable("Own", GUID, 7, Uint8Array.of(1));
  machine.reboot();
  expect(walk(machine)).toEqual(["Own", "SetupMode", "SignatureSupport", "SecureBoot", "VendorKeys", "MTC"]);
});

/** Names in the order of GetNextVariableName. */
function walk(machine: Machine): string[] {
  return [...new Client(machine).variableNames()].map(({ name }) => name);
}

test("a random sequence is the same for the same seed, and another one for another", () => {
  expect(randomSequence(7)).toEqual(randomSequence(7));
  expect(randomSequence(7)).not.toEqual(randomSequence(8));
});

test("a sequence shrinks to the calls that are needed, in their order", async () => {
  const trace = randomSequence(1, 40);
  const [first, second] = [trace.calls[3], trace.calls[29]];
  const wanted = async ({ calls }: typeof trace) => calls.includes(first as never) && calls.includes(second as never);
  expect((await shrink(trace, wanted)).calls).toEqual([first, second]);
});
