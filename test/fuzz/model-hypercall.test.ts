import { describe, expect, test } from "vitest";
import * as abi from "../../assembly/abi/op.ts";
import { modelOf } from "../../src/fuzz/model/of-machine.ts";
import type { ReferenceModel } from "../../src/fuzz/model/reference-model.ts";
import { guidBytes } from "../../src/guid.ts";
import { Machine, type MachineOptions } from "../../src/machine.ts";
import { ABIS, type Abi, opLayout, setLong, writeRuntimeCall } from "../../src/op.ts";
import { ovmf4m } from "../../src/policies/ovmf.ts";
import { uboot } from "../../src/policies/uboot.ts";
import { toUcs2 } from "../../src/ucs2.ts";
import { ModelClient } from "../support/model-client.ts";

const OURS = "11111111-2222-3333-4444-555555555555";
const OP = 0x2000;
const NAME = 0x3000;
const DATA = 0x4000;
const END = 0x8000;

/** A model over a memory of its own, and the stored variable "Ten" of ten bytes. */
class Bench {
  readonly model: ReferenceModel;
  readonly memory = new Uint8Array(END).fill(0xee);
  readonly view = new DataView(this.memory.buffer);
  readonly layout;

  constructor(name: Abi = "x86_64") {
    const preload = [{ name: "Ten", guid: OURS, attributes: 7, data: "00010203040506070809" }];
    this.model = modelOf(new Machine({ abi: name, preload }));
    this.layout = opLayout(name);
  }

  call(fn: number, misc = 0): void {
    writeRuntimeCall(this.view, OP, fn, misc);
  }

  /** GetVariable or SetVariable of "Ten". */
  variable(fn: number, misc: number, size: bigint, data = BigInt(DATA), name = BigInt(NAME)): void {
    this.call(fn, misc);
    this.memory.set(toUcs2("Ten\0"), NAME);
    setLong(this.view, this.layout, OP + this.layout.name, name);
    setLong(this.view, this.layout, OP + this.layout.size, size);
    setLong(this.view, this.layout, OP + this.layout.data, data);
    this.memory.set(guidBytes(OURS), OP + this.layout.guid);
  }

  answer(op = OP): number | undefined {
    return this.model.answer(this.memory, op);
  }

  code(): number {
    return this.view.getUint32(OP + abi.OP_STATUS, true) & 0x3fffffff;
  }
}

describe("an op", () => {
  test.each([
    [0xfff, -14],
    [0x1000 - 1, -14],
    [END - 136, -13],
    [END - 135, -14],
    [0xffffffff, -14],
  ])("at %i gets %i", (at, expected) => {
    expect(new Bench().answer(at)).toBe(expected);
  });

  test.each([
    [0x03000000, 49, 6, 0, -13],
    [0x03000001, 48, 6, 0, -38],
    [0x03000001, 49, 0, 0, -38],
    [0x03000001, 49, 12, 7, -38],
    [0x03000001, 49, 1, 1, -22],
    [0x03000001, 49, 3, 1, -22],
    [0x03000001, 49, 4, 4, -22],
    [0x03000001, 49, 5, 1, -22],
    [0x03000001, 49, 9, 2, -22],
    [0x03000001, 49, 10, 1, -22],
    [0x03000001, 49, 10, 0, -38],
    [0x03000001, 49, 11, 0, -38],
  ])(
    "of version %i, command %i, function %i and misc %i gets %i, unchanged",
    (version, command, fn, misc, expected) => {
      const bench = new Bench();
      bench.call(fn, misc);
      bench.view.setUint32(OP + abi.OP_INTERFACE_VERSION, version, true);
      bench.view.setUint32(OP + abi.OP_CMD, command, true);
      const before = bench.memory.slice();
      expect(bench.answer()).toBe(expected);
      expect(bench.memory).toEqual(before);
    },
  );

  test("whose part that comes back cannot be written is -EFAULT, written up to there", () => {
    const bench = new Bench();
    bench.call(abi.FN_GET_TIME);
    bench.model.guest.readOnly = [{ start: OP + 26, end: OP + 27 }];
    expect(bench.answer()).toBe(-14);
    expect([...bench.memory.subarray(OP + 24, OP + 30)]).toEqual([2024 & 0xff, 2024 >> 8, 0, 0, 0, 0]);
  });
});

/** Size, handles, and what comes of a read and of a write. */
const HANDLES = [
  [10n, BigInt(DATA), BigInt(NAME), 0, 0],
  [10n, 0n, BigInt(NAME), -14, -14],
  [10n, BigInt(END - 9), BigInt(NAME), -14, -14],
  [10n, BigInt(END - 10), BigInt(NAME), 0, 0],
  [0n, 0n, BigInt(NAME), 0, 0],
  [9n, 0n, BigInt(NAME), 0, -14],
  [10n, BigInt(DATA) + (1n << 32n), BigInt(NAME), -14, -14],
  [10n, BigInt(DATA) + (1n << 63n), BigInt(NAME), -14, -14],
  [10n, BigInt(DATA), 0n, -14, -14],
  [10n, BigInt(DATA), BigInt(END - 2), -14, -14],
  [1n << 32n, BigInt(DATA), 0n, -14, -14],
  [1n << 32n, BigInt(DATA), BigInt(NAME), -12, -12],
  [(1n << 64n) - 1n, 0n, BigInt(NAME), -12, -12],
  [(1n << 32n) - 1n, BigInt(DATA), BigInt(NAME), 0, -14],
] as const;

