// Plants one fault of scripts/planted after the other into the core, and shows how soon the fuzzer finds it:
// npm run fuzz:planted [-- NAME...] [--seconds 60] [--seed 1]. Fails if one is not found in that time, or not made as small as
// six calls; "none" is the core as it is, which must show nothing.
import { parseArgs } from "node:util";
import { FAULTS, type PlantedFault } from "#scripts/planted/faults.mjs";
import { table } from "../src/cli/table.ts";
import { type Hunt, hunt } from "./planted-hunt.ts";

const CALLS_MAX = 6;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seconds: { type: "string", default: "60" }, seed: { type: "string", default: "1" } },
});
const seconds = Number(values.seconds);
const unknown = positionals.filter((name) => name !== "none" && !FAULTS.some((fault) => fault.name === name));
if (unknown.length !== 0) throw new Error(`no planted fault is named ${unknown.join(", ")}`);

const names = positionals.length === 0 ? ["none", ...FAULTS.map(({ name }) => name)] : positionals;
const rows = [["fault", "kind", "found by", "runs", "calls", "CPU s", "smallest"]];
let missed = 0;
for (const name of names) {
  const fault = FAULTS.find((one) => one.name === name);
  const end = hunt(fault, Number(values.seed), (_, cpuSeconds) => cpuSeconds < seconds);
  if (!isGood(fault, end)) missed++;
  rows.push([name, fault?.kind ?? "", verdictOf(fault, end), ...figuresOf(end)]);
  process.stderr.write(`${rows.at(-1)?.join("  ")}\n`);
}
process.stdout.write(`${table(rows)}${names.length} hunted, ${missed} not as they should be\n`);
process.exitCode = missed === 0 ? 0 : 1;

function isGood(fault: PlantedFault | undefined, { finding, smallestCalls, cpuSeconds }: Hunt): boolean {
  if (fault === undefined) return finding === undefined;
  return finding !== undefined && smallestCalls <= CALLS_MAX && cpuSeconds <= seconds;
}

function verdictOf(fault: PlantedFault | undefined, { finding }: Hunt): string {
  if (finding === undefined) return fault === undefined ? "-" : "NOT FOUND";
  const { oracle, text } = finding.failure;
  return `${fault === undefined ? "FALSE " : ""}${oracle}: ${text}`;
}

function figuresOf({ runs, calls, cpuSeconds, smallestCalls }: Hunt): string[] {
  return [String(runs), String(calls), cpuSeconds.toFixed(1), String(smallestCalls)];
}
