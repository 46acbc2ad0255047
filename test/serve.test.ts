import { describe, expect, test } from "vitest";
import * as abi from "../assembly/abi/op.ts";
import { guidBytes } from "../src/guid.ts";
import { Machine, type MachineOptions } from "../src/machine.ts";
import { ABIS, type Abi, opLayout, setLong, writeFirmwareInfo, writeRuntimeCall } from "../src/op.ts";
import * as layout from "../src/protocol/layout.ts";
import { ServedMachine } from "../src/protocol/served-machine.ts";
import { Session } from "../src/protocol/session.ts";
import { efiCode, errnoName, statusName } from "../src/status.ts";
import { parseTrace, replay, startMachine } from "../src/trace/index.ts";
import { toUcs2 } from "../src/ucs2.ts";
import { Random } from "./support/random.ts";
import {
  callFrame,
  frame,
  helloFrame,
  inUsedBuffer,
  ownMemory,
  ServeClient,
  type Statement,
  textOf,
  viewOf,
} from "./support/serve-client.ts";

const GUID = "11111111-2222-3333-4444-555555555555";
const BASE = 0xffff888000000000n;
const OP = 0x100;
const NAME = 0x400;
const DATA = 0x2000;
const TEN = Uint8Array.from({ length: 10 }, (_, i) => i + 1);

interface Guest {
  client: ServeClient;
  served: ServedMachine;
  bytes: Uint8Array;
  view: DataView;
  abi: Abi;
  base: bigint;
}

/** A client with 16 KiB of memory at `base`, of the same addresses in 32 bits where its ABI has no more. */
function guestOf(abiName: Abi = "x86_64", base = BASE, options: MachineOptions = {}): Guest {
  const served = new ServedMachine(
    (guestMemory) => new Machine({ ...options, abi: abiName, guestMemory, allocationLimit: 0x100000n }),
  );
  const session = new Session(() => served);
  const bytes = new Uint8Array(0x4000);
  const client = new ServeClient(
    inUsedBuffer((sent) => session.receive(sent)),
    ownMemory(base, bytes),
  );
  client.hello(abiName);
  return { client, served, bytes, view: viewOf(bytes), abi: abiName, base };
}

interface Lines {
  lines: string[];
  dropped: number;
}

interface VariableCall {
  fn: number;
  name?: string;
  /** Where the handles point, from the base. */
  nameAt?: number;
  dataAt?: number;
  size: number | bigint;
}

function layVariable(guest: Guest, { fn, name = "Ten", nameAt = NAME, dataAt = DATA, size }: VariableCall): void {
  const { bytes, view, base } = guest;
  const at = opLayout(guest.abi);
  writeRuntimeCall(view, OP, fn, fn === abi.FN_SET_VARIABLE ? 7 : 0);
  const isNext = fn === abi.FN_GET_NEXT_VARIABLE_NAME;
  setLong(view, at, OP + (isNext ? at.nextName : at.name), base + BigInt(nameAt));
  setLong(view, at, OP + (isNext ? at.nextSize : at.size), BigInt(size));
  if (!isNext) setLong(view, at, OP + at.data, base + BigInt(dataAt));
  bytes.set(guidBytes(GUID), OP + (isNext ? at.nextGuid : at.guid));
  if (nameAt + 2 * name.length + 2 <= bytes.length) bytes.set(toUcs2(`${name}\0`), nameAt);
}

/** Name of the hypercall's result, or of the status if that is 0. */
function answer(guest: Guest, statements: readonly Statement[] = []): string {
  const ret = guest.client.hypercall(guest.base + BigInt(OP), statements);
  if (ret !== 0) return errnoName(ret);
  const wide = guest.abi === "x86_64" || guest.abi === "arm64";
  const status = wide
    ? guest.view.getBigUint64(OP + abi.OP_STATUS, true)
    : BigInt(guest.view.getUint32(OP + abi.OP_STATUS, true));
  return statusName(status);
}

/** Makes Ten, of ten bytes. */
function withTen(guest: Guest): Guest {
  guest.bytes.set(TEN, DATA);
  layVariable(guest, { fn: abi.FN_SET_VARIABLE, size: 10 });
  expect(answer(guest)).toBe("SUCCESS");
  guest.bytes.fill(0xcc, DATA, DATA + 0x100);
  return guest;
}

