import { OP_MISC } from "../../assembly/abi/op.ts";
import { nsSince } from "./clock.ts";
import type { OpSheet } from "./op-sheet.ts";
import { percentile, type Spread, spreadOf } from "./percentiles.ts";
import type { Readable } from "./store-cases.ts";

/** Calls of one variable between two readings of the clock. */
export const DISTRIBUTION_BATCH = 64;
const PASSES_MIN = 5;

/** What reading one variable costs: p20 of its batches, in nanoseconds a call. */
export interface VariableCost {
  name: string;
  guid: string;
  bytes: number;
  ns: number;
}

/** How the cost of GetVariable spreads over the variables of a store. It is no spread of single calls. */
export interface Distribution {
  batch: number;
  passes: number;
  spread: Spread;
  /** Cheapest first. */
  variables: VariableCost[];
}

/** Reads each variable in batches, all of them in turn for that long; undefined for a store without any. */
export function distributionOf(sheet: OpSheet, reads: readonly Readable[], seconds: number): Distribution | undefined {
  if (reads.length === 0) return undefined;
  const samples: number[][] = reads.map(() => []);
  const end = performance.now() + seconds * 1000;
  let passes = 0;
  for (; passes < PASSES_MIN || performance.now() < end; passes++) {
    for (const [i, { op }] of reads.entries()) {
      const start = performance.now();
      readBatch(sheet, op);
      samples[i]?.push(nsSince(start) / DISTRIBUTION_BATCH);
    }
  }
  const variables = reads.map(({ variable: { name, guid, data } }, i): VariableCost => {
    return { name, guid, bytes: data.length, ns: percentile(samples[i] as number[], 0.2) };
  });
  variables.sort((a, b) => a.ns - b.ns);
  return { batch: DISTRIBUTION_BATCH, passes, spread: spreadOf(variables.map(({ ns }) => ns)), variables };
}

function readBatch({ machine, words }: OpSheet, op: number): void {
  const misc = (op + OP_MISC) >> 2;
  for (let call = 0; call < DISTRIBUTION_BATCH; call++) {
    words[misc] = 0;
    machine.hypercall(op);
  }
}
