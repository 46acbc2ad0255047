import { nodeVerifier } from "../crypto/node-verifier.ts";
import { authMachines } from "./auth-machines.ts";
import { type AuthPayload, authData } from "./auth-payloads.ts";
import { cachedVerifier } from "./cached-verifier.ts";
import type { Hint } from "./sequence-mutator.ts";
import type { Oracle, SequenceOptions } from "./sequence-target.ts";
import { makeTables, type Tables } from "./tables.ts";

/** More than there are of payloads and keys that belong together; each takes some KiB. */
const ANSWERS_MAX = 0x1000;

/** What SequenceTarget needs to look for faults in the code that checks authenticated writes. */
export function authOptions(oracles: readonly Oracle[], rareKinds: readonly number[]): SequenceOptions {
  const { payloads } = authData();
  const tables = makeTables(payloads.map(({ data }) => data));
  const first = tables.contents.length - payloads.length;
  return {
    name: "auth",
    machines: authMachines(cachedVerifier(nodeVerifier, ANSWERS_MAX)),
    tables,
    hints: payloads.map((payload, i) => hintOf(payload, first + i, tables)),
    oracles,
    counts: true,
    stepsMax: 64,
    newStepsMax: 12,
    rareKinds,
    rareOneIn: 24,
    isWild: false,
  };
}

/** The variable that a payload was made for, by the tables' numbers. */
function hintOf({ name, guid, attributes }: AuthPayload, content: number, { names, guids }: Tables): Hint {
  return { content, name: names.indexOf(name), guid: guids.indexOf(guid), attributes };
}
