import type { FuzzRun, Sample } from "./fuzz-run.ts";
import { clockDuration, fullCount, percentText, shortCount } from "./quantity.ts";
import { timeChart } from "./report/chart.ts";
import { corpusPart } from "./report/corpus-part.ts";
import { coveragePart } from "./report/coverage-part.ts";
import { findingsPart } from "./report/findings-part.ts";
import { safe } from "./report/markup.ts";
import { STYLE } from "./report/style.ts";

/** A run of the fuzzer as a self-contained HTML page without scripts. Whatever its texts hold, they stay text. */
export function fuzzReport(run: FuzzRun): string {
  const title = `Fuzzing ${safe(run.target)}`;
  const parts = [
    heading(run, title),
    charts(run),
    findingsPart(run.findings),
    run.statements.length === 0 ? "" : coveragePart(run.statements, run.sources),
    corpusPart(run.corpus),
  ];
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>
${STYLE}
</style>
</head>
<body>
${parts.filter((part) => part !== "").join("\n")}
</body>
</html>
`;
}

function heading(run: FuzzRun, title: string): string {
  const seconds = Math.max(0, (run.ended.getTime() - run.started.getTime()) / 1000);
  const perSecond = (count: number) => (seconds === 0 ? "–" : shortCount(count / seconds));
  const last = run.samples.at(-1);
  const figures: [string, string][] = [
    ["Runs", fullCount(run.runs)],
    ["Runs per second", perSecond(run.runs)],
    ["Calls", fullCount(run.calls)],
    ["Calls per second", perSecond(run.calls)],
    ["Duration", clockDuration(seconds)],
    ["Edges taken", coverageText(last, run.edges)],
    ["Inputs kept", fullCount(run.corpus.inputs)],
    ["Findings", fullCount(run.findings.length)],
  ];
  return `<h1>${title}</h1>
<p class="quiet">Seed ${run.seed}, ${run.jobs === 1 ? "1 job" : `${run.jobs} jobs`}, ${safe(run.machine)}; ${utc(run.started)} to ${utc(run.ended)}.</p>
<dl class="figures">
${figures.map(([name, value]) => `<div><dt>${name}</dt><dd>${value}</dd></div>`).join("\n")}
</dl>`;
}

function coverageText(sample: Sample | undefined, edges: number): string {
  const covered = sample?.covered ?? 0;
  return edges === 0 ? fullCount(covered) : percentText(covered, edges);
}

function charts({ samples, edges }: FuzzRun): string {
  const start = { seconds: 0, value: 0 };
  const series = (field: "covered" | "corpus") => [
    start,
    ...samples.map((sample) => ({ seconds: sample.seconds, value: sample[field] })),
  ];
  const limit = edges === 0 ? {} : { limit: { value: edges, label: `all ${edges}` } };
  const pictures = [
    { title: "Edges taken", points: series("covered"), ...limit },
    { title: "Inputs kept", points: series("corpus") },
  ];
  const figure = (picture: (typeof pictures)[number]) =>
    `<figure><figcaption>${picture.title}</figcaption>${timeChart(picture)}</figure>`;
  return `<div class="charts">\n${pictures.map(figure).join("\n")}\n</div>`;
}

/** "2026-11-25 21:20:11 UTC" */
function utc(date: Date): string {
  return `${date.toISOString().slice(0, 19).replace("T", " ")} UTC`;
}
