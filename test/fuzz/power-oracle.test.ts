import { expect, test } from "vitest";
import { KIND_POWER_CUT } from "../../assembly/abi/fuzz.ts";
import { FLASH, FLASH_BYTES } from "../../assembly/abi/layout.ts";
import { HEADER_BYTES, RECORD_STATE } from "../../assembly/abi/record.ts";
import { FuzzMachine } from "../../src/fuzz/fuzz-machine.ts";
import { machineChoices, machineWith } from "../../src/fuzz/machines.ts";
import { powerOracle } from "../../src/fuzz/oracles/power.ts";
import { makeTables } from "../../src/fuzz/tables.ts";
import { fromHex } from "../../src/hex.ts";
import type { MachineOptions } from "../../src/machine.ts";
import { Random } from "../../src/random.ts";
import { CHOICES, machineNumber, randomSequences, read, sequence, write } from "../support/sequences.ts";

const oracle = powerOracle(1);
const WRITES = sequence({}, write(0, 20), read(0), write(1, 9), write(1, 30));

/** Asks often enough that chance has no part in what is found. */
function check(machine: FuzzMachine, input: Uint8Array): string | undefined {
  for (let seed = 0; seed < 20; seed++) {
    const failure = oracle.check(machine, input, new Random(seed));
    if (failure !== undefined) return failure.text;
  }
  return undefined;
}

/** A machine whose flash is spoilt, too, when power is lost. */
function spoiltByCuts(spoil: (bytes: Uint8Array) => void, choice = 0): FuzzMachine {
  class Spoilt extends FuzzMachine {
    override play(...args: Parameters<FuzzMachine["play"]>) {
      const failure = super.play(...args);
      if (this.machine.stepsToCut === 0) spoil(this.core.bytes);
      return failure;
    }
  }
  return machineNumber(choice, Spoilt);
}

/** Name and data of what the first write of a sequence leaves in flash: a bystander of the others. */
const BYSTANDER = fromHex(`61000000${"11".repeat(20)}`);

function bystander(bytes: Uint8Array): number {
  const flash = Buffer.from(bytes.buffer, FLASH, FLASH_BYTES);
  return FLASH + flash.indexOf(BYSTANDER);
}

function deleteBystander(bytes: Uint8Array): void {
  const at = bystander(bytes);
  if (at >= FLASH) bytes[at - HEADER_BYTES + RECORD_STATE] = 0x3c;
}

function changeBystander(bytes: Uint8Array): void {
  const at = bystander(bytes);
  if (at >= FLASH) bytes[at + 4] = 0;
}

test.each(Array.from({ length: CHOICES }, (_, i) => i))("machine %i keeps its variables through cuts", (choice) => {
  const machine = machineNumber(choice);
  for (const [i, input] of randomSequences(100 + choice, 40).entries()) {
    expect(oracle.check(machine, input, new Random(i))).toBeUndefined();
  }
});

test.each([
  ["is lost", deleteBystander, "a variable is lost"],
  ["changes", changeBystander, "a variable has neither its old value nor its new one"],
])("it fires where a bystander %s", (_, spoil, text) => {
  expect(check(spoiltByCuts(spoil), WRITES)).toMatch(new RegExp(`^${text} after a cut at flash step \\d+ of \\d+$`));
});

test("it fires where a boot that is cut loses a variable", () => {
  const machine = machineNumber(0);
  const reboot = machine.machine.rebootInterrupted.bind(machine.machine);
  machine.machine.rebootInterrupted = (steps) => {
    reboot(steps);
    if (machine.machine.stepsToCut === 0) deleteBystander(machine.core.bytes);
  };
  expect(check(machine, WRITES)).toMatch(
    /^a variable is lost after cuts at flash step \d+ of \d+ and \d+ of the boot$/,
  );
});

test("the machine is at its start again", () => {
  const machine = machineNumber(0);
  const start = machine.machine.flash();
  check(machine, WRITES);
  expect(machine.machine.flash()).toEqual(start);
  expect(machine.play(machine.lay(WRITES))).toBeUndefined();
});

/** A machine that counts what is played on it. */
class Counted extends FuzzMachine {
  plays = 0;
  override play(...args: Parameters<FuzzMachine["play"]>) {
    this.plays++;
    return super.play(...args);
  }
}

const uboot = machineChoices().find(({ policy }) => policy?.name === "uboot") as MachineOptions;

test.each<[string, MachineOptions, boolean]>([
  ["asked is firmware that keeps what the run time writes", {}, true],
  ["not asked is firmware that keeps no run-time writes", uboot, false],
  ["not asked is a store without fault-tolerant-write areas", machineWith(10), false],
])("%s", (_, options, asked) => {
  const machine = new Counted(options, makeTables(), { counts: false });
  expect(check(machine, WRITES)).toBeUndefined();
  expect(machine.plays > 0).toBe(asked);
});

test("what comes behind the sequence's own cut of power is not looked at", () => {
  const spoilt = spoiltByCuts(deleteBystander);
  const steps = [write(0, 20), { kind: KIND_POWER_CUT }, write(1, 9)];
  expect(check(spoilt, sequence({}, ...steps))).toBeDefined();
  expect(check(spoilt, sequence({ boots: true }, ...steps))).toBeUndefined();
});
