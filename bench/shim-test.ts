/**
 * What a test of a shim costs: a module compiled from bytes that V8 has not seen, loadShim with a machine of its own, and
 * 20 EFI calls.
 *
 *   npm run bench:shim                     the shim of examples/shim, which clang compiles
 *   npm run bench:shim -- build/shim.wasm  another one
 *
 * Figures are p20 and p50 over the tests, in milliseconds.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { GLOBAL_GUID } from "../src/index.ts";
import { loadShim, type Shim } from "../src/testing/index.ts";

const EXAMPLE = fileURLToPath(new URL("../../examples/shim/", import.meta.url));
const VENDOR = "11111111-2222-3333-4444-555555555555";
const CALLS = 20;
const WARM_UP = 100;
const TESTS = 500;

/** Times of a test's parts, in milliseconds. */
interface Times {
  compile: number;
  load: number;
  calls: number;
}

function shimBytes(path: string | undefined): Uint8Array<ArrayBuffer> {
  if (path === undefined) execFileSync("sh", [`${EXAMPLE}build.sh`], { stdio: "inherit" });
  return new Uint8Array(readFileSync(path ?? `${EXAMPLE}build/shim.wasm`));
}

/** The bytes with a custom section (id 0) named "n" that holds a number: V8 keeps what it has compiled by the bytes. */
function numbered(bytes: Uint8Array, number: number): Uint8Array<ArrayBuffer> {
  const section = [0, 6, 1, 0x6e, number & 0xff, (number >> 8) & 0xff, (number >> 16) & 0xff, number >>> 24];
  return Uint8Array.from([...bytes, ...section]);
}

function call({ efi }: Shim): void {
  for (let i = 0; i < CALLS / 2; i++) {
    const written = efi.setVariable(`Mine${i}`, VENDOR, 7, [i, 2, 3, 4]);
    const read = efi.getVariable("BootOrder", GLOBAL_GUID, 64);
    if (written.status !== "SUCCESS" || read.status !== "SUCCESS") {
      throw new Error(`set_variable ${written.status}, get_variable ${read.status}`);
    }
  }
}

async function time(bytes: Uint8Array<ArrayBuffer>): Promise<Times> {
  const start = performance.now();
  const module = new WebAssembly.Module(bytes);
  const compiled = performance.now();
  const shim = await loadShim(module);
  const loaded = performance.now();
  call(shim);
  return { compile: compiled - start, load: loaded - compiled, calls: performance.now() - loaded };
}

function print(name: string, times: number[]): void {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (part: number) => (sorted[Math.floor(part * sorted.length)] as number).toFixed(2).padStart(8);
  console.log(`${name.padEnd(26)}${at(0.2)}${at(0.5)}`);
}

const bytes = shimBytes(process.argv[2]);
const all: Times[] = [];
for (let i = 0; i < WARM_UP + TESTS; i++) {
  const times = await time(numbered(bytes, i));
  if (i >= WARM_UP) all.push(times);
}
console.log(`${"milliseconds".padEnd(26)}     p20     p50`);
for (const part of ["compile", "load", "calls"] as const) {
  print(
    part,
    all.map((times) => times[part]),
  );
}
print(
  `a test of ${CALLS} calls`,
  all.map(({ compile, load, calls }) => compile + load + calls),
);
