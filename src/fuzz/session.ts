import { edgeCoverage, unionOfEdges } from "./edge-coverage.ts";
import { failureKey } from "./failure.ts";
import type { Finding } from "./finding.ts";
import type { Sample } from "./fuzz-run.ts";
import type { Lane, LaneReport } from "./lane.ts";
import type { Coverage } from "./target.ts";

/** How far a session is. */
export interface SessionSample extends Sample {
  /** Edges that there are; 0 where nobody knows. */
  total: number;
  /** The run that last showed something new, of all lanes' together. */
  lastNews: number;
}

export interface SessionOptions {
  /** Runs of all lanes together. */
  runs: number;
  /** Runs of a lane between two exchanges of inputs. */
  roundRuns: number;
  findingsMax: number;
  /** Inputs to begin with, for every lane. */
  inputs: readonly Uint8Array[];
  /** Called after each round. */
  onRound(sample: SessionSample, news: readonly Uint8Array[]): void;
}

/** Rounds of one lane alone, small so that somebody sees them go by; they exchange nothing. */
export const ROUND_RUNS = 20_000;

/**
 * Lanes that run side by side in rounds of fixed lengths and then tell each other what they found, in their order: the same
 * seed, lanes and runs give the same findings.
 */
export class Session {
  readonly #lanes: readonly Lane[];
  readonly #options: SessionOptions;
  readonly #started = performance.now();
  readonly #findings = new Map<string, Finding>();
  readonly samples: SessionSample[] = [];
  #reports: LaneReport[] = [];
  readonly #corpus: Uint8Array[] = [];
  #stopped = false;

  constructor(lanes: readonly Lane[], options: SessionOptions) {
    this.#lanes = lanes;
    this.#options = options;
  }

  /** In the order in which they were found: by rounds, then by lanes. */
  get findings(): readonly Finding[] {
    return [...this.#findings.values()];
  }

  /** What the lanes kept, without the inputs that they began with. */
  get corpus(): readonly Uint8Array[] {
    return this.#corpus;
  }

  /** Undefined where the target knows no edges. */
  get seenEdges(): Uint8Array | undefined {
    const all = this.#reports.map(({ seen }) => seen).filter((seen) => seen !== undefined);
    return all.length === 0 ? undefined : unionOfEdges(all);
  }

  stop(): void {
    this.#stopped = true;
    for (const lane of this.#lanes) lane.stop();
  }

  /** Lanes are closed at the end, also where one has failed: their threads would keep the process. */
  async run(): Promise<void> {
    try {
      await this.#rounds();
    } finally {
      await Promise.all(this.#lanes.map((lane) => lane.close()));
    }
  }

  async #rounds(): Promise<void> {
    const { runs, findingsMax, roundRuns } = this.#options;
    let inputs = this.#lanes.map(() => this.#options.inputs);
    let left = runs;
    while (left > 0 && !this.#stopped && this.#findings.size < findingsMax) {
      const shares = share(Math.min(left, roundRuns * this.#lanes.length), this.#lanes.length);
      const round = this.#lanes.map((lane, i) => this.#round(lane, shares[i] as number, inputs[i] as Uint8Array[]));
      this.#reports = await Promise.all(round);
      left -= shares.reduce((sum, count) => sum + count, 0);
      this.#take();
      inputs = this.#lanes.map((_, i) => this.#reports.flatMap(({ news }, of) => (of === i ? [] : news)));
    }
  }

  /** A lane that hangs ends the session, and the others' rounds early. */
  async #round(lane: Lane, runs: number, inputs: readonly Uint8Array[]): Promise<LaneReport> {
    const report = await lane.round(runs, inputs);
    if (report.hangs) this.stop();
    return report;
  }

  #take(): void {
    for (const finding of this.#reports.flatMap((report) => report.findings)) {
      const key = failureKey(finding.failure);
      if (!this.#findings.has(key)) this.#findings.set(key, finding);
    }
    const sum = (of: (report: LaneReport) => number) => this.#reports.reduce((all, report) => all + of(report), 0);
    const sample = {
      seconds: (performance.now() - this.#started) / 1000,
      runs: sum(({ runs }) => runs),
      calls: sum(({ calls }) => calls),
      ...this.#coverage(),
      corpus: Math.max(...this.#reports.map(({ corpus }) => corpus)),
      findings: this.#findings.size,
      lastNews: sum(({ lastNews }) => lastNews),
    };
    this.samples.push(sample);
    const news = this.#reports.flatMap((report) => report.news);
    this.#corpus.push(...news);
    this.#options.onRound(sample, news);
  }

  /** Of all lanes where edges are known; else of the first one. */
  #coverage(): Coverage {
    const seen = this.seenEdges;
    return seen === undefined ? (this.#reports[0] as LaneReport).coverage : edgeCoverage(seen);
  }
}

/** `count` in `parts` parts that differ by one at most. */
function share(count: number, parts: number): number[] {
  return Array.from({ length: parts }, (_, i) => Math.floor((count + parts - 1 - i) / parts));
}
