import type { Statement } from "./fuzz-core.ts";

/** Where a run stood at a moment. */
export interface Sample {
  /** Since the run began. */
  seconds: number;
  runs: number;
  calls: number;
  /** Edges, or whatever the target counts, that were taken, and buckets of their counts. */
  covered: number;
  features: number;
  /** Inputs kept. */
  corpus: number;
  findings: number;
}

/** A failure as a report shows it. Texts may hold anything. */
export interface FoundFailure {
  /** Which check saw it, and what it says. */
  oracle: string;
  text: string;
  /** Number of the run that showed it first, and how often it was seen. */
  run: number;
  count: number;
  /** The smallest input that shows it. */
  input: Uint8Array;
  /** The same for a reader, such as its calls; undefined where the bytes say it. */
  trace?: string;
  /** A command line that shows it again. */
  replay: string;
}

/** What the inputs of a corpus are, by counts. */
export interface CorpusStatistics {
  inputs: number;
  bytes: number;
  /** Inputs by their steps without the head; empty for a target whose inputs are no sequences. */
  lengths: ReadonlyMap<number, number>;
  /** Steps by what they do, and inputs by the machine that they choose. */
  kinds: ReadonlyMap<string, number>;
  machines: ReadonlyMap<string, number>;
}

/** A statement of the core, whether the run came there, and why none can, where that is so (out-of-reach.ts). */
export interface ReachedStatement extends Pick<Statement, "file" | "line"> {
  covered: boolean;
  outOfReach?: string | undefined;
}

/** A run of the fuzzer as plain data: what its report is made of. */
export interface FuzzRun {
  target: string;
  seed: number;
  /** Workers. */
  jobs: number;
  /** Where it ran, in a line: processor and Node. */
  machine: string;
  started: Date;
  ended: Date;
  runs: number;
  calls: number;
  /** Of all edges; 0 where nobody knows. */
  edges: number;
  /** In order of time. */
  samples: readonly Sample[];
  /** Empty for a target that does not count them. */
  statements: readonly ReachedStatement[];
  /** Text of the core's files by name; a file that is missing is shown without its lines. */
  sources: Readonly<Record<string, string>>;
  findings: readonly FoundFailure[];
  corpus: CorpusStatistics;
}
