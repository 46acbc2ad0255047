import { expect, test } from "vitest";
import * as abi from "../../assembly/abi/fuzz.ts";
import { ATTENTION_COMPAT, ATTENTION_FOLD_STATUS, FLASH, STATE_ATTENTION } from "../../assembly/abi/layout.ts";
import { OP_MISC } from "../../assembly/abi/op.ts";
import { FuzzMachine } from "../../src/fuzz/fuzz-machine.ts";
import { abiOracle } from "../../src/fuzz/oracles/abi.ts";
import { comparableEnd } from "../../src/fuzz/oracles/comparable.ts";
import { Random } from "../../src/random.ts";
import {
  CHOICES,
  machineNumber,
  randomSequences,
  read,
  type StepFields,
  sequence,
  write,
} from "../support/sequences.ts";

const oracle = abiOracle(1);
const check = (machine: FuzzMachine, input: Uint8Array) => oracle.check(machine, input, new Random(1));

test.each(Array.from({ length: CHOICES }, (_, i) => i))("machine %i answers the same in every ABI", (choice) => {
  const machine = machineNumber(choice);
  for (const input of randomSequences(200 + choice, 60)) expect(check(machine, input)).toBeUndefined();
});

/** A machine that answers some op of x86_32 or arm32 otherwise. */
function odd(attention: number, spoil: (machine: FuzzMachine, ret: number) => number): FuzzMachine {
  class Odd extends FuzzMachine {
    override call(): number {
      const ret = super.call();
      const bits = this.core.view.getUint32(STATE_ATTENTION, true) & (ATTENTION_COMPAT | ATTENTION_FOLD_STATUS);
      return bits === attention ? spoil(this, ret) : ret;
    }
  }
  return machineNumber(0, Odd);
}

function flip(bytes: Uint8Array, at: number): void {
  bytes[at] = (bytes[at] as number) ^ 1;
}

const COMPAT = ATTENTION_COMPAT | ATTENTION_FOLD_STATUS;
const WRITE_AND_READ = sequence({}, write(0, 5), read(0));

test.each<[string, number, (machine: FuzzMachine, ret: number) => number, RegExp]>([
  ["a result", COMPAT, (_, ret) => ret - 1, /^the result of x86_64 and x86_32: 0, -1$/],
  ["a field", COMPAT, flipMisc, /^misc of x86_64 and x86_32: 0x7, 0x6$/],
  ["data", COMPAT, flipData, /^the data of x86_64 and x86_32: 0x1111111111, 0x1011111111$/],
  ["a byte behind the data", ATTENTION_FOLD_STATUS, flipBehind, /^guest address 0x1d00 of x86_64 and arm32$/],
  ["flash", ATTENTION_FOLD_STATUS, flipFlash, /^flash offset 0x3f000 of x86_64 and arm32$/],
])("it fires where %s differs", (_, attention, spoil, text) => {
  expect(check(odd(attention, spoil), WRITE_AND_READ)?.text).toMatch(text);
});

function flipMisc({ guest, opAddress }: FuzzMachine, ret: number): number {
  flip(guest, opAddress + OP_MISC);
  return ret;
}

function flipData({ guest }: FuzzMachine, ret: number): number {
  flip(guest, abi.DATA_PLACE);
  return ret;
}

function flipBehind({ guest }: FuzzMachine, ret: number): number {
  if (guest[0x1d00] === 0xa5) flip(guest, 0x1d00);
  return ret;
}

function flipFlash({ core }: FuzzMachine, ret: number): number {
  core.bytes[FLASH + 0x3f000] = 1;
  return ret;
}

const info = (type: number, index: number, more: StepFields = {}, buffer = 0x40): StepFields => ({
  kind: abi.KIND_FIRMWARE_INFO,
  seed: type | (index << 3) | buffer,
  ...more,
});

test.each<[string, StepFields, boolean]>([
  ["a write", write(0, 5), true],
  ["a size of more than 32 bits", { ...write(0, 5), sizeKind: abi.SIZE_OVER_4G }, false],
  ["the highest size of 32 bits", { ...write(0, 5), sizeKind: abi.SIZE_HIGHEST }, true],
  ["a name above 4 GiB", { ...read(0), namePlace: abi.PLACE_OVER_4G }, false],
  ["data in the hypervisor's part", { ...read(0), dataPlace: abi.PLACE_HYPERVISOR }, false],
  ["data at the op", { ...read(0), dataPlace: abi.PLACE_AT_OP }, false],
  ["data at the name", { ...read(0), dataPlace: abi.PLACE_AT_NAME }, true],
  ["an op at the name", { ...read(0), opPlace: abi.PLACE_AT_NAME }, false],
  ["an op at an odd address", { ...read(0), opPlace: abi.PLACE_ODD }, true],
  ["an op above 4 GiB", { ...read(0), opPlace: abi.PLACE_OVER_4G }, true],
  ["raw bytes under a function with handles", { kind: abi.KIND_ANY_FUNCTION, seed: 6 }, false],
  ["raw bytes under a function of times", { kind: abi.KIND_ANY_FUNCTION, seed: 2 }, true],
  ["raw bytes under a known command", { kind: abi.KIND_ANY_COMMAND, seed: 49 }, false],
  ["raw bytes under another command", { kind: abi.KIND_ANY_COMMAND, seed: 48 }, true],
  ["firmware_info of the vendor", info(4, 2), true],
  ["firmware_info of the vendor, its handle raw", info(4, 2, {}, 0), false],
  ["firmware_info of the vendor above 4 GiB", info(4, 2, { dataPlace: abi.PLACE_OVER_4G }), false],
  ["firmware_info of memory", info(4, 3), true],
  ["a capsule call", { kind: 11 }, false],
])("%s: the same in every ABI is %s", (_, step, same) => {
  expect(comparableEnd(sequence({}, write(0, 5), step, write(0, 5)), true)).toBe(same ? 4 : 2);
});

test("capsule calls that reach no firmware are the same", () => {
  expect(comparableEnd(sequence({}, { kind: 11 }), false)).toBe(2);
});
