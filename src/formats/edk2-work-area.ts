import { guidBytes } from "../guid.ts";
import { type Geometry, LAYOUTS } from "./edk2-geometry.ts";
import { matches, viewOf } from "./flash-bytes.ts";

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

function crc32(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
