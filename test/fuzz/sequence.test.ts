import { expect, test, vi } from "vitest";
import {
  HEAD_ABI,
  HEAD_BOOTS,
  HEAD_BOOTS_ON,
  KIND_CLOCK,
  KIND_POWER_CUT,
  KIND_REBOOT,
  PLACE_LAST_BYTES,
  PLACE_PAST_END,
  SIZE_NOTED,
  STEP_ATTRIBUTES,
  STEP_BYTES,
  STEP_DATA_PLACE,
  STEP_KIND,
  STEP_NAME,
  STEP_OP_PLACE,
  STEP_RAW,
  STEP_SEED,
  STEP_SIZE,
  STEP_SIZE_KIND,
} from "../../assembly/abi/fuzz.ts";
import { FLASH, INDEX, MARK_STATE, STATE } from "../../assembly/abi/layout.ts";
import * as abi from "../../assembly/abi/op.ts";
import { FuzzMachine } from "../../src/fuzz/fuzz-machine.ts";
import { machineChoices, machineWith, rareMachines } from "../../src/fuzz/machines.ts";
import { SequenceMutator } from "../../src/fuzz/sequence-mutator.ts";
import { traceOf } from "../../src/fuzz/sequence-trace.ts";
import { smallerSequences } from "../../src/fuzz/smaller-sequences.ts";
import { cutSteps } from "../../src/fuzz/step-kind.ts";
import { KNOWN_VARIABLES, makeTables } from "../../src/fuzz/tables.ts";
import { Random } from "../../src/random.ts";
import { parseTrace, replay, startMachine } from "../../src/trace/index.ts";

const TABLES = makeTables();
const RARE = [0, 12, 13, 14, 15, 16, 17, 18, 19];

type Fields = Record<number, number>;

/** A sequence of steps, each by its bytes' places (assembly/abi/fuzz.ts). */
function sequence(head: Fields, ...steps: Fields[]): Uint8Array {
  const bytes = new Uint8Array((steps.length + 1) * STEP_BYTES);
  for (const [i, fields] of [head, ...steps].entries()) {
    for (const [at, value] of Object.entries(fields)) bytes[i * STEP_BYTES + Number(at)] = value;
  }
  return bytes;
}

const set = (name: number, size: number, attributes = 7, more: Fields = {}): Fields => ({
  [STEP_KIND]: abi.FN_SET_VARIABLE,
  [STEP_NAME]: name,
  [STEP_SIZE]: size,
  [STEP_ATTRIBUTES]: attributes,
  ...more,
});
const get = (name: number, size: number, more: Fields = {}): Fields => ({
  [STEP_KIND]: abi.FN_GET_VARIABLE,
  [STEP_NAME]: name,
  [STEP_SIZE]: size,
  ...more,
});

const fuzzMachine = (counts = true) => new FuzzMachine({ abi: "x86_64" }, TABLES, { counts });

/** Calls and answers of a sequence's trace, in short. */
function answers(input: Uint8Array): string[] {
  const { calls } = parseTrace(traceOf({}, TABLES, input, "test"));
  return calls.map(({ call: { fn, out } }) => `${fn} ${out.ret} ${String(out.status ?? "").slice(-2)}`.trim());
}

test("steps become calls with the pointers and sizes that they say", () => {
  const input = sequence(
    {},
    set(0, 20),
    get(0, 64),
    get(0, 10),
    get(0, 64, { [STEP_DATA_PLACE]: PLACE_LAST_BYTES }),
    get(0, 20, { [STEP_DATA_PLACE]: PLACE_PAST_END }),
    get(0, 64, { [STEP_OP_PLACE]: PLACE_PAST_END }),
    set(0, 14, 7, { [STEP_SIZE_KIND]: SIZE_NOTED }),
  );
  expect(answers(input)).toEqual([
    "set_variable 0 00",
    "get_variable 0 00",
    "get_variable 0 05",
    "get_variable 0 00",
    "get_variable -14",
    "raw -14",
    "set_variable 0 02",
  ]);
});

