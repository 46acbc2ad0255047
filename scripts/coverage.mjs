// Runs the tests with the coverage core, writes coverage/lcov.info and prints what no test reached:
// node scripts/coverage.mjs [vitest's arguments]
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseCLI, startVitest } from "vitest/node";
import { buildCore } from "./build-core.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

process.chdir(ROOT);
await buildCore("coverage");
const { statements: points } = JSON.parse(readFileSync("build/coverage-edges.json", "utf8"));

const folder = mkdtempSync(join(tmpdir(), "xenefi-coverage-"));
await runTests(folder);
const files = pointsByFile(points, countsOf(folder));
rmSync(folder, { recursive: true });

mkdirSync("coverage", { recursive: true });
writeFileSync("coverage/lcov.info", lcov(files));
console.log(`${table(files)}\n\n-> coverage/lcov.info`);

/** Vitest sets the exit code if a test fails. */
async function runTests(folder) {
  process.env.XENEFI_CORE = join(ROOT, "build/coverage.wasm");
  process.env.XENEFI_COVERAGE = folder;
  const { filter, options } = parseCLI(["vitest", "run", ...process.argv.slice(2)]);
  const vitest = await startVitest("test", filter, { ...options, setupFiles: ["test/support/coverage.ts"] });
  await vitest.close();
}

/** The number of test files that reached each statement. */
function countsOf(folder) {
  const marks = readdirSync(folder).map((name) => readFileSync(join(folder, name)));
  return points.map(({ edge }) => marks.filter((bytes) => bytes[edge] !== 0).length);
}

/** Map of file to its points, each with its count, files in order of their names. */
function pointsByFile(points, counts) {
  const files = new Map();
  for (const [n, point] of points.entries()) {
    if (!files.has(point.file)) files.set(point.file, []);
    files.get(point.file).push({ ...point, count: counts[n] });
  }
  return new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function lcov(files) {
  const records = [...files].map(([file, points]) => {
    const lines = [...countsByLine(points)];
    const hit = lines.filter(([, count]) => count > 0).length;
    const data = lines.map(([line, count]) => `DA:${line},${count}\n`).join("");
    return `SF:${file}\n${data}LF:${lines.length}\nLH:${hit}\nend_of_record\n`;
  });
  return records.join("");
}

/** Map of line to count, in order. A line with several statements has the count of the least reached. */
function countsByLine(points) {
  const lines = new Map();
  for (const { line, count } of points) lines.set(line, Math.min(lines.get(line) ?? Number.POSITIVE_INFINITY, count));
  return new Map([...lines].sort(([a], [b]) => a - b));
}

/** A row a file: its statements, how many were reached, and the lines of the others. */
function table(files) {
  const rows = [...files].map(([file, points]) => row(file, points, missed(points)));
  const all = row("all", [...files.values()].flat(), "");
  const header = ["file", "statements", "covered", "lines not covered"];
  const cells = [header, ...rows, all];
  const [name, total, share] = [0, 1, 2].map((column) => Math.max(...cells.map((row) => row[column].length)));
  return cells
    .map(([a, b, c, d]) => `${a.padEnd(name)}  ${b.padStart(total)}  ${c.padStart(share)}  ${d}`.trimEnd())
    .join("\n");
}

function row(name, points, missed) {
  const reached = points.filter(({ count }) => count > 0).length;
  return [name, String(points.length), `${((100 * reached) / points.length).toFixed(1)} %`, missed];
}

/** The lines with a statement that was not reached, those in a row of such lines as first-last: "12, 30-34". */
function missed(points) {
  const runs = [];
  let open = false;
  for (const [line, count] of countsByLine(points)) {
    if (count > 0) open = false;
    else if (open) runs.at(-1)[1] = line;
    else {
      runs.push([line, line]);
      open = true;
    }
  }
  return runs.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(", ");
}
