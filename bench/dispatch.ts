/**
 * Dispatch latency of the bare hypercall, beside a JavaScript Map doing the same work from the same op bytes.
 *
 *   npm run bench              all of it, about a minute
 *   npm run bench -- --quick   N = 50 only
 *   npm run bench -- --json    one JSON document
 *
 * Each sample is a batch of 1000 dispatches; cases take turns in rounds. Figures are p20 and p50 over the batches'
 * means; ratios are of p20 within this run, for the machine's speed drifts. Single dispatches are not timed: a clock
 * costs twice as much as one.
 */
import { cpus } from "node:os";
import { Bench } from "tinybench";
import * as abi from "../assembly/abi/op.ts";
import {
  bufferMemory,
  EfiCode,
  efiCode,
  errnoName,
  fixedMemory,
  type GuestMemory,
  type Machine,
  statusName,
  writeRuntimeCall,
} from "../src/index.ts";
import { MapPeer } from "./map-peer.ts";
import { DATA, DATA_BYTES, GUEST_BYTES, layOp, makeMachine, shuffled, subjects } from "./workload.ts";

const BATCH = 1000;
/** Dispatches before anything is timed: optimised code is in after 100 000. */
const WARM_UP = 200_000;
const ROUNDS = 12;
const ROUND_MS = 12;

/** Something to time: `run` makes `BATCH` dispatches. */
interface Case {
  name: string;
  run: () => void;
}

interface Row {
  n: number;
  name: string;
  p20: number;
  p50: number;
}

type Target = { hypercall(op: number): number };

/**
 * A loop of its own for each case, compiled from its own text, so that no call site is shared and slows all down.
 * `before` and `after` are the text of what is done with op `o` in turn `i`.
 */
function loop(name: string, target: Target, ops: readonly number[], words: Uint32Array, step: string): Case {
  const body = `return function ${name.replaceAll(/\W/g, "_")}() {
    for (let i = 0; i < ${BATCH}; i++) { ${step} }
  };`;
  const state = { turn: 0 };
  const run = new Function("target", "ops", "words", "state", body)(target, ops, words, state) as () => void;
  return { name, run };
}

/** Clears misc, which carried the attributes out, and calls. */
const GET = "const o = ops[state.turn++ % ops.length]; words[(o + 12) >> 2] = 0; target.hypercall(o);";
const CALL = "target.hypercall(ops[state.turn++ % ops.length]);";

function makeCases(n: number): { cases: Case[]; machine: Machine } {
  const all = subjects(n);
  const machine = makeMachine(all);
  // Writes have a machine of their own: their dead records would lengthen the walk.
  const writer = makeMachine(all);
  const peer = new MapPeer(machine);
  const words = wordsOf(machine);
  const written = wordsOf(writer);
  const middle = all[n >> 1] as (typeof all)[number];
  const gets = shuffled(n).map((i, at) => layOp(machine, at, 6, all[i] as typeof middle, DATA));
  const hit = layOp(machine, n, 6, middle, DATA);
  const miss = layOp(machine, n + 1, 6, { ...middle, name: `${middle.name}Y` }, DATA);
  const update = layOp(writer, n + 2, 7, middle, DATA + 0x1000);
  const grow = layOp(writer, n + 3, 7, middle, DATA + 0x1000);
  const fresh = layOp(writer, n + 4, 7, { ...middle, name: "Fresh" }, DATA + 0x1000);
  const peerUpdate = layOp(machine, n + 2, 7, middle, DATA + 0x1000);
  const time = 0x1000 + (n + 5) * 256;
  const next = 0x1000 + (n + 6) * 256;
  writeRuntimeCall(machine.view, time, abi.FN_GET_TIME, 0);
  layWalk(machine, next);
  checkAnswers(machine, peer, [hit, ...gets.slice(0, 3)], [miss]);
  const counted = `words[${(DATA + 0x1000) >> 2}] = state.turn;`;
  const size = (op: number) => `words[${(op + 32) >> 2}]`;
  const cases = [
    loop(`rejected ${n}`, machine, [0], words, CALL),
    loop(`GetVariable hit ${n}`, machine, [hit], words, GET),
    loop(`GetVariable random ${n}`, machine, gets, words, GET),
    loop(`GetVariable miss ${n}`, machine, [miss], words, GET),
    loop(`SetVariable same size ${n}`, writer, [update], written, `${counted} ${CALL}`),
    loop(
      `SetVariable other size ${n}`,
      writer,
      [grow],
      written,
      `${size(grow)} = 32 + (state.turn & 31); ${counted} ${CALL}`,
    ),
    loop(
      `create and delete ${n}`,
      writer,
      [fresh],
      written,
      `${size(fresh)} = ${DATA_BYTES}; target.hypercall(ops[0]); ${size(fresh)} = 0; target.hypercall(ops[0]);`,
    ),
    loop(`walk, a step ${n}`, machine, [next], words, walkStep(next)),
    loop(`GetTime ${n}`, machine, [time], words, "words[(ops[0] + 12) >> 2] = 0; target.hypercall(ops[0]);"),
    ...foreignCases(n, all, middle),
    loop(`Map: hit ${n}`, peer, [hit], words, GET),
    loop(`Map: random ${n}`, peer, gets, words, GET),
    loop(`Map: miss ${n}`, peer, [miss], words, GET),
    loop(`Map: same size ${n}`, peer, [peerUpdate], words, `${counted} ${CALL}`),
  ];
  return { cases, machine };
}