test("the head chooses the ABI", () => {
  const { header } = parseTrace(traceOf({}, TABLES, sequence({ [HEAD_ABI]: 1 }, get(0, 1)), "test"));
  expect(header.abi).toBe("x86_32");
});

test("a finding's trace replays on a plain machine, boots included", () => {
  const boots = { [HEAD_BOOTS]: HEAD_BOOTS_ON };
  const text = traceOf({}, TABLES, sequence(boots, set(0, 20), { [STEP_KIND]: KIND_REBOOT }, get(0, 64)), "test");
  const trace = parseTrace(text);
  expect(trace.calls.map(({ call }) => call.fn)).toEqual(["set_variable", "reset", "get_variable"]);
  expect(replay(trace, startMachine(trace, undefined)).differences).toEqual([]);
});

test("what is done between calls stands in the next call's note, and what is passed over does not", () => {
  const between = [KIND_POWER_CUT, KIND_REBOOT, KIND_CLOCK].map((kind) => ({ [STEP_KIND]: kind, [STEP_SEED]: 9 }));
  const notes = (head: Fields) =>
    parseTrace(traceOf({}, TABLES, sequence(head, ...between, get(0, 1)), "test")).calls.map(({ call }) => call.note);
  expect(notes({})).toEqual(["before it the clock goes on by 9 s"]);
  expect(notes({ [HEAD_BOOTS]: HEAD_BOOTS_ON })).toEqual([
    "before it power is cut, 9 steps of flash writing later",
    "before it the clock goes on by 9 s",
  ]);
});

test("boots and cuts of power are played only where the head says so", () => {
  const player = fuzzMachine();
  const boot = vi.spyOn(player.machine, "reboot");
  const steps = [{ [STEP_KIND]: KIND_REBOOT }, { [STEP_KIND]: KIND_POWER_CUT }];
  player.play(player.lay(sequence({}, ...steps)));
  expect(boot).not.toHaveBeenCalled();
  player.play(player.lay(sequence({ [HEAD_BOOTS]: HEAD_BOOTS_ON }, ...steps)));
  expect(boot).toHaveBeenCalledOnce();
  expect(player.machine.stepsToCut).toBe(0);
  player.goBack();
  expect(player.machine.stepsToCut).toBeUndefined();
});

test("power that is to be cut is not cut again before the next boot, and no note says so", () => {
  const cut = (seed: number) => ({ [STEP_KIND]: KIND_POWER_CUT, [STEP_SEED]: seed });
  const head = { [HEAD_BOOTS]: HEAD_BOOTS_ON };
  const player = fuzzMachine();
  player.play(player.lay(sequence(head, cut(0), cut(9))));
  expect(player.machine.stepsToCut).toBe(0);
  player.restart();
  player.play(player.lay(sequence(head, cut(0), { [STEP_KIND]: KIND_REBOOT }, cut(9))));
  expect(player.machine.stepsToCut).toBe(9);
  const { calls } = parseTrace(traceOf({}, TABLES, sequence(head, cut(0), cut(9), get(0, 1)), "test"));
  expect(calls.map(({ call }) => call.note)).toEqual(["before it power is cut, 0 steps of flash writing later"]);
});

test("any bytes are a sequence: no trap, and the way back leads to the same answers", () => {
  const random = new Random(11);
  const player = fuzzMachine();
  const probe = sequence({}, set(0, 8), get(0, 64), { [STEP_KIND]: abi.FN_QUERY_VARIABLE_INFO, [STEP_ATTRIBUTES]: 7 });
  const ask = () => {
    expect(player.play(player.lay(probe))).toBeUndefined();
    const memory = Buffer.from(player.guest).toString("base64");
    player.goBack();
    return memory;
  };
  const first = ask();
  for (let i = 0; i < 3000; i++) {
    const input = Uint8Array.from({ length: STEP_BYTES * (1 + random.below(16)) }, () => random.u32());
    expect(player.play(player.lay(input))).toBeUndefined();
    player.goBack();
    if (i % 100 === 0) expect(ask()).toBe(first);
  }
});

