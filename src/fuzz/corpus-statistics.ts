import {
  HEAD_MACHINE,
  KIND_ANY_COMMAND,
  KIND_ANY_FUNCTION,
  KIND_CLOCK,
  KIND_FIRMWARE_INFO,
  KIND_HOLE,
  KIND_MAP,
  KIND_PLATFORM,
  KIND_POWER_CUT,
  KIND_REBOOT,
  STEP_BYTES,
} from "../../assembly/abi/fuzz.ts";
import * as abi from "../../assembly/abi/op.ts";
import type { CorpusStatistics } from "./fuzz-run.ts";
import { stepKind } from "./step-kind.ts";

/** What steps do, by their kind. */
const NAMES: Readonly<Record<number, string>> = {
  [KIND_ANY_FUNCTION]: "any function",
  [abi.FN_GET_TIME]: "GetTime",
  [abi.FN_SET_TIME]: "SetTime",
  [abi.FN_GET_WAKEUP_TIME]: "GetWakeupTime",
  [abi.FN_SET_WAKEUP_TIME]: "SetWakeupTime",
  [abi.FN_GET_NEXT_HIGH_MONOTONIC_COUNT]: "GetNextHighMonotonicCount",
  [abi.FN_GET_VARIABLE]: "GetVariable",
  [abi.FN_SET_VARIABLE]: "SetVariable",
  [abi.FN_GET_NEXT_VARIABLE_NAME]: "GetNextVariableName",
  [abi.FN_QUERY_VARIABLE_INFO]: "QueryVariableInfo",
  [abi.FN_QUERY_CAPSULE_CAPABILITIES]: "QueryCapsuleCapabilities",
  [abi.FN_UPDATE_CAPSULE]: "UpdateCapsule",
  [KIND_FIRMWARE_INFO]: "firmware info",
  [KIND_ANY_COMMAND]: "any command",
  [KIND_REBOOT]: "reboot",
  [KIND_POWER_CUT]: "power cut",
  [KIND_CLOCK]: "clock moved",
  [KIND_HOLE]: "memory unmapped",
  [KIND_MAP]: "memory mapped",
  [KIND_PLATFORM]: "platform changed",
};
/** Counts of a corpus of sequences; `machines`: names of those that a head chooses from. */
export function sequenceStatistics(inputs: readonly Uint8Array[], machines: readonly string[]): CorpusStatistics {
  const lengths = new Map<number, number>();
  const kinds = new Map<string, number>();
  const chosen = new Map<string, number>();
  for (const input of inputs) {
    const steps = Math.max(0, Math.floor(input.length / STEP_BYTES) - 1);
    count(lengths, steps);
    count(chosen, machines[(input[HEAD_MACHINE] ?? 0) % machines.length] ?? "none");
    for (let step = 1; step <= steps; step++) count(kinds, NAMES[stepKind(input, step)] as string);
  }
  return { ...byteStatistics(inputs), lengths, kinds, machines: chosen };
}

/** Counts of a corpus whose inputs are no sequences. */
export function byteStatistics(inputs: readonly Uint8Array[]): CorpusStatistics {
  const bytes = inputs.reduce((sum, input) => sum + input.length, 0);
  return { inputs: inputs.length, bytes, lengths: new Map(), kinds: new Map(), machines: new Map() };
}

function count<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