describe("a call", () => {
  test.each(ABIS)("of %s is answered as the machine answers it, at addresses as wide as its handles", (abiName) => {
    const guest = withTen(guestOf(abiName, abiName === "x86_32" ? 0xc0000000n : BASE));
    layVariable(guest, { fn: abi.FN_GET_VARIABLE, size: 100 });
    const before = guest.bytes.slice();
    expect(answer(guest)).toBe("SUCCESS");
    expect(guest.bytes.subarray(DATA, DATA + 10)).toEqual(TEN);
    expect(guest.bytes[DATA + 10]).toBe(0xcc);
    const at = opLayout(abiName);
    // The op's handles are the client's own afterwards.
    for (const field of [at.name, at.data]) {
      const handle = OP + field;
      expect(guest.bytes.subarray(handle, handle + at.longBytes)).toEqual(
        before.subarray(handle, handle + at.longBytes),
      );
    }
    expect(guest.view.getUint32(OP + at.size, true)).toBe(10);
    expect(guest.client.written.map(({ address, length }) => [Number(address - guest.base), length])).toEqual([
      [DATA, 10],
      [OP + 8, at.longBytes === 4 ? abi.COMPAT_CALL_BYTES : abi.NATIVE_CALL_BYTES],
    ]);
  });

  test("of the last bytes below 2^64 is one like others", () => {
    const guest = guestOf("x86_64", (1n << 64n) - 0x4000n);
    guest.bytes.set(TEN, 0x4000 - 10);
    layVariable(guest, { fn: abi.FN_SET_VARIABLE, size: 10, dataAt: 0x4000 - 10 });
    expect(answer(guest)).toBe("SUCCESS");
    layVariable(guest, { fn: abi.FN_SET_VARIABLE, size: 11, dataAt: 0x4000 - 10 });
    expect(answer(guest)).toBe("-EFAULT");
    // Nobody is asked for what does not exist.
    expect(guest.client.asked.flat().at(-1)).toEqual({ address: (1n << 64n) - 10n, length: 10 });
  });

  test("of another hypercall is -ENOSYS", () => {
    const session = new Session(() => guestOf().served);
    session.receive(helloFrame());
    const call = callFrame(0n, new Uint8Array(abi.OP_BYTES));
    viewOf(call).setUint32(layout.CALL_NUMBER, 29, true);
    expect(errnoName(viewOf(session.receive(call)).getInt32(layout.RESULT_RET, true))).toBe("-ENOSYS");
  });

  test("whose op is not all there is -EFAULT", () => {
    const { client, base } = guestOf();
    expect(errnoName(client.hypercall(base + 0x4000n - 135n))).toBe("-EFAULT");
    expect(errnoName(client.hypercall(base + 0x4000n))).toBe("-EFAULT");
    expect(client.asked).toEqual([]);
  });
});

describe("what the op names is asked for before anything runs", () => {
  test.each([
    ["get_variable: the name", { fn: abi.FN_GET_VARIABLE, size: 10 }, [[[NAME, 64]]]],
    [
      "set_variable: name and data at once",
      { fn: abi.FN_SET_VARIABLE, size: 10 },
      [
        [
          [NAME, 64],
          [DATA, 10],
        ],
      ],
    ],
    ["get_next_variable_name: the whole buffer", { fn: abi.FN_GET_NEXT_VARIABLE_NAME, size: 200 }, [[[NAME, 200]]]],
    ["no bytes: nothing", { fn: abi.FN_SET_VARIABLE, size: 0 }, [[[NAME, 64]]]],
    ["more than is allocated: the name", { fn: abi.FN_SET_VARIABLE, size: 1n << 40n }, [[[NAME, 64]]]],
  ] as const)("%s", (_, call, asked) => {
    const guest = guestOf();
    layVariable(guest, call);
    answer(guest);
    const seen = guest.client.asked.map((ranges) =>
      ranges.map(({ address, length }) => [Number(address - guest.base), length]),
    );
    expect(seen).toEqual(asked);
  });

  test("a long name in pieces that double, and that cross no page which the name does not", () => {
    const guest = guestOf();
    layVariable(guest, { fn: abi.FN_GET_VARIABLE, name: "x".repeat(2500), nameAt: 0x810, size: 10 });
    expect(answer(guest)).toBe("NOT_FOUND");
    const asked = guest.client.asked.flat().map(({ address, length }) => [Number(address - guest.base), length]);
    expect(asked).toEqual([
      [0x810, 48],
      [0x840, 64],
      [0x880, 112],
      [0x8f0, 224],
      [0x9d0, 448],
      [0xb90, 896],
      [0xf10, 240],
      [0x1000, 2032],
      [0x17f0, 2064],
    ]);
  });

  test("a call that the client gives up for another one leaves nothing", () => {
    const guest = guestOf();
    const session = new Session(() => guest.served);
    session.receive(helloFrame());
    layVariable(guest, { fn: abi.FN_SET_VARIABLE, size: 10 });
    const call = callFrame(guest.base + BigInt(OP), guest.bytes.slice(OP, OP + abi.OP_BYTES), [], 7);
    expect(session.receive(call)[layout.TYPE]).toBe(layout.NEED);
    const other = callFrame(guest.base, new Uint8Array(abi.OP_BYTES), [], 8);
    viewOf(other).setUint32(layout.CALL_NUMBER, 29, true);
    expect(session.receive(other)[layout.TYPE]).toBe(layout.RESULT);
    expect(textOf(session.receive(frame(layout.HAVE, 7)), layout.ERROR_TEXT)).toMatch(/a HAVE after a NEED only/);
    expect(guest.served.machine.variable("Ten", GUID)).toBeUndefined();
  });
});

