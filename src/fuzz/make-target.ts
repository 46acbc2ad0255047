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
import { Random } from "../random.ts";
import { machineChoices, machineWith } from "./machines.ts";
import { type SequenceOptions, SequenceTarget } from "./sequence-target.ts";
import { makeTables } from "./tables.ts";
import type { Target } from "./target.ts";
import { BYTE_TARGETS, makeTarget as makeByteTarget } from "./targets/index.ts";

/** Names of the targets, with what each searches. */
export const TARGETS: Readonly<Record<string, string>> = {
  variables: "sequences of variable, time and count services over every personality",
  dispatch: "raw platform ops: any command, function, pointer and size",
  ...BYTE_TARGETS,
};

/** What makes a target; plain data, for it goes to other threads. */
export interface TargetOptions {
  name: string;
  seed: number;
  /** One machine of OVMF with so many variables of 64 bytes, in place of all machines. */
  variables?: number | undefined;
  /** Most steps of a sequence. */
  stepsMax: number;
  /** Whether edges are counted. */
  counts: boolean;
}

const BETWEEN_CALLS = [KIND_REBOOT, KIND_POWER_CUT, KIND_CLOCK, KIND_HOLE, KIND_MAP, KIND_PLATFORM];

/** Steps of a new sequence are at most so many of the most; on average half of them. */
const newSteps = (stepsMax: number): number => Math.max(1, Math.ceil((stepsMax * 3) / 4));

/** Makes a target; the same options make the same one. Throws a RangeError for a name that is none. */
export function makeTarget(options: TargetOptions): Target {
  const random = new Random(options.seed ^ 0x5eed);
  switch (options.name) {
    case "variables":
      return new SequenceTarget(
        { ...sequenceOptions(options), rareKinds: [KIND_FIRMWARE_INFO, ...BETWEEN_CALLS] },
        random,
      );
    case "dispatch": {
      const raw = [KIND_ANY_FUNCTION, KIND_ANY_COMMAND, KIND_FIRMWARE_INFO];
      const rareKinds = [...raw, ...raw, ...raw, ...BETWEEN_CALLS];
      return new SequenceTarget({ ...sequenceOptions(options), rareKinds, rareOneIn: 3, isWild: true }, random);
    }
    default:
      if (Object.hasOwn(BYTE_TARGETS, options.name)) return makeByteTarget(options.name, options);
      throw new RangeError(`${options.name}: no target; there are ${Object.keys(TARGETS).join(", ")}`);
  }
}

function sequenceOptions({ name, variables, stepsMax, counts }: TargetOptions): SequenceOptions {
  return {
    name,
    machines: variables === undefined ? machineChoices() : [machineWith(variables)],
    tables: makeTables(),
    oracles: [],
    counts,
    stepsMax: stepsMax + 1,
    newStepsMax: newSteps(stepsMax),
    rareKinds: [],
    rareOneIn: 24,
    isWild: false,
  };
}
