import { guidBytes } from "../guid.ts";
import { crc32 } from "./crc.ts";
import { type Geometry, LAYOUTS } from "./edk2-geometry.ts";
import type { FindingSink } from "./finding.ts";
import { firstOther, matches, viewOf } from "./flash-bytes.ts";

/**
 * The work area of edk2's fault-tolerant write (MdeModulePkg/Include/Guid/SystemNvDataGuid.h), little-endian: 32 bytes
 * of GUID, CRC-32 over the header with CRC and flags all ones, flags 0xfe (valid) and three 0xff, u64 bytes of the
 * queue behind it.
 */
export const WORK_HEADER_BYTES = 32;
export const WORK_GUID = guidBytes("9e58292b-7c68-497d-a0ce-6500fd9f1b95");

const WORK_CRC = 16;
const WORK_FLAGS = 20;
const WORK_QUEUE_BYTES = 24;
/** Work areas lie on such a border. */
const BORDER = 0x1000;

/** The header of a valid, idle work area of so many bytes. */
export function workHeader(workBytes: number): Uint8Array {
  const bytes = new Uint8Array(WORK_HEADER_BYTES).fill(0xff);
  const view = viewOf(bytes);
  bytes.set(WORK_GUID);
  view.setBigUint64(WORK_QUEUE_BYTES, BigInt(workBytes - WORK_HEADER_BYTES), true);
  view.setUint32(WORK_CRC, crc32(bytes), true);
  view.setUint8(WORK_FLAGS, 0xfe);
  return bytes;
}

/** Where a volume's fault-tolerant-write areas lie: a part of its geometry. */
export type FtwAreas = Pick<Geometry, "workOffset" | "workBytes" | "spareOffset" | "spareBytes">;

/** The work area's header lies on a border behind the variable area; the spare area is what follows it. */
export function findFtw(file: Uint8Array, offset: number, storeEnd: number, volumeBytes: number): FtwAreas {
  const view = viewOf(file);
  const first = Math.ceil(storeEnd / BORDER) * BORDER;
  for (let work = first; work + WORK_HEADER_BYTES <= volumeBytes; work += BORDER) {
    if (!matches(file, offset + work, WORK_GUID)) continue;
    const workBytes = view.getUint32(offset + work + WORK_QUEUE_BYTES, true) + WORK_HEADER_BYTES;
    if (work + workBytes > volumeBytes) break;
    const spareOffset = work + workBytes;
    return { workOffset: work, workBytes, spareOffset, spareBytes: volumeBytes - spareOffset };
  }
  const isSame = (known: Geometry) => known.volumeBytes === volumeBytes && known.storeEnd === storeEnd;
  const { workOffset, workBytes, spareOffset, spareBytes } = Object.values(LAYOUTS).find(isSame) ?? NO_FTW;
  return { workOffset, workBytes, spareOffset, spareBytes };
}

const NO_FTW: FtwAreas = { workOffset: 0, workBytes: 0, spareOffset: 0, spareBytes: 0 };

/** Entries of the queue: a write header of 40 bytes, its flags in front, and one write record of 40 bytes. */
const ENTRY_BYTES = 80;
const ENTRY_RECORD = 40;
/** Bits of the flags' first byte, 0 where the event has happened. */
const ALLOCATED_BIT = 0x01;
const COMPLETE_BIT = 0x04;
const SPARE_COMPLETE_BIT = 0x02;

/** Tells all that is wrong with a volume's work and spare area; the next boot mends most of it. */
export function checkFtw(file: Uint8Array, offset: number, geometry: Geometry, find: FindingSink): void {
  const { workOffset, workBytes, spareBytes, storeEnd, volumeBytes } = geometry;
  const work = offset + workOffset;
  if (workBytes === 0) {
    if (storeEnd < volumeBytes)
      find(offset + storeEnd, "warning", "no fault-tolerant-write work area behind the store");
    return;
  }
  if (!matches(file, work, workHeader(workBytes))) {
    find(work, "warning", "the work area's header has another GUID, CRC-32, flags or size: the next boot formats it");
  }
  if (spareBytes < storeEnd) {
    find(
      offset + geometry.spareOffset,
      "error",
      `a spare area of ${spareBytes} bytes, less than the store's ${storeEnd}`,
    );
  }
  checkQueue(file, work + WORK_HEADER_BYTES, work + workBytes, find);
}

/** Complete entries, perhaps one that is not, then erased bytes. */
function checkQueue(file: Uint8Array, start: number, end: number, find: FindingSink): void {
  const flags = (at: number) => file[at] as number;
  let at = start;
  while (at + ENTRY_BYTES <= end && (flags(at) & COMPLETE_BIT) === 0) at += ENTRY_BYTES;
  if (at + ENTRY_BYTES <= end && (flags(at) & ALLOCATED_BIT) === 0) {
    const isReady = (flags(at + ENTRY_RECORD) & SPARE_COMPLETE_BIT) === 0;
    const next = isReady ? "copies the spare area over the store" : "drops it";
    find(at, isReady ? "error" : "warning", `an unfinished fault-tolerant write: the next boot ${next}`);
    at += ENTRY_BYTES;
  }
  const dirty = firstOther(file, 0xff, at, end);
  if (dirty < end) find(dirty, "warning", "bytes behind the write queue are not 0xff: the next boot writes it anew");
}