describe("what a client says of its memory", () => {
  /** Statements of name and data as a client makes them that knows the layout. */
  function known(guest: Guest, { nameBytes = 8, dataBytes = 10 } = {}): Statement[] {
    const { bytes, base } = guest;
    return [
      { address: base + BigInt(NAME), length: nameBytes, given: bytes.subarray(NAME, NAME + nameBytes) },
      { address: base + BigInt(DATA), length: dataBytes, given: bytes.subarray(DATA, DATA + dataBytes) },
    ];
  }

  test("saves the questions", () => {
    const guest = guestOf();
    guest.bytes.set(TEN, DATA);
    layVariable(guest, { fn: abi.FN_SET_VARIABLE, size: 10 });
    expect(answer(guest, known(guest))).toBe("SUCCESS");
    expect(guest.client.asked).toEqual([]);
    expect(guest.served.machine.variable("Ten", GUID)?.data).toEqual(TEN);
  });

  test("is asked for where it says less than the call needs", () => {
    const guest = guestOf();
    guest.bytes.set(TEN, DATA);
    layVariable(guest, { fn: abi.FN_SET_VARIABLE, size: 10 });
    const [name, data] = known(guest) as [Statement, Statement];
    const part = { ...data, given: guest.bytes.subarray(DATA, DATA + 3) };
    expect(answer(guest, [name, part])).toBe("SUCCESS");
    expect(guest.client.asked).toEqual([[{ address: guest.base + BigInt(DATA + 3), length: 7 }]]);
    expect(guest.served.machine.variable("Ten", GUID)?.data).toEqual(TEN);
  });

  test.each([
    ["the name", NAME, 2, abi.FN_SET_VARIABLE],
    ["the name's terminator", NAME + 6, 2, abi.FN_GET_VARIABLE],
    ["data that go in", DATA + 9, 1, abi.FN_SET_VARIABLE],
    ["data that come out", DATA, 1, abi.FN_GET_VARIABLE],
    ["the last byte that comes out", DATA + 9, 1, abi.FN_GET_VARIABLE],
    ["the next name's buffer", NAME + 100, 1, abi.FN_GET_NEXT_VARIABLE_NAME],
  ])("is -EFAULT where it says that %s is not mapped", (_, at, length, fn) => {
    const guest = withTen(guestOf());
    layVariable(guest, { fn, size: fn === abi.FN_GET_NEXT_VARIABLE_NAME ? 101 : 10 });
    expect(answer(guest, [{ address: guest.base + BigInt(at), length, given: "fault" }])).toBe("-EFAULT");
    expect(guest.served.machine.variable("Ten", GUID)?.data).toEqual(TEN);
  });

  test("a buffer that ends within a value has its bytes up to there, as with Xen's copy_to_guest", () => {
    const guest = withTen(guestOf());
    layVariable(guest, { fn: abi.FN_GET_VARIABLE, size: 10 });
    const fault: Statement = { address: guest.base + BigInt(DATA + 4), length: 6, given: "fault" };
    expect(answer(guest, [fault])).toBe("-EFAULT");
    expect([...guest.bytes.subarray(DATA, DATA + 5)]).toEqual([1, 2, 3, 4, 0xcc]);
    expect(guest.client.written).toEqual([{ address: guest.base + BigInt(DATA), length: 4 }]);
  });

  test("NULL need not be spoken of: addresses below the HELLO's are not mapped", () => {
    const guest = guestOf("x86_64", 0n);
    layVariable(guest, { fn: abi.FN_SET_VARIABLE, nameAt: 0, name: "Ten", size: 10 });
    expect(answer(guest)).toBe("-EFAULT");
    expect(guest.client.asked.flat().map(({ address }) => address)).toEqual([BigInt(DATA)]);
    layVariable(guest, { fn: abi.FN_GET_VARIABLE, nameAt: 0x1000, dataAt: 0, size: 0 });
    expect(answer(guest)).toBe("NOT_FOUND");
  });

  test("never changes an answer, however it is cut into regions", () => {
    const random = new Random(1);
    const [plain, cut] = [withTen(guestOf()), withTen(guestOf())];
    let saved = 0;
    for (let i = 0; i < 2000; i++) {
      const call: VariableCall = {
        fn: 6 + random.below(3),
        name: random.pick(["Ten", "Nine", "x".repeat(40), ""]),
        nameAt: NAME + random.below(3),
        dataAt: random.pick([DATA, 0x3ffa, 0x10000]),
        size: random.pick([0, 4, 10, 100, 1 << 21]),
      };
      for (const guest of [plain, cut]) layVariable(guest, call);
      const statements = Array.from({ length: random.below(6) }, (): Statement => {
        const at = random.pick([NAME, NAME + 1, NAME + 2, NAME + 8, DATA, DATA + 4]);
        const length = random.below(60);
        return {
          address: cut.base + BigInt(at),
          length,
          given: cut.bytes.slice(at, at + random.below(length + 1)),
        };
      });
      expect(answer(cut, statements)).toBe(answer(plain));
      expect(Buffer.compare(cut.bytes, plain.bytes)).toBe(0);
      if (cut.client.asked.length < plain.client.asked.length) saved++;
    }
    expect(cut.served.machine.variables()).toEqual(plain.served.machine.variables());
    expect(saved).toBeGreaterThan(100);
  });
});

