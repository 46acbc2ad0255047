import { BATCH, calling, stepLoop } from "./batch.ts";
import { makeMachine, Workload } from "./workload.ts";

/** What 10^6 GetVariable leave behind: the growth of wasm's memory and of the JavaScript heap, in bytes. */
export function growthOf(): { memory: number; heap: number } {
  const shape = { n: 50 };
  const workload = new Workload(shape);
  const machine = makeMachine(shape);
  machine.memory.set(workload.guest);
  const run = stepLoop(
    calling("core", machine, machine.memory),
    workload.case("GetVariable random"),
    workload.layout,
    BATCH,
  );
  for (let i = 0; i < 200; i++) run();
  const before = machine.memory.buffer.byteLength;
  const collect = (globalThis as { gc?: () => void }).gc;
  collect?.();
  const heap = process.memoryUsage().heapUsed;
  for (let i = 0; i < 1e6 / BATCH; i++) run();
  return { memory: machine.memory.buffer.byteLength - before, heap: process.memoryUsage().heapUsed - heap };
}