/** The hit over guests with memory of their own: a buffer that stays, and a WebAssembly.Memory, which may grow. */
function foreignCases(n: number, all: ReturnType<typeof subjects>, subject: (typeof all)[number]): Case[] {
  const memory = new WebAssembly.Memory({ initial: GUEST_BYTES >> 16 });
  const guests: [string, GuestMemory][] = [
    ["fixed", fixedMemory(new ArrayBuffer(GUEST_BYTES))],
    ["growing", bufferMemory(() => memory.buffer)],
  ];
  return guests.map(([kind, guestMemory]) => {
    const machine = makeMachine(all, { guestMemory });
    const op = layOp(machine, n, 6, subject, DATA);
    checkAnswers(machine, new MapPeer(machine), [op], []);
    return loop(`foreign ${kind}: hit ${n}`, machine, [op], wordsOf(machine), GET);
  });
}

function wordsOf({ memory }: Machine): Uint32Array {
  return new Uint32Array(memory.buffer, memory.byteOffset, memory.length >> 2);
}

/** GetNextVariableName over and over: the size goes back to the buffer's, and at the end the name is emptied. */
function layWalk(machine: Machine, op: number): void {
  writeRuntimeCall(machine.view, op, abi.FN_GET_NEXT_VARIABLE_NAME, 0);
  machine.view.setBigUint64(op + abi.NATIVE_NEXT_NAME, BigInt(DATA + 0x2000), true);
}

function walkStep(op: number): string {
  const size = (op + abi.NATIVE_NEXT_SIZE) >> 2;
  const status = (op + abi.OP_STATUS) >> 2;
  return `words[${size}] = 1024; target.hypercall(ops[0]); if (words[${status}] !== 0) words[${(DATA + 0x2000) >> 2}] = 0;`;
}

/** The core and the peer must answer alike before they are timed: a benchmark of errors would pass for a fast one. */
function checkAnswers(machine: Machine, peer: MapPeer, hits: readonly number[], misses: readonly number[]): void {
  const answer = (target: Target, op: number) => {
    machine.view.setUint32(op + abi.OP_MISC, 0, true);
    machine.memory.fill(0, DATA, DATA + DATA_BYTES);
    const ret = target.hypercall(op);
    const status = machine.view.getBigUint64(op + abi.OP_STATUS, true);
    const bytes = machine.memory.slice(op, op + abi.OP_BYTES);
    return { ret, status, all: [...bytes, ...machine.memory.subarray(DATA, DATA + DATA_BYTES)].join() };
  };
  for (const [ops, code] of [
    [hits, EfiCode.Success],
    [misses, EfiCode.NotFound],
  ] as const) {
    for (const op of ops) {
      const ours = answer(machine, op);
      const theirs = answer(peer, op);
      if (ours.ret !== 0 || efiCode(ours.status) !== code || ours.all !== theirs.all) {
        throw new Error(
          `op at ${op}: ${errnoName(ours.ret)} ${statusName(ours.status)}, peer ${statusName(theirs.status)}`,
        );
      }
    }
  }
}

