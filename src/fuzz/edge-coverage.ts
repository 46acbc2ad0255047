import type { Coverage } from "./target.ts";

/** How much the buckets of counts that were seen, a byte an edge, come to. */
export function edgeCoverage(seen: Uint8Array): Coverage {
  let covered = 0;
  let features = 0;
  for (const buckets of seen) {
    if (buckets !== 0) covered++;
    for (let rest = buckets; rest !== 0; rest &= rest - 1) features++;
  }
  return { covered, total: seen.length, features };
}

/** The edges and buckets that any of them has seen, all of the same length. */
export function unionOfEdges(all: readonly Uint8Array[]): Uint8Array {
  const seen = new Uint8Array(all[0]?.length ?? 0);
  for (const one of all)
    for (let edge = 0; edge < seen.length; edge++) seen[edge] = (seen[edge] ?? 0) | (one[edge] ?? 0);
  return seen;
}
