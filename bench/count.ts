/**
 * Instructions of each operation, beside those that were counted last: bench/instructions.json.
 *
 *   npm run bench:instructions              prints them
 *   npm run bench:instructions -- --update  and writes them down, and into docs/performance.md: a change of the core then has
 *                                           in its diff what it costs
 *
 * Needs gcc, wabt and valgrind.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { countInstructions, type Instructions } from "./instructions.ts";
import { ROOT } from "./native.ts";
import { withTables } from "./page.ts";

const FILE = join(ROOT, "bench/instructions.json");
const PAGE = join(ROOT, "docs/performance.md");

const earlier = JSON.parse(readFileSync(FILE, "utf8")) as Instructions;
const now = await countInstructions();
printOperations();
printRefusals();
printFunctions();
console.log(`${now.compiler}; written down: ${earlier.compiler}`);
if (process.argv.includes("--update")) {
  writeFileSync(FILE, `${JSON.stringify(now, undefined, 2)}\n`);
  writeFileSync(PAGE, withTables(readFileSync(PAGE, "utf8"), now));
}

/** A row for each operation: now, the change since the figures were written down, and how many times plain C's it is. */
function printOperations(): void {
  printRow("instructions of a call", ["now", "change", ": plain C"]);
  for (const [name, figure] of Object.entries(now.operations)) {
    const plain = now.plain[name];
    const ratio = plain === undefined ? "" : (figure / plain).toFixed(2);
    printRow(`  ${name}`, [figure.toFixed(1), change(figure, earlier.operations[name]), ratio]);
  }
  console.log("");
}

function printRefusals(): void {
  printRow("of a SetVariable that is refused", ["until then", "change"]);
  for (const [name, figure] of Object.entries(now.refusals)) {
    printRow(`  ${name}`, [figure.toFixed(1), change(figure, earlier.refusals?.[name])]);
  }
  console.log("");
}

function printFunctions(): void {
  for (const [call, functions] of Object.entries(now.functions)) {
    printRow(`of ${call}`, ["own", "change", "with calls"]);
    for (const [name, { own, all }] of Object.entries(functions)) {
      printRow(`  ${name}`, [own.toFixed(1), change(own, earlier.functions?.[call]?.[name]?.own), all.toFixed(1)]);
    }
    console.log("");
  }
}

function printRow(name: string, cells: readonly string[]): void {
  console.log((name.padEnd(46) + cells.map((cell) => cell.padStart(11)).join("")).trimEnd());
}

function change(now: number, earlier: number | undefined): string {
  if (earlier === undefined) return "new";
  return now === earlier ? "" : `${now > earlier ? "+" : ""}${(now - earlier).toFixed(1)}`;
}
