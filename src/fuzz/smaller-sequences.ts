import { STEP_BYTES } from "../../assembly/abi/fuzz.ts";

/**
 * Sequences that are smaller than this one, the boldest first: without a run of steps, from half of them down to one; then
 * with a field set to 0, the head's included; then with a field halved.
 */
export function* smallerSequences(input: Uint8Array): Generator<Uint8Array> {
  const steps = Math.max(0, ((input.length / STEP_BYTES) | 0) - 1);
  for (let count = steps; count >= 1; count >>= 1) {
    for (let from = steps - count; from >= 0; from -= count) yield without(input, 1 + from, count);
  }
  for (let at = 0; at < input.length; at++) if (input[at] !== 0) yield withByte(input, at, 0);
  for (let at = STEP_BYTES; at < input.length; at++) {
    if ((input[at] as number) > 1) yield withByte(input, at, (input[at] as number) >> 1);
  }
}

function without(input: Uint8Array, step: number, count: number): Uint8Array {
  const rest = new Uint8Array(input.length - count * STEP_BYTES);
  rest.set(input.subarray(0, step * STEP_BYTES));
  rest.set(input.subarray((step + count) * STEP_BYTES), step * STEP_BYTES);
  return rest;
}

function withByte(input: Uint8Array, at: number, byte: number): Uint8Array {
  const changed = input.slice();
  changed[at] = byte;
  return changed;
}
