/**
 * Round trips of GetVariable (a value of 1 KiB, the client sends its regions along) from C over pipes to `xenefi serve --stdio`,
 * beside those to a server that only reads and writes frames of the same sizes, in turns. Needs gcc.
 *
 *   npm run build && node dist/bench/serve.js [ROUNDS]
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));

const folder = mkdtempSync(join(tmpdir(), "xenefi-bench-"));
try {
  const client = join(folder, "client");
  execFileSync("gcc", ["-O2", "-Wall", "-o", client, path("../../bench/serve-client.c")]);
  const args = [process.argv[2] ?? "200", process.execPath, path("../src/cli/main.js"), path("serve-echo.js")];
  const [served, echo] = execFileSync(client, args, { encoding: "utf8" }).trim().split("\n").map(nanoseconds);
  if (served === undefined || echo === undefined) throw new Error("the client printed no figures");
  for (const [name, { p20, p50 }] of Object.entries({ "xenefi serve": served, echo })) {
    console.log(`${name.padEnd(14)} p20 ${micro(p20)} us  p50 ${micro(p50)} us`);
  }
  console.log(`ratio          p20 ${(served.p20 / echo.p20).toFixed(2)}     p50 ${(served.p50 / echo.p50).toFixed(2)}`);
} finally {
  rmSync(folder, { recursive: true });
}

function nanoseconds(line: string): { p20: number; p50: number } {
  const [p20 = Number.NaN, p50 = Number.NaN] = line.split(" ").map(Number);
  return { p20, p50 };
}

function micro(ns: number): string {
  return (ns / 1000).toFixed(1).padStart(6);
}
