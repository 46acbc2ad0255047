import { expect, test } from "vitest";
import { MARK_WORDS, MARK_WORDS_BYTES, OP, STATE } from "../assembly/abi/layout.ts";
import { Client } from "../src/client.ts";
import { Machine, type MachineOptions } from "../src/machine.ts";
import { ovmf4m } from "../src/policies/ovmf.ts";
import { qemu } from "../src/policies/qemu.ts";
import { snapshotBlocks } from "../src/snapshot.ts";
import { Random } from "./support/random.ts";

const GUID = "11111111-2222-3333-4444-555555555555";
const OP_COPY_BYTES = 0x200;

/** A snapshot without what has no meaning between calls: the core's copy of the last op, and the journal. */
function stateOf(machine: Machine): Uint8Array {
  const snapshot = machine.snapshot();
  for (const { address, bytes } of snapshotBlocks(snapshot)) {
    if (address !== STATE) continue;
    bytes.fill(0, OP - STATE, OP - STATE + OP_COPY_BYTES);
    bytes.fill(0, MARK_WORDS - STATE, MARK_WORDS - STATE + MARK_WORDS_BYTES);
  }
  return snapshot;
}

/** Calls of many kinds, told by their answers. */
function history(dom0: Client, seed: number, count: number, bytesMax = 60): string[] {
  const random = new Random(seed);
  return Array.from({ length: count }, () => {
    const name = `V${random.below(30)}`;
    const attributes = random.pick([7, 6, 7, 0x47, 0]);
    switch (random.below(5)) {
      case 0:
        return dom0.getVariable(name, GUID, random.below(30)).statusName;
      case 1:
        return String(dom0.getNextHighMonotonicCount().high);
      case 2:
        dom0.machine.clock.advance(random.below(100_000));
        return JSON.stringify([dom0.getTime().time, dom0.setWakeupTime(true, dom0.getTime().time).statusName]);
      default:
        return dom0.setVariable(name, GUID, attributes, new Uint8Array(random.below(bytesMax)).fill(random.u32()))
          .statusName;
    }
  });
}

function client(options: MachineOptions, seed: number): Client {
  const dom0 = new Client(new Machine(options));
  history(dom0, seed, 120);
  return dom0;
}

test.each([
  ["a few calls, from the journal", {}, 10, 60],
  ["more than the journal holds", {}, 400, 60],
  ["calls that reclaim the store", {}, 200, 0x2000],
  ["records that do not stand in order", { policy: qemu }, 10, 60],
])("undo leads back to the very bytes: %s", (_, options: MachineOptions, count, bytesMax) => {
  const dom0 = client(options, 1);
  const { machine } = dom0;
  machine.mark();
  const start = stateOf(machine);
  const first = history(dom0, 2, count, bytesMax);
  const end = stateOf(machine);
  expect(Buffer.compare(end, start)).not.toBe(0);
  for (const seed of [2, 3, 2]) {
    machine.undo();
    expect(Buffer.compare(stateOf(machine), start)).toBe(0);
    const answers = history(dom0, seed, count, bytesMax);
    if (seed === 2) expect(answers).toEqual(first);
  }
  expect(Buffer.compare(stateOf(machine), end)).toBe(0);
});

test("a boot after the mark is undone, too, with the holes and the cut of power that came later", () => {
  const dom0 = client({}, 1);
  const { machine } = dom0;
  machine.unmap(0x9000, 0xa000);
  machine.mark();
  const start = stateOf(machine);
  machine.unmap(0xc000, 0xd000);
  machine.cutPower(100);
  history(dom0, 5, 20);
  machine.reboot();
  history(dom0, 6, 20);
  machine.undo();
  expect(Buffer.compare(stateOf(machine), start)).toBe(0);
  expect([machine.mappedBytes(0xc000) > 0x1000, machine.mappedBytes(0x9000), machine.stepsToCut]).toEqual([
    true,
    0,
    undefined,
  ]);
});

test("a store with bytes behind its last record goes back by the whole copy", () => {
  const store = new Machine().flash();
  store[0x3f000] = 0x12;
  const dom0 = new Client(new Machine({ store, start: "attach" }));
  dom0.machine.mark();
  const start = stateOf(dom0.machine);
  history(dom0, 7, 20);
  dom0.machine.undo();
  expect(Buffer.compare(stateOf(dom0.machine), start)).toBe(0);
});

test("a restored snapshot takes the mark away", () => {
  const { machine } = client({}, 1);
  expect(() => machine.undo()).toThrow(new RangeError("undo: there is no mark"));
  const snapshot = machine.snapshot();
  machine.mark();
  machine.restore(snapshot);
  expect(() => machine.undo()).toThrow(new RangeError("undo: there is no mark"));
  expect(Buffer.compare(machine.snapshot(), snapshot)).toBe(0);
});

test("a machine that writes a device through cannot be marked", () => {
  const store = new Machine().flash();
  const machine = new Machine({ policy: ovmf4m, store, flash: { write: () => {}, sync: () => {} } });
  expect(() => machine.mark()).toThrow(new RangeError("mark: a machine with a flash device cannot go back"));
});
