import { expect, test } from "vitest";
import { RED_ZONE } from "../../assembly/abi/fuzz.ts";
import { FLASH, INDEX, STATE_INDEX_SLOTS } from "../../assembly/abi/layout.ts";
import { FN_GET_NEXT_VARIABLE_NAME, FN_QUERY_VARIABLE_INFO, OP_FUNCTION } from "../../assembly/abi/op.ts";
import { CERT_DB, certDbValue } from "../../src/formats/cert-db.ts";
import { formatVolume, OVMF_4M, writeRecords } from "../../src/formats/edk2-store.ts";
import { authOptions } from "../../src/fuzz/auth-options.ts";
import type { FuzzCore } from "../../src/fuzz/fuzz-core.ts";
import { FuzzMachine } from "../../src/fuzz/fuzz-machine.ts";
import { machineWith, rareMachines } from "../../src/fuzz/machines.ts";
import { unsoundness } from "../../src/fuzz/oracles/sound-flash.ts";
import { storeOracle } from "../../src/fuzz/oracles/store.ts";
import { flashOf } from "../../src/fuzz/oracles/stored-records.ts";
import { makeTables } from "../../src/fuzz/tables.ts";
import { Machine } from "../../src/machine.ts";
import { POLICIES } from "../../src/policies/index.ts";
import { ovmf4m } from "../../src/policies/ovmf.ts";
import type { Policy } from "../../src/policies/policy.ts";
import { Random } from "../../src/random.ts";
import { CHOICES, machineNumber, REBOOT, randomSequences, read, sequence, write } from "../support/sequences.ts";

const oracle = storeOracle(1);
const check = (machine: FuzzMachine, input: Uint8Array) => oracle.check(machine, input, new Random(1));
const SMALL_SEQUENCE = sequence({ boots: true }, write(0, 20), write(1, 9), write(0, 30), read(0), REBOOT, write(2, 7));

/** A machine whose core is spoilt behind each play, or answers otherwise. */
function spoilt(spoil: (core: FuzzCore) => void): FuzzMachine {
  class Spoilt extends FuzzMachine {
    override play(...args: Parameters<FuzzMachine["play"]>) {
      const failure = super.play(...args);
      spoil(this.core);
      return failure;
    }
  }
  return machineNumber(0, Spoilt);
}

function answering(answer: (core: FuzzCore, op: number) => number | undefined): FuzzMachine {
  const machine = machineNumber(0);
  const { core } = machine;
  const exports = { ...core.exports, dispatch: (op: number) => answer(core, op) ?? core.exports.dispatch(op, 0) };
  return Object.assign(machine, { core: { ...core, exports } });
}

const functionOf = ({ view }: FuzzCore, op: number) => view.getUint32(0x330000 + op + OP_FUNCTION, true);

test.each(Array.from({ length: CHOICES }, (_, i) => i))("machine %i is sound after each of its sequences", (choice) => {
  const machine = machineNumber(choice);
  for (const input of randomSequences(choice, 60)) expect(check(machine, input)).toBeUndefined();
  expect(check(machine, SMALL_SEQUENCE)).toBeUndefined();
});

test("rarer machines are sound, too", () => {
  for (const options of rareMachines()) {
    const machine = new FuzzMachine(options, makeTables(), { counts: false });
    for (const input of randomSequences(60, 20)) expect(check(machine, input)).toBeUndefined();
  }
});

test("what a machine starts with is no finding: a certdb that does not agree with the variables", () => {
  const { machines, tables } = authOptions([], []);
  const faulty = machines.filter((options) => {
    const machine = new FuzzMachine(options, tables, { counts: false });
    expect(check(machine, sequence({}, write(1, 8)))).toBeUndefined();
    return unsoundness(flashOf(machine), machine.machine, false) !== undefined;
  });
  expect(faulty.length).toBeGreaterThan(0);
});

test("a signer of no variable is what a full store leaves, but not where signers lie with their variables", () => {
  const store = formatVolume(OVMF_4M);
  const guid = "11111111-2222-3333-4444-555555555555";
  const data = certDbValue([{ name: "gone", guid, digest: new Uint8Array(32) }]);
  writeRecords(store, OVMF_4M, [{ ...CERT_DB, attributes: 0x27, state: 0x3f, data, stamp: new Uint8Array(16) }]);
  const said = (policy: Policy) => unsoundness(store, { policy, volume: new Machine().volume } as Machine, false);
  expect(said(ovmf4m)).toBeUndefined();
  expect(said(POLICIES["qemu-uefi-vars"] as Policy)).toMatch(/certdb has a signer of no variable/);
});

