import { type Failure, failureKey } from "./failure.ts";
import { Shown, type Target } from "./target.ts";

/** A failure, and the smallest input that was found to show it. */
export interface Finding {
  failure: Failure;
  input: Uint8Array;
  /** The input that showed it first. */
  first: Uint8Array;
  /** Number of the run, and of the calls until then. */
  run: number;
  calls: number;
  /** How often it was seen. */
  count: number;
}

/** Runs that may go into making one failure small. */
const TRIES_MAX = 20_000;

/** The smallest input, by the target's own ways to make one smaller, that still shows a failure of the same kind. */
export function minimise(target: Target, input: Uint8Array, failure: Failure): { input: Uint8Array; failure: Failure } {
  const key = failureKey(failure);
  let best = { input, failure };
  let tries = 0;
  for (let progress = true; progress && tries < TRIES_MAX; ) {
    progress = false;
    for (const smaller of target.smaller(best.input)) {
      if (++tries > TRIES_MAX) break;
      if (target.run(smaller, failure) !== Shown.Failure) continue;
      const shown = target.failure as Failure;
      if (failureKey(shown) !== key) continue;
      best = { input: smaller.slice(), failure: shown };
      progress = true;
      break;
    }
  }
  return best;
}
