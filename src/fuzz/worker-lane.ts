import { Worker } from "node:worker_threads";
import { InputInHand } from "./input-in-hand.ts";
import type { Lane, LaneOptions, LaneReport } from "./lane.ts";

/** What is said to a worker (src/fuzz/worker.ts). */
export type Order = { kind: "round"; runs: number; inputs: readonly Uint8Array[] } | { kind: "stop" };

/** What a worker is started with. */
export interface WorkerOptions extends LaneOptions {
  /** Memory of an InputInHand, for a target that shows what it runs. */
  inHand?: SharedArrayBuffer | undefined;
}

/** How a thread is watched whose runs may not come to an end. */
export interface Watch {
  /** Most bytes of an input. */
  bytesMax: number;
  /** Seconds that a run may take at the most. */
  seconds: number;
}

/** Looks are counted and not timed: a machine that sleeps makes no run a long one. */
const LOOK_MS = 100;

/** An engine in a thread of its own. Where it is watched, a run without an end ends the thread, and is a finding. */
export class WorkerLane implements Lane {
  readonly #worker: Worker;
  readonly #watch: Watch | undefined;
  readonly #inHand: InputInHand | undefined;
  #last: LaneReport = {
    ...{ runs: 0, calls: 0, coverage: { covered: 0, total: 0, features: 0 }, seen: undefined },
    ...{ corpus: 0, corpusBytes: 0, lastNews: 0, news: [], findings: [] },
  };

  constructor(options: LaneOptions, file: URL, watch?: Watch) {
    this.#watch = watch;
    this.#inHand = watch === undefined ? undefined : new InputInHand(watch);
    this.#worker = new Worker(file, {
      workerData: { ...options, inHand: this.#inHand?.memory } satisfies WorkerOptions,
    });
  }

  round(runs: number, inputs: readonly Uint8Array[]): Promise<LaneReport> {
    return new Promise((resolve, reject) => {
      const worker = this.#worker;
      const done = (settle: () => void) => {
        clearInterval(watch);
        worker.off("message", onMessage).off("error", onError).off("exit", onExit);
        settle();
      };
      const onMessage = (report: LaneReport) => {
        this.#last = report;
        done(() => resolve(report));
      };
      const onError = (error: unknown) => done(() => reject(error));
      const onExit = () => done(() => reject(new Error("a worker ended")));
      const watch = this.#watching(() => done(() => resolve(this.#hung())));
      worker.on("message", onMessage).on("error", onError).on("exit", onExit);
      worker.postMessage({ kind: "round", runs, inputs } satisfies Order);
    });
  }

  stop(): void {
    this.#worker.postMessage({ kind: "stop" } satisfies Order);
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  /** Calls `onHang` once one run is seen at so many looks that it has taken its time. */
  #watching(onHang: () => void): NodeJS.Timeout | undefined {
    const inHand = this.#inHand;
    if (inHand === undefined || this.#watch === undefined) return undefined;
    const looksMax = (this.#watch.seconds * 1000) / LOOK_MS;
    let seen: number | undefined;
    let looks = 0;
    return setInterval(() => {
      const { run } = inHand;
      looks = run !== undefined && run === seen ? looks + 1 : 0;
      seen = run;
      if (looks >= looksMax) onHang();
    }, LOOK_MS);
  }

  /** What the thread told last, and the run that it will never tell of. */
  #hung(): LaneReport {
    const { run = 0, input } = this.#inHand as InputInHand;
    const failure = { oracle: "timeout", text: `no end within ${this.#watch?.seconds} s` };
    const finding = { failure, input, first: input, run, calls: run, count: 1 };
    return { ...this.#last, runs: run, calls: run, news: [], findings: [...this.#last.findings, finding], hangs: true };
  }
}
