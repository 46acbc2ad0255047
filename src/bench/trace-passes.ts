import type { Machine } from "../machine.ts";
import { nsSince } from "./clock.ts";
import type { Timing } from "./rounds.ts";
import { isLaid, type LaidCall, type PlayedCall, type Step, type TraceSheet } from "./trace-sheet.ts";

const PASSES_MIN = 5;
const WARM_PASSES = 20;
const WARM_PART = 0.2;
/** The clock may take longer than it did when it was measured. */
const NS_MIN = 0.1;

/** The name of the row that all calls are. */
export const WHOLE = "whole replay";

/** Neighbouring calls that are timed between two readings of the clock, or one that is played untimed. */
type Run = { kind: string; ops: number[] } | PlayedCall;

/**
 * Times a trace pass by pass for that long: all calls in one go, and in turn with it each kind by its runs of neighbours,
 * less what reading the clock takes. A sample is the mean of a kind's calls in a pass, which are the timing's batch.
 */
export function timeTrace(sheet: TraceSheet, seconds: number, clockNs: number): Timing[] {
  const byKind = runsOf(sheet.steps, ({ kind }) => kind);
  const whole = runsOf(sheet.steps, () => WHOLE);
  const start = performance.now();
  const length = seconds * 1000;
  for (let pass = 0; pass < WARM_PASSES && performance.now() - start < WARM_PART * length; pass++) {
    timePass(sheet, whole, clockNs);
  }
  const samples = new Map<string, number[]>();
  for (let pass = 0; pass < PASSES_MIN || performance.now() - start < length; pass++) {
    for (const runs of [whole, byKind]) {
      for (const [kind, ns] of timePass(sheet, runs, clockNs)) {
        const known = samples.get(kind);
        if (known === undefined) samples.set(kind, [ns]);
        else known.push(ns);
      }
    }
  }
  return [...samples].map(([operation, all]): Timing => {
    const own = sheet.steps.filter((step) => isLaid(step) && (operation === WHOLE || step.kind === operation));
    return { group: "trace", operation, batch: own.length, samples: all };
  });
}

function runsOf(steps: readonly Step[], kindOf: (call: LaidCall) => string): Run[] {
  const runs: Run[] = [];
  for (const step of steps) {
    const last = runs.at(-1);
    if (!isLaid(step)) runs.push(step);
    else if (last !== undefined && "kind" in last && last.kind === kindOf(step)) last.ops.push(step.op);
    else runs.push({ kind: kindOf(step), ops: [step.op] });
  }
  return runs;
}

/** Nanoseconds a call, by kind. */
function timePass(sheet: TraceSheet, runs: readonly Run[], clockNs: number): Map<string, number> {
  const { machine } = sheet;
  const sums = new Map<string, { ns: number; calls: number }>();
  sheet.reset();
  for (const run of runs) {
    if (!("kind" in run)) {
      sheet.play(run);
      continue;
    }
    const start = performance.now();
    callAll(machine, run.ops);
    const ns = nsSince(start) - clockNs;
    const sum = sums.get(run.kind) ?? { ns: 0, calls: 0 };
    sums.set(run.kind, { ns: sum.ns + ns, calls: sum.calls + run.ops.length });
  }
  return new Map([...sums].map(([kind, { ns, calls }]) => [kind, Math.max(NS_MIN, ns / calls)]));
}

function callAll(machine: Machine, ops: readonly number[]): void {
  for (let i = 0; i < ops.length; i++) machine.hypercall(ops[i] as number);
}
