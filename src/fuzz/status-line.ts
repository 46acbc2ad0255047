import type { Sample } from "./session.ts";

/** How far a session is, in a line: runs, runs and calls a second, coverage, corpus, findings, and when the last news came. */
export function statusLine(sample: Sample): string {
  const { seconds, runs, calls, covered, total, corpus, findings, lastNews } = sample;
  const rate = (count: number) => short(count / Math.max(seconds, 0.001));
  const edges = total === 0 ? "" : `, ${covered}/${total} edges`;
  const quiet = runs === 0 ? "" : `, last new ${short(runs - lastNews)} runs ago`;
  const found = findings === 1 ? "1 finding" : `${findings} findings`;
  return `${short(runs)} runs, ${rate(runs)}/s, ${rate(calls)} calls/s${edges}, corpus ${corpus}, ${found}${quiet}`;
}

/** 999, 12.3k, 4.5M, 1.2G */
function short(value: number): string {
  for (const [unit, size] of [
    ["G", 1e9],
    ["M", 1e6],
    ["k", 1e3],
  ] as const) {
    if (value >= size) return `${(value / size).toFixed(1)}${unit}`;
  }
  return String(Math.round(value));
}
