import type { Machine } from "../machine.ts";
import { Random } from "../random.ts";
import type { Case, Skipped } from "./case.ts";
import { clockReadNs } from "./clock.ts";
import { distributionOf } from "./distribution.ts";
import type { OpSheet } from "./op-sheet.ts";
import { type Report, rowsOf } from "./report.ts";
import { type Progress, timeRounds, warmUp } from "./rounds.ts";
import { growthCases, sizeCases } from "./series.ts";
import { countStalls } from "./stalls.ts";
import { medianOf, type Readable, storeCases } from "./store-cases.ts";
import { timeTrace } from "./trace-passes.ts";
import type { TraceSheet } from "./trace-sheet.ts";
import type { Firmware } from "./workload.ts";

export interface Benchmark {
  firmware: Firmware;
  /** The variables of the store that is measured, laid out on a machine that is only read. */
  sheet: OpSheet;
  reads: readonly Readable[];
  /** Another machine over the same store, which is put back after writes. */
  writer: Machine;
  trace?: TraceSheet;
  seed: number;
  /** For all of it; a little more is taken where this is short. */
  seconds: number;
  progress: (what: string, part: number) => void;
}

/** What a benchmark measures; whoever runs it adds what it was measured on. */
export type Measured = Pick<Report, "noise" | "rows" | "skipped" | "read" | "distribution" | "stalls">;

/** How the time is divided. What a trace does not take, the rounds have. */
const PARTS = { warmUp: 0.15, distribution: 0.1, stalls: 0.1, trace: 0.15 };

/**
 * Measures all operations over the subject, the series of generated stores, and the trace. Several machines are alive, as in a
 * test suite: the engine then calls their cores by a general way, which takes a little longer than that of a process with
 * one machine.
 */
export function runBenchmark(benchmark: Benchmark): Measured {
  const { firmware, sheet, reads, writer, trace, seconds, progress } = benchmark;
  const random = new Random(benchmark.seed);
  const all = [...storeCases(sheet, reads, writer, random), ...growthCases(firmware, random), ...sizeCases(firmware)];
  const cases = all.filter((one): one is Case => "run" in one);
  const parts = { ...PARTS, trace: trace === undefined ? 0 : PARTS.trace };
  const rest = 1 - parts.warmUp - parts.distribution - parts.stalls - parts.trace;
  const told = (what: string): Progress => {
    return (part) => progress(what, part);
  };
  progress("warming up", 0);
  warmUp(cases, parts.warmUp * seconds);
  const clockNs = clockReadNs();
  const { timings, rounds, floorVariation } = timeRounds(cases, rest * seconds, told("operations"));
  progress("variables", 0);
  const distribution = distributionOf(sheet, reads, parts.distribution * seconds);
  progress("stalls", 0);
  const read = medianOf(reads);
  const stalls = read === undefined ? null : countStalls(sheet, read.op, parts.stalls * seconds);
  progress("trace", 0);
  const traced = trace === undefined ? [] : timeTrace(trace, parts.trace * seconds, clockNs);
  return {
    noise: { floorVariation, rounds, clockNs },
    rows: rowsOf([...timings, ...traced]),
    skipped: all.filter((one): one is Skipped => "why" in one),
    read: read === undefined ? null : factsOf(read.variable),
    distribution: distribution ?? null,
    stalls,
  };
}

function factsOf({ name, guid, data }: { name: string; guid: string; data: Uint8Array }) {
  return { name, guid, bytes: data.length };
}
