import { edgeMap } from "./fuzz-core.ts";
import { makeTarget, TARGETS } from "./make-target.ts";
import { SequenceTarget } from "./sequence-target.ts";
import { Shown } from "./target.ts";

/** A failure that a target found, for engines that take an exception for one: its name is the check that saw it. */
export class FindingError extends Error {
  constructor(oracle: string, text: string) {
    super(text);
    this.name = oracle;
  }
}

/** Registers so many bytes with an engine, as Jazzer.js's `coverageTracker.createModuleCounters`. */
export type RegisterCounters = (count: number) => Uint8Array;

/** Steps of a sequence at the most. */
const STEPS_MAX = 24;

/** Names of the targets that can be had as functions. */
export const HARNESS_NAMES: readonly string[] = Object.keys(TARGETS);

/**
 * A target as one function of an input, as libFuzzer's engines call it: returns, or throws a FindingError. Of a target that
 * counts the core's edges each run's counts go to `register`'s bytes. Throws a RangeError as makeTarget.
 */
export function harnessOf(name: string, register?: RegisterCounters): (data: Uint8Array) => void {
  const target = makeTarget({ name, seed: 1, stepsMax: STEPS_MAX, counts: register !== undefined, checks: "none" });
  if (target instanceof SequenceTarget && register !== undefined) target.counters = register(edgeMap().edges);
  return (data) => {
    const input = new Uint8Array(data.buffer, data.byteOffset, Math.min(data.length, target.bytesMax));
    if (target.run(input) !== Shown.Failure) return;
    const { oracle = "", text = "" } = target.failure ?? {};
    throw new FindingError(oracle, text);
  };
}