test.each(HANDLES)("size %i, data at %i, name at %i: a read gets %i, a write %i", (size, data, name, read, write) => {
  const bench = new Bench();
  bench.variable(abi.FN_GET_VARIABLE, 0, size, data, name);
  expect(bench.answer()).toBe(read);
  bench.variable(abi.FN_SET_VARIABLE, 7, size, data, name);
  expect(bench.answer()).toBe(write);
});

test("a read that faults has written what lies before", () => {
  const bench = new Bench();
  bench.variable(abi.FN_GET_VARIABLE, 0, 10n);
  const before = bench.memory.slice(OP, OP + abi.OP_BYTES);
  bench.model.guest.readOnly = [{ start: DATA + 9, end: DATA + 10 }];
  expect(bench.answer()).toBe(-14);
  expect([...bench.memory.subarray(DATA, DATA + 10)]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 0xee]);
  expect(bench.memory.slice(OP, OP + abi.OP_BYTES)).toEqual(before);
});

test("a name is as long as its memory, to the last byte", () => {
  const bench = new Bench();
  bench.variable(abi.FN_GET_VARIABLE, 0, 10n, BigInt(DATA), BigInt(END - 8));
  bench.memory.set(toUcs2("Ten\0"), END - 8);
  expect(bench.answer()).toBe(0);
  bench.call(abi.FN_GET_VARIABLE);
  setLong(bench.view, bench.layout, OP + bench.layout.name, BigInt(END - 8));
  bench.model.guest.unmapped = [{ start: END - 1, end: END }];
  expect(bench.answer()).toBe(-14);
});

test("data that a read puts over its own op are there but for what comes back", () => {
  const bench = new Bench();
  bench.variable(abi.FN_GET_VARIABLE, 0, 10n, BigInt(OP + 62));
  expect(bench.answer()).toBe(0);
  const guid = guidBytes(OURS);
  expect([...bench.memory.subarray(OP + 60, OP + 72)]).toEqual([...guid.subarray(12, 16), 2, 3, 4, 5, 6, 7, 8, 9]);
});

describe("GetNextVariableName", () => {
  const next = (bench: Bench, size: bigint, name = BigInt(NAME)) => {
    bench.call(abi.FN_GET_NEXT_VARIABLE_NAME);
    setLong(bench.view, bench.layout, OP + bench.layout.nextSize, size);
    setLong(bench.view, bench.layout, OP + bench.layout.nextName, name);
    return bench.answer();
  };

  test("writes its buffer whole: the tail is the caller's", () => {
    const bench = new Bench();
    bench.memory.fill(0, NAME, NAME + 2);
    expect(next(bench, 64n)).toBe(0);
    expect(bench.view.getUint32(OP + 24, true)).toBe(20);
    expect(bench.memory.slice(NAME, NAME + 21)).toEqual(Uint8Array.of(...toUcs2("SetupMode\0"), 0xee));
    bench.memory.fill(0, NAME, NAME + 2);
    bench.model.guest.readOnly = [{ start: NAME + 63, end: NAME + 64 }];
    expect(next(bench, 64n)).toBe(-14);
    expect(bench.memory[NAME]).toBe("S".charCodeAt(0));
  });

  test.each([
    [0n, 0, 2, 0],
    [1n, 0, 2, 1],
    [2n, 0, 5, 20],
    [19n, 0, 5, 20],
    [20n, 0, 0, 20],
    [BigInt(END), -14, 0, 0],
    [1n << 32n, -12, 0, 0],
  ])("with a size of %i gets %i, status %i and size %i", (size, ret, code, after) => {
    const bench = new Bench();
    bench.memory.fill(0, NAME, NAME + 2);
    expect(next(bench, size)).toBe(ret);
    if (ret !== 0) return;
    expect([bench.code(), bench.view.getUint32(OP + 24, true)]).toEqual([code, after]);
  });

  test("of no bytes does not touch the name", () => {
    const bench = new Bench();
    expect(next(bench, 0n, 0n)).toBe(0);
    expect(bench.code()).toBe(2);
  });
});

test.each([
  ["x86_64", 0x8000000000000002n, 8],
  ["x86_32", 0x80000002n, 4],
  ["arm64", 0x8000000000000002n, 8],
  ["arm32", 0x80000002n, 8],
] as const)("%s sees INVALID_PARAMETER as %i", (name, status, width) => {
  const bench = new Bench(name);
  bench.call(abi.FN_GET_NEXT_VARIABLE_NAME);
  expect(bench.answer()).toBe(0);
  const low = BigInt(bench.view.getUint32(OP + abi.OP_STATUS, true));
  const high = width === 4 ? 0n : BigInt(bench.view.getUint32(OP + abi.OP_STATUS + 4, true));
  expect((high << 32n) | low).toBe(status);
});

