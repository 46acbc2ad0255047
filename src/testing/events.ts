import type { ShutdownName } from "../shutdown.ts";

/** What a shim did beside its EFI calls, in order. */
export type ShimEvent =
  /** `level` as the kernel numbers them, 3 an error; undefined if the text has none. No line end. */
  | { kind: "printk"; level: number | undefined; text: string }
  /** Dom0 ended itself; `reason` as SCHEDOP_shutdown has it. */
  | { kind: "reboot"; reason: number; name: ShutdownName | "unknown" }
  /** A sched_op that did not end Dom0, and its result. */
  | { kind: "sched_op"; cmd: number; ret: number }
  | { kind: "bug"; by: BugFunction; text: string };

/** From where no kernel comes back. */
export type BugFunction = "BUG" | "panic" | "abort";

/** The shim has called BUG, panic or abort: it ends the call in hand. The shim can be called again. */
export class ShimBugError extends Error {
  readonly by: BugFunction;

  constructor(by: BugFunction, text: string) {
    super(`the shim called ${by}${text === "" ? "" : `: ${text}`}`);
    this.name = "ShimBugError";
    this.by = by;
  }
}