test("a write that the client cannot make is -EFAULT, and what follows it is not made", () => {
  const guest = withTen(guestOf());
  layVariable(guest, { fn: abi.FN_GET_VARIABLE, size: 10, dataAt: 0x4000 - 4 });
  const op = guest.bytes.slice(OP, OP + abi.OP_BYTES);
  expect(answer(guest)).toBe("-EFAULT");
  expect(guest.bytes.subarray(OP, OP + abi.OP_BYTES)).toEqual(op);
  expect([...guest.bytes.subarray(0x4000 - 4)]).toEqual([1, 2, 3, 4]);
});

test("firmware_info's vendor comes in the client's buffer", () => {
  const guest = guestOf();
  writeFirmwareInfo(guest.view, OP, abi.FW_EFI_INFO, abi.EFI_INFO_VENDOR);
  guest.view.setUint32(OP + abi.INFO_VENDOR_BUFSZ, 10, true);
  guest.view.setBigUint64(OP + abi.INFO_VENDOR_NAME, guest.base + BigInt(DATA), true);
  expect(guest.client.hypercall(guest.base + BigInt(OP))).toBe(0);
  expect(new TextDecoder("utf-16le").decode(guest.bytes.subarray(DATA, DATA + 12))).toBe("EDK I\0");
});

