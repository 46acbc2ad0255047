/**
 * Instructions of each operation, beside those that were counted last: bench/instructions.json.
 *
 *   npm run bench:instructions              prints them
 *   npm run bench:instructions -- --update  and writes them down: what a change of the core has changed is then in its diff
 *
 * Needs gcc, wabt and valgrind.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { countInstructions, type Instructions } from "./instructions.ts";
import { ROOT } from "./native.ts";

const FILE = join(ROOT, "bench/instructions.json");

const earlier = JSON.parse(readFileSync(FILE, "utf8")) as Instructions;
const now = await countInstructions();
print("instructions of a call", now.operations, earlier.operations, now.plain);
print("of a SetVariable with other data, each with what it calls", now.setVariable, earlier.setVariable);
console.log(`${now.compiler}; written down: ${earlier.compiler}`);
if (process.argv.includes("--update")) writeFileSync(FILE, `${JSON.stringify(now, undefined, 2)}\n`);

/** A row for each name: now, the change since the figures were written down, and how many times the plain peer's it is. */
function print(
  title: string,
  figures: Record<string, number>,
  earlierFigures: Record<string, number>,
  plain: Record<string, number> = {},
): void {
  console.log(title.padEnd(58) + ["now", "change", ": plain C"].map((head) => head.padStart(11)).join(""));
  for (const [name, figure] of Object.entries(figures)) {
    const cells = [figure.toFixed(1), change(figure, earlierFigures[name]), ratio(figure, plain[name])];
    console.log(`  ${name.padEnd(56)}${cells.map((cell) => cell.padStart(11)).join("")}`);
  }
  console.log("");
}

function change(now: number, earlier: number | undefined): string {
  if (earlier === undefined) return "new";
  return now === earlier ? "" : `${now > earlier ? "+" : ""}${(now - earlier).toFixed(1)}`;
}

function ratio(figure: number, other: number | undefined): string {
  return other === undefined ? "" : (figure / other).toFixed(2);
}
