import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { reasonText } from "../src/index.ts";
import { buildNative, Native, type NativeTarget } from "./native.ts";
import type { Step } from "./steps.ts";
import { isPlain, makeMachine, Workload } from "./workload.ts";

/**
 * Machine instructions of an operation, counted by callgrind over the core as C (wasm2c, gcc -O2): from dispatch's first to
 * its last, wherever they are spent. They are the same at each run, on whatever processor.
 */

/** The core's functions stay functions, as in an engine that compiles one by one: gcc chooses otherwise from release to release. */
const FLAGS = [
  "-DCOUNTED",
  "-fno-tree-loop-distribute-patterns",
  "-fno-inline-small-functions",
  "-fno-inline-functions",
  "-fno-inline-functions-called-once",
  "-fno-partial-inlining",
  "-fno-ipa-cp",
  "-fno-ipa-sra",
  "-fno-ipa-icf",
];
const CORE_DISPATCH = "Z_xenefi_coreZ_dispatch";
const VALGRIND = [
  "valgrind",
  "--quiet",
  "--tool=callgrind",
  `--toggle-collect=${CORE_DISPATCH}`,
  "--toggle-collect=plain_dispatch",
] as const;

/** Of 1000 steps a figure has three exact decimals. */
const STEPS = 1000;
/** So many updates fill the store three times; none of so few for the plain peer, which is not reset, fills it. */
const RECLAIM_STEPS = 10_000;
const PLAIN_STEPS = 100;
const UPDATE = "SetVariable other data";
/** What is told by function: a look-up, and what takes longer beside it than one might wish. */
const BY_FUNCTION = [
  "GetVariable hit",
  UPDATE,
  "SetVariable same data",
  "GetNextHighMonotonicCount",
  "QueryVariableInfo",
] as const;

/** Figures of one compiler. */
export interface Instructions {
  /** \`gcc\`, its version, and what it compiles for. */
  compiler: string;
  /** Instructions of a call, by what is called. */
  operations: Record<string, number>;
  /** Of a SetVariable until a check refuses it, by what the check says; the order is that of the checks. */
  refusals: Record<string, number>;
  /** Of operations of bench/c/plain.c, which is no part of the product. */
  plain: Record<string, number>;
  /** Of some operations by function, the one with the most first. */
  functions: Record<string, Record<string, FunctionCost>>;
}

/** Instructions of a function in one call. */
export interface FunctionCost {
  /** In itself. */
  own: number;
  /** With what it calls. */
  all: number;
}

interface Counted {
  name: string;
  /** The case's number. */
  number: number;
  steps: number;
}