test.each([
  ["the tail of a region", STATE + 0x188, "invariant", "Tail"],
  ["what a region counts", STATE + 0x18c, "invariant", "Accounting"],
])("a core whose state is wrong is found: %s", (_, at, oracle, violation) => {
  const player = fuzzMachine();
  const { view } = player.core;
  view.setUint32(at, view.getUint32(at, true) + (violation === "Tail" ? 2 : 4), true);
  const failure = player.play(player.lay(sequence({}, get(0, 1))));
  expect([failure?.oracle, failure?.text.split(":")[0], failure?.step]).toEqual([oracle, violation, 1]);
});

test("a write that no answer accounts for is found, with its address", () => {
  const player = fuzzMachine();
  const end = player.lay(sequence({}, set(0, 8)));
  player.guest[0x1a10] = 1;
  expect(player.play(end)).toEqual({ oracle: "memory", text: "StrayWrite: guest address 0x1a10", step: undefined });
  player.recover();
  expect(player.play(player.lay(sequence({}, set(0, 8))))).toBeUndefined();
});

test("bytes beside the guest's memory are looked at, too", () => {
  const player = fuzzMachine();
  expect(player.core.exports.compareBeside()).toBe(1);
  player.core.bytes[player.core.bytes.byteOffset + 0x350010] = 0;
  expect(player.core.exports.compareBeside()).toBe(0);
  expect(player.failure().text).toBe("RedZone: guest address 0x20010");
});

test("a core that does not come to an end traps, and a trap is a finding", () => {
  const player = fuzzMachine();
  // An index without a free slot has no end.
  const { view } = player.core;
  for (let slot = 0; slot < 4096; slot++) view.setUint32(INDEX + slot * 8 + 4, FLASH, true);
  const failure = player.play(player.lay(sequence({}, get(0, 1))));
  expect(failure).toMatchObject({ oracle: "trap", step: 1 });
  expect(failure?.text).toContain("unreachable");
  expect(player.core.bytes.length).toBeGreaterThan(MARK_STATE);
});

test("edges of the core are counted in buckets: what was seen is no news, other counts of it are", () => {
  const player = fuzzMachine();
  const news = (input: Uint8Array) => {
    player.play(player.lay(input));
    const fresh = player.takeFresh();
    player.goBack();
    return { edges: fresh >>> 16, buckets: fresh & 0xffff };
  };
  expect(news(sequence({}, get(0, 1))).edges).toBeGreaterThan(20);
  expect(news(sequence({}, get(0, 1)))).toEqual({ edges: 0, buckets: 0 });
  const twice = news(sequence({}, get(0, 1), get(0, 1)));
  expect(twice.edges).toBe(0);
  expect(twice.buckets).toBeGreaterThan(20);
});

test("mutants stay within their limits, and use every kind of step", () => {
  const random = new Random(2);
  const limits = { stepsMax: 9, machines: 3, rareKinds: RARE, rareOneIn: 24, isWild: false };
  const mutator = new SequenceMutator(random, limits);
  const buffer = new Uint8Array(9 * STEP_BYTES);
  const kinds = new Set<number>();
  let bytes = mutator.make(buffer, 5);
  const other = buffer.slice(0, bytes);
  for (let i = 0; i < 60_000; i++) {
    bytes = random.oneIn(20) ? mutator.make(buffer, 5) : mutator.mutate(buffer, bytes, other);
    expect(bytes % STEP_BYTES === 0 && bytes > STEP_BYTES && bytes <= buffer.length).toBe(true);
    for (let at = STEP_BYTES; at < bytes; at += STEP_BYTES) kinds.add((buffer[at] as number) % 32);
  }
  expect(kinds.size).toBe(32);
});

