import type { MachineOptions } from "../../machine.ts";
import type { Oracle } from "../sequence-target.ts";
import { abiOracle } from "./abi.ts";
import { type Cost, oneInFor, recordsOf } from "./costs.ts";
import { powerOracle } from "./power.ts";
import { snapshotOracle } from "./snapshot.ts";
import { storeOracle } from "./store.ts";

/** Every check, what one costs, and how it is made for one in so many inputs. */
const ORACLES: readonly (readonly [make: (oneIn: number) => Oracle, cost: Cost])[] = [
  [storeOracle, { base: 25, perThousand: 100 }],
  [abiOracle, { base: 40, perThousand: 100 }],
  [snapshotOracle, { base: 65, perThousand: 100 }],
  [powerOracle, { base: 30, perThousand: 100 }],
];
/** Of the time of the runs for each check: together not more than a fifth of all. */
const PART = 20;

/** The checks for sequences over these machines, each on as many inputs as keeps it cheap beside the runs themselves. */
export function oraclesFor(machines: readonly MachineOptions[]): Oracle[] {
  const records = recordsOf(machines);
  return ORACLES.map(([make, cost]) => make(oneInFor(cost, records, PART)));
}
