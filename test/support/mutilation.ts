import { Random } from "./random.ts";

/** A damaged copy of a file, and what was done to it. */
export interface Mutilation {
  what: string;
  bytes: Uint8Array;
}

/** Lengths that are drawn beside the boundaries, where a file has more. */
const DRAWN = 2000;

/**
 * The file cut at each boundary (offsets in bytes), and at 2000 seeded offsets: at every offset if it is no longer than
 * that. Never whole.
 */
export function* truncations(bytes: Uint8Array, boundaries: Iterable<number>, seed: number): Generator<Mutilation> {
  const random = new Random(seed);
  const everywhere = bytes.length <= DRAWN;
  const drawn = Array.from({ length: Math.min(DRAWN, bytes.length) }, (_, n) =>
    everywhere ? n : random.below(bytes.length),
  );
  for (const length of new Set([...boundaries, ...drawn])) {
    if (length < bytes.length) yield { what: `cut to ${length} bytes`, bytes: bytes.slice(0, length) };
  }
}

/** The file with one byte changed, for each offset: each of its bits alone, then all of them. */
export function* flips(bytes: Uint8Array, offsets: Iterable<number>): Generator<Mutilation> {
  for (const offset of offsets) {
    for (const mask of [1, 2, 4, 8, 16, 32, 64, 128, 255]) {
      const changed = bytes.slice();
      changed[offset] = (changed[offset] as number) ^ mask;
      yield { what: `byte 0x${offset.toString(16)} ^ 0x${mask.toString(16)}`, bytes: changed };
    }
  }
}

/** All offsets of a field: from `start` on, `bytes` bytes. */
export function span(start: number, bytes: number): number[] {
  return Array.from({ length: bytes }, (_, n) => start + n);
}
