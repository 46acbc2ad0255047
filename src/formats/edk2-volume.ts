import { STORE_HEADER_BYTES } from "../../assembly/abi/record.ts";
import { guidBytes, guidText } from "../guid.ts";
import { type Geometry, LAYOUTS, VOLUME_HEADER_BYTES } from "./edk2-geometry.ts";
import { findFtw, WORK_GUID, workHeader } from "./edk2-work-area.ts";
import { firstOther, hex, matches, viewOf } from "./flash-bytes.ts";
import { type Report, refuse } from "./report.ts";

/** A volume that was found in a file. */
export interface Volume {
  /** Offset of the volume in the file. */
  offset: number;
  geometry: Geometry;
  /** Records of the authenticated layout (60-byte header), or of the older plain one (32). */
  authenticated: boolean;
}

const FILE_SYSTEM_GUID = guidBytes("fff12b8d-7696-4c8b-a985-2747075b4f50");
const AUTHENTICATED_GUID = guidBytes("aaf32c78-947b-439a-a180-2e144ec37792");
const PLAIN_GUID = guidBytes("ddcf3616-3275-4164-98b6-fe85707ffe7d");
const SIGNATURE = new TextEncoder().encode("_FVH");
const QCOW2 = Uint8Array.of(0x51, 0x46, 0x49, 0xfb);

/** Fields of EFI_FIRMWARE_VOLUME_HEADER (MdePkg/Include/Pi/PiFirmwareVolume.h). */
const VOLUME_GUID = 16;
const VOLUME_BYTES = 32;
const VOLUME_SIGNATURE = 40;
const VOLUME_ATTRIBUTES = 44;
const HEADER_LENGTH = 48;
const CHECKSUM = 50;
export const REVISION = 55;
export const BLOCK_COUNT = 56;
const BLOCK_BYTES = 60;
/** Fields of VARIABLE_STORE_HEADER. */
const STORE_BYTES = 16;
const STORE_FORMAT = 20;
const STORE_STATE = 21;
export const STORE_RESERVED = 22;
const FORMATTED = 0x5a;
const HEALTHY = 0xfe;

/** Volumes lie on such a border in combined images. */
const SEARCH_STEP = 0x1000;

/** An erased volume of this layout with no variable in it: for OVMF's layouts the file that Debian ships. */
export function formatVolume(geometry: Geometry, authenticated = true): Uint8Array {
  const bytes = new Uint8Array(geometry.volumeBytes).fill(0xff);
  const view = viewOf(bytes);
  const { storeOffset: store, storeEnd } = geometry;
  bytes.fill(0, 0, store + STORE_HEADER_BYTES);
  bytes.set(FILE_SYSTEM_GUID, VOLUME_GUID);
  view.setUint32(VOLUME_BYTES, geometry.volumeBytes, true);
  bytes.set(SIGNATURE, VOLUME_SIGNATURE);
  view.setUint32(VOLUME_ATTRIBUTES, geometry.volumeAttributes, true);
  view.setUint16(HEADER_LENGTH, store, true);
  view.setUint8(REVISION, 2);
  view.setUint32(BLOCK_COUNT, geometry.blockCount, true);
  view.setUint32(BLOCK_BYTES, geometry.blockBytes, true);
  view.setUint16(CHECKSUM, -sumOfUnits(view, 0, store) & 0xffff, true);
  bytes.set(authenticated ? AUTHENTICATED_GUID : PLAIN_GUID, store);
  view.setUint32(store + STORE_BYTES, storeEnd - store, true);
  view.setUint8(store + STORE_FORMAT, FORMATTED);
  view.setUint8(store + STORE_STATE, HEALTHY);
  if (geometry.workBytes !== 0) bytes.set(workHeader(geometry.workBytes), geometry.workOffset);
  return bytes;
}

/**
 * Finds the variable volume of a file: at its start, or on a 4 KiB border (combined images). Throws a FormatError that
 * says what is wrong with the file. A file whose reclaim was cut while the volume's first block was erased is found by
 * its fault-tolerant-write areas, if `mayBeInterrupted`: a boot will recover it.
 */
export function findVolume(file: Uint8Array, mayBeInterrupted = false): Volume {
  const interrupted = mayBeInterrupted ? findInterrupted(file) : undefined;
  if (interrupted !== undefined) return { offset: 0, geometry: interrupted, authenticated: true };
  return readVolume(file, locateVolume(file), refuse) as Volume;
}

/** Offset of the volume's header, whose fields may still be wrong. Throws a FormatError that says what the file is. */
export function locateVolume(file: Uint8Array): number {
  if (matches(file, 0, QCOW2)) refuse(0, "a raw image, not qcow2: convert it with `qemu-img convert -O raw`");
  if (findInterrupted(file) !== undefined) {
    refuse(0, "a volume header; a reclaim was cut, and the volume is in the spare area: boot it");
  }
  const offset = searchHeader(file);
  if (offset !== undefined) return offset;
  if (isBlank(file)) {
    const all = hex(file[0] as number);
    refuse(0, `a variable volume; this is blank flash, no volume (all ${all}): boot it once, or write a new store`);
  }
  return refuse(0, "a firmware volume header (_FVH at 0x28) with the variable store's GUID");
}

