import type { Place, Skipped } from "./case.ts";
import type { Distribution } from "./distribution.ts";
import { percentile } from "./percentiles.ts";
import type { Timing } from "./rounds.ts";
import type { Stalls } from "./stalls.ts";

/** What was measured. */
export interface SubjectFacts {
  /** The store's file, its format and its SHA-256; null: the variables were generated. */
  store: { file: string; format: string; sha256: string } | null;
  /** Variables that the operating system can read. */
  variables: number;
  policy: string;
  abi: string;
  /** Of the order in which variables are read at random. */
  seed: number;
  trace: { file: string; sha256: string; timedCalls: number; playedCalls: number } | null;
}

/** What it was measured on. */
export interface MachineFacts {
  cpu: string;
  cores: number;
  platform: string;
  node: string;
  core: string;
}

/** What the machine does of itself. */
export interface Noise {
  /** Standard deviation of the floor's p20 from round to round, as part of its mean. */
  floorVariation: number;
  rounds: number;
  /** What reading the clock takes, in nanoseconds. */
  clockNs: number;
}

/** One operation: nanoseconds a call, percentiles over the means of batches of so many calls. */
export interface Row extends Place {
  batch: number;
  samples: number;
  p20Ns: number;
  p50Ns: number;
  /** p20 to that of the rejected dispatch. */
  ratio: number;
}

/** The document of `xenefi bench --json`, and what its page shows. */
export interface Report {
  schema: typeof SCHEMA;
  subject: SubjectFacts;
  machine: MachineFacts;
  seconds: number;
  noise: Noise;
  rows: Row[];
  skipped: Skipped[];
  /** The variable that stands for the store in "GetVariable, one"; null: there is none. */
  read: { name: string; guid: string; bytes: number } | null;
  distribution: Distribution | null;
  stalls: Stalls | null;
}

export const SCHEMA = "xenefi.bench/1";

/** The rows of all timings; the first timing is the floor. */
export function rowsOf(timings: readonly Timing[]): Row[] {
  const floor = percentile((timings[0] as Timing).samples, 0.2);
  return timings.map(({ samples, ...timing }) => {
    const p20Ns = percentile(samples, 0.2);
    return { ...timing, samples: samples.length, p20Ns, p50Ns: percentile(samples, 0.5), ratio: p20Ns / floor };
  });
}

/** "GetVariable, random; 300 variables": what tells rows apart, for people. */
export function placeText({ group, operation, at }: Place): string {
  if (group === "growth") return `${operation}; ${at} variables`;
  if (group === "size") return `${operation}; ${at} bytes of data`;
  return group === "trace" ? `${operation}, of the trace` : operation;
}
