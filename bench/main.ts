/**
 * What calls and all around them take, beside peers that answer the same op bytes.
 *
 *   npm run bench              all of it, some minutes
 *   npm run bench -- --quick   N = 50 and 64 bytes only
 *   npm run bench -- --json    one JSON document
 *
 * Batches of 1000 calls, cases by turns in rounds; figures are p20 and p50 of the batches' means, ratios of p20 within this
 * run, for the machine's speed drifts. docs/performance.md says what they mean. With gcc and wabt two peers more run natively.
 */
import { cpus, loadavg } from "node:os";
import { BATCH } from "./batch.ts";
import { GROUPS } from "./groups/index.ts";
import { growthOf } from "./growth.ts";
import { headlinesOf } from "./headlines.ts";
import { printTable, type Table } from "./report.ts";

const quick = process.argv.includes("--quick");
const json = process.argv.includes("--json");
const load = loadavg()[0] as number;
const tables: Table[] = [];
for (const measure of GROUPS) {
  for await (const table of measure(quick)) {
    tables.push(table);
    if (!json) printTable(table);
  }
}
const headlines = headlinesOf(tables);
const growth = growthOf();
const machine = { node: process.version, processor: cpus()[0]?.model, processors: cpus().length, load };
if (json) {
  console.log(JSON.stringify({ schema: "xenefi.peers/1", ...machine, tables, headlines, growth }));
} else {
  for (const [text, ratio] of Object.entries(headlines)) console.log(`${text.padEnd(66)} ${ratio.toFixed(2)}`);
  const heap = `${growth.heap >= 0 ? "+" : ""}${growth.heap}`;
  console.log(`10^6 dispatches: wasm memory +${growth.memory} bytes, JavaScript heap ${heap} bytes`);
  console.log(
    `Node ${machine.node}, ${machine.processor}, ${machine.processors} processors, load ${load.toFixed(1)} at the start; batches of ${BATCH}`,
  );
}