/** True for a file with a variable volume, be it damaged, for blank flash, and for a qcow2 image. */
export function looksLikeFlash(file: Uint8Array): boolean {
  if (matches(file, 0, QCOW2) || searchHeader(file) !== undefined || findInterrupted(file) !== undefined) return true;
  return file.length % SEARCH_STEP === 0 && isBlank(file);
}

function searchHeader(file: Uint8Array): number | undefined {
  for (let offset = 0; offset + VOLUME_HEADER_BYTES <= file.length; offset += SEARCH_STEP) {
    if (isVolumeHeader(file, offset)) return offset;
  }
  return undefined;
}

function isVolumeHeader(file: Uint8Array, offset: number): boolean {
  return matches(file, offset + VOLUME_SIGNATURE, SIGNATURE) && matches(file, offset + VOLUME_GUID, FILE_SYSTEM_GUID);
}

/** Erased flash, or the zeros that AAVMF ships for it. */
function isBlank(file: Uint8Array): boolean {
  const [first] = file;
  return (first === 0 || first === 0xff) && firstOther(file, first, 0, file.length) === file.length;
}

/** The layout of a file that has a work area, and a volume header in its spare area in place of the first block. */
function findInterrupted(file: Uint8Array): Geometry | undefined {
  if (isVolumeHeader(file, 0)) return undefined;
  return Object.values(LAYOUTS).find(
    ({ volumeBytes, workOffset, spareOffset }) =>
      file.length >= volumeBytes && matches(file, workOffset, WORK_GUID) && isVolumeHeader(file, spareOffset),
  );
}

/**
 * The volume whose header lies at an offset. What is wrong goes to the report; if that returns, the reading goes on where
 * it can, and gives undefined where it cannot.
 */
export function readVolume(file: Uint8Array, offset: number, report: Report): Volume | undefined {
  const view = viewOf(file);
  const headerBytes = view.getUint16(offset + HEADER_LENGTH, true);
  if (headerBytes < VOLUME_HEADER_BYTES || headerBytes % 8 !== 0 || offset + headerBytes > file.length) {
    report(offset + HEADER_LENGTH, "a header length of at least 0x48, a multiple of 8 and inside the file");
    return undefined;
  }
  if (sumOfUnits(view, offset, headerBytes) !== 0) {
    report(offset + CHECKSUM, "a header checksum that makes the sum of its 16-bit units 0");
  }
  const volumeBytes = readVolumeBytes(file, offset, report);
  const store = readStore(file, offset, headerBytes, volumeBytes, report);
  if (store === undefined) return undefined;
  return {
    offset,
    authenticated: store.authenticated,
    geometry: {
      volumeBytes,
      blockCount: view.getUint32(offset + BLOCK_COUNT, true),
      blockBytes: view.getUint32(offset + BLOCK_BYTES, true),
      volumeAttributes: view.getUint32(offset + VOLUME_ATTRIBUTES, true),
      storeOffset: headerBytes,
      storeEnd: store.end,
      ...findFtw(file, offset, store.end, volumeBytes),
    },
  };
}

/** The volume's length; the block map does not count, which AAVMF's images have larger. */
function readVolumeBytes(file: Uint8Array, offset: number, report: Report): number {
  const length = viewOf(file).getBigUint64(offset + VOLUME_BYTES, true);
  const rest = file.length - offset;
  if (length <= BigInt(rest)) return Number(length);
  report(offset + VOLUME_BYTES, `a volume of at most ${hex(rest)} bytes (the file's rest), not ${hex(length)}`);
  return rest;
}

/** The variable store header behind the volume header: whose records, and where they end. */
function readStore(file: Uint8Array, offset: number, headerBytes: number, volumeBytes: number, report: Report) {
  if (headerBytes + STORE_HEADER_BYTES > volumeBytes) {
    report(offset + VOLUME_BYTES, "a volume that holds a variable store header");
    return undefined;
  }
  const store = offset + headerBytes;
  const authenticated = matches(file, store, AUTHENTICATED_GUID);
  if (!authenticated && !matches(file, store, PLAIN_GUID)) {
    report(store, `a variable store GUID, not ${guidText(file, store)}`);
    return undefined;
  }
  const most = volumeBytes - headerBytes;
  const storeBytes = viewOf(file).getUint32(store + STORE_BYTES, true);
  const isSane = storeBytes >= STORE_HEADER_BYTES && storeBytes <= most;
  if (!isSane) report(store + STORE_BYTES, `a store size from 28 to ${hex(most)}, not ${hex(storeBytes)}`);
  if (file[store + STORE_FORMAT] !== FORMATTED || file[store + STORE_STATE] !== HEALTHY) {
    report(store + STORE_FORMAT, "store format 0x5a and state 0xfe (formatted, healthy)");
  }
  return { authenticated, end: headerBytes + (isSane ? storeBytes : most) };
}

function sumOfUnits(view: DataView, offset: number, bytes: number): number {
  let sum = 0;
  for (let at = 0; at < bytes; at += 2) sum += view.getUint16(offset + at, true);
  return sum & 0xffff;
}
