import { HEAD_ABI, NAME_PLACE, STEP_BYTES } from "../../../assembly/abi/fuzz.ts";
import { FLASH } from "../../../assembly/abi/layout.ts";
import { ABIS, type Abi } from "../../op.ts";
import type { Failure } from "../failure.ts";
import type { FuzzMachine } from "../fuzz-machine.ts";
import type { Oracle } from "../sequence-target.ts";
import { firstOtherPart, type Story, storyOf } from "./answers.ts";
import { comparableEnd } from "./comparable.ts";
import { firstDifference } from "./difference.ts";

/** What a sequence came to in one ABI. */
interface Outcome {
  abi: Abi;
  story: Story;
  /** The guest's memory from its names on: before them lie the ops. */
  memory: Uint8Array;
  flash: Uint8Array;
}

/**
 * The same sequence through every ABI: the same results, statuses, sizes and bytes call by call, and in the end the same
 * buffers and the same flash. It is compared as far as its steps mean the same in each (comparable.ts).
 */
export function abiOracle(oneIn: number): Oracle {
  return { name: "abi", oneIn, tries: 1, check };
}

function check(machine: FuzzMachine, input: Uint8Array): Failure | undefined {
  const end = comparableEnd(input, machine.machine.capsuleFirmware !== undefined);
  if (end === 1) return undefined;
  const [first, ...others] = ABIS;
  const wanted = outcomeOf(machine, input.subarray(0, end * STEP_BYTES), first as Abi);
  for (const abi of others) {
    const failure = compare(wanted, outcomeOf(machine, input.subarray(0, end * STEP_BYTES), abi));
    if (failure !== undefined) return { oracle: "abi", ...failure };
  }
  return undefined;
}

function outcomeOf(machine: FuzzMachine, input: Uint8Array, abi: Abi): Outcome {
  const own = input.slice();
  own[HEAD_ABI] = ABIS.indexOf(abi);
  const end = machine.lay(own);
  const story = storyOf(machine, abi, 1, end);
  const memory = machine.guest.slice(NAME_PLACE);
  const flash = machine.core.bytes.slice(FLASH, FLASH + machine.machine.volume.geometry.volumeBytes);
  machine.recover();
  return { abi, story, memory, flash };
}

function compare(a: Outcome, b: Outcome): Omit<Failure, "oracle"> | undefined {
  const part = firstOtherPart(a.story, b.story);
  if (part !== undefined) {
    const [left, right] = part.values.map((value) => value.slice(0, 80));
    return { text: `${part.name} of ${a.abi} and ${b.abi}: ${left}, ${right}`, step: part.step };
  }
  const at = firstDifference(a.memory, b.memory);
  if (at !== undefined) return { text: `guest address 0x${(NAME_PLACE + at).toString(16)} of ${a.abi} and ${b.abi}` };
  const offset = firstDifference(a.flash, b.flash);
  if (offset !== undefined) return { text: `flash offset 0x${offset.toString(16)} of ${a.abi} and ${b.abi}` };
  return undefined;
}
