import { expect, test } from "vitest";
import * as abi from "../assembly/abi/op.ts";
import { Client, type Hypervisor } from "../src/client.ts";
import { bufferMemory } from "../src/guest-memory.ts";
import { Machine } from "../src/machine.ts";
import { opLayout } from "../src/op.ts";
import { toUcs2 } from "../src/ucs2.ts";
import { GUID } from "./support/writer.ts";

const OP = 0x1000;
const DATA = Uint8Array.of(1, 2, 3);

/** A machine that holds a variable Ten, and its client. */
function made(options: ConstructorParameters<typeof Machine>[0] = {}) {
  const machine = new Machine({ preload: [{ name: "Ten", guid: GUID, attributes: 7, data: "010203" }], ...options });
  return { machine, client: new Client(machine) };
}

const SUCCESS = { ok: true, ret: 0, errno: "0", status: 0n, statusName: "SUCCESS", reason: "" };

test("a reply is a plain object that has all of its fields in their order", () => {
  const { client } = made();
  const got = client.getVariable("Ten", GUID);
  expect(got).toStrictEqual({ ...SUCCESS, size: 3, attributes: 7, data: DATA });
  expect(Object.keys(got)).toEqual([...Object.keys(SUCCESS), "size", "attributes", "data"]);
  expect(client.setVariable("Ten", GUID, 7, DATA)).toStrictEqual(SUCCESS);
  expect(client.getVariable("None", GUID)).toStrictEqual({
    ...{ ok: false, ret: 0, errno: "0", status: 0x800000000000000en, statusName: "NOT_FOUND" },
    ...{ reason: "no such variable", size: client.machine.memory.length - 0x12000, attributes: 0, data: undefined },
  });
});

test("a hypercall that fails has the errno's name, and no status", () => {
  const { client } = made({ profile: "xen-arm-mainline" });
  expect(client.getVariable("Ten", GUID)).toStrictEqual({
    ...{ ok: false, ret: -38, errno: "-ENOSYS", status: undefined, statusName: "-ENOSYS" },
    ...{ reason: "no such platform op here", size: 0, attributes: 0, data: undefined },
  });
});

test("a name may be as long as its buffer with its terminator", () => {
  const { client } = made();
  expect(client.getVariable("x".repeat(0x7fff), GUID).statusName).not.toBe("SUCCESS");
  expect(() => client.getVariable("x".repeat(0x8000), GUID)).toThrow(RangeError);
  expect(() => client.setVariable("x".repeat(0x8000), GUID, 7)).toThrow(RangeError);
});

test("a name ends where it ends, whatever lay there", () => {
  const { client } = made();
  client.getVariable("Tentative", GUID);
  expect(client.getVariable("Ten", GUID).ok).toBe(true);
});

test.each([-1, 0, 1, 2, 5, 6])("of a walk's name a buffer of %d bytes has what fits", (size) => {
  const { machine, client } = made();
  const name = 0x2000;
  machine.memory.fill(0xee, name, name + 10);
  client.getNextVariableName("Ten", GUID, size);
  const units = Math.max(0, size >> 1);
  const expected = [...toUcs2("Ten").subarray(0, 2 * units), ...(size & 1 && size > 0 ? [0] : [])];
  expect([...machine.memory.subarray(name, name + 10)]).toEqual([
    ...expected,
    ...Array(10 - expected.length).fill(0xee),
  ]);
});

test.each([0.5, Number.NaN, Number.POSITIVE_INFINITY])("a size of %d is none", (size) => {
  const { client } = made();
  expect(() => client.getVariable("Ten", GUID, size)).toThrow(RangeError);
  expect(() => client.getNextVariableName("", GUID, size)).toThrow(RangeError);
});

test.each([0, 3, 0xffffffff, 2 ** 32 + 7, 2 ** 60, -1])("a size of %d is told as a long", (size) => {
  for (const name of ["x86_64", "x86_32"] as const) {
    const { machine } = made({ abi: name });
    const layout = opLayout(name);
    let told = 0n;
    const before: Hypervisor = {
      hypercall(op) {
        told =
          layout.longBytes === 4
            ? BigInt(machine.view.getUint32(op + layout.size, true))
            : machine.view.getBigUint64(op + layout.size, true);
        return -14;
      },
    };
    new Client(machine, before).getVariable("Ten", GUID, size);
    expect(told).toBe(BigInt.asUintN(8 * layout.longBytes, BigInt(size)));
  }
});

test("a size of more than 32 bits is read as it is", () => {
  const { machine } = made();
  const layout = opLayout("x86_64");
  const before: Hypervisor = {
    hypercall(op) {
      machine.view.setBigUint64(op + layout.size, 0x200000003n, true);
      machine.view.setBigUint64(op + abi.OP_STATUS, 0x8000000000000005n, true);
      return 0;
    },
  };
  expect(new Client(machine, before).getVariable("Ten", GUID)).toMatchObject({ size: 0x200000003 });
});

test("guest memory may grow between two calls, and while one is answered", () => {
  const memory = new WebAssembly.Memory({ initial: 2, maximum: 8 });
  const { machine } = made({ guestMemory: bufferMemory(() => memory.buffer) });
  const grows: Hypervisor = {
    hypercall(op) {
      const ret = machine.hypercall(op);
      memory.grow(1);
      return ret;
    },
  };
  const client = new Client(machine, grows);
  expect(client.getVariable("Ten", GUID).data).toEqual(DATA);
  memory.grow(1);
  expect(client.getVariable("Ten", GUID).data).toEqual(DATA);
  expect(client.efiVersion().ok).toBe(true);
  memory.grow(1);
  expect(client.efiVersion().version).not.toBe(0);
});

test("an op is clear behind what the call fills", () => {
  const { client, machine } = made();
  machine.memory.fill(0xff, OP, OP + abi.OP_BYTES);
  expect(client.getVariable("Ten", GUID, 3).ok).toBe(true);
  const end = OP + opLayout("x86_64").guid + 16;
  expect(machine.memory.slice(end, OP + abi.OP_BYTES)).toEqual(new Uint8Array(OP + abi.OP_BYTES - end));
});