describe("a fault rule", () => {
  test("counts a call once, however often the server has to ask", () => {
    const guest = withTen(guestOf());
    expect(guest.client.control({ inject: { fn: "get_variable", status: "DEVICE_ERROR", nth: 2 } })).toEqual({
      rule: 1,
    });
    const answers = [1, 2, 3].map(() => {
      layVariable(guest, { fn: abi.FN_GET_VARIABLE, size: 10, name: "Ten" });
      return answer(guest);
    });
    expect(guest.client.asked.length).toBeGreaterThan(0);
    expect(answers).toEqual(["SUCCESS", "DEVICE_ERROR", "SUCCESS"]);
    expect(guest.client.control({ remove: { rule: 1 } })).toEqual({ rule: 1 });
    expect(guest.client.control({ remove: { rule: 1 } })).toEqual({ error: "no rule has number 1" });
  });

  test("has its bytes written, and those behind them stay the client's", () => {
    const guest = withTen(guestOf());
    guest.client.control({ inject: { fn: "get_variable", data: "aabb" } });
    layVariable(guest, { fn: abi.FN_GET_VARIABLE, size: 10 });
    expect(answer(guest)).toBe("SUCCESS");
    expect([...guest.bytes.subarray(DATA, DATA + 11)]).toEqual([0xaa, 0xbb, ...new Array(9).fill(0xcc)]);
  });

  test("that changes a handle has it changed", () => {
    const guest = withTen(guestOf());
    const mutateGuest = [{ in: "op", offset: abi.NATIVE_DATA, bytes: "ab".repeat(8) }];
    guest.client.control({ inject: { fn: "get_variable", mutateGuest, writeBack: false } });
    layVariable(guest, { fn: abi.FN_GET_VARIABLE, size: 10 });
    expect(guest.client.hypercall(guest.base + BigInt(OP))).toBe(0);
    expect(guest.view.getBigUint64(OP + abi.NATIVE_DATA, true)).toBe(0xababababababababn);
    expect(guest.view.getBigUint64(OP + abi.NATIVE_NAME, true)).toBe(guest.base + BigInt(NAME));
  });

  test("overruns a buffer as far as the client offers memory", () => {
    const guest = withTen(guestOf());
    guest.client.control({ inject: { fn: "get_variable", data: "ee".repeat(20) } });
    layVariable(guest, { fn: abi.FN_GET_VARIABLE, size: 10 });
    expect(answer(guest)).toBe("-EFAULT");
    expect(guest.bytes[DATA + 10]).toBe(0xcc);
  });
});

