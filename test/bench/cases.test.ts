import { describe, expect, test } from "vitest";
import {
  BATCH,
  CALL_EACH,
  CALL_ONE,
  type Case,
  loop,
  readingCase,
  type Skipped,
  writingCase,
} from "../../src/bench/case.ts";
import { distributionOf } from "../../src/bench/distribution.ts";
import { OpSheet } from "../../src/bench/op-sheet.ts";
import { COUNTS, growthCases, SIZES, sizeCases } from "../../src/bench/series.ts";
import { countStalls, inSameTime } from "../../src/bench/stalls.ts";
import { layReads, medianOf, readCases, storeCases } from "../../src/bench/store-cases.ts";
import { generatedMachine, generatedVariables, VARIABLES_MAX, variablesOfSizes } from "../../src/bench/workload.ts";
import { Client } from "../../src/client.ts";
import type { Machine } from "../../src/machine.ts";
import { ABIS } from "../../src/op.ts";
import { POLICIES } from "../../src/policies/index.ts";
import { ovmf4m } from "../../src/policies/ovmf.ts";
import type { Policy } from "../../src/policies/policy.ts";
import { Random } from "../../src/random.ts";
import { EfiCode } from "../../src/status.ts";

const FIRMWARE = { policy: ovmf4m, abi: "x86_64" } as const;

function machineOf(count: number, firmware: Parameters<typeof generatedMachine>[1] = FIRMWARE): Machine {
  return generatedMachine(generatedVariables(count), firmware);
}

function sheetOf(count: number): OpSheet {
  return new OpSheet(machineOf(count));
}

/** The ops that a machine is called with from now on. */
function calledOps(machine: Machine): number[] {
  const ops: number[] = [];
  const hypercall = machine.hypercall.bind(machine);
  machine.hypercall = (op) => {
    ops.push(Number(op));
    return hypercall(op);
  };
  return ops;
}

function isCase(one: Case | Skipped): one is Case {
  return "run" in one;
}

describe("generated stores", () => {
  test.each([1, 50, VARIABLES_MAX])("of %i variables hold them and nothing else", (count) => {
    const variables = generatedVariables(count);
    const stored = machineOf(count).variables();
    expect(stored.map(({ name, guid }) => guid + name)).toEqual(variables.map(({ name, guid }) => guid + name));
    expect(new Set(stored.map(({ name, guid }) => guid + name)).size).toBe(count);
    expect(stored.every(({ data, attributes }) => data.length === 64 && attributes === 7)).toBe(true);
  });

  test("of sizes have one variable of each, nothing at all included", () => {
    const stored = generatedMachine(variablesOfSizes(SIZES), FIRMWARE).variables();
    expect(stored.map(({ data }) => data.length)).toEqual([0, 8, 64, 512, 4096, 32768]);
  });
});

describe("a loop", () => {
  test.each([0, 1, 7, 1000])("of %i turns makes as many calls", (count) => {
    const sheet = sheetOf(3);
    const ops = calledOps(sheet.machine);
    loop(sheet, [0], "machine.hypercall(0);")(count);
    expect(ops).toHaveLength(count);
  });

  test("over several ops calls each in turn, and goes on where it stopped", () => {
    const sheet = sheetOf(3);
    const all = layReads(sheet).map(({ op }) => op);
    const ops = calledOps(sheet.machine);
    const run = loop(sheet, all, CALL_EACH);
    run(4);
    run(5);
    expect(ops).toEqual([1, 2, 0, 1, 2, 0, 1, 2, 0].map((i) => all[i]));
  });
});

describe("what is not answered as expected is not timed", () => {
  const absent = { name: "Absent", guid: "11111111-2222-3333-4444-555555555555" };
  const place = { group: "store", operation: "GetVariable" } as const;

  test("an operation that fails tells its status and reason", () => {
    const sheet = sheetOf(3);
    const op = sheet.get(absent, sheet.buffer(8), 8);
    expect(readingCase(place, sheet, [op], CALL_ONE)).toEqual({
      ...place,
      why: "NOT_FOUND: no such variable",
    });
    expect(isCase(readingCase(place, sheet, [op], CALL_ONE, EfiCode.NotFound))).toBe(true);
  });

  test("so does one that the hypervisor refuses", () => {
    const sheet = sheetOf(3);
    const op = sheet.get(absent, sheet.buffer(8), 8);
    sheet.machine.platform.privileged = false;
    expect(readingCase(place, sheet, [op], CALL_ONE)).toMatchObject({
      why: "refused by the hypervisor: the caller is no control domain",
    });
  });

  test("one of many is enough", () => {
    const sheet = sheetOf(3);
    const ops = [...layReads(sheet).map(({ op }) => op), sheet.get(absent, sheet.buffer(8), 8)];
    expect(readingCase(place, sheet, ops, CALL_EACH)).toMatchObject({ why: expect.stringContaining("NOT_FOUND") });
  });
});

