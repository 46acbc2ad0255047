import { OP_STATUS } from "../../assembly/abi/op.ts";
import { Engine } from "../../src/fuzz/engine.ts";
import { makeTarget } from "../../src/fuzz/make-target.ts";
import { SequenceTarget } from "../../src/fuzz/sequence-target.ts";
import type { Machine } from "../../src/index.ts";
import { type Case, calling, opCase } from "../batch.ts";
import type { Table } from "../report.ts";
import { type Step, stepText } from "../steps.ts";
import { makeMachine, Workload } from "../workload.ts";
import { timedTable } from "./timed-table.ts";

/** A test case of ten calls: of which case of the workload the op is, and the step that is done to it. */
const CALLS: readonly [operation: string, step: Step][] = [
  ...Array<[string, Step]>(5).fill(["GetVariable hit", "get"]),
  ...Array<[string, Step]>(2).fill(["SetVariable other data", "otherData"]),
  ["SetVariable create", "create"],
  ["SetVariable create", "delete"],
  ["GetTime", "get"],
];
const PER = "GetVariable hit";
/** Test cases between two clock readings; inputs of the fuzzer likewise. */
const TEST_CASES = 100;
const INPUTS = 1000;

/** Ten calls and the way back to where they began, beside one hit. */
export async function* resets(quick: boolean): AsyncGenerator<Table> {
  for (const n of quick ? [50] : [50, 3000]) {
    yield timedTable({ title: `10 calls and back, N = ${n}`, unit: "ns", per: PER }, resetCases(n));
  }
}

/** Sequences of the fuzzer: made, played and checked, guest memory compared, and back to the start. */
export async function* sequences(): AsyncGenerator<Table> {
  const engines = new Map([
    ["blind", fuzzer(false, 18, "none")],
    ["with coverage", fuzzer(true, 12, "none")],
    ["with coverage, the model asked, too", fuzzer(true, 12, "model")],
  ]);
  const cases = [...engines].map(([name, engine]): Case => ({ name, count: INPUTS, run: () => engine.run(INPUTS) }));
  const table = await timedTable({ title: "fuzz variables, a sequence", unit: "us" }, cases);
  const notes = [...engines].map(([name, { target, runs }]) => {
    return `${name}: ${target instanceof SequenceTarget ? (target.calls / runs).toFixed(1) : "?"} calls a sequence`;
  });
  yield { ...table, notes };
}

function fuzzer(counts: boolean, stepsMax: number, checks: "none" | "model"): Engine {
  const target = makeTarget({ name: "variables", variables: 50, seed: 1, stepsMax, counts, checks });
  return new Engine(target, { seed: 1, findingsMax: 1 });
}

function resetCases(n: number): Case[] {
  const workload = new Workload({ n });
  const ten = tenCalls(workload);
  const prepared = () => {
    const machine = makeMachine({ n });
    machine.memory.set(workload.guest);
    return machine;
  };
  const [hit, free, marked, restored] = [prepared(), prepared(), prepared(), prepared()];
  const snapshot = restored.snapshot();
  marked.mark();
  return [
    opCase(calling(PER, hit, hit.memory), workload.case(PER), workload.layout, PER),
    manyOf("no way back", ten(free)),
    testCase("undo to a mark", ten(marked), marked, () => marked.undo()),
    testCase("restore of a snapshot", ten(restored), restored, () => restored.restore(snapshot)),
    { name: "a new Machine", count: 1, run: () => ten(prepared())(1) },
  ];
}

/** For a machine, what makes the ten calls on it in turn `turn`. */
function tenCalls(workload: Workload): (machine: Machine) => (turn: number) => void {
  const steps = CALLS.map(([operation, step]) => {
    const [op] = workload.case(operation).ops;
    return `{ const o = ${op}; ${stepText(step, workload.layout, "callee.hypercall(o)")}; failed |= words[(o + ${OP_STATUS}) >> 2]; }`;
  });
  const body = `let failed = 0; ${steps.join(" ")} if (failed !== 0) throw new Error("a call failed");`;
  const calls = new Function("callee", "words", `return (turn) => { ${body} };`);
  return (machine) => {
    const { buffer, byteOffset, length } = machine.memory;
    return calls(machine, new Uint32Array(buffer, byteOffset, length >> 2));
  };
}

/** Test cases on a machine that must come back to the bytes that it began with. */
function testCase(name: string, ten: (turn: number) => void, machine: Machine, back: () => void): Case {
  const start = machine.flash();
  const cases = manyOf(name, ten, back);
  cases.run();
  if (Buffer.compare(machine.flash(), start) !== 0) throw new Error(`${name}: other bytes than at the start`);
  return cases;
}

/** Test cases on one machine, again and again; without a way back its store fills, and is reclaimed. */
function manyOf(name: string, ten: (turn: number) => void, back?: () => void): Case {
  let turn = 0;
  const run = () => {
    for (let i = 0; i < TEST_CASES; i++) {
      ten(turn++);
      back?.();
    }
  };
  return { name, count: TEST_CASES, run };
}
