import { hexDump } from "../../hex.ts";
import type { FoundFailure } from "../fuzz-run.ts";
import { fullCount } from "../quantity.ts";
import { safe, safeLines } from "./markup.ts";

/** Each failure with what shows it again. */
export function findingsPart(findings: readonly FoundFailure[]): string {
  const heading = `<h2>Findings: ${findings.length}</h2>`;
  return findings.length === 0 ? `${heading}\n<p>None.</p>` : [heading, ...findings.map(section)].join("\n");
}

function section({ oracle, text, run, count, input, trace, replay }: FoundFailure): string {
  const parts = [
    `<h3><span class="oracle">${safe(oracle)}</span> ${safe(text)}</h3>`,
    `<p class="quiet">First in run ${fullCount(run)}, seen ${count === 1 ? "once" : `${fullCount(count)} times`}. The smallest input has ${fullCount(input.length)} bytes.</p>`,
    trace === undefined ? "" : `<pre>${safeLines(trace)}</pre>`,
    `<details${trace === undefined ? " open" : ""}><summary>The input's bytes</summary><pre>${safeLines(hexDump(input))}</pre></details>`,
    `<p>Again: <code>${safe(replay)}</code></p>`,
  ];
  return `<section class="finding">\n${parts.filter((part) => part !== "").join("\n")}\n</section>`;
}
