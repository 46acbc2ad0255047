// Runs the tests with the coverage core and writes coverage/lcov.info: node scripts/coverage.mjs [vitest's arguments]
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildCore } from "./build-core.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const HOOK = new URL("coverage-hook.mjs", import.meta.url).href;

process.chdir(ROOT);
await buildCore("coverage");
const points = JSON.parse(readFileSync("build/coverage-points.json", "utf8"));

const folder = mkdtempSync(join(tmpdir(), "xenefi-coverage-"));
const { status } = spawnSync(process.execPath, ["node_modules/vitest/vitest.mjs", "run", ...process.argv.slice(2)], {
  stdio: "inherit",
  env: {
    ...process.env,
    XENEFI_CORE: join(ROOT, "build/coverage.wasm"),
    XENEFI_COVERAGE: folder,
    NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ""} --import ${HOOK}`,
  },
});
const files = linesByFile(points, sumOfCounts(folder));
rmSync(folder, { recursive: true });

mkdirSync("coverage", { recursive: true });
writeFileSync("coverage/lcov.info", lcov(files));
console.log(`${summary(files)} -> coverage/lcov.info`);
process.exitCode = status ?? 1;

/** Counts by point, of all processes. */
function sumOfCounts(folder) {
  const sum = [];
  for (const name of readdirSync(folder)) {
    const counts = JSON.parse(readFileSync(join(folder, name), "utf8"));
    for (const [point, count] of counts.entries()) sum[point] = (sum[point] ?? 0) + count;
  }
  return sum;
}

/** Map of file to map of line to count. A line with several statements has the count of the least reached. */
function linesByFile(points, counts) {
  const files = new Map();
  for (const [point, { file, line }] of points.entries()) {
    if (!files.has(file)) files.set(file, new Map());
    const lines = files.get(file);
    lines.set(line, Math.min(lines.get(line) ?? Number.POSITIVE_INFINITY, counts[point] ?? 0));
  }
  return files;
}

function lcov(files) {
  const records = [...files].sort().map(([file, lines]) => {
    const sorted = [...lines].sort(([a], [b]) => a - b);
    const hit = sorted.filter(([, count]) => count > 0).length;
    const data = sorted.map(([line, count]) => `DA:${line},${count}\n`).join("");
    return `SF:${file}\n${data}LF:${sorted.length}\nLH:${hit}\nend_of_record\n`;
  });
  return records.join("");
}

function summary(files) {
  const counts = [...files.values()].flatMap((lines) => [...lines.values()]);
  const hit = counts.filter((count) => count > 0).length;
  return `core: ${hit} of ${counts.length} lines (${((100 * hit) / counts.length).toFixed(1)} %)`;
}
