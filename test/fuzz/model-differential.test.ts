import { expect, test } from "vitest";
import { FN_GET_WAKEUP_TIME, FN_SET_VARIABLE, OP_BYTES, OP_FUNCTION, OP_MISC } from "../../assembly/abi/op.ts";
import { OVMF_4M } from "../../src/formats/edk2-store.ts";
import { modelOf } from "../../src/fuzz/model/of-machine.ts";
import { toHex } from "../../src/hex.ts";
import { Machine, type MachineOptions } from "../../src/machine.ts";
import { ABIS } from "../../src/op.ts";
import { ovmf4m } from "../../src/policies/ovmf.ts";
import { NO_BOOT } from "../../src/policies/policy.ts";
import { Random } from "../../src/random.ts";
import { RandomOps } from "../support/random-ops.ts";

const CALLS = 30_000;
/** After so many calls both go back to their start, or to where they were marked. */
const RUN_CALLS = 300;
const MEMORY_BYTES = 0x14000;

/** A store that a run fills. */
const SMALL: MachineOptions = {
  policy: {
    ...ovmf4m,
    geometry: { ...OVMF_4M, storeEnd: OVMF_4M.storeOffset + 28 + 0x1800 },
    maxVariableBytes: 0x200,
    maxAuthVariableBytes: 0x200,
    boot: { ...NO_BOOT, volatile: ovmf4m.boot.volatile, hiddenVolatileBytes: 128 },
  },
  preload: [
    { name: "VarErrorFlag", guid: "04b37fe8-f6ae-480b-bdd5-37d98c5e89aa", attributes: 7, data: "ff" },
    { name: "Hidden", guid: "11111111-2222-3333-4444-555555555555", attributes: 3, data: "01" },
  ],
};
const STORES = [
  ["the firmware's own store", {}, 0x8400],
  ["a small store", SMALL, 0x200],
] as const;

/** Calls that the core answers otherwise than edk2 does: by name, whether an op is one. They are made on neither side. */
const KNOWN_DIFFERENCES: Readonly<Record<string, (machine: Machine, op: DataView) => boolean>> = {
  // PcRtc.c, PcRtcGetWakeupTime works on the caller's time: the alarm's time of day is there, and of members whose digits
  // are not decimal neither a century nor nanoseconds; the core leaves midnight, a century and no nanoseconds.
  "the time left by GetWakeupTime when the stored date is none": (machine, op) => {
    if (op.getUint32(OP_FUNCTION, true) !== FN_GET_WAKEUP_TIME) return false;
    const stored = machine.variable("RTCALARM", "378d7b65-8da9-4773-b6e4-a47826a833e1")?.data;
    return stored !== undefined && stored.length >= 4 && !isStoredDate(stored);
  },
  // Variable.c looks at HARDWARE_ERROR_RECORD only without an authentication bit; the core refuses it at once.
  "a bare counter descriptor for an error record": (_machine, op) =>
    op.getUint32(OP_FUNCTION, true) === FN_SET_VARIABLE && (op.getUint32(OP_MISC, true) & 0x18) === 0x18,
};

