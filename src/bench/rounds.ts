import type { Case, Place } from "./case.ts";
import { nsSince } from "./clock.ts";
import { percentile, variation } from "./percentiles.ts";
import { VARIABLES_MAX } from "./workload.ts";

/**
 * Cases take turns in rounds, a slice of time each, since the speed of a machine drifts. A loop of rounds and not a
 * benchmark library: states are put back between batches, and the whole keeps to a time that the user has set.
 */
const SLICE_MS = 1;
/** Turns before a slice's first batch: other cases have had the processor's caches, and a store may take so many to read. */
const PRELUDE_TURNS = VARIABLES_MAX;
/** Batches of a slice at most: the fastest cases would have most of the memory. */
const SLICE_BATCHES = 128;
const ROUNDS_MIN = 3;
/** Turns after which the engine has optimised code, and those for which there is always time. */
const WARM_TURNS = 100_000;

/** A case's batches: nanoseconds a turn, each the mean of a batch. */
export interface Timing extends Place {
  batch: number;
  samples: number[];
}

export interface Rounds {
  timings: Timing[];
  rounds: number;
  /** Variation of the first case's p20 from round to round: what the machine does of itself. */
  floorVariation: number;
}

/** Told how much of the whole is done, 0 to 1. */
export type Progress = (part: number) => void;

/** Runs each case until the engine has optimised it, or its part of the time is over. */
export function warmUp(cases: readonly Case[], seconds: number): void {
  for (const one of cases) runFor(one, WARM_TURNS, (seconds * 1000) / cases.length);
}

/** Runs batches until there were so many turns, or the time is over. */
function runFor({ run, batch, restore }: Case, most: number, ms: number): void {
  const end = performance.now() + ms;
  for (let turns = 0; turns < most && performance.now() < end; turns += batch) {
    restore?.();
    run(batch);
  }
}

/** Times the cases for that long, but at least three rounds. The first case is the floor. */
export function timeRounds(cases: readonly Case[], seconds: number, progress: Progress): Rounds {
  const timings = cases.map(({ group, operation, at, batch }): Timing => {
    return { group, operation, ...(at === undefined ? {} : { at }), batch, samples: [] };
  });
  const floors: number[] = [];
  const start = performance.now();
  const length = seconds * 1000;
  let rounds = 0;
  for (; rounds < ROUNDS_MIN || performance.now() - start < length; rounds++) {
    for (const [i, one] of cases.entries()) {
      const samples = timeSlice(one);
      timings[i]?.samples.push(...samples);
      if (i === 0) floors.push(percentile(samples, 0.2));
    }
    progress(Math.min(1, (performance.now() - start) / length));
  }
  return { timings, rounds, floorVariation: variation(floors) };
}

function timeSlice(one: Case): number[] {
  const { run, batch, restore } = one;
  const samples: number[] = [];
  runFor(one, PRELUDE_TURNS, SLICE_MS);
  const end = performance.now() + SLICE_MS;
  do {
    restore?.();
    const start = performance.now();
    run(batch);
    samples.push(nsSince(start) / batch);
  } while (performance.now() < end && samples.length < SLICE_BATCHES);
  return samples;
}