test("a store without work area promises nothing once power was cut", () => {
  const geometry = { ...OVMF_4M, storeEnd: 0x2000, workBytes: 0, spareBytes: 0 };
  const bare = new Machine({ policy: { ...ovmf4m, geometry } });
  const torn = new Uint8Array(geometry.volumeBytes);
  const isSound = (machine: Machine, powerWasCut: boolean) => unsoundness(torn, machine, powerWasCut) === undefined;
  expect([isSound(bare, true), isSound(bare, false), isSound(new Machine(), true)]).toEqual([true, false, false]);
});

test("a machine of many variables is sound, too", () => {
  const machine = new FuzzMachine(machineWith(300), makeTables(), { counts: false });
  for (const input of randomSequences(50, 20)) expect(check(machine, input)).toBeUndefined();
});

function clearSlot({ bytes, view }: FuzzCore): void {
  for (let slot = 0; slot < view.getUint32(STATE_INDEX_SLOTS, true); slot++) {
    const at = INDEX + slot * 8;
    if (view.getUint32(at + 4, true) !== 0) return void bytes.fill(0, at, at + 8);
  }
}

function fillSlot({ bytes, view }: FuzzCore): void {
  for (let at = INDEX; ; at += 8) if (view.getUint32(at + 4, true) === 0) return void bytes.fill(1, at, at + 8);
}

const poke =
  (at: number, value: number) =>
  ({ bytes }: FuzzCore): void => {
    bytes[at] = value;
  };

/** State byte of the first record in flash. */
const FIRST_STATE = FLASH + 0x48 + 28 + 2;

test.each<[string, RegExp, (core: FuzzCore) => void]>([
  ["an entry of the index is gone", /^the index has record 0x0 and not 0x/, clearSlot],
  ["an entry of the index is too many", /^an index of \d+ records, not \d+$/, fillSlot],
  ["a record is deleted behind the index", /^an index of \d+ records/, poke(FIRST_STATE, 0x3c)],
  ["a byte lies behind the log", /bytes behind the log are not 0xff/, poke(FLASH + 0x3f000, 1)],
  ["a state is none", /a state byte that a flash write can leave/, poke(FIRST_STATE, 0x12)],
  ["the red zone is written", /^RedZone/, poke(RED_ZONE + 5, 0)],
])("it fires where %s", (_, text, spoil) => {
  expect(check(spoilt(spoil), SMALL_SEQUENCE)).toMatchObject({ oracle: "store", text: expect.stringMatching(text) });
});

test("it fires where bytes are not accounted for", () => {
  const machine = machineNumber(0);
  const exports = { ...machine.core.exports, accountedBytes: () => 40 };
  const failure = check(Object.assign(machine, { core: { ...machine.core, exports } }), SMALL_SEQUENCE);
  expect(failure?.text).toMatch(/^40 bytes of common records are counted, and there are \d+$/);
});

test("it fires where a name is visited twice", () => {
  let calls = 0;
  const failure = check(
    answering((core, op) => (functionOf(core, op) === FN_GET_NEXT_VARIABLE_NAME && ++calls === 3 ? 0 : undefined)),
    SMALL_SEQUENCE,
  );
  expect(failure?.text).toMatch(/^GetNextVariableName visits a variable twice/);
});

test("it fires where room is told that is not there", () => {
  const machine = answering((core, op) => {
    if (functionOf(core, op) !== FN_QUERY_VARIABLE_INFO) return undefined;
    const ret = core.exports.dispatch(op, 0);
    core.bytes[0x330000 + op + 40] = (core.bytes[0x330000 + op + 40] as number) ^ 4;
    return ret;
  });
  expect(check(machine, SMALL_SEQUENCE)?.text).toMatch(/^QueryVariableInfo has \d+ bytes left, and there are \d+$/);
});

test("it sees a store that is wrong between two boots only", () => {
  let boots = 0;
  const machine = machineNumber(0);
  const reboot = machine.machine.reboot.bind(machine.machine);
  machine.machine.reboot = () => {
    reboot();
    if (++boots === 1) clearSlot(machine.core);
  };
  expect(check(machine, sequence({ boots: true }, write(0, 20), REBOOT, REBOOT))?.text).toMatch(
    /^the index has record/,
  );
});