/** Counts. Throws an Error that names the package if a tool is missing. */
export async function countInstructions(): Promise<Instructions> {
  const folder = mkdtempSync(join(tmpdir(), "xenefi-instructions-"));
  try {
    const program = await buildNative(folder, FLAGS);
    const out = `--callgrind-out-file=${join(folder, "counts")}`;
    const workload = new Workload({ n: 50 });
    const native = new Native([...VALGRIND, out, program], folder, workload);
    const core = await countCore(native, workload);
    const refusals = await countRefusals(native, workload);
    const plain = await countPlain(native, workload);
    await native.end();
    const dumps = dumpsIn(folder);
    const figures = (counted: Counted[]) =>
      Object.fromEntries(counted.map(({ name, number, steps }) => [name, totalOf(dumps.get(number)) / steps]));
    const functions = BY_FUNCTION.map((call) => {
      const { number, steps } = core.find(({ name }) => name === call) as Counted;
      return [call, functionsOf(dumps.get(number) as string, steps)];
    });
    return {
      compiler: `gcc ${gccSays("-dumpfullversion")} for ${gccSays("-dumpmachine")}`,
      operations: figures(core),
      refusals: figures(refusals),
      plain: figures(plain),
      functions: Object.fromEntries(functions),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function gccSays(option: string): string {
  return execFileSync("gcc", [option], { encoding: "utf8" }).trim();
}

/** Each case on a machine as it was at the start. */
async function countCore(native: Native, workload: Workload): Promise<Counted[]> {
  const counted: Counted[] = [];
  const count = async (name: string, target: NativeTarget, step: Step, ops: number[], steps: number) => {
    const number = await native.add(target, step, ops);
    await native.count(number, steps);
    counted.push({ name, number, steps });
  };
  for (const { name, step, ops, writes, before, undo } of workload.cases) {
    const target = writes ? "core-written" : "core";
    await native.reset();
    if (before !== undefined) await native.count(await native.add(target, before, ops), ops.length);
    await count(name, target, step, ops, undo === undefined ? STEPS : ops.length);
  }
  const { step, ops } = workload.case(UPDATE);
  await native.reset();
  await count(`${UPDATE}, with reclaims`, "core-written", step, ops, RECLAIM_STEPS);
  return counted;
}

async function countRefusals(native: Native, workload: Workload): Promise<Counted[]> {
  const machine = makeMachine(workload.shape);
  machine.memory.set(workload.guest);
  await native.reset();
  const counted: Counted[] = [];
  for (const op of workload.refused) {
    machine.hypercall(op);
    const number = await native.add("core-written", "call", [op]);
    await native.count(number, STEPS);
    counted.push({ name: reasonText(machine.reason), number, steps: STEPS });
  }
  return counted;
}

async function countPlain(native: Native, workload: Workload): Promise<Counted[]> {
  const counted: Counted[] = [];
  for (const { name, step, ops, writes, before, undo } of workload.cases.filter(isPlain)) {
    const target = writes ? "plain-written" : "plain";
    if (before !== undefined) await native.count(await native.add(target, before, ops), ops.length);
    const number = await native.add(target, step, ops);
    const steps = undo === undefined ? PLAIN_STEPS : ops.length;
    await native.count(number, steps);
    counted.push({ name, number, steps });
  }
  return counted;
}

/** Callgrind's dumps by the case that they are of. */
function dumpsIn(folder: string): Map<number, string> {
  const dumps = new Map<number, string>();
  for (const name of readdirSync(folder)) {
    if (!name.startsWith("counts.")) continue;
    const text = readFileSync(join(folder, name), "utf8");
    const number = /^desc: Trigger: Client Request: (\d+)$/m.exec(text)?.[1];
    if (number !== undefined) dumps.set(Number(number), text);
  }
  return dumps;
}

function totalOf(dump: string | undefined): number {
  return Number(/^(?:summary|totals): (\d+)$/m.exec(dump ?? "")?.[1]);
}

/**
 * Instructions of each function in a dump (callgrind's format, version 1): a line of a function's own cost is a place and the
 * cost; behind "calls=" the same line is the cost of what was called.
 */
function functionsOf(dump: string, steps: number): Record<string, FunctionCost> {
  const names = new Map<string, string>();
  const costs = new Map<string, FunctionCost>();
  let current: FunctionCost = { own: 0, all: 0 };
  let isCall = false;
  for (const line of dump.split("\n")) {
    const [, kind, number, name] = /^(c?fn)=(\(\d+\))(?: (.*))?$/.exec(line) ?? [];
    if (number !== undefined && name !== undefined) names.set(number, name);
    if (kind === "fn") current = costOf(costs, names.get(number as string) as string);
    const cost = /^[+\-*\d]\S* (\d+)$/.exec(line)?.[1];
    if (cost !== undefined) {
      current.all += Number(cost) / steps;
      if (!isCall) current.own += Number(cost) / steps;
    }
    isCall = line.startsWith("calls=");
  }
  const used = [...costs].filter(([, { own }]) => own > 0);
  return Object.fromEntries(used.sort(([, a], [, b]) => b.all - a.all));
}

/** The function's cost so far, by its name in the source: the module, and the function. */
function costOf(costs: Map<string, FunctionCost>, symbol: string): FunctionCost {
  const name = symbol.replace(/^w2c_assembly_|^Z_xenefi_coreZ_/, "");
  const cost = costs.get(name) ?? { own: 0, all: 0 };
  costs.set(name, cost);
  return cost;
}
