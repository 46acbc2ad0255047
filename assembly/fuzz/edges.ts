import { BUCKETS, EDGES_MAX, SEEN } from "../abi/fuzz";

/** Counts of edges, a byte each, as a coverage build keeps them; buckets as AFL's: 1, 2, 3, 4-7, 8-15, 16-31, 32-127, 128 and more. */

/** Forgets what was seen. */
export function forgetEdges(): void {
  memory.fill(SEEN, 0, EDGES_MAX);
  store<u8>(BUCKETS, 0);
  for (let count = 1; count < 256; count++) store<u8>(BUCKETS + count, <u8>bucketOf(count));
}

function bucketOf(count: i32): i32 {
  if (count < 4) return 1 << (count - 1);
  if (count < 8) return 0x08;
  if (count < 16) return 0x10;
  if (count < 32) return 0x20;
  return count < 128 ? 0x40 : 0x80;
}

/**
 * Takes the `count` counts (a multiple of 8) at `counts` and clears them. Gives the edges that no earlier take had, times 65536,
 * plus the buckets that none had.
 */
export function takeEdges(counts: usize, count: u32): u32 {
  let fresh: u32 = 0;
  for (let at: usize = 0; at < count; at += 8) {
    // Most edges are not taken, and those that are lie together.
    while (at + 32 <= count && isClear(counts + at)) at += 32;
    if (at >= count) break;
    if (load<u64>(counts + at) === 0) continue;
    for (let byte = at; byte < at + 8; byte++) {
      const bucket = load<u8>(BUCKETS + load<u8>(counts + byte));
      const seen = load<u8>(<usize>SEEN + byte);
      if ((bucket & ~seen) === 0) continue;
      fresh += seen === 0 ? 0x10001 : 1;
      store<u8>(<usize>SEEN + byte, seen | bucket);
    }
    store<u64>(counts + at, 0);
  }
  return fresh;
}

function isClear(at: usize): bool {
  return (load<u64>(at) | load<u64>(at, 8) | load<u64>(at, 16) | load<u64>(at, 24)) === 0;
}

/** Clears the counts without a look. */
export function dropEdges(counts: usize, count: u32): void {
  memory.fill(counts, 0, count);
}
