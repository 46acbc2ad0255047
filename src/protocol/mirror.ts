import * as abi from "../../assembly/abi/op.ts";
import { fixedMemory, type GuestCopies, type GuestMemory } from "../guest-memory.ts";
import type { Machine } from "../machine.ts";
import { BUFFER_BYTES_MAX } from "./layout.ts";

/** Bytes behind each slot that fault, and those of page 0. */
const GAP = 0x1000;

/** A place for an op or a buffer, which ends where the slot does: the first byte behind it faults. */
export interface Slot {
  readonly start: number;
  readonly end: number;
  /** Where the content lies in the client's memory, and in the mirror. */
  address: bigint;
  at: number;
  /** Mirror addresses of the first byte that was written, and of the first behind the last; none if they are equal. */
  writtenFrom: number;
  writtenTo: number;
}

const OP_END = 0x3000;
const NAME_END = OP_END + GAP + BUFFER_BYTES_MAX;
const DATA_END = NAME_END + GAP + BUFFER_BYTES_MAX;

/**
 * The memory that a served machine sees: op, name and data of one call, copied from the client's memory to places of its
 * own, with handles to match. It notes which bytes are written.
 */
export class Mirror implements GuestMemory {
  readonly unmappedBelow = GAP;
  readonly op = slot(OP_END, abi.OP_BYTES);
  readonly name = slot(NAME_END, BUFFER_BYTES_MAX);
  readonly data = slot(DATA_END, BUFFER_BYTES_MAX);
  /** In the order in which Xen writes them. */
  readonly slots: readonly Slot[] = [this.name, this.data, this.op];
  readonly #bytes = new Uint8Array(DATA_END);
  readonly view = new DataView(this.#bytes.buffer);

  bytes(): Uint8Array {
    return this.#bytes;
  }

  /** Closes what lies between the slots. */
  guard(machine: Machine): void {
    for (const { end } of [this.op, this.name]) machine.unmap(end, end + GAP);
  }

  /** Puts known bytes of the client's address into a slot. */
  place(slot: Slot, address: bigint, bytes: Uint8Array): void {
    this.settle(slot, address, bytes.length);
    this.#bytes.set(bytes, slot.at);
  }

  /** Makes the slot's last `count` bytes those of the client's address. */
  settle(slot: Slot, address: bigint, count: number): void {
    slot.address = address;
    slot.at = slot.end - count;
    slot.writtenFrom = slot.writtenTo = slot.at;
  }

  /** The same where they have been copied to `from`. */
  move(slot: Slot, address: bigint, from: number, count: number): void {
    this.settle(slot, address, count);
    if (from !== slot.at) this.#bytes.copyWithin(slot.at, from, from + count);
  }

  wrote(at: number, count: number): void {
    if (count === 0) return;
    const slot = at < OP_END ? this.op : at < NAME_END ? this.name : this.data;
    const isFirst = slot.writtenFrom === slot.writtenTo;
    slot.writtenFrom = isFirst ? at : Math.min(slot.writtenFrom, at);
    slot.writtenTo = isFirst ? at + count : Math.max(slot.writtenTo, at + count);
  }

  connect(core: Uint8Array): GuestCopies {
    const { copyIn, copyOut } = fixedMemory(this.#bytes.buffer, { unmappedBelow: GAP }).connect(core);
    return {
      copyIn,
      copyOut: (from, low, high, bytes) => {
        const left = copyOut(from, low, high, bytes);
        this.wrote(low >>> 0, (bytes >>> 0) - left);
        return left;
      },
    };
  }
}

function slot(end: number, bytes: number): Slot {
  return { start: end - bytes, end, address: 0n, at: end, writtenFrom: end, writtenTo: end };
}
