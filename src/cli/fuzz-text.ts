import type { Finding } from "../fuzz/finding.ts";
import { percentText } from "../fuzz/quantity.ts";
import type { SessionSample } from "../fuzz/session.ts";
import type { Reach } from "../fuzz/statement-coverage.ts";
import type { WrittenFinding } from "./fuzz-files.ts";
import type { FuzzOptions, Hunt } from "./fuzz-options.ts";

export interface Written extends WrittenFinding {
  finding: Finding;
}

/** How a finding is run again; `words`: the target as it was asked for. */
export const again = (words: string, input: string): string => `xenefi fuzz ${words} ${input}`;

/** What a search did and found, for a reader. */
export function summary(
  { lane, words }: Hunt,
  last: SessionSample,
  reach: Reach,
  findings: readonly Written[],
): string {
  const perSecond = (count: number) => Math.round(count / Math.max(last.seconds, 0.001)).toLocaleString("en");
  const { reached, reachable } = reach;
  const statements = `${reached} of ${reachable} reachable statements (${percentText(reached, reachable)})`;
  const edges = `, ${last.covered} of ${last.total} edges, ${last.features} features, ${statements}`;
  const head =
    `${lane.name}: ${last.runs.toLocaleString("en")} runs (${perSecond(last.runs)}/s), ` +
    `${last.calls.toLocaleString("en")} calls (${perSecond(last.calls)}/s)${last.total === 0 ? "" : edges}, ${last.corpus} inputs kept\n`;
  if (findings.length === 0) return `${head}no finding\n`;
  return head + findings.map((written) => findingText(words, written)).join("");
}

function findingText(words: string, { finding, input, trace }: Written): string {
  const { failure, run, first } = finding;
  const sizes = `${finding.input.length} bytes, of ${first.length} at first`;
  const replay = trace === undefined ? "" : `  xenefi replay ${trace}\n`;
  return `finding ${failure.oracle}: ${failure.text} (run ${run}; ${sizes})\n  ${again(words, input)}\n${replay}`;
}

/** The same as a xenefi.fuzz/1 document. */
export function document(
  { lane }: Hunt,
  { jobs, seed }: FuzzOptions,
  last: SessionSample,
  reach: Reach,
  findings: readonly Written[],
): object {
  return {
    schema: "xenefi.fuzz/1",
    target: lane.name,
    seed,
    jobs,
    ...last,
    ...reach,
    findings: findings.map(({ finding, input, trace }) => ({
      ...finding.failure,
      run: finding.run,
      calls: finding.calls,
      bytes: finding.input.length,
      input,
      trace,
    })),
  };
}
