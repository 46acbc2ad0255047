import type { Trace } from "../../trace/format.ts";

/**
 * The trace with as few calls as it needs to be `wanted` still: runs of calls are left out, long ones first, then single
 * ones, until none can be (the ddmin of Zeller and Hildebrandt without its complements). Lines stay as they were.
 */
export async function shrink(trace: Trace, wanted: (trace: Trace) => Promise<boolean>): Promise<Trace> {
  let { calls } = trace;
  for (let run = Math.ceil(calls.length / 2); run >= 1; run = run === 1 ? 0 : Math.ceil(run / 2)) {
    for (let at = 0; at < calls.length; ) {
      const fewer = calls.toSpliced(at, run);
      if (await wanted({ ...trace, calls: fewer })) calls = fewer;
      else at += run;
    }
  }
  return { ...trace, calls };
}
