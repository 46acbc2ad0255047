import * as abi from "../../assembly/abi/op.ts";
import { getLong, type OpLayout, setLong } from "../op.ts";
import { buffersOf, type CallBuffer } from "./call-buffers.ts";
import { ClientMemory, type Region } from "./client-memory.ts";
import { FrameError } from "./frame-error.ts";
import { BUFFER_BYTES_MAX, CALL_OP } from "./layout.ts";
import type { Mirror, Slot } from "./mirror.ts";

/** Bytes of a page, whose border no range crosses unless the call does: a client may know no more than its pages. */
const PAGE_BYTES = 0x1000;
/** Names are read in pieces up to multiples of so many bytes, as the core does. */
const PIECE_BYTES = 64;

/** Memory that a client is asked for. */
export interface Range {
  address: bigint;
  length: number;
}

/** A CALL frame's content; `op` and what the regions give may lie in the frame. */
export interface CallRequest {
  number: number;
  opAddress: bigint;
  op: Uint8Array;
  regions: Region[];
}

/** One platform op of a client, until it is answered. */
export class RemoteCall {
  readonly #op: Uint8Array;
  readonly #opAddress: bigint;
  readonly #memory: ClientMemory;
  /** Handles that point into the mirror while the call runs: place in the op, and both values. */
  #handles: { field: number; own: bigint; mirrored: bigint }[] = [];

  /** `unmappedBelow`: guest addresses below it are not mapped. */
  constructor({ op, opAddress, regions }: CallRequest, unmappedBelow: number) {
    this.#op = op;
    this.#opAddress = opAddress;
    this.#memory = new ClientMemory(unmappedBelow, regions);
  }

  /** Takes an answer to a range that was asked for: its first bytes; those behind them cannot be read. */
  answer({ address, length }: Range, given: Uint8Array): void {
    const got = BigInt(given.length);
    this.#memory.add({ address, length: given.length, given });
    this.#memory.add({ address: address + got, length: length - given.length, given: undefined });
  }

  /**
   * Lays the call out in the mirror. Gives the ranges that are missing, in which case nothing has happened and the client is
   * to be asked; none if the call can be made, at `mirror.op.at`. `readsAll`: of buffers that are only written the content
   * is needed, too.
   */
  layOut(mirror: Mirror, layout: OpLayout, readsAll: boolean): Range[] {
    const { op, name, data } = mirror;
    mirror.place(op, this.#opAddress, this.#op);
    mirror.settle(name, 0n, 0);
    mirror.settle(data, 0n, 0);
    this.#handles = [];
    if (this.#op.length < abi.OP_BYTES) return [];
    const buffers = buffersOf(mirror.view, op.at, layout);
    const missing: Range[] = [];
    const laid = [
      [name, buffers.name],
      [data, buffers.data],
    ] as const;
    for (const [slot, buffer] of laid) {
      if (buffer === undefined) continue;
      const range = this.#lay(mirror, slot, buffer, readsAll);
      if (range !== undefined) missing.push(range);
      this.#point(mirror, slot, buffer, layout);
    }
    return missing;
  }

  /** Gives the op its own handles back, but where something else was written over them. */
  restoreHandles(mirror: Mirror, layout: OpLayout): void {
    const { at } = mirror.op;
    for (const { field, own, mirrored } of this.#handles) {
      if (getLong(mirror.view, layout, at + field) === mirrored) setLong(mirror.view, layout, at + field, own);
    }
  }

  /** Copies one buffer as far as it can be accessed; gives what is not known of it. */
  #lay(mirror: Mirror, slot: Slot, buffer: CallBuffer, readsAll: boolean): Range | undefined {
    const { address, count } = buffer;
    if (count === undefined) return this.#layName(mirror, slot, address);
    if (!buffer.isRead && !readsAll) {
      mirror.settle(slot, address, this.#memory.reach(address, count));
      return undefined;
    }
    const { bytes, reach } = this.#memory.read(address, count, mirror.bytes(), slot.end - count);
    mirror.move(slot, address, slot.end - count, bytes);
    return bytes < reach ? { address: address + BigInt(bytes), length: reach - bytes } : undefined;
  }

  /** Copies a name up to its terminator, or as far as it can be read. */
  #layName(mirror: Mirror, slot: Slot, address: bigint): Range | undefined {
    const { start } = slot;
    const { bytes, reach } = this.#memory.read(address, BUFFER_BYTES_MAX, mirror.bytes(), start);
    const nameBytes = terminated(mirror.view, start, bytes);
    if (nameBytes > 0) {
      mirror.move(slot, address, start, nameBytes);
      return undefined;
    }
    if (bytes === BUFFER_BYTES_MAX) throw new FrameError(CALL_OP, `a name of at most ${BUFFER_BYTES_MAX} bytes`);
    mirror.move(slot, address, start, bytes);
    return bytes < reach ? nextPiece(address + BigInt(bytes), bytes, reach - bytes) : undefined;
  }

  /** Makes the op's handle point into the mirror; NULL stays. */
  #point(mirror: Mirror, slot: Slot, { field, address }: CallBuffer, layout: OpLayout): void {
    if (address === 0n && slot.at === slot.end) return;
    const mirrored = BigInt(slot.at);
    this.#handles.push({ field, own: address, mirrored });
    setLong(mirror.view, layout, mirror.op.at + field, mirrored);
  }
}

/** Bytes of the name at `start`, its terminator included; 0 if none lies in the first `limit` bytes. */
function terminated(view: DataView, start: number, limit: number): number {
  for (let bytes = 2; bytes <= limit; bytes += 2) if (view.getUint16(start + bytes - 2, true) === 0) return bytes;
  return 0;
}

/** What to ask of a name after its first `bytes`: a piece, or as much again within the page, so that few trips do. */
function nextPiece(address: bigint, bytes: number, most: number): Range {
  const piece = PIECE_BYTES - Number(address % BigInt(PIECE_BYTES));
  const page = PAGE_BYTES - Number(address % BigInt(PAGE_BYTES));
  return { address, length: Math.min(Math.max(piece, bytes), page, most) };
}
