import { expect, test } from "vitest";
import * as abi from "../../assembly/abi/fuzz.ts";
import { ATTENTION_COMPAT, ATTENTION_FOLD_STATUS, STATE_ATTENTION } from "../../assembly/abi/layout.ts";
import { OP_MISC, OP_STATUS } from "../../assembly/abi/op.ts";
import { nodeVerifier } from "../../src/crypto/node-verifier.ts";
import { FuzzMachine } from "../../src/fuzz/fuzz-machine.ts";
import { machineChoices, machineWith } from "../../src/fuzz/machines.ts";
import { oraclesFor } from "../../src/fuzz/oracles/index.ts";
import { modelOracle } from "../../src/fuzz/oracles/model.ts";
import { makeTables } from "../../src/fuzz/tables.ts";
import type { MachineOptions } from "../../src/machine.ts";
import { Random } from "../../src/random.ts";
import { randomSequences, read, type StepFields, sequence, write } from "../support/sequences.ts";

const oracle = modelOracle(1);
const check = (machine: FuzzMachine, input: Uint8Array) => oracle.check(machine, input, new Random(1));
const WRITE_AND_READ = sequence({}, write(0, 5), read(0), read(1));

/** A machine that counts its calls, and changes what the core has answered. */
class Odd extends FuzzMachine {
  calls = 0;
  spoil: (machine: Odd, ret: number) => number = (_, ret) => ret;
  override call(): number {
    this.calls++;
    return this.spoil(this, super.call());
  }
}

function machineOf(options: MachineOptions, spoil?: Odd["spoil"]): Odd {
  const machine = new Odd(options, makeTables(), { counts: false });
  if (spoil !== undefined) machine.spoil = spoil;
  return machine;
}

function flip(bytes: Uint8Array, at: number): void {
  bytes[at] = (bytes[at] as number) ^ 1;
}

test.each<[string, MachineOptions]>([
  ["the firmware's own store", {}],
  ["a small store", machineChoices()[1] as MachineOptions],
  ["a store of 300 variables", machineWith(300)],
])("core and model agree on random sequences: %s", (_, options) => {
  const machine = machineOf(options);
  for (const input of randomSequences(7, 200)) {
    for (const abiNumber of [0, 1, 2, 3]) {
      input[abi.HEAD_ABI] = abiNumber;
      expect(check(machine, input)).toBeUndefined();
    }
  }
  expect(machine.calls).toBeGreaterThan(3000);
});

/** Changes a byte behind the second answer, each time that it is played. */
const changing =
  (place: (machine: Odd) => number): Odd["spoil"] =>
  (machine, ret) => {
    const isSecond = machine.core.view.getUint32(abi.FINDING + abi.FINDING_STEP, true) === 2;
    if (isSecond) flip(machine.guest, place(machine));
    return ret;
  };

test.each<[string, Odd["spoil"], number, RegExp]>([
  ["a result", ({ calls }, ret) => (calls === 2 ? -14 : ret), 2, /^get_variable: result -14, and 0 of the model$/],
  [
    "the status",
    changing(({ opAddress }) => opAddress + OP_STATUS),
    2,
    /^get_variable: the status at 0x10 0x1, and 0x0 of the model$/,
  ],
  [
    "misc",
    changing(({ opAddress }) => opAddress + OP_MISC),
    2,
    /^get_variable: misc at 0xc 0x6, and 0x7 of the model$/,
  ],
  [
    "the op's body",
    changing(({ opAddress }) => opAddress + 0x20),
    2,
    /^get_variable: the op's body at 0x20 0x4, and 0x5 of the model$/,
  ],
  [
    "a buffer",
    changing(() => abi.DATA_PLACE),
    2,
    /^get_variable: at guest address 0x1c00 0x10, and 0x11 of the model$/,
  ],
  [
    "memory elsewhere",
    changing(() => 0x2700),
    2,
    /^get_variable: at guest address 0x2700 0xa4, and 0xa5 of the model$/,
  ],
])("it fires where %s differs, and names the step", (_, spoil, step, text) => {
  const failure = check(machineOf({}, spoil), WRITE_AND_READ);
  expect(failure).toMatchObject({ oracle: "model", step, text: expect.stringMatching(text) });
});

test("each ABI has a model of its own", () => {
  const folded: Odd["spoil"] = ({ core, guest, opAddress }, ret) => {
    const bits = core.view.getUint32(STATE_ATTENTION, true) & (ATTENTION_COMPAT | ATTENTION_FOLD_STATUS);
    if (bits === ATTENTION_FOLD_STATUS) flip(guest, opAddress + OP_STATUS);
    return ret;
  };
  const machine = machineOf({}, folded);
  const failures = [0, 1, 2, 3].map((abiNumber) => check(machine, sequence({ abi: abiNumber }, read(0)))?.text);
  expect(failures.map((text) => text !== undefined)).toEqual([false, false, false, true]);
});

test("machine and model are at their start again, also after a difference", () => {
  let isOdd = true;
  const machine = machineOf({}, (_, ret) => (isOdd ? -1 : ret));
  expect(check(machine, WRITE_AND_READ)).toBeDefined();
  isOdd = false;
  for (let i = 0; i < 3; i++) expect(check(machine, WRITE_AND_READ)).toBeUndefined();
  expect(machine.play(machine.lay(WRITE_AND_READ))).toBeUndefined();
});

const step = (kind: number, seed = 8): StepFields => ({ kind, seed });

test.each<[string, StepFields, boolean, number]>([
  ["a step of the clock", step(abi.KIND_CLOCK), false, 1],
  ["a step of the platform", step(abi.KIND_PLATFORM), false, 1],
  ["a boot", step(abi.KIND_REBOOT), true, 1],
  ["a boot that is passed over", step(abi.KIND_REBOOT), false, 2],
  ["a cut of power", step(abi.KIND_POWER_CUT), true, 1],
  ["a hole", step(abi.KIND_HOLE), false, 2],
])("calls are compared behind %s, or not", (_, between, boots, calls) => {
  const machine = machineOf({});
  expect(check(machine, sequence({ boots }, read(0), between, read(0)))).toBeUndefined();
  expect(machine.calls).toBe(calls);
});

test("the model has the hole, and that it is gone", () => {
  const hole = step(abi.KIND_HOLE, 0xff << 12);
  const input = sequence({}, hole, write(0, 9), step(abi.KIND_MAP), write(0, 9), read(0));
  const results: number[] = [];
  const machine = machineOf({}, (_, ret) => {
    results.push(ret);
    return ret;
  });
  expect(check(machine, input)).toBeUndefined();
  expect(results).toEqual([-14, 0, 0]);
});

test.each<[string, MachineOptions]>([
  ["of another firmware", machineChoices()[5] as MachineOptions],
  ["whose firmware takes capsules", machineChoices()[3] as MachineOptions],
  ["that reclaims at run time", machineChoices()[2] as MachineOptions],
  ["with a verifier", { verifier: nodeVerifier }],
])("a machine %s is not compared", (_, options) => {
  const machine = machineOf(options, () => -1);
  expect(check(machine, WRITE_AND_READ)).toBeUndefined();
  expect(machine.calls).toBe(0);
});

test("the model sees every input, if that is asked for", () => {
  const oneIn = (modelsAll: boolean) => oraclesFor([{}], modelsAll).find(({ name }) => name === "model")?.oneIn;
  expect([oneIn(true), (oneIn(false) as number) > 10]).toEqual([1, true]);
});
