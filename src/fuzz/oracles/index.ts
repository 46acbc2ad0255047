import type { MachineOptions } from "../../machine.ts";
import type { Oracle } from "../sequence-target.ts";
import { abiOracle } from "./abi.ts";
import { type Cost, oneInFor, recordsOf } from "./costs.ts";
import { modelOracle } from "./model.ts";
import { powerOracle } from "./power.ts";
import { replayOracle } from "./replay.ts";
import { snapshotOracle } from "./snapshot.ts";
import { storeOracle } from "./store.ts";

/** Every check, how it is made for one in so many inputs, and what one costs. */
const ORACLES: readonly (readonly [make: (oneIn: number) => Oracle, cost: Cost])[] = [
  [storeOracle, { base: 90, perThousand: 250 }],
  [abiOracle, { base: 200, perThousand: 0 }],
  [snapshotOracle, { base: 350, perThousand: 50 }],
  [powerOracle, { base: 140, perThousand: 100 }],
  [modelOracle, { base: 4, perThousand: 0 }],
];
/** A sequence again, call by call, and half as many calls more. */
const REPLAY: Cost = { base: 4, perThousand: 50 };
/** The runs take so many times as long as each check does: all of them together take a fifth of the time, or less. */
const PART = 20;

/**
 * The checks for sequences over these machines, each on so many inputs that it costs little beside the runs themselves;
 * with `modelsAll` the reference model sees every input.
 */
export function oraclesFor(machines: readonly MachineOptions[], modelsAll = false): Oracle[] {
  const records = recordsOf(machines);
  return ORACLES.map(([make, cost]) => make(modelsAll && make === modelOracle ? 1 : oneInFor(cost, records, PART)));
}

/** The same, and what only signed writes can show. */
export function authOraclesFor(machines: readonly MachineOptions[]): Oracle[] {
  return [...oraclesFor(machines), replayOracle(oneInFor(REPLAY, recordsOf(machines), PART))];
}
