import {
  KIND_ANY_COMMAND,
  KIND_ANY_FUNCTION,
  KIND_CLOCK,
  KIND_FIRMWARE_INFO,
  KIND_HOLE,
  KIND_MAP,
  KIND_PLATFORM,
  KIND_POWER_CUT,
  KIND_REBOOT,
} from "../../assembly/abi/fuzz.ts";
import type { MachineOptions } from "../machine.ts";
import { Random } from "../random.ts";
import { authOptions } from "./auth-options.ts";
import { machineChoices, machineWith, rareMachines } from "./machines.ts";
import { authOraclesFor, oraclesFor } from "./oracles/index.ts";
import { modelOracle } from "./oracles/model.ts";
import { type Oracle, type SequenceOptions, SequenceTarget } from "./sequence-target.ts";
import { makeTables } from "./tables.ts";
import type { Target } from "./target.ts";
import {
  BYTE_TARGETS,
  type TargetOptions as ByteOptions,
  makeTarget as makeByteTarget,
  TARGET_NAMES,
} from "./targets/index.ts";

/** Names of the targets, with what each searches. */
export const TARGETS: Readonly<Record<string, string>> = {
  variables: "sequences of variable, time and count services over every personality",
  dispatch: "raw platform ops: any command, function, pointer and size",
  auth: "signed writes, signature lists and keys, with payloads that come along",
  ...BYTE_TARGETS,
};

/** What makes a target; plain data but for `fuzz`, for it goes to other threads. */
export interface TargetOptions extends ByteOptions {
  name: string;
  /** One machine of OVMF with so many variables of 64 bytes, in place of all machines. */
  variables?: number | undefined;
  /** Most steps of a sequence. */
  stepsMax: number;
  /** Whether edges are counted. */
  counts: boolean;
  /** Which slower checks see sequences: none, each some of them, or the reference model every call of every sequence. */
  checks: "none" | "some" | "model";
}

const BETWEEN_CALLS = [KIND_REBOOT, KIND_POWER_CUT, KIND_CLOCK, KIND_HOLE, KIND_MAP, KIND_PLATFORM];
const RAW = [KIND_ANY_FUNCTION, KIND_ANY_COMMAND, KIND_FIRMWARE_INFO];

/** Steps of a new sequence are at most so many of the most; on average half of them. */
const newSteps = (stepsMax: number): number => Math.max(1, Math.ceil((stepsMax * 3) / 4));

/** Makes a target; the same options make the same one. Throws a RangeError for a name that is none. */
export function makeTarget(options: TargetOptions): Target {
  const sequences = sequenceOptions(options);
  if (sequences !== undefined) return new SequenceTarget(sequences, new Random(options.seed ^ 0x5eed));
  if (TARGET_NAMES.includes(options.name)) return makeByteTarget(options.name, options);
  throw new RangeError(`${options.name}: no target; there are ${Object.keys(TARGETS).join(", ")}, shim and modules`);
}

/** What a target of sequences searches; undefined for a name that is none. */
export function sequenceOptions(options: TargetOptions): SequenceOptions | undefined {
  switch (options.name) {
    case "variables":
      return { ...plainOptions(options), rareKinds: [KIND_FIRMWARE_INFO, ...BETWEEN_CALLS] };
    case "dispatch":
      return {
        ...plainOptions(options),
        rareKinds: [...RAW, ...RAW, ...RAW, ...BETWEEN_CALLS],
        rareOneIn: 3,
        isWild: true,
      };
    case "auth": {
      const { counts, stepsMax, newStepsMax } = plainOptions(options);
      const auth = authOptions([], BETWEEN_CALLS);
      const oracles = options.checks === "some" ? authOraclesFor(auth.machines) : oraclesOf(options, auth.machines);
      return { ...auth, oracles, counts, stepsMax, newStepsMax };
    }
    default:
      return undefined;
  }
}

function plainOptions(options: TargetOptions): SequenceOptions {
  const { name, variables, stepsMax, counts } = options;
  const machines = variables === undefined ? [...machineChoices(), ...rareMachines()] : [machineWith(variables)];
  return {
    name,
    machines,
    tables: makeTables(),
    oracles: oraclesOf(options, machines),
    counts,
    stepsMax: stepsMax + 1,
    newStepsMax: newSteps(stepsMax),
    rareKinds: [],
    rareOneIn: 24,
    isWild: false,
  };
}

function oraclesOf({ checks }: TargetOptions, machines: readonly MachineOptions[]): Oracle[] {
  if (checks === "none") return [];
  return checks === "model" ? [modelOracle(1)] : oraclesFor(machines);
}
