import { expect, test } from "vitest";
import { FLASH, STATE_CLOCK_SECONDS } from "../../assembly/abi/layout.ts";
import { FuzzMachine } from "../../src/fuzz/fuzz-machine.ts";
import { snapshotOracle } from "../../src/fuzz/oracles/snapshot.ts";
import { fromHex } from "../../src/hex.ts";
import { Random } from "../../src/random.ts";
import { CHOICES, machineNumber, randomSequences, read, sequence, write } from "../support/sequences.ts";

const oracle = snapshotOracle(1);
/** The machine whose firmware takes capsules. */
const CAPSULE_CHOICE = 3;
const CAPSULE_GUID = "711c703f-c285-4b10-a3b0-36ecbd3c8be2";
const SEQUENCE = sequence({}, write(0, 20), { kind: 1 }, read(0));

/** Asks often enough that chance has no part in what is found. */
function check(machine: FuzzMachine, input = SEQUENCE): string | undefined {
  for (let seed = 0; seed < 10; seed++) {
    const failure = oracle.check(machine, input, new Random(seed));
    if (failure !== undefined) return failure.text;
  }
  return undefined;
}

test.each(Array.from({ length: CHOICES }, (_, i) => i))("machine %i goes back to where it was", (choice) => {
  const machine = machineNumber(choice);
  for (const [i, input] of randomSequences(300 + choice, 30).entries()) {
    expect(oracle.check(machine, input, new Random(i))).toBeUndefined();
  }
});

test("a capsule that was taken is undone, but for where its variable was put together", () => {
  const capsule = fromHex(`0b${"00".repeat(5)}01${"00".repeat(5)}01${"00".repeat(9)}13${"00".repeat(9)}`);
  const input = Uint8Array.from([...sequence({}), ...capsule]);
  const machine = machineNumber(CAPSULE_CHOICE);
  machine.play(machine.lay(input));
  expect(machine.machine.variable("CapsuleUpdateData", CAPSULE_GUID)).toBeDefined();
  machine.recover();
  expect(check(machine, input)).toBeUndefined();
});

test("it fires where undo leaves a byte", () => {
  const machine = machineNumber(0);
  const recover = machine.recover.bind(machine);
  machine.recover = () => {
    recover();
    machine.core.bytes[FLASH + 0x3f000] = 1;
  };
  expect(check(machine)).toBe(`undo leaves another byte at core address 0x${(FLASH + 0x3f000).toString(16)}`);
});

/** A machine from whose snapshots something is missing: the more the more often one was restored. */
function forgetful(forget: (machine: FuzzMachine) => void): FuzzMachine {
  const machine = machineNumber(0);
  const restore = machine.machine.restore.bind(machine.machine);
  let restored = 0;
  machine.machine.restore = (snapshot) => {
    restore(snapshot);
    for (let i = 0; i < restored; i++) forget(machine);
    restored++;
  };
  return machine;
}

test("it fires where an answer hangs on more than the snapshot", () => {
  class Counting extends FuzzMachine {
    #calls = 0;
    override call(): number {
      return super.call() - this.#calls++;
    }
  }
  expect(check(machineNumber(0, Counting))).toBe("the result, played again from a snapshot");
});

test("it fires where the clock goes on beside the snapshot", () => {
  const machine = forgetful(({ core }) => {
    core.view.setUint32(STATE_CLOCK_SECONDS, core.view.getUint32(STATE_CLOCK_SECONDS, true) + 1, true);
  });
  expect(check(machine)).toMatch(/, played again from a snapshot$/);
});

test("it fires where guest memory differs alone", () => {
  class Stray extends FuzzMachine {
    #calls = 0;
    override call(): number {
      this.guest[0x3000] = this.#calls++;
      return super.call();
    }
  }
  expect(check(machineNumber(0, Stray))).toBe("guest address 0x3000, played again from a snapshot");
});
