import type { Baseline } from "../bench/baseline.ts";
import type { Group } from "../bench/case.ts";
import { type MachineFacts, placeText, type Report, type Row } from "../bench/report.ts";
import { GAPS_US, inSameTime } from "../bench/stalls.ts";
import type { Comparison } from "../bench/verdict.ts";
import { printable, printableName } from "../printable.ts";
import type { Io } from "./io.ts";
import { table } from "./table.ts";

/** A report of `xenefi bench` for people. */
export function reportText(report: Report): string {
  const { rows, skipped } = report;
  const parts = [
    headText(report),
    rowsTable("operation", rows, ["store"]),
    rowsTable("call of the trace", rows, ["trace"]),
    seriesTable("variables in the store, ns at p20", rows, "growth"),
    seriesTable("bytes of data, ns at p20", rows, "size"),
    spreadText(report),
    stallsText(report),
    skipped.map((one) => `not measured: ${placeText(one)}: ${one.why}\n`).join(""),
    noiseText(report),
  ];
  return parts.filter((part) => part !== "").join("\n");
}

function headText({ subject, read }: Report): string {
  const { store, variables, policy, abi, trace } = subject;
  const what = store === null ? "generated store" : `${printable(store.file)} (${store.format})`;
  const one = read && `; "one" is ${printableName(read.name)} of ${read.bytes} B`;
  const calls =
    trace && `\ntrace ${printable(trace.file)}: ${trace.timedCalls} calls timed${playedText(trace.playedCalls)}`;
  return `${what}: ${variables} variables, firmware ${policy}, ${abi}${one ?? ""}${calls ?? ""}\n`;
}

function playedText(calls: number): string {
  return calls === 0 ? "" : `, ${calls} between them only played: they fault, are disturbed, or are no plain hypercall`;
}

function rowsTable(title: string, rows: readonly Row[], groups: readonly Group[]): string {
  const own = rows.filter(({ group }) => groups.includes(group));
  if (own.length === 0) return "";
  const lines = own.map(({ operation, p20Ns, p50Ns, ratio, batch }) => {
    return [operation, nsText(p20Ns), nsText(p50Ns), ratio.toFixed(2), String(batch)];
  });
  return table(rightAligned([[title, "ns, p20", "ns, p50", ": rejected", "calls a batch"], ...lines]));
}

/** A line an operation, a column a step of the series. */
function seriesTable(title: string, rows: readonly Row[], group: Group): string {
  const own = rows.filter((row) => row.group === group);
  const steps = [...new Set(own.map(({ at }) => at as number))].sort((a, b) => a - b);
  const operations = [...new Set(own.map(({ operation }) => operation))];
  const lines = operations.map((operation) => [
    operation,
    ...steps.map((step) => {
      const row = own.find((candidate) => candidate.operation === operation && candidate.at === step);
      return row === undefined ? "" : nsText(row.p20Ns);
    }),
  ]);
  return own.length === 0 ? "" : table(rightAligned([[title, ...steps.map(String)], ...lines]));
}

function spreadText({ distribution }: Report): string {
  if (distribution === null) return "";
  const { batch, spread, variables } = distribution;
  const dearest = variables.at(-1);
  const head = [`over ${variables.length} variables`, ...Object.keys(spread)];
  const line = ["GetVariable of each, ns", ...Object.values(spread).map(nsText)];
  const name = dearest && `dearest: ${printableName(dearest.name)} of ${dearest.bytes} B\n`;
  return `${table(rightAligned([head, line]))}${name}Each variable counts once, with p20 of batches of ${batch} calls; these are no percentiles of single calls.\n`;
}

function stallsText({ stalls }: Report): string {
  if (stalls === null) return "";
  const head = ["stalls per million turns, longer than", ...GAPS_US.map((us) => `${us} us`), "ns a turn"];
  const line = (name: string, gaps: readonly number[], turnNs: string) => {
    return [name, ...gaps.map((gap) => gap.toFixed(1)), turnNs];
  };
  const lines = [
    line("loop with a dispatch", stalls.with.perMillion, nsText(stalls.with.turnNs)),
    line("the same loop without", stalls.without.perMillion, nsText(stalls.without.turnNs)),
    line("... in as much time", inSameTime(stalls), ""),
  ];
  return table(rightAligned([head, ...lines]));
}

function noiseText({ noise, machine, seconds }: Report): string {
  const { floorVariation, rounds, clockNs } = noise;
  return [
    `Noise: the rejected dispatch varied by ${percentText(floorVariation)} over ${rounds} rounds (standard deviation of p20).`,
    `Reading the clock takes ${clockNs.toFixed(0)} ns, which is in each figure once a batch (but taken off a trace's).`,
    "Percentiles are over the means of batches; no single call was timed, so there is no p99 of one.",
    `${machine.cpu}, ${machine.cores} cores, ${machine.platform}, Node ${machine.node}; ${seconds} s`,
    "",
  ].join("\n");
}

/** What has become slower or faster since the baseline. */
export function comparisonText(
  { room, verdicts, onlyBefore, onlyNow }: Comparison,
  baseline: Baseline,
  now: MachineFacts,
  { colors }: Pick<Io, "colors">,
): string {
  const changed = verdicts.filter(({ verdict }) => verdict !== "same");
  const lines = changed.map(({ verdict, before, now: ratio, ...place }) => {
    const factor = verdict === "slower" ? ratio / before : before / ratio;
    const line = `${verdict}: ${placeText(place)}: ${before.toFixed(2)} -> ${ratio.toFixed(2)} times a rejected dispatch (${factor.toFixed(2)} times as ${verdict === "slower" ? "slow" : "fast"})`;
    return verdict === "slower" ? colors.red(line) : colors.green(line);
  });
  const slower = changed.filter(({ verdict }) => verdict === "slower").length;
  const count = `${slower} of ${verdicts.length} operations slower than the baseline by more than ${percentText(room)}`;
  return [
    ...lines,
    ...onlyBefore.map((place) => `in the baseline only: ${printable(placeText(place))}`),
    ...onlyNow.map((place) => `not in the baseline: ${placeText(place)}`),
    slower > 0 ? colors.red(count) : colors.green(count),
    ...(baseline.cpu === now.cpu && baseline.node === now.node
      ? []
      : [`the baseline is of another machine: ${printable(`${baseline.cpu}, Node ${baseline.node}`)}`]),
    "",
  ].join("\n");
}

function nsText(ns: number): string {
  return ns < 1000 ? ns.toFixed(1) : ns.toFixed(0);
}

function percentText(part: number): string {
  return `${(100 * part).toFixed(1)} %`;
}

/** All columns but the first are numbers. */
function rightAligned(rows: readonly (readonly string[])[]): string[][] {
  const widths: number[] = [];
  for (const row of rows) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  return rows.map((row) => row.map((cell, i) => (i === 0 ? cell : cell.padStart(widths[i] as number))));
}
