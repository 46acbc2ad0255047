import { OP_MISC } from "../../assembly/abi/op.ts";
import type { OpSheet } from "./op-sheet.ts";

/** Gaps between two readings of the clock that count as a stall, in microseconds. */
export const GAPS_US: readonly number[] = [1, 10, 100];

/** Turns of one loop before it is the other one's turn. */
const CHUNK = 5000;
const US_PER_MS = 1000;

/** Gaps longer than each of GAPS_US, per million turns of a loop that reads the clock: with a dispatch in it, and without. */
export interface Stalls {
  /** Turns of each loop. */
  turns: number;
  with: number[];
  without: number[];
}

/** Runs both loops in turn for that long. Only the difference of their gaps is the dispatch's. */
export function countStalls(sheet: OpSheet, op: number, seconds: number): Stalls {
  const gapsWith = GAPS_US.map(() => 0);
  const gapsWithout = GAPS_US.map(() => 0);
  const end = performance.now() + seconds * 1000;
  let turns = 0;
  do {
    chunkWith(sheet, op, gapsWith);
    chunkWithout(gapsWithout);
    turns += CHUNK;
  } while (performance.now() < end);
  const perMillion = (gaps: number[]) => gaps.map((count) => (count / turns) * 1e6);
  return { turns, with: perMillion(gapsWith), without: perMillion(gapsWithout) };
}

function chunkWith({ machine, words }: OpSheet, op: number, gaps: number[]): void {
  const misc = (op + OP_MISC) >> 2;
  let last = performance.now();
  for (let i = 0; i < CHUNK; i++) {
    words[misc] = 0;
    machine.hypercall(op);
    const now = performance.now();
    if (now - last > 1 / US_PER_MS) countGap(now - last, gaps);
    last = now;
  }
}

/** A loop of its own: it is not to be compiled together with the other one. */
function chunkWithout(gaps: number[]): void {
  let last = performance.now();
  for (let i = 0; i < CHUNK; i++) {
    const now = performance.now();
    if (now - last > 1 / US_PER_MS) countGap(now - last, gaps);
    last = now;
  }
}

function countGap(ms: number, gaps: number[]): void {
  for (const [i, us] of GAPS_US.entries()) if (ms * US_PER_MS > us) gaps[i] = (gaps[i] as number) + 1;
}
