/**
 * Round trips of GetVariable (a value of 1 KiB, the client sends its regions along) from C over pipes to `xenefi serve --stdio`,
 * beside those to a server that only reads and writes frames of the same sizes, in turns. Needs gcc.
 *
 *   npm run bench:serve [-- ROUNDS OF 200 CALLS]
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** Of each place the median run counts. */
const RUNS = 5;
/**
 * Where the servers run; the client is on processor 0. Left to itself the system would keep a quick server beside its client
 * and move a slower one, whose round trips are then mostly the waking of a processor.
 */
const PLACES = { "one processor": "0", "two processors": "1" };

interface Run {
  served: Figures;
  echo: Figures;
}

/** Nanoseconds of a round trip. */
interface Figures {
  p20: number;
  p50: number;
}

const folder = mkdtempSync(join(tmpdir(), "xenefi-bench-"));
try {
  const client = join(folder, "client");
  execFileSync("gcc", ["-O2", "-Wall", "-o", client, path("../../bench/serve-client.c")]);
  for (const [place, processor] of Object.entries(PLACES)) {
    const runs = Array.from({ length: RUNS }, () => measure(client, processor)).sort((a, b) => ratio(a) - ratio(b));
    for (const run of runs) console.log(line(run));
    console.log(`${place}: p50 ${ratio(runs[RUNS >> 1] as Run).toFixed(2)} times that of the echo server`);
  }
} finally {
  rmSync(folder, { recursive: true });
}

function measure(client: string, processor: string): Run {
  const args = [processor, process.argv[2] ?? "100", process.execPath, path("../cli/main.js"), path("serve-echo.js")];
  const [served, echo] = execFileSync(client, args, { encoding: "utf8" }).trim().split("\n").map(figures);
  if (served === undefined || echo === undefined) throw new Error("the client printed no figures");
  return { served, echo };
}

function figures(printed: string): Figures {
  const [p20 = Number.NaN, p50 = Number.NaN] = printed.split(" ").map(Number);
  return { p20, p50 };
}

function ratio({ served, echo }: Run): number {
  return served.p50 / echo.p50;
}

function line(run: Run): string {
  const { served, echo } = run;
  const pair = (name: string, { p20, p50 }: Figures) => `${name} p20 ${micro(p20)} p50 ${micro(p50)} us`;
  return `${pair("serve", served)}   ${pair("echo", echo)}   ratio ${ratio(run).toFixed(2)}`;
}

function micro(ns: number): string {
  return (ns / 1000).toFixed(1).padStart(5);
}