describe("control", () => {
  test("sets, gets, lists and deletes variables past every rule", () => {
    const { client, served } = guestOf();
    const place = { name: "PK", guid: "global" };
    expect(client.control({ set: { ...place, attr: "NV+BS+RT", data: "0102" } })).toEqual({ status: "SUCCESS" });
    const variable = { name: "PK", guid: "8be4df61-93ca-11d2-aa0d-00e098032b8c", attr: 7, data: "0102" };
    expect(client.control({ get: place })).toEqual({ variable });
    expect(client.control({ list: {} })).toEqual({
      variables: expect.arrayContaining([variable, expect.objectContaining({ name: "Lang" })]),
    });
    expect(client.control({ delete: place })).toEqual({ status: "SUCCESS" });
    expect(client.control({ get: place })).toEqual({ variable: null });
    expect(served.machine.variable("PK", variable.guid)).toBeUndefined();
  });

  test("turns the clock, changes the platform and reboots", () => {
    const { client, served } = guestOf();
    expect(client.control({ clock: { seconds: 1000 } })).toEqual({ seconds: 1000 });
    expect(client.control({ clock: { advance: -10 } })).toEqual({ seconds: 990 });
    expect(client.control({ platform: { privileged: false } })).toEqual({
      interfaceMatches: true,
      efiBoot: true,
      runtimeServices: true,
      privileged: false,
      platformOps: true,
    });
    expect(served.machine.platform.privileged).toBe(false);
    expect(client.control({ set: { name: "Gone", attr: 6, data: "00" } })).toEqual({ status: "SUCCESS" });
    expect(client.control({ get: { name: "Gone" } })).toMatchObject({ variable: { attr: 6 } });
    expect(client.control({ reboot: {} })).toEqual({ refused: [] });
    expect(client.control({ get: { name: "Gone" } })).toEqual({ variable: null });
  });

  test("tells why the last call was refused", () => {
    const guest = guestOf();
    layVariable(guest, { fn: abi.FN_GET_VARIABLE, size: 10, dataAt: 0x10000 });
    answer(guest);
    expect(guest.client.control({ reason: {} })).toEqual({ reason: "no such variable" });
  });

  test("logs calls as a trace that replays", () => {
    const guest = guestOf();
    const { header } = guest.client.control({ log: { on: true } });
    withTen(guest);
    layVariable(guest, { fn: abi.FN_GET_VARIABLE, size: 10 });
    answer(guest);
    layVariable(guest, { fn: abi.FN_GET_VARIABLE, size: 10, dataAt: 0x10000 });
    answer(guest, [{ address: guest.base + 0x10000n, length: 10, given: "fault" }]);
    layVariable(guest, { fn: abi.FN_GET_VARIABLE, size: 10 });
    guest.bytes.fill(0xcc, DATA, DATA + 10);
    answer(guest, [{ address: guest.base + BigInt(DATA + 4), length: 6, given: "fault" }]);
    layVariable(guest, { fn: abi.FN_GET_VARIABLE, size: 10 });
    guest.view.setBigUint64(OP + abi.NATIVE_DATA, 0n, true);
    answer(guest);
    const { lines, dropped } = guest.client.control({ log: { on: false } }) as unknown as Lines;
    expect(dropped).toBe(0);
    const trace = parseTrace([header, ...lines].join("\n"));
    expect(trace.calls.map(({ call }) => [call.fn, call.out.ret])).toEqual([
      ["set_variable", 0],
      ["get_variable", 0],
      ["get_variable", -14],
      ["get_variable", -14],
      ["get_variable", -14],
    ]);
    expect([2, 4].map((i) => trace.calls[i]?.call.in.dataPtr)).toEqual(["bad", "null"]);
    // What a buffer held that a fault leaves half written is part of the call.
    expect(trace.calls[3]?.call.in.dataHeld).toBe("cccccccc");
    expect(replay(trace, startMachine(trace, undefined)).differences).toEqual([]);
    expect(guest.client.control({ log: {} })).toEqual({ lines: [], dropped: 0 });
  });

  test("a log that nobody takes keeps its last calls", () => {
    const guest = guestOf();
    guest.client.control({ log: { on: true } });
    for (let i = 0; i < 150; i++) {
      layVariable(guest, { fn: abi.FN_SET_VARIABLE, size: 0x1f00, name: `Long${i}` });
      answer(guest);
    }
    const { lines, dropped } = guest.client.control({ log: {} }) as unknown as Lines;
    expect([lines.length + dropped, lines.at(-1)?.includes("Long149")]).toEqual([150, true]);
    expect(dropped).toBeGreaterThan(0);
    expect(lines.join("").length).toBeLessThan(0x180000);
  });

  test.each([
    [{}, /^one of get, set, .*, reason, not $/],
    [{ get: {}, set: {} }, /not get, set$/],
    [[], /^a JSON object$/],
    [{ toString: {} }, /not toString$/],
    [{ get: 1 }, /^get: an object, not 1$/],
    [{ get: {} }, /^get\.name: a name without NUL, not nothing$/],
    [{ get: { name: "A", guid: "x" } }, /^get\.guid: "x" is no GUID/],
    [{ get: { name: "A", size: 1 } }, /^get\.size: no such member$/],
    [{ set: { name: "A", data: "0g" } }, /^set\.data: offset 1/],
    [{ set: { name: "A", data: "", attr: -1 } }, /^set\.attr: attributes of 32 bits, not -1$/],
    [{ set: { name: "A".repeat(0x40000), data: "" } }, /^name: at most/],
    [{ clock: { seconds: 1.5 } }, /^clock\.seconds: an integer, not 1\.5$/],
    [{ platform: { privileged: 1 } }, /^platform\.privileged: true or false, not 1$/],
    [{ inject: { fn: "get_tome", status: 7 } }, /^rule\.fn: one of/],
    [{ inject: {} }, /^rule: at least one of/],
    [{ inject: { how: {}, status: 7 } }, /^inject\.how: nothing, for it is a function/],
    [{ inject: { name: {}, status: 7 } }, /^inject\.name: text, not \{\}$/],
    [{ remove: {} }, /^remove\.rule: a rule's number, not nothing$/],
  ])("%j is an error", (request, message) => {
    expect(guestOf().client.control(request)).toEqual({ error: expect.stringMatching(message) });
  });

  test("rules have an end", () => {
    const { client } = guestOf();
    for (let i = 0; i < 100; i++) client.control({ inject: { status: 7, nth: 1 } });
    expect(client.control({ inject: { status: 7 } })).toEqual({ error: "at most 100 rules" });
  });
});

test("efiCode of a folded status is what a client of 32 bits sees", () => {
  const guest = guestOf("arm32");
  layVariable(guest, { fn: abi.FN_GET_VARIABLE, size: 10 });
  expect(answer(guest)).toBe("NOT_FOUND");
  expect(efiCode(guest.view.getBigUint64(OP + abi.OP_STATUS, true))).toBe(14);
  expect(guest.view.getUint32(OP + abi.OP_STATUS, true)).toBe(0x8000000e);
});
