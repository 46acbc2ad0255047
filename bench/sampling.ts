import { Bench } from "tinybench";
import type { Case } from "./batch.ts";

const ROUNDS = 12;
/** Milliseconds of a case in each round. */
export const ROUND_MS = 12;
/** Calls before anything is timed, optimised code being in after 100 000, but no longer than so. */
const WARM_UP_CALLS = 200_000;
const WARM_UP_MS = 300;

/** Something that another process times: means of batches, in nanoseconds a call. */
export interface NativeCase {
  name: string;
  sample(): Promise<number[]>;
}

/** Nanoseconds of a call, of the means of its batches. */
export interface Figures {
  p20: number;
  p50: number;
}

/**
 * Times cases by turns: each has its share of every round, so that the machine's changes of speed meet all alike. Figures by
 * the cases' names. Single calls are not timed: a clock costs more than one.
 */
export async function timeCases(cases: readonly (Case | NativeCase)[]): Promise<Map<string, Figures>> {
  const own = cases.filter((one): one is Case => "run" in one);
  const native = cases.filter((one): one is NativeCase => "sample" in one);
  for (const one of own) warmUp(one);
  const samples = new Map<string, number[]>(cases.map(({ name }) => [name, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, means] of await roundOf(own)) samples.get(name)?.push(...means);
    for (const { name, sample } of native) samples.get(name)?.push(...(await sample()));
  }
  return new Map([...samples].map(([name, means]) => [name, figuresOf(means)]));
}

/** p20 and p50 of such means. */
export function figuresOf(means: readonly number[]): Figures {
  const sorted = [...means].sort((a, b) => a - b);
  const at = (part: number) => sorted[Math.floor(part * sorted.length)] as number;
  return { p20: at(0.2), p50: at(0.5) };
}

function warmUp({ run, undo, count }: Case): void {
  const end = performance.now() + WARM_UP_MS;
  for (let calls = 0; calls < WARM_UP_CALLS && performance.now() < end; calls += count) {
    run();
    undo?.();
  }
}

/** One round of tinybench: the means of each case's batches, in nanoseconds. */
async function roundOf(cases: readonly Case[]): Promise<[name: string, means: number[]][]> {
  const bench = new Bench({ time: ROUND_MS, iterations: 4, warmup: false, retainSamples: true });
  for (const one of cases) bench.add(one.name, () => timeBatch(one), { async: false });
  await bench.run();
  return bench.tasks.map(({ name, result }) => {
    if (!("latency" in result) || result.latency.samples === undefined) throw new Error(`${name}: no samples`);
    return [name, result.latency.samples.map((ms) => ms * 1e6)];
  });
}

/** Tells tinybench what one call of the batch took, and what the batch cost of the round's time. */
function timeBatch({ run, undo, count }: Case) {
  const start = performance.now();
  run();
  const took = performance.now() - start;
  undo?.();
  return { overriddenDuration: took / count, overriddenIterationCost: performance.now() - start };
}
