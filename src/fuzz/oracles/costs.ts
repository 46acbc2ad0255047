import type { MachineOptions } from "../../machine.ts";
import { ovmf4m } from "../../policies/ovmf.ts";

/**
 * What a check costs, in runs of a sequence: so much whatever the store holds, and so much for a thousand records. It is
 * reckoned and not timed, so that the same seed gives the same run everywhere.
 */
export interface Cost {
  base: number;
  perThousand: number;
}

/** One in so many inputs, if the check shall take a `part`-th of the time that the runs take. */
export function oneInFor({ base, perThousand }: Cost, records: number, part: number): number {
  return Math.ceil((base + (perThousand * records) / 1000) * part);
}

/** Records that the largest of these machines starts with, about. */
export function recordsOf(machines: readonly MachineOptions[]): number {
  return Math.max(...machines.map(({ policy = ovmf4m, preload = [] }) => bootRecords(policy) + preload.length));
}

function bootRecords({ boot }: NonNullable<MachineOptions["policy"]>): number {
  return boot.missing.length + boot.first.length + boot.volatile.length;
}
