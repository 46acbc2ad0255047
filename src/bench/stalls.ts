import { OP_MISC } from "../../assembly/abi/op.ts";
import type { OpSheet } from "./op-sheet.ts";

/** Gaps between two readings of the clock that count as a stall, in microseconds. */
export const GAPS_US: readonly number[] = [1, 10, 100];

/** Turns of one loop before it is the other one's turn. */
const CHUNK = 5000;
const US_PER_MS = 1000;

/** A loop that reads the clock: gaps longer than each of GAPS_US, per million turns, and what a turn takes on average. */
export interface LoopStalls {
  perMillion: number[];
  turnNs: number;
}

/** The loop with a dispatch in it, and without. Turns of each. */
export interface Stalls {
  turns: number;
  with: LoopStalls;
  without: LoopStalls;
}

/**
 * Runs both loops in turn for that long. A turn with a dispatch takes longer, so that more of what interrupts the machine
 * falls into it: the dispatch's own stalls are those beyond `inSameTime`.
 */
export function countStalls(sheet: OpSheet, op: number, seconds: number): Stalls {
  const withOne = { gaps: GAPS_US.map(() => 0), ms: 0 };
  const without = { gaps: GAPS_US.map(() => 0), ms: 0 };
  const end = performance.now() + seconds * 1000;
  let turns = 0;
  do {
    withOne.ms += chunkWith(sheet, op, withOne.gaps);
    without.ms += chunkWithout(without.gaps);
    turns += CHUNK;
  } while (performance.now() < end);
  const stallsOf = ({ gaps, ms }: typeof withOne): LoopStalls => {
    return { perMillion: gaps.map((count) => (count / turns) * 1e6), turnNs: (ms / turns) * 1e6 };
  };
  return { turns, with: stallsOf(withOne), without: stallsOf(without) };
}

/** Gaps of the loop without a dispatch in as much time as a million turns of the other take. */
export function inSameTime({ with: other, without }: Stalls): number[] {
  return without.perMillion.map((gaps) => gaps * (other.turnNs / without.turnNs));
}

/** Milliseconds that it took. */
function chunkWith({ machine, words }: OpSheet, op: number, gaps: number[]): number {
  const misc = (op + OP_MISC) >> 2;
  const start = performance.now();
  let last = start;
  for (let i = 0; i < CHUNK; i++) {
    words[misc] = 0;
    machine.hypercall(op);
    const now = performance.now();
    if (now - last > 1 / US_PER_MS) countGap(now - last, gaps);
    last = now;
  }
  return last - start;
}

/** A loop of its own: it is not to be compiled together with the other one. */
function chunkWithout(gaps: number[]): number {
  const start = performance.now();
  let last = start;
  for (let i = 0; i < CHUNK; i++) {
    const now = performance.now();
    if (now - last > 1 / US_PER_MS) countGap(now - last, gaps);
    last = now;
  }
  return last - start;
}

function countGap(ms: number, gaps: number[]): void {
  for (const [i, us] of GAPS_US.entries()) if (ms * US_PER_MS > us) gaps[i] = (gaps[i] as number) + 1;
}
