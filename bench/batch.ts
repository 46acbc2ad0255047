import type { OpLayout } from "../src/index.ts";
import { stepText } from "./steps.ts";
import type { OpCase } from "./workload.ts";

/** Calls in a batch: one clock reading for them all. */
export const BATCH = 1000;

/** What answers ops. */
export interface Target {
  name: string;
  /** The text of a call of `callee` with op `o`. */
  call: string;
  callee: unknown;
  /** Its guest's memory by 32 bits. */
  words: Uint32Array;
}

/** Something to be timed: `run` makes `count` calls. What `undo` then does is not timed. */
export interface Case {
  name: string;
  count: number;
  run: () => void;
  undo?: () => void;
}

/** A target whose `hypercall` answers ops, such as a Machine or a peer. */
export function calling(
  name: string,
  callee: { hypercall(op: number): number },
  { buffer, byteOffset, length }: Uint8Array,
): Target {
  return { name, call: "callee.hypercall(o)", callee, words: new Uint32Array(buffer, byteOffset, length >> 2) };
}

/** The case of an operation on a target; a prefix tells one target's from another's. */
export function opCase(target: Target, operation: OpCase, layout: OpLayout, name: string): Case {
  const { step, undo, ops } = operation;
  const count = undo === undefined ? BATCH : ops.length;
  const run = stepLoop(target, { step, ops }, layout, count);
  return undo === undefined
    ? { name, count, run }
    : { name, count, run, undo: stepLoop(target, { step: undo, ops }, layout, count) };
}

let loops = 0;

/**
 * A loop of `count` steps, compiled from a text of its own, so that no call site is shared: one that has met several
 * targets is slow for all of them.
 */
export function stepLoop(
  { call, callee, words }: Target,
  { step, ops }: Pick<OpCase, "step" | "ops">,
  layout: OpLayout,
  count: number,
): () => void {
  const next = ops.length === 1 ? `const o = ${ops[0]};` : `const o = ops[at]; if (++at === ${ops.length}) at = 0;`;
  const body = `let turns = 0, place = 0;
  return function loop${loops++}() {
    let at = place, turn = turns;
    for (const end = turn + ${count}; turn < end; turn++) { ${next} ${stepText(step, layout, call)}; }
    place = at;
    turns = turn;
  };`;
  return new Function("callee", "ops", "words", body)(callee, ops, words) as () => void;
}
