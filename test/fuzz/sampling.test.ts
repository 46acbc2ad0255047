import { expect, test } from "vitest";
import { Engine } from "../../src/fuzz/engine.ts";
import type { FuzzMachine } from "../../src/fuzz/fuzz-machine.ts";
import { machineChoices } from "../../src/fuzz/machines.ts";
import { type Oracle, SequenceTarget } from "../../src/fuzz/sequence-target.ts";
import { makeTables } from "../../src/fuzz/tables.ts";
import { Shown } from "../../src/fuzz/target.ts";
import { Random } from "../../src/random.ts";
import { read, sequence, write } from "../support/sequences.ts";

/** An oracle that keeps what it draws, and fails for sequences of three steps and more whose draw is even. */
class Drawing implements Oracle {
  readonly tries = 6;
  readonly drawn: number[] = [];
  readonly name: string;
  readonly oneIn: number;

  constructor(oneIn: number, name = "drawing") {
    this.oneIn = oneIn;
    this.name = name;
  }

  check(_: FuzzMachine, input: Uint8Array, random: Random) {
    const draw = random.u32();
    this.drawn.push(draw);
    return input.length >= 4 * 32 && draw % 2 === 0 ? { oracle: this.name, text: `drew ${draw}` } : undefined;
  }
}

function targetOf(counts: boolean, ...oracles: Oracle[]): SequenceTarget {
  const steps = { stepsMax: 24, newStepsMax: 12, rareKinds: [], rareOneIn: 24, isWild: false };
  const machines = machineChoices().slice(0, 1);
  return new SequenceTarget(
    { name: "variables", machines, tables: makeTables(), oracles, counts, ...steps },
    new Random(1),
  );
}

const SHORT = sequence({}, write(0, 5), read(0));

test("a check sees one in so many inputs", () => {
  const oracle = new Drawing(10);
  const target = targetOf(false, oracle);
  for (let i = 0; i < 95; i++) target.run(SHORT);
  expect(oracle.drawn).toHaveLength(9);
});

test("an input that shows something new is checked at once, and the next ones of the sample go free for it", () => {
  const oracle = new Drawing(10);
  const target = targetOf(true, oracle);
  expect([target.run(SHORT), oracle.drawn.length]).toEqual([Shown.News, 1]);
  for (let i = 0; i < 18; i++) target.run(SHORT);
  expect(oracle.drawn).toHaveLength(1);
  target.run(SHORT);
  expect(oracle.drawn).toHaveLength(2);
});

test("the same input is checked in the same way, whatever ran before", () => {
  const oracle = new Drawing(1);
  const target = targetOf(false, oracle);
  for (const input of [SHORT, sequence({}, write(1, 3)), SHORT]) target.run(input);
  expect(oracle.drawn[2]).toBe(oracle.drawn[0]);
  expect(oracle.drawn[1]).not.toBe(oracle.drawn[0]);
});

test("while its failure is made smaller a check sees each input, several times, and no other check does", () => {
  const [oracle, other] = [new Drawing(1000), new Drawing(1000, "other")];
  const target = targetOf(false, oracle, other);
  expect(target.run(SHORT, { oracle: "drawing", text: "" })).toBe(Shown.Nothing);
  expect([new Set(oracle.drawn).size, other.drawn.length]).toEqual([6, 0]);
  target.run(SHORT, "any");
  expect([oracle.drawn.length, other.drawn.length]).toEqual([12, 6]);
});

test("a failure that chance has a part in is made as small as it can be", () => {
  const engine = new Engine(targetOf(false, new Drawing(50)), { seed: 3, findingsMax: 1 });
  engine.run(5000);
  const [finding] = engine.findings;
  expect(finding?.input).toHaveLength(4 * 32);
  expect(finding?.first.length).toBeGreaterThan(4 * 32);
});

test("a trap in a check is its failure, and the machine is at its start again", () => {
  const oracle = new Drawing(1);
  oracle.check = (machine) => {
    machine.play(machine.lay(SHORT));
    throw new WebAssembly.RuntimeError("unreachable");
  };
  const target = targetOf(false, oracle);
  const start = target.machineOf(SHORT).machine.flash();
  expect(target.run(SHORT)).toBe(Shown.Failure);
  expect(target.failure).toMatchObject({ oracle: "drawing", text: expect.stringMatching(/^unreachable in /) });
  expect(target.machineOf(SHORT).machine.flash()).toEqual(start);
});
