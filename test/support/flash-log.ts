import { VOLATILE_BYTES } from "../../assembly/abi/layout.ts";
import type { FlashDevice } from "../../src/flash-device.ts";
import { Machine, type MachineOptions } from "../../src/machine.ts";
import type { Random } from "./random.ts";

/** A disk that promises nothing between two syncs, and what a loss of power can leave of a file on it. */

export interface FlashWrite {
  offset: number;
  bytes: Uint8Array;
}

/** The writes between two syncs, over the file as it was safe at the first. */
export interface Epoch {
  safe: Uint8Array;
  writes: FlashWrite[];
}

/** A device in memory that keeps all that passes. */
export class RecordingDevice implements FlashDevice {
  /** The file as another process would read it. */
  readonly file: Uint8Array;
  readonly epochs: Epoch[] = [];
  #writes: FlashWrite[] = [];
  #safe: Uint8Array;

  constructor(file: Uint8Array) {
    this.file = file.slice();
    this.#safe = file.slice();
  }

  write(offset: number, bytes: Uint8Array): void {
    this.#writes.push({ offset, bytes: bytes.slice() });
    this.file.set(bytes, offset);
  }

  sync(): void {
    if (this.#writes.length === 0) return;
    this.epochs.push({ safe: this.#safe, writes: this.#writes });
    this.#writes = [];
    this.#safe = this.file.slice();
  }

  /** True if nothing waits for a sync. */
  get isSafe(): boolean {
    return this.#writes.length === 0;
  }
}

/** All subsets of the writes up to this many; else some. */
const ALL_SUBSETS_MAX = 10;
const SAMPLES = 64;
/** Writes up to this many bytes are torn at each byte. */
const EACH_BYTE_MAX = 80;

/** Files that a loss of power can leave in an epoch. Each is the caller's own. */
export function* lossesOf(epoch: Epoch, random: Random): Generator<Uint8Array> {
  const { writes } = epoch;
  for (const kept of subsetsOf(writes.length, random)) yield fileWith(epoch, kept);
  // The disk may write in any order.
  yield fileWith(epoch, [...writes.keys()].reverse());
  for (const torn of writes.keys()) {
    const all = [...writes.keys()].filter((i) => i !== torn);
    const surroundings = [[], all.filter((i) => i < torn), all];
    for (const bytes of tearsOf((writes[torn] as FlashWrite).bytes.length, random)) {
      for (const kept of surroundings) {
        yield fileWith(epoch, kept, torn, 0, bytes);
        yield fileWith(epoch, kept, torn, bytes);
      }
    }
  }
}

/** One of those, at random. */
export function lossOf(epoch: Epoch, random: Random): Uint8Array {
  const kept = [...epoch.writes.keys()].filter(() => random.oneIn(2));
  const torn = random.below(epoch.writes.length);
  const bytes = random.below((epoch.writes[torn] as FlashWrite).bytes.length + 1);
  return fileWith(epoch, kept, torn, 0, bytes);
}

function* subsetsOf(count: number, random: Random): Generator<number[]> {
  const all = Array.from({ length: count }, (_, i) => i);
  if (count <= ALL_SUBSETS_MAX) {
    for (let set = 0; set < 1 << count; set++) yield all.filter((i) => (set >> i) & 1);
    return;
  }
  yield [];
  yield all;
  for (const one of all) yield* [[one], all.filter((i) => i !== one), all.slice(0, one)];
  for (let i = 0; i < SAMPLES; i++) yield all.filter(() => random.oneIn(2));
}

/** How many bytes of a write are done: each number for a short one, else the edges and samples. */
function tearsOf(bytes: number, random: Random): number[] {
  if (bytes <= EACH_BYTE_MAX) return Array.from({ length: Math.max(0, bytes - 1) }, (_, i) => i + 1);
  const edges = Array.from({ length: 6 }, (_, i) => [i + 1, bytes - 1 - i]).flat();
  return [...edges, ...Array.from({ length: 12 }, () => 1 + random.below(bytes - 1))];
}

/** The safe file with these writes in this order, and bytes `from` up to `to` of the torn one. */
function fileWith({ safe, writes }: Epoch, kept: number[], torn?: number, from = 0, to?: number): Uint8Array {
  const file = safe.slice();
  for (const i of kept) {
    const { offset, bytes } = writes[i] as FlashWrite;
    file.set(bytes, offset);
  }
  if (torn !== undefined) {
    const { offset, bytes } = writes[torn] as FlashWrite;
    file.set(bytes.subarray(from, to), offset + from);
  }
  return file;
}

/** Boots files without a machine for each. */
export class Booter {
  readonly machine: Machine;
  readonly #start: Uint8Array;
  readonly #flash: Uint8Array;

  /** The options' store has the layout of all files. */
  constructor(options: MachineOptions) {
    this.machine = new Machine(options);
    this.#start = this.machine.snapshot();
    // A snapshot ends with flash and the volatile store.
    const end = this.#start.length - VOLATILE_BYTES;
    this.#flash = this.#start.subarray(end - this.machine.volume.geometry.volumeBytes, end);
  }

  boot(file: Uint8Array): Machine {
    this.#flash.set(file.subarray(0, this.#flash.length));
    this.machine.restore(this.#start);
    this.machine.reboot();
    return this.machine;
  }
}
