import { Worker } from "node:worker_threads";
import type { Lane, LaneOptions, LaneReport } from "./lane.ts";

/** What is said to a worker (src/fuzz/worker.ts). */
export type Order = { kind: "round"; runs: number; inputs: readonly Uint8Array[] } | { kind: "stop" };

/** An engine in a thread of its own. */
export class WorkerLane implements Lane {
  readonly #worker: Worker;

  constructor(options: LaneOptions, file: URL) {
    this.#worker = new Worker(file, { workerData: options });
  }

  round(runs: number, inputs: readonly Uint8Array[]): Promise<LaneReport> {
    return new Promise((resolve, reject) => {
      const worker = this.#worker;
      const done = (settle: () => void) => {
        worker.off("message", onMessage).off("error", onError).off("exit", onExit);
        settle();
      };
      const onMessage = (report: LaneReport) => done(() => resolve(report));
      const onError = (error: unknown) => done(() => reject(error));
      const onExit = () => done(() => reject(new Error("a worker ended")));
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
}
