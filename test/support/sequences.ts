import * as abi from "../../assembly/abi/fuzz.ts";
import { FuzzMachine } from "../../src/fuzz/fuzz-machine.ts";
import { machineChoices } from "../../src/fuzz/machines.ts";
import { SequenceMutator } from "../../src/fuzz/sequence-mutator.ts";
import { makeTables } from "../../src/fuzz/tables.ts";
import type { MachineOptions } from "../../src/machine.ts";
import { Random } from "../../src/random.ts";

/** Sequences of steps for the fuzzer's checks, and machines that play them. */

const WIDTHS = {
  kind: [abi.STEP_KIND, 1],
  misc: [abi.STEP_MISC, 1],
  name: [abi.STEP_NAME, 1],
  guid: [abi.STEP_GUID, 1],
  attributes: [abi.STEP_ATTRIBUTES, 1],
  sizeKind: [abi.STEP_SIZE_KIND, 1],
  size: [abi.STEP_SIZE, 2],
  namePlace: [abi.STEP_NAME_PLACE, 1],
  dataPlace: [abi.STEP_DATA_PLACE, 1],
  opPlace: [abi.STEP_OP_PLACE, 1],
  content: [abi.STEP_CONTENT, 1],
  seed: [abi.STEP_SEED, 4],
} as const;

export type StepFields = Partial<Record<keyof typeof WIDTHS, number>>;

/** A sequence with this head and these steps; fields that are not named are 0. */
export function sequence(
  head: { abi?: number; machine?: number; boots?: boolean },
  ...steps: StepFields[]
): Uint8Array {
  const bytes = new Uint8Array((1 + steps.length) * abi.STEP_BYTES);
  const view = new DataView(bytes.buffer);
  bytes[abi.HEAD_ABI] = head.abi ?? 0;
  bytes[abi.HEAD_MACHINE] = head.machine ?? 0;
  bytes[abi.HEAD_BOOTS] = head.boots === true ? abi.HEAD_BOOTS_ON : 0;
  for (const [i, step] of steps.entries()) {
    for (const [field, value] of Object.entries(step) as [keyof typeof WIDTHS, number][]) {
      const [offset, width] = WIDTHS[field];
      const at = (1 + i) * abi.STEP_BYTES + offset;
      if (width === 1) view.setUint8(at, value);
      else if (width === 2) view.setUint16(at, value, true);
      else view.setUint32(at, value, true);
    }
  }
  return bytes;
}

/** SetVariable of variable number `name`, so many bytes of one value. */
export const write = (name: number, size: number, value = 0x11): StepFields => ({
  kind: 7,
  name,
  attributes: 7,
  size,
  content: abi.CONTENT_SEED,
  seed: value,
});
export const read = (name: number): StepFields => ({ kind: 6, name, size: 64 });
export const REBOOT: StepFields = { kind: abi.KIND_REBOOT };

/** A machine of those that sequences choose from; `make` stands for the usual class. */
export function machineNumber(choice: number, make: typeof FuzzMachine = FuzzMachine): FuzzMachine {
  return new make(machineChoices()[choice] as MachineOptions, makeTables(), { counts: false });
}

/** How many machines there are to choose from. */
export const CHOICES = machineChoices().length;

/** As a fuzzer makes them; one in eight with boots and cuts of power. */
export function randomSequences(seed: number, count: number): Uint8Array[] {
  const random = new Random(seed);
  const rareKinds = [12, 13, 14, 15, 16, 17, 18, 19];
  const mutator = new SequenceMutator(random, {
    stepsMax: 40,
    machines: 1,
    rareKinds,
    rareOneIn: 12,
    isWild: false,
    hints: [],
  });
  return Array.from({ length: count }, (_, i) => {
    const bytes = new Uint8Array(64 * abi.STEP_BYTES);
    const input = bytes.subarray(0, mutator.make(bytes, 1 + random.below(30)));
    input[abi.HEAD_BOOTS] = i % 8 === 0 ? abi.HEAD_BOOTS_ON : 0;
    return input;
  });
}
