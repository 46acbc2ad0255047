import { setImmediate } from "node:timers/promises";
import { Engine, type EngineOptions } from "./engine.ts";
import type { Finding } from "./finding.ts";
import { makeTarget, type TargetOptions } from "./make-target.ts";
import type { Coverage, Target } from "./target.ts";
import { fuzzFunctionOf } from "./targets/index.ts";

/** What one lane has done until now, and its news of this round. */
export interface LaneReport {
  runs: number;
  calls: number;
  coverage: Coverage;
  /** For each edge the buckets that were seen; undefined where the target knows none. */
  seen: Uint8Array | undefined;
  corpus: number;
  corpusBytes: number;
  lastNews: number;
  /** Inputs that came to its corpus. */
  news: Uint8Array[];
  findings: Finding[];
  /** It can run no more: its last finding did not come to an end. */
  hangs?: true;
}

/** Something that runs rounds: an engine in this thread or in another one. */
export interface Lane {
  /** Takes inputs of other lanes, then runs `runs` of its own. */
  round(runs: number, inputs: readonly Uint8Array[]): Promise<LaneReport>;
  /** Ends the round in hand early. */
  stop(): void;
  close(): Promise<void>;
}

export interface LaneOptions extends TargetOptions, EngineOptions {
  /** Of the target `file`: where the module is. */
  module?: string;
}

/** Makes the target of a lane, whose module is loaded. */
export async function laneTarget(options: LaneOptions): Promise<Target> {
  const { module } = options;
  return makeTarget(module === undefined ? options : { ...options, fuzz: await fuzzFunctionOf(new URL(module)) });
}

/** Runs between two looks at whether to stop. */
const SLICE_RUNS = 2000;
const SLICE_MS = 100;

/** An engine in this thread, which lets others have their turn. */
export class LocalLane implements Lane {
  readonly engine: Engine;
  #stopped = false;

  constructor(target: Target, options: LaneOptions) {
    this.engine = new Engine(target, options);
  }

  async round(runs: number, inputs: readonly Uint8Array[]): Promise<LaneReport> {
    const { engine } = this;
    for (const input of inputs) engine.offer(input);
    engine.takeNews();
    let slice = 1;
    for (let left = runs; left > 0 && !this.#stopped && !engine.isFull; ) {
      const started = performance.now();
      const count = Math.min(slice, left);
      engine.run(count);
      left -= count;
      if (performance.now() - started < SLICE_MS) slice = Math.min(slice * 2, SLICE_RUNS);
      await setImmediate();
    }
    return this.report();
  }

  report(): LaneReport {
    const { engine } = this;
    const { target, corpus } = engine;
    return {
      runs: engine.runs,
      calls: target.calls,
      coverage: target.coverage(),
      seen: target.seenEdges?.(),
      corpus: corpus.size,
      corpusBytes: corpus.bytes,
      lastNews: engine.lastNews,
      news: engine.takeNews(),
      findings: [...engine.findings],
    };
  }

  stop(): void {
    this.#stopped = true;
  }

  async close(): Promise<void> {}
}
