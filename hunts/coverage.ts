// Shows how much of the core that a guest can come to its own fuzzer reaches from nothing:
// npm run fuzz:coverage [-- --seconds 600] [--seed 1]. Fails below 95 %, or if anything is found.
import { parseArgs } from "node:util";
import { table } from "../src/cli/table.ts";
import { fileCoverage, leftOut, missedLines } from "../src/fuzz/line-coverage.ts";
import { percentText } from "../src/fuzz/quantity.ts";
import { reachOf } from "../src/fuzz/statement-coverage.ts";
import { coverageHunt, NAMES } from "./coverage-hunt.ts";

const LEAST = 0.95;

const { values } = parseArgs({
  options: { seconds: { type: "string", default: "600" }, seed: { type: "string", default: "1" } },
});
const milliseconds = (Number(values.seconds) * 1000) / NAMES.length;
const started = new Map<string, number>();
const { statements, runs, findings } = coverageHunt(Number(values.seed), (name) => {
  const now = performance.now();
  if (!started.has(name)) started.set(name, now);
  return now - (started.get(name) as number) < milliseconds;
});
const rows = fileCoverage(statements).map((file) => [
  file.file,
  String(file.statements),
  String(file.covered),
  percentText(file.covered, file.statements),
  missedLines(file).join(" "),
]);
process.stdout.write(table([["file", "reachable", "reached", "", "lines not reached"], ...rows]));
process.stdout.write("\nleft out, for no guest comes there:\n");
process.stdout.write(table(leftOut(statements).map(({ file, statements: count, why }) => [file, String(count), why])));
const { reached, reachable } = reachOf(statements);
process.stdout.write(
  `\n${NAMES.join(", ")}: ${runs} runs, ${reached} of ${reachable} reachable statements, ${percentText(reached, reachable)}\n`,
);
for (const { failure } of findings) process.stdout.write(`finding ${failure.oracle}: ${failure.text}\n`);
process.exitCode = reached >= LEAST * reachable && findings.length === 0 ? 0 : 1;
