import { beforeAll, expect, test } from "vitest";
import { hunt } from "../../hunts/planted-hunt.ts";
import { buildPlanted, plant } from "../../scripts/build-planted.mjs";
import { FAULTS, type PlantedFault } from "../../scripts/planted/faults.mjs";

const TIMEOUT = 180_000;
const SEED = 1;
const CALLS_MAX = 6;

beforeAll(() => buildPlanted(), TIMEOUT);

/** Found soon, with this seed, each by another check; the runs are twice as many as it takes. */
test.each([
  ["status-not-folded", "invariant", 100],
  ["index-keeps-replaced-record", "store", 200],
  ["state-before-data", "power", 500],
  ["count-written-before-it-rises", "model", 1000],
  ["stamp-lost", "replay", 100],
])("%s is found by the check of %s within %d runs, and made small", { timeout: TIMEOUT }, (name, oracle, runsMax) => {
  const fault = FAULTS.find((one) => one.name === name);
  expect(fault).toBeDefined();
  const { finding, smallestCalls } = hunt(fault, SEED, (runs) => runs < runsMax);
  expect(finding?.failure.oracle).toBe(oracle);
  expect(smallestCalls).toBeLessThanOrEqual(CALLS_MAX);
});

test("the same core with no fault on shows nothing", { timeout: TIMEOUT }, () => {
  const { finding, runs } = hunt(undefined, SEED, (made) => made < 5000);
  expect([finding?.failure, runs]).toEqual([undefined, 5000]);
});

test("each fault has a name of its own", () => {
  expect(new Set(FAULTS.map(({ name }) => name)).size).toBe(FAULTS.length);
});

const FAULT: PlantedFault = { name: "f", file: "a.ts", was: "x > 1", becomes: "x > 2", kind: "", what: "" };

test.each([
  ["an expression", "y = x > 1;", FAULT, "y = (isOn(1) ? (x > 2) : (x > 1));"],
  ["a statement", "f();", { ...FAULT, was: "f();", becomes: "g();" }, "if (isOn(1)) { g(); } else { f(); }"],
  ["of another file", "y = x > 1;", { ...FAULT, file: "b.ts" }, "y = x > 1;"],
])("a fault is planted under a switch: %s", (_, text, fault, planted) => {
  expect(plant("a.ts", text, [fault])).toBe(planted);
});

test.each([
  ["is not there", "x > 3", [FAULT], "f: not in the file: x > 1"],
  ["is there twice", "x > 1 || x > 1", [FAULT], "f: more than once in the file: x > 1"],
  ["meets another", "x > 1", [FAULT, { ...FAULT, name: "g", was: "> 1" }], "g: its text meets that of another fault"],
])("the text of a fault that %s is an error", (_, text, faults, message) => {
  expect(() => plant("a.ts", text, faults)).toThrow(message);
});