describe("writes", () => {
  /** A write of a new variable, of other data in each turn. */
  function writeOf(count: number, bytes: number) {
    const sheet = sheetOf(count);
    const subject = { name: "Written", guid: "11111111-2222-3333-4444-555555555555" };
    const buffer = sheet.buffer(bytes);
    const op = sheet.set(subject, 7, buffer, bytes);
    const step = `words[${buffer >> 2}] = turn; machine.hypercall(ops[0]);`;
    const place = { group: "store", operation: "SetVariable" } as const;
    return { machine: sheet.machine, one: writingCase(place, sheet, op, step) };
  }

  test("are batches of full length where there is room", () => {
    expect(writeOf(10, 64).one).toMatchObject({ batch: BATCH });
  });

  test("are batches for which there is room, each of them", () => {
    const { one, machine } = writeOf(VARIABLES_MAX, 1024);
    if (!isCase(one)) throw new Error(one.why);
    expect(one.batch).toBeLessThan(60);
    expect(one.batch).toBeGreaterThan(8);
    for (let i = 0; i < 5; i++) {
      one.restore?.();
      one.run(one.batch);
      expect(machine.variable("Written", "11111111-2222-3333-4444-555555555555")?.data[0]).toBeGreaterThan(0);
      expect(machine.reason).toBe(0);
    }
  });

  test("for a few of which there is room only are not timed", () => {
    expect(writeOf(VARIABLES_MAX, 16384).one).toMatchObject({
      why: expect.stringMatching(/^the store has room for [1-7] of them, then OUT_OF_RESOURCES/),
    });
  });

  test("leave the machine as it was when they are put back", () => {
    const { one, machine } = writeOf(10, 64);
    const before = machine.snapshot();
    (one as Case).run(10);
    expect(Buffer.compare(machine.snapshot(), before)).not.toBe(0);
    (one as Case).restore?.();
    expect(Buffer.compare(machine.snapshot(), before)).toBe(0);
  });
});

const OPERATIONS = [
  "rejected dispatch",
  "GetVariable, one",
  "GetVariable, random",
  "GetVariable, absent",
  "SetVariable, same size",
  "SetVariable, other size",
  "SetVariable, create and delete",
  "GetNextHighMonotonicCount",
  "GetNextVariableName",
  "QueryVariableInfo",
  "GetTime",
];

describe("the cases of a store", () => {
  test.each(ABIS)("are all timed for callers of %s", (abi) => {
    const sheet = new OpSheet(machineOf(5, { policy: ovmf4m, abi }));
    const cases = storeCases(sheet, layReads(sheet), machineOf(5, { policy: ovmf4m, abi }), new Random(1));
    expect(cases.map(({ operation }) => operation)).toEqual(OPERATIONS);
    expect(cases.filter((one) => !isCase(one))).toEqual([]);
  });

  test.each(Object.entries(POLICIES))("of %s are timed, or it is said why not", (_, policy: Policy) => {
    const sheet = new OpSheet(machineOf(5, { policy, abi: "x86_64" }));
    const cases = storeCases(sheet, layReads(sheet), machineOf(5, { policy, abi: "x86_64" }), new Random(1));
    expect(cases.map(({ operation }) => operation)).toEqual(OPERATIONS);
    for (const one of cases) if (!isCase(one)) expect(one.why).toMatch(/^[A-Z_]+: the|^[A-Z_]+: this/);
  });

  test("the reading ones change no byte of the flash", () => {
    const sheet = sheetOf(5);
    const flash = sheet.machine.flash();
    for (const one of storeCases(sheet, layReads(sheet), machineOf(5), new Random(1))) (one as Case).run(20);
    expect(Buffer.compare(sheet.machine.flash(), flash)).toBe(0);
  });

  test("the walk comes past every variable, and begins again at the end", () => {
    const sheet = sheetOf(5);
    const walk = storeCases(sheet, layReads(sheet), machineOf(5), new Random(1)).find(
      ({ operation }) => operation === "GetNextVariableName",
    ) as Case;
    const ops = calledOps(sheet.machine);
    const names = new Set<string>();
    for (let i = 0; i < 18; i++) {
      walk.run(1);
      const op = ops.at(-1) as number;
      const at = Number(sheet.machine.view.getBigUint64(op + sheet.layout.nextName, true));
      names.add(Buffer.from(sheet.machine.memory.subarray(at, at + 16)).toString("utf16le"));
    }
    // Each name, and the emptied one at the end.
    expect(names.size).toBe(6);
  });

  test("the pair creates and deletes, and writes of another size are of another size each", () => {
    const writer = machineOf(5);
    const sheet = sheetOf(5);
    const cases = storeCases(sheet, layReads(sheet), writer, new Random(1));
    const named = (name: string) => cases.find(({ operation }) => operation === name) as Case;
    const dataBytes = () => writer.variable("XenefiBenchmark", "5f1c9b0e-2a77-4a0e-9d3b-3c5d2e7a8f20")?.data.length;
    const pair = named("SetVariable, create and delete");
    pair.restore?.();
    const ops = calledOps(writer);
    pair.run(3);
    expect([ops.length, dataBytes()]).toEqual([6, undefined]);
    const other = named("SetVariable, other size");
    other.restore?.();
    const sizes = Array.from({ length: 40 }, () => {
      other.run(1);
      return dataBytes();
    });
    expect(sizes.every((size, i) => size !== sizes[i - 1])).toBe(true);
    const same = named("SetVariable, same size");
    same.restore?.();
    same.run(3);
    expect(dataBytes()).toBe(64);
  });

  test("of an empty store are those that need no variable", () => {
    const empty = () => generatedMachine([], FIRMWARE);
    const sheet = new OpSheet(empty());
    const names = storeCases(sheet, layReads(sheet), empty(), new Random(1)).map(({ operation }) => operation);
    expect(names).toEqual(OPERATIONS.filter((name) => !["GetVariable, one", "GetVariable, random"].includes(name)));
    expect(distributionOf(sheet, [], 0)).toBeUndefined();
  });
});

