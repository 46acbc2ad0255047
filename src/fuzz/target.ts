import type { Failure } from "./failure.ts";

/** What one run of an input showed. */
export enum Shown {
  /** Nothing that was not seen before. */
  Nothing = 0,
  /** Something new: the input is worth keeping. */
  News = 1,
  /** A failure: `Target.failure` tells it. */
  Failure = 2,
}

/** How much of what it looks at a target has reached. */
export interface Coverage {
  /** Edges, or whatever the target counts, that were taken, and how many there are; 0 where nobody knows. */
  covered: number;
  total: number;
  /** Buckets of their counts. */
  features: number;
}

/**
 * Something to fuzz. An input is a row of bytes, any bytes; its run is the same each time, whatever ran before. Targets keep
 * no input: the bytes belong to the engine and change after the call.
 */
export interface Target {
  readonly name: string;
  /** Most bytes of an input. */
  readonly bytesMax: number;
  /** Calls, or whatever the target counts, since it was made. */
  readonly calls: number;
  /** What the last run found, where it found something. */
  readonly failure: Failure | undefined;
  coverage(): Coverage;
  /** Makes an input from nothing in `into`; its bytes. */
  make(into: Uint8Array): number;
  /** Changes the first `bytes` bytes of `into`; `other` is an input to take parts of. Gives the bytes it has then. */
  mutate(into: Uint8Array, bytes: number, other: Uint8Array): number;
  /**
   * Runs an input. `sought` is a failure that is being made smaller: the check that saw it looks at the input, also where it
   * sees but a sample, and the others need not. "any": all of them look, as at an input that a person shows.
   */
  run(input: Uint8Array, sought?: Failure | "any"): Shown;
  /** Inputs that make a failure smaller, the boldest first: each is tried, and stands for `input` if the failure stays. */
  smaller(input: Uint8Array): Iterable<Uint8Array>;
  /** For each edge the buckets of its counts that were seen, where the target knows edges. */
  seenEdges?(): Uint8Array;
  /** The input as an xenefi-trace, where it is a sequence of calls; `about` goes into its header. */
  trace?(input: Uint8Array, about: string): string;
}
