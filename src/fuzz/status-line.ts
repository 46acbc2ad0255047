import type { Sample } from "./fuzz-run.ts";
import { percentText, shortCount, shortDuration } from "./quantity.ts";

/** Rates are those of so many seconds before the last sample. */
const RATE_SECONDS = 10;

/**
 * The line that a running fuzzer shows, at most 79 columns, from what it has noted until now; `edges`: how many there are, 0
 * where nobody knows. "last new" is the time since an input was kept.
 */
export function statusLine(samples: readonly Sample[], edges: number): string {
  const last = samples.at(-1);
  if (last === undefined) return "starting";
  const before = samples.findLast(({ seconds }) => seconds <= last.seconds - RATE_SECONDS) ?? samples[0] ?? last;
  const seconds = last.seconds - before.seconds;
  const rate = (field: "runs" | "calls") => {
    // A single sample tells the rate since the start.
    const [count, time] = seconds > 0 ? [last[field] - before[field], seconds] : [last[field], last.seconds];
    return `${shortCount(time > 0 ? count / time : 0)}/s`;
  };
  const coverage = edges === 0 ? shortCount(last.covered) : percentText(last.covered, edges).replace(" ", "");
  return [
    `${shortCount(last.runs)} runs ${rate("runs")}`,
    `${shortCount(last.calls)} calls ${rate("calls")}`,
    `cov ${coverage}`,
    `${shortCount(last.corpus)} kept`,
    `${shortCount(last.findings)} found`,
    `new ${shortDuration(last.seconds - lastNews(samples))}`,
  ].join(" ");
}

/** When the last input was kept: the time of the first sample that tells as many as the last one. */
function lastNews(samples: readonly Sample[]): number {
  const { corpus } = samples.at(-1) as Sample;
  const before = samples.findLastIndex((sample) => sample.corpus !== corpus);
  return (samples[before + 1] as Sample).seconds;
}
