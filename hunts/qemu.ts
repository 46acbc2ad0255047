import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { nodeVerifier } from "../src/crypto/node-verifier.ts";
import { UefiVarsDevice } from "../src/fuzz/qemu/device.ts";
import { examine, type Finding } from "../src/fuzz/qemu/finding.ts";
import { randomSequence } from "../src/fuzz/qemu/sequence.ts";
import { formatLine, parseTrace, type Trace } from "../src/trace/index.ts";

/**
 * Plays traces, or random sequences for some seconds, against QEMU's uefi-vars device and a machine of its personality:
 *
 *   npm run fuzz:qemu -- [--seed N] [--time SECONDS] [--qemu PROGRAM] [TRACE...]
 *
 * Differences that are not known are printed as traces, which `xenefi replay` plays again; then the exit code is 1.
 */
const UNPACKED = "build/backports/usr/bin/qemu-system-x86_64";
const { values, positionals } = parseArgs({
  options: { seed: { type: "string" }, time: { type: "string" }, qemu: { type: "string" } },
  allowPositionals: true,
});
const program = values.qemu ?? (existsSync(UNPACKED) ? UNPACKED : "qemu-system-x86_64");
const modules = join(dirname(program), "../lib/x86_64-linux-gnu/qemu");

const known = new Map<string, number>();
let asked = 0;
const start = performance.now();
const device = await UefiVarsDevice.start({ program, ...(program.includes("/") ? { modules } : {}) });
try {
  for (const [name, trace] of traces()) await play(name, trace);
} finally {
  await device.stop();
}
const seconds = (performance.now() - start) / 1000;
console.error(`${asked} calls, ${Math.round(asked / seconds)} a second; known differences: ${knownText()}`);

function* traces(): Generator<[name: string, trace: Trace]> {
  for (const path of positionals) yield [path, parseTrace(readFileSync(path, "utf8"))];
  if (positionals.length > 0) return;
  const first = integer("seed", values.seed ?? "1");
  const limitMs = 1000 * integer("time", values.time ?? "10");
  for (let seed = first; performance.now() - start < limitMs; seed++) yield [`seed ${seed}`, randomSequence(seed)];
}

async function play(name: string, trace: Trace): Promise<void> {
  const { asked: calls, known: differences, finding } = await examine(trace, device, nodeVerifier);
  asked += calls;
  for (const { name: what } of differences) known.set(what, (known.get(what) ?? 0) + 1);
  if (finding !== undefined) tell(name, finding);
}

function tell(name: string, { trace, differences }: Finding): void {
  process.exitCode = 1;
  for (const { line, fn, field, expected, actual } of differences) {
    console.error(`${name}: line ${line}, ${fn} ${field}: ${expected} of QEMU, ${actual} of the machine`);
  }
  for (const line of [trace.header, ...trace.calls.map(({ call }) => call)]) console.log(formatLine(line));
}

function knownText(): string {
  return [...known].map(([name, times]) => `${name} (${times})`).join(", ") || "none";
}

function integer(option: string, text: string): number {
  if (!/^\d+$/.test(text)) throw new RangeError(`--${option}: an integer, not ${text}`);
  return Number(text);
}
