import { percentile } from "./percentiles.ts";

const READS = 1000;
const BATCHES = 50;
const NS_PER_MS = 1e6;

/** Nanoseconds since `start`, a time of `performance.now`. */
export function nsSince(start: number): number {
  return (performance.now() - start) * NS_PER_MS;
}

/** What reading the clock takes: p20 of batches of 1000 reads, in nanoseconds a read. */
export function clockReadNs(): number {
  const batches = Array.from({ length: BATCHES }, () => {
    const start = performance.now();
    let last = start;
    for (let i = 0; i < READS; i++) last = performance.now();
    return ((last - start) * NS_PER_MS) / READS;
  });
  return percentile(batches, 0.2);
}