/** True if year, month and day, two decimal digits a byte, are a date between 1998 and 2097. */
function isStoredDate(alarm: Uint8Array): boolean {
  const [year = 0, month = 0, day = 0] = [alarm[0], alarm[2], alarm[3]].map((byte = 0) =>
    Number(toHex(Uint8Array.of(byte))),
  );
  const date = new Date(Date.UTC(2000 + year, month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

const seed = Number(process.env.XENEFI_SEED ?? 1);

class Differential {
  readonly machine: Machine;
  readonly statuses = new Map<string, number>();
  readonly skipped = new Map<string, number>();
  uncovered = 0;
  readonly #model;
  readonly #random: Random;
  readonly #ops: RandomOps;
  readonly #memory = new Uint8Array(MEMORY_BYTES);

  constructor(options: MachineOptions, largest: number) {
    this.machine = new Machine({ ...options, windowBytes: MEMORY_BYTES });
    this.#model = modelOf(this.machine);
    this.#random = new Random(seed);
    this.#ops = new RandomOps(this.#random, this.machine, largest);
  }

  run(calls: number): void {
    let mark = this.machine.snapshot();
    const start = mark;
    for (let call = 0; call < calls; call++) {
      if (call % RUN_CALLS === 0) {
        this.#model.reset();
        this.machine.restore(mark);
      }
      if (mark === start && call % RUN_CALLS === RUN_CALLS / 10 && this.#random.oneIn(10)) {
        this.#model.mark();
        mark = this.machine.snapshot();
      }
      this.#compare(call);
    }
  }

  #compare(call: number): void {
    const { machine } = this;
    const op = this.#ops.lay();
    if (this.#isKnownDifference(op)) return;
    this.#punch();
    this.#memory.set(machine.memory);
    const before = machine.memory.slice();
    const expected = this.#model.answer(this.#memory, op);
    if (expected === undefined) {
      this.uncovered++;
      return;
    }
    const actual = machine.hypercall(op);
    if (actual === expected && Buffer.compare(this.#memory, machine.memory) === 0) this.#count(op, actual, before);
    else throw new Error(`call ${call}, seed ${seed}: ${this.#difference(op, before, expected, actual)}`);
  }

  #isKnownDifference(op: number): boolean {
    const { memory, view } = this.machine;
    if (op + OP_BYTES > memory.length) return false;
    const call = new DataView(view.buffer, view.byteOffset + op, OP_BYTES);
    for (const [name, isOne] of Object.entries(KNOWN_DIFFERENCES)) {
      if (!isOne(this.machine, call)) continue;
      this.skipped.set(name, (this.skipped.get(name) ?? 0) + 1);
      return true;
    }
    return false;
  }

  #punch(): void {
    this.machine.map();
    const holes = this.#ops.holes();
    for (const { start, end, readOnly } of holes) {
      if (readOnly) this.machine.protect(start, end);
      else this.machine.unmap(start, end);
    }
    // Of two ranges the later one counts where both lie.
    const [first, second] = holes;
    const rest = (readOnly: boolean) =>
      holes.flatMap((hole) => {
        if (hole.readOnly !== readOnly) return [];
        if (hole !== first || second === undefined) return [hole];
        return [
          { start: hole.start, end: Math.min(hole.end, second.start) },
          { start: Math.max(hole.start, second.end), end: hole.end },
        ].filter(({ start, end }) => start < end);
      });
    this.#model.guest.unmapped = rest(false);
    this.#model.guest.readOnly = rest(true);
  }

  #count(op: number, ret: number, before: Uint8Array): void {
    const view = this.machine.view;
    const fn = ret === -14 && op + 12 > before.length ? 0 : view.getUint32(op + 8, true);
    const outcome = ret === 0 ? view.getUint32(op + 16, true) & 0xff : ret;
    const key = `${fn}:${outcome}`;
    this.statuses.set(key, (this.statuses.get(key) ?? 0) + 1);
  }

  #difference(op: number, before: Uint8Array, expected: number, actual: number): string {
    const { memory } = this.machine;
    const at = memory.findIndex((byte, i) => byte !== this.#memory[i]);
    return [
      `${this.machine.abi}, op at 0x${op.toString(16)}: model ${expected}, core ${actual}, first byte at 0x${at.toString(16)}`,
      `before ${toHex(before.subarray(op, op + 64))}`,
      `name   ${toHex(before.subarray(0x3000, 0x3040))}`,
      `data   ${toHex(before.subarray(0x4000, 0x4080))}`,
      `model  ${toHex(this.#memory.subarray(op, op + 64))}`,
      `core   ${toHex(memory.subarray(op, op + 64))}`,
      `holes  ${JSON.stringify([this.#model.guest.unmapped, this.#model.guest.readOnly])}`,
    ].join("\n");
  }
}

test.each(ABIS.flatMap((abi) => STORES.map(([what, options, largest]) => [abi, what, options, largest] as const)))(
  "%s: random ops on %s are answered as the model answers them",
  (abi, _what, options, largest) => {
    const differential = new Differential({ ...options, abi }, largest);
    differential.run(CALLS);
    if (process.env.SHOW) console.log(differential.uncovered, differential.skipped, [...differential.statuses].sort());
    expect(differential.uncovered).toBeLessThan(CALLS / 20);
  },
);