test("a sequence that plays boots ends in one more often than not, and often has a cut of power or capsules before it", () => {
  const random = new Random(3);
  const limits = { stepsMax: 9, machines: 1, rareKinds: [], rareOneIn: 24, isWild: false };
  const mutator = new SequenceMutator(random, limits);
  const buffer = new Uint8Array(9 * STEP_BYTES);
  const kindAt = (step: number) => buffer[step * STEP_BYTES + STEP_KIND] as number;
  let bytes = mutator.make(buffer, 8);
  const counts = { boots: 0, last: 0, cut: 0 };
  for (let i = 0; i < 400_000; i++) {
    bytes = mutator.mutate(buffer, random.oneIn(9) ? mutator.make(buffer, 8) : bytes, buffer.slice(0, bytes));
    if (buffer[HEAD_BOOTS] !== HEAD_BOOTS_ON) continue;
    const steps = bytes / STEP_BYTES;
    counts.boots++;
    if (kindAt(steps - 1) === KIND_REBOOT) counts.last++;
    if (Array.from({ length: steps }, (_, step) => kindAt(step)).includes(KIND_POWER_CUT)) counts.cut++;
  }
  expect(counts.boots).toBeGreaterThan(100);
  expect(counts.last / counts.boots).toBeGreaterThan(0.6);
  expect(counts.cut / counts.boots).toBeGreaterThan(0.25);
});

test.each([
  [0, 0],
  [0x3ff, 0x3ff],
  [0x401, 1],
  [0x40000fff, 0xfff],
  [0x80003fff, 0x3fff],
  [0xc000ffff, 0xffff],
])("power with seed 0x%i is cut after so many steps", (seed, steps) => {
  expect(cutSteps(seed)).toBe(steps);
});

test("new steps set alarms a day ahead at the most, zones that are none, and variables that the services know", () => {
  const random = new Random(4);
  const limits = { stepsMax: 200, machines: 1, rareKinds: [], rareOneIn: 24, isWild: false };
  const mutator = new SequenceMutator(random, limits);
  const buffer = new Uint8Array(200 * STEP_BYTES);
  const seen = new Set<string>();
  for (let i = 0; i < 200; i++) {
    const bytes = mutator.make(buffer, 199);
    for (let at = STEP_BYTES; at < bytes; at += STEP_BYTES) {
      const [kind, misc, name, guid] = buffer.subarray(at) as unknown as [number, number, number, number];
      const time = new DataView(buffer.buffer, at + STEP_RAW);
      const isNear = time.getUint16(0, true) === 2024 && time.getUint8(2) === 1 && time.getUint8(3) === 15;
      if (kind === abi.FN_SET_WAKEUP_TIME && misc === 1 && isNear) seen.add("alarm");
      if (kind === abi.FN_SET_TIME && time.getInt16(12, true) === 0x7ff) seen.add("no zone");
      const known = KNOWN_VARIABLES.findIndex((one) => one.name === name && one.guid === guid);
      if (kind === abi.FN_SET_VARIABLE && known >= 0) seen.add(`known ${known}`);
    }
  }
  expect(seen.size).toBe(2 + KNOWN_VARIABLES.length);
});

test("the variables that the services know are in the tables", () => {
  for (const { name, guid } of KNOWN_VARIABLES) {
    expect(TABLES.names[name]).toBeDefined();
    expect(TABLES.guids[guid]).toBeDefined();
  }
});

test("smaller sequences lack steps or have smaller fields, the boldest first", () => {
  const input = sequence({}, set(1, 2), set(2, 2), get(3, 1));
  const all = [...smallerSequences(input)];
  expect(all.slice(0, 4).map((smaller) => smaller.length / STEP_BYTES)).toEqual([1, 3, 3, 3]);
  const sum = (bytes: Uint8Array) => bytes.reduce((total, byte) => total + byte, 0);
  for (const smaller of all) expect(smaller.length < input.length || sum(smaller) < sum(input)).toBe(true);
});

test("every machine to choose from plays", () => {
  for (const options of [...machineChoices(), ...rareMachines(), machineWith(300)]) {
    const player = new FuzzMachine(options, TABLES, { counts: false });
    expect(player.play(player.lay(sequence({}, set(0, 8), get(0, 64))))).toBeUndefined();
    player.goBack();
  }
});