/** What QueryVariableInfo says of attributes; most of all space where it answers. */
const QUERIES: readonly (readonly [attributes: number, status: string, maxStore: bigint, maxSize: bigint])[] = [
  [0, "INVALID_PARAMETER", 0n, 0n],
  [1, "INVALID_PARAMETER", 0n, 0n],
  [3, "INVALID_PARAMETER", 0n, 0n],
  [4, "INVALID_PARAMETER", 0n, 0n],
  [0x40, "INVALID_PARAMETER", 0n, 0n],
  [0x80, "UNSUPPORTED", 0n, 0n],
  [0x17, "UNSUPPORTED", 0n, 0n],
  [0x0f, "UNSUPPORTED", 0n, 0n],
  [0x0e, "INVALID_PARAMETER", 0n, 0n],
  [6, "SUCCESS", 0x7ffe4n, 0x40000n - 60n],
  [0x26, "SUCCESS", 0x7ffe4n, 0x83c4n],
  [7, "SUCCESS", 0x3ff9cn, 0x83c4n],
  [0x27, "SUCCESS", 0x3ff9cn, 0x83c4n],
  [0x80000007, "SUCCESS", 0x3ff9cn, 0x83c4n],
];

test.each(QUERIES)("QueryVariableInfo of attributes %i is %s", (attributes, expected, maxStoreSize, maxSize) => {
  const reply = new ModelClient().queryVariableInfo(attributes);
  expect(reply).toMatchObject({ statusName: expected, maxStoreSize, maxSize });
});

test("the largest variable shrinks with the room, and the boot snapshot stays", () => {
  const dom0 = new ModelClient();
  const snapshot = dom0.queryVariableInfo(7, true);
  expect(snapshot.remainStoreSize).toBeGreaterThan(dom0.queryVariableInfo(7).remainStoreSize);
  dom0.leaveRoom(100);
  expect(dom0.queryVariableInfo(7).maxSize).toBe(40n);
  dom0.setVariable("A", OURS, 7, new Uint8Array(1));
  expect(dom0.queryVariableInfo(7)).toMatchObject({ remainStoreSize: 32n, maxSize: 0n });
  expect(dom0.queryVariableInfo(0x47, true)).toMatchObject({ ...snapshot });
  expect(dom0.queryVariableInfo(6, true).errno).toBe("-EINVAL");
});

/** All that calls can tell. */
function told(dom0: ModelClient) {
  const variables = [...dom0.variableNames()].map(({ name, guid }) => ({ name, ...dom0.getVariable(name, guid) }));
  const space = [6, 7].map((attributes) => dom0.queryVariableInfo(attributes));
  return { variables, space, time: dom0.getTime(), alarm: dom0.getWakeupTime() };
}

test.each(ABIS)("%s: reset goes back to the start, or to the last mark", (name) => {
  const dom0 = new ModelClient({ abi: name });
  const disturb = () => {
    const { time } = dom0.getTime();
    for (const { name: one, guid } of [...dom0.variableNames()].slice(-12)) dom0.setVariable(one, guid, 0);
    for (let n = 0; n < 9; n++) dom0.setVariable(`New ${n % 3}`, OURS, 0x47, Uint8Array.of(n));
    dom0.setVariable("New 1", OURS, 7, Uint8Array.of(1));
    dom0.setVariable("New 0", OURS, 0);
    dom0.getNextHighMonotonicCount();
    if (time !== undefined) dom0.setTime({ ...time, year: 2030, tz: 60 });
    if (time !== undefined) dom0.setWakeupTime(true, { ...time, year: 2030 });
  };
  const start = told(dom0);
  disturb();
  expect(told(dom0)).not.toEqual(start);
  dom0.model.reset();
  expect(told(dom0)).toEqual(start);
  dom0.setVariable("Marked", OURS, 7, Uint8Array.of(1));
  dom0.getNextHighMonotonicCount();
  dom0.model.mark();
  const mark = told(dom0);
  disturb();
  dom0.model.reset();
  expect(told(dom0)).toEqual(mark);
  const { high } = dom0.getNextHighMonotonicCount();
  dom0.model.reset();
  expect(dom0.getNextHighMonotonicCount().high).toBe(high);
});

test.each<[string, MachineOptions]>([
  ["another firmware", { policy: uboot }],
  ["a store with a user's quota", { policy: { ...ovmf4m, maxUserBytes: 4096 } }],
  ["a hypervisor not booted from EFI", { platform: { efiBoot: false } }],
  ["capsules that reach the firmware", { capsules: "firmware" }],
])("there is no model of %s", (_what, options) => {
  expect(() => modelOf(new Machine(options))).toThrow(RangeError);
});