/** Times the cases in rounds and gives p20 and p50 of the batches' means, in nanoseconds a dispatch. */
async function time(n: number, cases: readonly Case[]): Promise<Row[]> {
  for (const { run } of cases) for (let i = 0; i < WARM_UP / BATCH; i++) run();
  const samples = new Map<string, number[]>(cases.map(({ name }) => [name, []]));
  for (let round = 0; round < ROUNDS; round++) {
    const bench = new Bench({ time: ROUND_MS, iterations: 4, warmup: false, retainSamples: true });
    for (const { name, run } of cases) bench.add(name, () => timeBatch(run), { async: false });
    await bench.run();
    for (const task of bench.tasks) {
      const { result } = task;
      if (!("latency" in result) || result.latency.samples === undefined) throw new Error(`${task.name}: no samples`);
      samples.get(task.name)?.push(...result.latency.samples);
    }
  }
  return cases.map(({ name }) => {
    const sorted = (samples.get(name) as number[]).sort((a, b) => a - b);
    const at = (part: number) => (sorted[Math.floor(part * sorted.length)] as number) * 1e6;
    return { n, name: name.replace(/ \d+$/, ""), p20: at(0.2), p50: at(0.5) };
  });
}

/** Tells tinybench what one dispatch of the batch took, and what the batch cost of the round's time. */
function timeBatch(run: () => void) {
  const start = performance.now();
  run();
  const took = performance.now() - start;
  return { overriddenDuration: took / BATCH, overriddenIterationCost: took };
}

/** What 10^6 dispatches leave behind: wasm memory's growth and the JavaScript heap's, in bytes. */
function growth(machine: Machine, cases: readonly Case[]): { memory: number; heap: number } {
  const gets = cases.filter(({ name }) => name.startsWith("GetVariable"));
  const before = machine.memory.buffer.byteLength;
  const collect = (globalThis as { gc?: () => void }).gc;
  collect?.();
  const heap = process.memoryUsage().heapUsed;
  for (let i = 0; i < 1e6 / BATCH; i++) gets[i % gets.length]?.run();
  collect?.();
  return { memory: machine.memory.buffer.byteLength - before, heap: process.memoryUsage().heapUsed - heap };
}

const quick = process.argv.includes("--quick");
const json = process.argv.includes("--json");
const rows: Row[] = [];
let left = { memory: 0, heap: 0 };
for (const n of quick ? [50] : [10, 50, 300, 3000]) {
  const { cases, machine } = makeCases(n);
  rows.push(...(await time(n, cases)));
  if (n === 50) left = growth(machine, cases);
  if (!json) print(n);
}
const p20 = (name: string, n = 50) => rows.find((row) => row.n === n && row.name === name)?.p20 as number;
const headlines = {
  "GetVariable hit : rejected dispatch (N = 50, 64 B; at most 12)": p20("GetVariable hit") / p20("rejected"),
  "foreign, fixed buffer : GetVariable hit (N = 50; at most 12)": p20("foreign fixed: hit") / p20("GetVariable hit"),
  "foreign, growing memory : GetVariable hit (N = 50; at most 15)":
    p20("foreign growing: hit") / p20("GetVariable hit"),
  "JS Map + DataView : GetVariable hit (N = 50; at least 30)": p20("Map: hit") / p20("GetVariable hit"),
};
if (json)
  console.log(JSON.stringify({ schema: "xenefi.bench/1", node: process.version, rows, headlines, growth: left }));
else {
  for (const [text, ratio] of Object.entries(headlines)) console.log(`${text.padEnd(66)} ${ratio.toFixed(1)}`);
  console.log(
    `10^6 dispatches: wasm memory +${left.memory} bytes, JavaScript heap ${left.heap >= 0 ? "+" : ""}${left.heap} bytes`,
  );
  console.log(
    `Node ${process.version}, ${cpus()[0]?.model}, ${cpus().length} cores; p20 and p50 of batches of ${BATCH}`,
  );
}

function print(n: number): void {
  const own = rows.filter((row) => row.n === n);
  const rejected = own.find((row) => row.name === "rejected")?.p20 as number;
  console.log(
    `N = ${n}`.padEnd(26) + ["p20 ns", "p50 ns", ": rejected", "Map : core"].map((head) => head.padStart(12)).join(""),
  );
  for (const row of own) {
    const peer = own.find(
      ({ name }) => name === row.name.replace(/^(?!foreign).*?(?=hit|random|miss|same size)/, "Map: "),
    );
    const ratio = peer === undefined || peer === row ? "" : (peer.p20 / row.p20).toFixed(1);
    const cells = [row.p20.toFixed(1), row.p50.toFixed(1), (row.p20 / rejected).toFixed(2), ratio];
    console.log(`  ${row.name.padEnd(24)}${cells.map((cell) => cell.padStart(12)).join("")}`);
  }
  console.log("");
}
