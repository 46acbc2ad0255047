import { expect, test } from "vitest";
import * as abi from "../../assembly/abi/op.ts";
import { Client } from "../../src/client.ts";
import { OVMF_4M } from "../../src/formats/edk2-store.ts";
import { modelOf } from "../../src/fuzz/model/of-machine.ts";
import type { ReferenceModel } from "../../src/fuzz/model/reference-model.ts";
import { GLOBAL_GUID } from "../../src/guid.ts";
import { toHex } from "../../src/hex.ts";
import { Machine, type MachineOptions } from "../../src/machine.ts";
import { ABIS } from "../../src/op.ts";
import { ovmf4m } from "../../src/policies/ovmf.ts";
import { NO_BOOT } from "../../src/policies/policy.ts";
import { Random } from "../../src/random.ts";
import { timeOfSeconds } from "../../src/time.ts";
import { type Hole, RandomOps } from "../support/random-ops.ts";

/** For each store and ABI. */
const CALLS = 20_000;
/** After so many calls both go back to where they were marked: at the start, or a few calls behind it. */
const RUN_CALLS = 300;
const MARK_CALLS = 30;
const MEMORY_BYTES = 0x14000;

const OURS = "11111111-2222-3333-4444-555555555555";

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
    { name: "Hidden", guid: OURS, attributes: 3, data: "01" },
  ],
};
/** The flash of a machine whose operating system has set a zone. */
function zonedStore(): Uint8Array {
  const machine = new Machine({ policy: { ...ovmf4m, boot: NO_BOOT } });
  new Client(machine).setTime({ ...timeOfSeconds(machine.clock.seconds), tz: 60, daylight: 1 });
  return machine.flash();
}

/** A store with authenticated variables, a zone and no languages. */
const BARE: MachineOptions = {
  policy: { ...ovmf4m, boot: NO_BOOT },
  store: zonedStore(),
  preload: [
    { name: "A", guid: OURS, attributes: 0x27, data: "01" },
    { name: "AB", guid: OURS, attributes: 0x26, data: "01" },
    { name: "PlatformLang", guid: GLOBAL_GUID, attributes: 7, data: "656e00" },
    { name: "x".repeat(150), guid: OURS, attributes: 6, data: "00" },
  ],
};
const STORES = [
  ["the firmware's own store", {}, 0x8400],
  ["a small store", SMALL, 0x200],
  ["a store of boot services", BARE, 0x400],
] as const;

const seed = Number(process.env.XENEFI_SEED ?? 1);

/** A machine and its model, each over a memory of its own. */
class Pair {
  readonly machine: Machine;
  /** Calls by what they came to: "set_variable NOT_FOUND", "-14". */
  readonly outcomes = new Set<string>();
  calls = 0;
  uncovered = 0;
  readonly #model: ReferenceModel;
  readonly #random = new Random(seed);
  readonly #ops: RandomOps;
  readonly #memory = new Uint8Array(MEMORY_BYTES);
  #mark: Uint8Array;

  constructor(options: MachineOptions, largest: number) {
    this.machine = new Machine({ ...options, windowBytes: MEMORY_BYTES });
    this.#model = modelOf(this.machine);
    this.#ops = new RandomOps(this.#random, this.machine, largest);
    this.#mark = this.machine.snapshot();
  }

  run(calls: number): void {
    for (let call = 0; call < calls; call++) {
      if (call % RUN_CALLS === 0) this.#goBack();
      if (call % (10 * RUN_CALLS) === MARK_CALLS) this.#setMark();
      this.#compare(call);
    }
  }

  #goBack(): void {
    this.#model.reset();
    this.machine.restore(this.#mark);
  }

  #setMark(): void {
    this.#model.mark();
    this.#mark = this.machine.snapshot();
  }

  #compare(call: number): void {
    const { machine } = this;
    const op = this.#ops.lay();
    const holes = this.#ops.holes();
    this.#punch(holes);
    this.#memory.set(machine.memory);
    const before = machine.memory.slice();
    const expected = this.#model.answer(this.#memory, op);
    if (expected === undefined) {
      this.uncovered++;
      return;
    }
    const actual = machine.hypercall(op);
    if (actual !== expected || Buffer.compare(this.#memory, machine.memory) !== 0) {
      throw new Error(`call ${call}, seed ${seed}: ${this.#difference(op, before, holes, expected, actual)}`);
    }
    this.calls++;
    this.outcomes.add(
      actual === 0 ? `0 ${machine.view.getUint32(op + abi.OP_STATUS, true) & 0x3fffffff}` : `${actual}`,
    );
  }

  /** The same holes on both sides; of two that meet the later one counts for a machine, so they are kept apart. */
  #punch(holes: readonly Hole[]): void {
    const { guest } = this.#model;
    this.machine.map();
    for (const { start, end, isReadOnly } of holes) {
      if (isReadOnly) this.machine.protect(start, end);
      else this.machine.unmap(start, end);
    }
    guest.unmapped = holes.filter(({ isReadOnly }) => !isReadOnly);
    guest.readOnly = holes.filter(({ isReadOnly }) => isReadOnly);
  }

  #difference(op: number, before: Uint8Array, holes: readonly Hole[], expected: number, actual: number): string {
    const { memory, abi: name } = this.machine;
    const at = memory.findIndex((byte, i) => byte !== this.#memory[i]);
    return [
      `${name}, op at ${op}: model ${expected}, core ${actual}, first byte that differs ${at}`,
      `before ${toHex(before.subarray(op, op + 64))}`,
      `name   ${toHex(before.subarray(0x3000, 0x3040))}`,
      `data   ${toHex(before.subarray(0x4000, 0x4080))}`,
      `model  ${toHex(this.#memory.subarray(op, op + 64))}`,
      `core   ${toHex(memory.subarray(op, op + 64))}`,
      `holes  ${JSON.stringify(holes)}`,
    ].join("\n");
  }
}

/** What calls come to in any run; on a store that is full now and then; where a size can pass what Xen allocates. */
const OUTCOMES = ["0 0", "0 2", "0 3", "0 5", "0 8", "0 14", "0 26", "-3", "-13", "-14", "-22", "-38", "-61"];
const FULL_STORE = ["0 7", "0 9"];
const TOO_LARGE = ["-12"];

test.each(ABIS.flatMap((name) => STORES.map(([what, options, largest]) => [name, what, options, largest] as const)))(
  "%s: random ops on %s are answered as the model answers them",
  (name, what, options, largest) => {
    const pair = new Pair({ ...options, abi: name }, largest);
    pair.run(CALLS);
    expect(pair.calls).toBeGreaterThan(CALLS * 0.95);
    expect(pair.uncovered).toBeLessThan(CALLS / 50);
    const expected = [
      ...OUTCOMES,
      ...(what === "a small store" ? FULL_STORE : []),
      ...(name === "x86_32" ? [] : TOO_LARGE),
    ];
    expect([...pair.outcomes]).toEqual(expect.arrayContaining(expected));
  },
);
