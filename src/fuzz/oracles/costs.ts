import { keyOf } from "../../formats/variable-set.ts";
import type { MachineOptions } from "../../machine.ts";
import { ovmf4m } from "../../policies/ovmf.ts";

/**
 * What a check costs, in runs of a sequence: so much whatever the store holds, its boots and copies of the machine included,
 * and so much for a thousand records. It is reckoned and not timed, so that the same seed gives the same run everywhere.
 */
export interface Cost {
  base: number;
  perThousand: number;
}

/** One in so many inputs, where the runs shall take `part` times as long as the checks. */
export function oneInFor({ base, perThousand }: Cost, records: number, part: number): number {
  return Math.ceil((base + (perThousand * records) / 1000) * part);
}

/** About how many records the largest of these machines starts with. */
export function recordsOf(machines: readonly MachineOptions[]): number {
  const counts = machines.map(({ policy = ovmf4m, preload = [] }) => {
    const { missing, first, volatile } = policy.boot;
    const stored = new Set([...missing, ...first].map(keyOf));
    return stored.size + volatile.length + preload.length;
  });
  return Math.max(...counts);
}
