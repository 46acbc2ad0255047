import { statSync } from "node:fs";
import { expect, test } from "vitest";
import { WINDOW } from "../assembly/abi/layout.ts";
import { answerOf, checkAnswers } from "../bench/answers.ts";
import { calling, stepLoop, type Target } from "../bench/batch.ts";
import { makeMachine, type OpCase, Workload } from "../bench/workload.ts";
import { coreBytes } from "../src/core-bytes.ts";
import { snapshotBlocks } from "../src/snapshot.ts";

const workload = new Workload({ n: 50 });
const { cases, guest, layout, shape } = workload;
const CORE_BYTES_MAX = 40 * 1024;
/** Of the core's memory with a window of 4 MiB. */
const PAGES = (WINDOW + 0x400000) / 65536 + 1;
const SLICES = 20;
const SLICE = 5000;

test("the release core has at most 40 KiB", () => {
  expect(statSync("build/release.wasm").size).toBeLessThanOrEqual(CORE_BYTES_MAX);
});

/** A core whose imports all throw, in the state of a machine, with the workload in its window. */
function makeLonelyCore() {
  const module = new WebAssembly.Module(coreBytes());
  const memory = new WebAssembly.Memory({ initial: PAGES, maximum: 1024 });
  const imports: Record<string, Record<string, WebAssembly.ImportValue>> = {};
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
    const fail = () => {
      throw new Error(`${from}.${name} was called`);
    };
    imports[from] = { ...imports[from], [name]: kind === "memory" ? memory : fail };
  }
  const { exports } = new WebAssembly.Instance(module, imports);
  const bytes = new Uint8Array(memory.buffer);
  for (const block of snapshotBlocks(makeMachine(shape).snapshot())) bytes.set(block.bytes, block.address);
  bytes.set(guest, WINDOW);
  return { dispatch: exports.dispatch as (low: number, high: number) => number, memory, bytes };
}

/** So many steps over the case's ops, which it then takes back. */
function runner(target: Target, { step, before, undo, ops }: OpCase, count: number): () => void {
  if (before !== undefined) stepLoop(target, { step: before, ops }, layout, ops.length)();
  const run = stepLoop(target, { step, ops }, layout, count);
  const back = undo === undefined ? () => {} : stepLoop(target, { step: undo, ops }, layout, count);
  return () => {
    run();
    back();
  };
}

test.each(cases)("$name is answered without a call of the host's", (one) => {
  const { dispatch, memory, bytes } = makeLonelyCore();
  const window = bytes.subarray(WINDOW);
  const target = calling("", { hypercall: (op) => dispatch(op, 0) }, window);
  const { length } = bytes;
  const run = runner(target, one, Math.max(100, one.ops.length));
  checkAnswers(one, new Map([["the core", answerOf(target, one, workload)]]));
  run();
  expect(memory.buffer.byteLength).toBe(length);
});

/** 10^5 dispatches each; what a single one left on the heap would be 5000 times as much in each slice. */
test.each(cases)("$name allocates nothing", (one) => {
  const machine = makeMachine(shape);
  machine.memory.set(guest);
  const pages = machine.memory.buffer.byteLength;
  const run = runner(calling("", machine, machine.memory), one, SLICE);
  run();
  const growth = Array.from({ length: SLICES }, () => {
    const before = process.memoryUsage().heapUsed;
    run();
    return process.memoryUsage().heapUsed - before;
  }).sort((a, b) => a - b);
  // A collection in a slice makes its growth negative.
  expect(growth[SLICES >> 1]).toBeLessThan(SLICE);
  expect(machine.memory.buffer.byteLength).toBe(pages);
});
