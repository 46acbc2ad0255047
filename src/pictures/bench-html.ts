import type { Group } from "../bench/case.ts";
import { placeText, type Report, type Row } from "../bench/report.ts";
import { GAPS_US, inSameTime, type Stalls } from "../bench/stalls.ts";
import { FLOOR } from "../bench/store-cases.ts";
import type { Comparison, Verdict } from "../bench/verdict.ts";
import { printable, printableName } from "../printable.ts";
import { benchBars } from "./bench-bars.ts";
import { benchDots } from "./bench-dots.ts";
import { benchLines } from "./bench-lines.ts";
import { CHART_STYLE, FONT, sizeText, timeText } from "./chart.ts";
import { paletteStyle } from "./palette.ts";
import { xmlText } from "./xml.ts";

/** A report of `xenefi bench` as a self-contained HTML page without scripts, and the comparison with a baseline if any. */
export function benchHtml(report: Report, comparison: Comparison | undefined): string {
  const name = shown(subjectName(report));
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Dispatch latency: ${name}</title>
<style>
${STYLE}
</style>
</head>
<body>
<h1>Dispatch latency: ${name}</h1>
${sections(report, comparison).join("\n")}
</body>
</html>
`;
}

const STYLE = `${paletteStyle(":root")}
body{margin:1.5rem auto;max-width:960px;padding:0 1rem;background:var(--page);color:var(--text);font:15px/1.5 ${FONT}}
h1{font-size:1.5rem;margin:0 0 .5rem;overflow-wrap:anywhere}
h2{font-size:1.15rem;margin:2rem 0 .3rem}
p{margin:.3rem 0 .6rem;max-width:75ch;overflow-wrap:anywhere}
.quiet{color:var(--quiet)}
.wide{overflow-x:auto}
table{border-collapse:collapse;margin:.5rem 0}
th,td{padding:.25rem .8rem .25rem 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}
th{color:var(--quiet);font-weight:600}
.number{text-align:right;font-variant-numeric:tabular-nums}
.slower{color:var(--torn);font-weight:600}
.faster{color:var(--ftw-work);font-weight:600}
${CHART_STYLE}`;

function sections(report: Report, comparison: Comparison | undefined): string[] {
  const { rows, distribution, stalls, subject } = report;
  const of = (group: Group) => rows.filter((row) => row.group === group);
  const all = [
    `<p>${shown(subjectText(report))}</p>\n<p class="quiet">${shown(machineText(report))}</p>`,
    comparison && section("Against the baseline", comparisonText(comparison), comparisonTables(comparison)),
    section("Operations", operationsText(report), wide(benchBars("operations", "Operations", of("store")))),
    of("trace").length > 0 &&
      section(
        "Calls of the trace",
        `${subject.trace?.file}: ${subject.trace?.timedCalls} calls, laid out beforehand and made in their order, pass after pass from the same state; by kind, and as a whole. ${playedText(report)}`,
        wide(benchBars("trace", "Calls of the trace", of("trace"))),
      ),
    of("growth").length > 0 && section("Growth with the number of variables", GROWTH, wide(growthLines(of("growth")))),
    of("size").length > 0 && section("Cost by size of data", SIZE, wide(sizeLines(of("size")))),
    distribution !== null &&
      section(
        "Which variables are dear",
        `GetVariable of each of the ${distribution.variables.length} variables, in batches of ${distribution.batch} calls. Long names and large data cost more. Each variable counts once: these are percentiles over variables, not over single calls.`,
        wide(benchDots(distribution)),
      ),
    stalls !== null && section("Stalls", STALLS, wide(stallsTable(stalls))),
    section("Noise", noiseText(report), ""),
    section("All figures", "", wide(rowsTable(rows))),
    report.skipped.length > 0 && section("Not measured", "", skippedList(report)),
  ];
  return all.filter((part) => typeof part === "string");
}

const GROWTH =
  "Generated stores of 64-byte variables. A flat line means that the number of variables does not matter. “One” reads the same variable over and over, “random” all of them in a shuffled order, “absent” a name that no variable has; GetNextVariableName is a step of a walk over all.";
const SIZE =
  "One variable of each size, read over and over, and written over and over with other data of the same size.";
const STALLS =
  "How often, in a million turns of a loop that reads the clock, a turn took longer than this: with a dispatch in it, and without. A turn with a dispatch lasts longer, so that more of what interrupts the machine falls into it; only what is beyond the last line can be the dispatch's own.";

function section(title: string, text: string, content: string): string {
  const paragraph = text === "" ? "" : `\n<p>${shown(text.trim())}</p>`;
  return `<h2>${shown(title)}</h2>${paragraph}\n${content}`;
}

function wide(content: string): string {
  return `<div class="wide">\n${content}\n</div>`;
}

function subjectName({ subject: { store, variables } }: Report): string {
  return store === null ? `${variables} generated variables` : store.file;
}

function subjectText({ subject: { store, variables, policy, abi, seed } }: Report): string {
  const what =
    store === null
      ? `${variables} generated variables of 64 bytes`
      : `A store of format ${store.format} with ${variables} variables, SHA-256 ${store.sha256}`;
  return `${what}; firmware ${policy}, caller ${abi}, seed ${seed}. A dispatch is one EFI hypercall of Dom0, from the call of the machine to its answer.`;
}

function machineText({ machine, seconds }: Report): string {
  const { cpu, cores, platform, node, core } = machine;
  return `${cpu}, ${cores} cores, ${platform}, Node ${node}, core ${core.slice(0, 12)}; measured for ${seconds} s.`;
}

function operationsText({ read }: Report): string {
  const one = read === null ? "" : `“One” is ${printableName(read.name)} of ${sizeText(read.bytes)}. `;
  return `${one}Create and delete are two calls, told as one. The right column compares with the ${FLOOR}: a call that the hypervisor refuses at its first check, the least that a call can take. Compare these ratios between runs, not nanoseconds, since the speed of a machine drifts.`;
}

function playedText({ subject: { trace } }: Report): string {
  if (trace === null || trace.playedCalls === 0) return "";
  return `${trace.playedCalls} more calls, which fault or are no plain hypercalls, are made between them and not timed.`;
}

function noiseText({ noise: { floorVariation, rounds, clockNs } }: Report): string {
  return `The rejected dispatch varied by ${percent(floorVariation)} over ${rounds} rounds (standard deviation of its p20). Reading the clock takes ${clockNs.toFixed(0)} ns, as long as a dispatch or two, so that no single call was timed: each figure is a percentile over the means of batches, and there is no p99 of a single call here.`;
}

function growthLines(rows: readonly Row[]): string {
  const stepText = (step: number) => String(step);
  const axis = "variables in the store";
  return benchLines(rows, { id: "growth", title: "Growth with variables", axis, stepText, isLogarithmic: false });
}

function sizeLines(rows: readonly Row[]): string {
  const axis = "bytes of data";
  return benchLines(rows, { id: "size", title: "Cost by size", axis, stepText: sizeText, isLogarithmic: true });
}

function stallsTable(stalls: Stalls): string {
  const line = (name: string, gaps: readonly number[], turn: string) => {
    return tableRow([name, ...gaps.map((gap) => gap.toFixed(1)), turn]);
  };
  const head = tableHead(["per million turns, longer than", ...GAPS_US.map((us) => `${us} µs`), "a turn takes"]);
  return tableOf(head, [
    line("with a dispatch", stalls.with.perMillion, timeText(stalls.with.turnNs)),
    line("without", stalls.without.perMillion, timeText(stalls.without.turnNs)),
    line("without, in as much time", inSameTime(stalls), ""),
  ]);
}

function rowsTable(rows: readonly Row[]): string {
  const head = tableHead(["operation", "p20", "p50", "to a rejected dispatch", "calls a batch", "batches"]);
  const lines = rows.map((row) => {
    const { p20Ns, p50Ns, ratio, batch, samples } = row;
    const numbers = [timeText(p20Ns), timeText(p50Ns), `${ratio.toFixed(2)} ×`, String(batch), String(samples)];
    return tableRow([placeText(row), ...numbers]);
  });
  return tableOf(head, lines);
}

function comparisonText({ room, verdicts, onlyBefore, onlyNow }: Comparison): string {
  const slower = verdicts.filter(({ verdict }) => verdict === "slower").length;
  const lost = [...onlyBefore.map((place) => `${placeText(place)} (baseline only)`), ...onlyNow.map(placeText)];
  const uncompared = lost.length === 0 ? "" : ` Not compared: ${lost.join(", ")}.`;
  return `${slower} of ${verdicts.length} operations are slower by more than ${percent(room)}, the room that noise is given.${uncompared}`;
}

/** What has changed, and behind a summary all of it. */
function comparisonTables({ verdicts }: Comparison): string {
  const changed = verdicts.filter(({ verdict }) => verdict !== "same");
  const all = `<details><summary>All ${verdicts.length} operations</summary>\n${verdictTable(verdicts)}\n</details>`;
  return changed.length === 0 ? all : `${verdictTable(changed)}\n${all}`;
}

function verdictTable(verdicts: readonly Verdict[]): string {
  const lines = verdicts.map(({ before, now, verdict, ...place }) => {
    const numbers = [`${before.toFixed(2)} ×`, `${now.toFixed(2)} ×`, (now / before).toFixed(2)];
    return tableRow([placeText(place), ...numbers, verdict], verdict);
  });
  return wide(tableOf(tableHead(["operation", "before", "now", "now : before", "verdict"]), lines));
}

function skippedList({ skipped }: Report): string {
  const items = skipped.map((one) => `<li>${shown(`${placeText(one)}: ${one.why}`)}</li>`);
  return `<ul>\n${items.join("\n")}\n</ul>`;
}

function tableOf(head: string, lines: readonly string[]): string {
  return `<table>\n<thead>${head}</thead>\n<tbody>\n${lines.join("\n")}\n</tbody>\n</table>`;
}

/** All columns but the first are numbers. */
function tableHead([first, ...rest]: readonly string[]): string {
  const cells = rest.map((cell) => `<th scope="col" class="number">${shown(cell)}</th>`);
  return `<tr><th scope="col">${shown(first ?? "")}</th>${cells.join("")}</tr>`;
}

function tableRow([first, ...rest]: readonly string[], className = ""): string {
  const cells = rest.map((cell) => `<td class="number">${shown(cell)}</td>`);
  const open = className === "" ? "<tr>" : `<tr class="${className}">`;
  return `${open}<td>${shown(first ?? "")}</td>${cells.join("")}</tr>`;
}

/** Any text as it may stand in the page. */
function shown(text: string): string {
  return xmlText(printable(text));
}

function percent(part: number): string {
  return `${(100 * part).toFixed(1)} %`;
}