test("random order is the seed's, and each variable comes once in it", () => {
  const orderOf = (seed: number) => {
    const sheet = sheetOf(20);
    const reads = layReads(sheet);
    const cases = readCases(sheet, reads, new Random(seed), { group: "store" });
    const ops = calledOps(sheet.machine);
    (cases.find(({ operation }) => operation === "GetVariable, random") as Case).run(20);
    expect(ops.toSorted((a, b) => a - b)).toEqual(reads.map(({ op }) => op));
    return ops.join();
  };
  expect(orderOf(1)).toBe(orderOf(1));
  expect(orderOf(1)).not.toBe(orderOf(2));
});

test("what the operating system cannot read is left out", () => {
  const machine = machineOf(3);
  machine.storeVariable({ name: "Hidden", guid: "11111111-2222-3333-4444-555555555555", attributes: 3, data: "00" });
  expect(new Client(machine).getVariable("Hidden", "11111111-2222-3333-4444-555555555555").ok).toBe(false);
  expect(layReads(new OpSheet(machine)).map(({ variable }) => variable.name)).toHaveLength(3);
});

test.each([
  [[5, 1, 9], 5],
  [[4, 2, 8, 6], 4],
  [[7], 7],
])("of data of %j bytes the variable with %i stands for the store", (sizes, bytes) => {
  const reads = variablesOfSizes(sizes).map((variable, op) => ({ variable, op }));
  expect(medianOf(reads)?.variable.data).toHaveLength(bytes);
});

test("the series have each step, and all of them can be timed", () => {
  const growth = growthCases(FIRMWARE, new Random(1));
  const size = sizeCases(FIRMWARE);
  expect([...growth, ...size].filter((one) => !isCase(one))).toEqual([]);
  expect([...new Set(growth.map(({ at }) => at))]).toEqual(COUNTS);
  const stepsOf = (name: string) => size.filter(({ operation }) => operation === name).map(({ at }) => at);
  expect(stepsOf("GetVariable, one")).toEqual(SIZES);
  expect(stepsOf("SetVariable, same size")).toEqual(SIZES.slice(1));
});

test("a distribution has each variable once, cheapest first", () => {
  const sheet = sheetOf(12);
  const reads = layReads(sheet);
  const ops = calledOps(sheet.machine);
  const found = distributionOf(sheet, reads, 0);
  expect(found?.variables.map(({ name }) => name).sort()).toEqual(reads.map(({ variable }) => variable.name).sort());
  const costs = found?.variables.map(({ ns }) => ns) ?? [];
  expect(costs).toEqual(costs.toSorted((a, b) => a - b));
  expect([found?.spread.min, found?.spread.max]).toEqual([costs[0], costs.at(-1)]);
  expect(ops).toHaveLength(12 * 64 * (found?.passes ?? 0));
});

describe("stalls", () => {
  test("longer gaps are shorter ones, too; one of the loops calls", () => {
    const sheet = sheetOf(3);
    const ops = calledOps(sheet.machine);
    const stalls = countStalls(sheet, layReads(sheet)[0]?.op as number, 0);
    for (const { perMillion, turnNs } of [stalls.with, stalls.without]) {
      expect(perMillion).toEqual(perMillion.toSorted((a, b) => b - a));
      expect(turnNs).toBeGreaterThan(0);
    }
    // Three calls have laid the reads out.
    expect(ops).toHaveLength(3 + stalls.turns);
  });

  test("the loop without a dispatch is stretched to the other's time", () => {
    const without = { perMillion: [100, 10, 1], turnNs: 40 };
    expect(inSameTime({ turns: 1, with: { perMillion: [0, 0, 0], turnNs: 100 }, without })).toEqual([250, 25, 2.5]);
  });
});

test("ops beyond guest memory are refused", () => {
  const sheet = sheetOf(1);
  expect(() => sheet.buffer(sheet.machine.memory.length)).toThrow(
    /guest memory: 16777216 bytes for all ops, not 16842752/,
  );
});
