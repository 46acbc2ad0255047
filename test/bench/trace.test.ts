import { describe, expect, test } from "vitest";
import { timeTrace, WHOLE } from "../../src/bench/trace-passes.ts";
import { isLaid, TRACE_WINDOW_BYTES, TraceSheet } from "../../src/bench/trace-sheet.ts";
import { nodeVerifier } from "../../src/crypto/node-verifier.ts";
import { sha256 } from "../../src/files/bytes.ts";
import { findStartStore } from "../../src/files/start-store.ts";
import { parseTrace, startMachine, type Trace } from "../../src/trace/index.ts";
import { fixturePath, readTrace, type TraceFolder, traceNames } from "../support/fixtures.ts";

function sheetOf(trace: Trace, store?: Uint8Array): TraceSheet {
  return new TraceSheet(trace, startMachine(trace, store, nodeVerifier, undefined, TRACE_WINDOW_BYTES).machine);
}

function fixtureSheet(folder: TraceFolder, name: string): TraceSheet {
  const trace = readTrace(folder, name);
  return sheetOf(trace, findStartStore(trace.header, fixturePath(`${folder}/${name}`)));
}

function madeTrace(...calls: object[]): Trace {
  const header = { format: "xenefi-trace", version: 1, abi: "x86_64" };
  return parseTrace([header, ...calls].map((line) => JSON.stringify(line)).join("\n"));
}

const GET = { fn: "get_variable", in: { name: "Lang", guid: "8be4df61-93ca-11d2-aa0d-00e098032b8c", size: 16 } };

describe.each(["traces", "scenarios", "conformance"] as const)("%s", (folder) => {
  test.each(traceNames(folder))("%s is answered as in a replay where its ops lie ready", (name) => {
    const trace = readTrace(folder, name);
    const sheet = fixtureSheet(folder, name);
    expect(sheet.timedCalls + sheet.playedCalls).toBe(trace.calls.length);
    expect(sheet.timedCalls).toBeGreaterThan(0);
  });
});

test("most calls lie ready", () => {
  const counts = traceNames("traces").map((name) => fixtureSheet("traces", name));
  const played = counts.reduce((sum, sheet) => sum + sheet.playedCalls, 0);
  const timed = counts.reduce((sum, sheet) => sum + sheet.timedCalls, 0);
  expect(timed).toBeGreaterThan(6000);
  expect(played / timed).toBeLessThan(0.01);
});

test.each([
  ["faults", { ...GET, in: { ...GET.in, dataPtr: "bad" } }],
  ["ends at memory that is not mapped", { ...GET, in: { ...GET.in, nameMapped: 4 } }],
  ["is disturbed", { ...GET, fault: { errno: -1 } }],
  ["has another caller", { ...GET, in: { ...GET.in, privileged: false } }],
  ["has an op that is nowhere", { ...GET, in: { ...GET.in, ptr: "null" } }],
  ["resets the machine", { fn: "reset" }],
  ["has pointers in its buffers", { fn: "update_capsule", in: { capsules: [] } }],
])("a call that %s is played between the others", (_, call) => {
  const { steps } = sheetOf(madeTrace(GET, call, GET));
  expect(steps.map(isLaid)).toEqual([true, false, true]);
});

test("a call whose answer depends on where another one lay is found out", () => {
  // The raw op reads the name of the call before it, at the end of the player's memory for names.
  const name = (0x120000 - 10).toString(16);
  const pointer = (address: string) => Buffer.from(address.padStart(16, "0"), "hex").reverse().toString("hex");
  const words = `06000000${"00".repeat(12)}`;
  const guid = "61dfe48bca93d211aa0d00e098032b8c";
  const body = [words, pointer(name), "1000000000000000", pointer("220000"), guid].join("");
  const trace = madeTrace(GET, { fn: "raw", in: { cmd: 49, body } }, { ...GET, in: { ...GET.in, name: "Xxxx" } });
  expect(() => sheetOf(trace)).toThrow("line 3: another answer where calls are laid out beforehand");
});

test("kinds and the whole are timed; each pass starts where the trace does, and ends where it ends", () => {
  const sheet = fixtureSheet("traces", "lifecycle.jsonl");
  const start = sha256(sheet.machine.flash());
  const timings = timeTrace(sheet, 0, 0);
  const batches = Object.fromEntries(timings.map(({ operation, batch }) => [operation, batch]));
  const { [WHOLE]: whole, ...kinds } = batches;
  expect(whole).toBe(414);
  expect(Object.keys(kinds).sort()).toEqual([
    "get_next_variable_name",
    "get_variable",
    "query_variable_info",
    "set_variable",
  ]);
  expect(Object.values(kinds).reduce((sum, batch) => sum + batch, 0)).toBe(414);
  expect(timings.every(({ group, samples }) => group === "trace" && samples.length >= 5)).toBe(true);
  const { header } = readTrace("traces", "lifecycle.jsonl");
  expect(sha256(sheet.machine.flash())).toBe(header.vars_after_sha256);
  sheet.reset();
  expect(sha256(sheet.machine.flash())).toBe(start);
});

test.each([
  ["alone", [GET]],
  ["with played ones between them", [GET, { ...GET, in: { ...GET.in, dataPtr: "bad" } }, GET]],
])("no hole of the player's slows timed calls %s", (_, calls) => {
  const sheet = sheetOf(madeTrace(...calls));
  const mapped = () => sheet.machine.mappedBytes(0x1000);
  expect(mapped()).toBe(TRACE_WINDOW_BYTES - 0x1000);
  timeTrace(sheet, 0, 0);
  expect(mapped()).toBe(TRACE_WINDOW_BYTES - 0x1000);
});

test("a clock that takes longer than the calls leaves a time above 0", () => {
  const timings = timeTrace(sheetOf(madeTrace(GET)), 0, 1e12);
  expect(timings.flatMap(({ samples }) => samples).every((ns) => ns > 0)).toBe(true);
});

test("a trace without calls has no timings", () => {
  expect(timeTrace(sheetOf(madeTrace()), 0, 0)).toEqual([]);
});
