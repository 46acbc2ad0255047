import {
  ATTENTION_FOREIGN,
  FLASH,
  INDEX,
  INDEX_SLOTS_MAX,
  LAYOUT_VERSION,
  STATE,
  STATE_ATTENTION,
  STATE_INDEX_SLOTS,
  STATE_WINDOW_BYTES,
  STATIC_DATA,
  VOLATILE,
  VOLATILE_BYTES,
} from "../assembly/abi/layout.ts";
import type { Core } from "./core-exports.ts";

/**
 * A snapshot: "XESN", layout version u32, flash bytes u32, index slots u32, then the blocks STATE to RULES, the used
 * part of INDEX, the flash volume and the volatile store. Little-endian.
 */
const MAGIC = 0x4e534558;
const HEADER_BYTES = 16;
const SLOT_BYTES = 8;

/** Copies the core's changeable blocks into `into` if it is large enough, else into a new array. */
export function snapshotCore(core: Core, flashBytes: number, into?: Uint8Array): Uint8Array {
  const slots = core.view.getUint32(STATE_INDEX_SLOTS, true);
  const parts = partsOf(flashBytes, slots);
  const bytes = HEADER_BYTES + parts.reduce((sum, [start, end]) => sum + end - start, 0);
  const snapshot = into !== undefined && into.length >= bytes ? into.subarray(0, bytes) : new Uint8Array(bytes);
  const view = new DataView(snapshot.buffer, snapshot.byteOffset);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, LAYOUT_VERSION, true);
  view.setUint32(8, flashBytes, true);
  view.setUint32(12, slots, true);
  let offset = HEADER_BYTES;
  for (const [start, end] of parts) {
    snapshot.set(core.bytes.subarray(start, end), offset);
    offset += end - start;
  }
  return snapshot;
}

/**
 * Copies a snapshot's blocks back; the window stays as large as it is here. Throws a RangeError for bytes that are no
 * snapshot of such a machine.
 */
export function restoreCore(core: Core, flashBytes: number, snapshot: Uint8Array): void {
  const view = new DataView(snapshot.buffer, snapshot.byteOffset, snapshot.byteLength);
  if (snapshot.length < HEADER_BYTES || view.getUint32(0, true) !== MAGIC)
    throw new RangeError("snapshot: no snapshot");
  if (view.getUint32(4, true) !== LAYOUT_VERSION) {
    throw new RangeError(`snapshot: layout version ${LAYOUT_VERSION}, not ${view.getUint32(4, true)}`);
  }
  if (view.getUint32(8, true) !== flashBytes) {
    throw new RangeError(`snapshot: a flash of ${flashBytes} bytes, not ${view.getUint32(8, true)}`);
  }
  const slots = view.getUint32(12, true);
  const parts = partsOf(flashBytes, Math.min(slots, INDEX_SLOTS_MAX));
  const bytes = HEADER_BYTES + parts.reduce((sum, [start, end]) => sum + end - start, 0);
  if (snapshot.length !== bytes) throw new RangeError(`snapshot: ${bytes} bytes, not ${snapshot.length}`);
  const taken = view.getUint32(HEADER_BYTES + STATE_ATTENTION - STATE, true);
  if ((taken ^ core.view.getUint32(STATE_ATTENTION, true)) & ATTENTION_FOREIGN) {
    throw new RangeError("snapshot: of a machine whose guest memory is as this one's, in a window or foreign");
  }
  const windowBytes = core.view.getUint32(STATE_WINDOW_BYTES, true);
  let offset = HEADER_BYTES;
  for (const [start, end] of parts) {
    core.bytes.set(snapshot.subarray(offset, offset + end - start), start);
    offset += end - start;
  }
  core.view.setUint32(STATE_WINDOW_BYTES, windowBytes, true);
}

/** The blocks of a snapshot that snapshotCore made, each with its core address; views of it. */
export function* snapshotBlocks(snapshot: Uint8Array): Generator<{ address: number; bytes: Uint8Array }> {
  const view = new DataView(snapshot.buffer, snapshot.byteOffset, snapshot.byteLength);
  let offset = HEADER_BYTES;
  for (const [start, end] of partsOf(view.getUint32(8, true), view.getUint32(12, true))) {
    yield { address: start, bytes: snapshot.subarray(offset, offset + end - start) };
    offset += end - start;
  }
}

/** Core address ranges that a snapshot holds, end exclusive; the static data between RULES and INDEX never changes. */
function partsOf(flashBytes: number, slots: number): [start: number, end: number][] {
  return [
    [STATE, STATIC_DATA],
    [INDEX, INDEX + slots * SLOT_BYTES],
    [FLASH, FLASH + flashBytes],
    [VOLATILE, VOLATILE + VOLATILE_BYTES],
  ];
}
