import {
  ADDED,
  DELETED,
  DELETED_IN_TRANSITION,
  ERASED,
  HEADER_BYTES,
  HEADER_VALID,
  IN_TRANSITION,
  RECORD_ATTRIBUTES,
  RECORD_DATA_BYTES,
  RECORD_GUID,
  RECORD_NAME_BYTES,
  RECORD_STAMP,
  RECORD_STATE,
  START_ID,
  STORE_HEADER_BYTES,
} from "../../assembly/abi/record.ts";
import { guidBytes, guidText } from "../guid.ts";
import { fromUcs2, toUcs2 } from "../ucs2.ts";
import { FormatError, keyOf, offsetText, type Variable } from "./variable-set.ts";

/**
 * edk2's authenticated variable store in a firmware volume, the `.fd` files of OVMF and AAVMF
 * (MdeModulePkg/Include/Guid/VariableFormat.h, MdePkg/Include/Pi/PiFirmwareVolume.h). All numbers little-endian.
 */

/** Where the areas of a volume lie: offsets from its first byte, sizes in bytes. A work area of 0 bytes: none. */
export interface Geometry {
  volumeBytes: number;
  blockBytes: number;
  blockCount: number;
  /** EFI_FVB attributes of the volume. */
  volumeAttributes: number;
  /** Bytes of the volume header: where the variable store header lies. */
  storeOffset: number;
  /** Behind the variable area. */
  storeEnd: number;
  workOffset: number;
  workBytes: number;
  spareOffset: number;
  spareBytes: number;
}

/** A variable record as it lies in the log, dead ones included. */
export interface LogEntry extends Variable {
  /** Offset from the volume's first byte. */
  offset: number;
  /** Bytes up to the next record. */
  bytes: number;
  state: number;
}

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
const WORK_GUID = guidBytes("9e58292b-7c68-497d-a0ce-6500fd9f1b95");

const VOLUME_HEADER_BYTES = 72;
export const WORK_HEADER_BYTES = 32;
/** Header of the older record without time stamp: sizes at 8, GUID at 16. */
const PLAIN_HEADER_BYTES = 32;
const PLAIN_NAME_BYTES = 8;
const PLAIN_GUID_OFFSET = 16;
/** Volumes lie on such a border in combined images. */
const SEARCH_STEP = 0x1000;

/** What a flash write can leave in a record's state byte. */
const STATES: readonly number[] = [ERASED, HEADER_VALID, ADDED, IN_TRANSITION, DELETED, DELETED_IN_TRANSITION];

/** Layout of OVMF's 4 MiB build; its 2 MiB build; ArmVirtQemu's. */
export const OVMF_4M: Geometry = {
  volumeBytes: 0x84000,
  blockBytes: 0x1000,
  blockCount: 0x84,
  volumeAttributes: 0x0004feff,
  storeOffset: VOLUME_HEADER_BYTES,
  storeEnd: 0x40000,
  workOffset: 0x41000,
  workBytes: 0x1000,
  spareOffset: 0x42000,
  spareBytes: 0x42000,
};
export const OVMF_2M: Geometry = {
  volumeBytes: 0x20000,
  blockBytes: 0x1000,
  blockCount: 0x20,
  volumeAttributes: 0x0004feff,
  storeOffset: VOLUME_HEADER_BYTES,
  storeEnd: 0xe000,
  workOffset: 0xf000,
  workBytes: 0x1000,
  spareOffset: 0x10000,
  spareBytes: 0x10000,
};
export const AAVMF: Geometry = {
  volumeBytes: 0xc0000,
  blockBytes: 0x40000,
  blockCount: 0x100,
  volumeAttributes: 0x00000e36,
  storeOffset: VOLUME_HEADER_BYTES,
  storeEnd: 0x40000,
  workOffset: 0x40000,
  workBytes: 0x40000,
  spareOffset: 0x80000,
  spareBytes: 0x40000,
};

/** An erased volume of this layout with no variable in it: for OVMF's layouts the file that Debian ships. */
export function formatVolume(geometry: Geometry): Uint8Array {
  const bytes = new Uint8Array(geometry.volumeBytes).fill(0xff);
  const view = new DataView(bytes.buffer);
  bytes.fill(0, 0, geometry.storeOffset);
  bytes.set(FILE_SYSTEM_GUID, 16);
  view.setUint32(32, geometry.volumeBytes, true);
  bytes.set(new TextEncoder().encode("_FVH"), 40);
  view.setUint32(44, geometry.volumeAttributes, true);
  view.setUint16(48, geometry.storeOffset, true);
  view.setUint8(55, 2);
  view.setUint32(56, geometry.blockCount, true);
  view.setUint32(60, geometry.blockBytes, true);
  view.setUint16(50, -sumOfUnits(view, 0, geometry.storeOffset) & 0xffff, true);
  const store = geometry.storeOffset;
  bytes.set(AUTHENTICATED_GUID, store);
  view.setUint32(store + 16, geometry.storeEnd - store, true);
  view.setUint8(store + 20, 0x5a);
  view.setUint8(store + 21, 0xfe);
  bytes.fill(0, store + 22, store + STORE_HEADER_BYTES);
  if (geometry.workBytes !== 0) writeWorkHeader(view, geometry);
  return bytes;
}

/**
 * Finds the variable volume of a file: at its start, or on a 4 KiB border (combined images). Throws a FormatError that
 * says what is wrong with the file. A file whose reclaim was cut while the volume's first block was erased is found by
 * its fault-tolerant-write areas, if `mayBeInterrupted`: a boot will recover it.
 */
export function findVolume(file: Uint8Array, mayBeInterrupted = false): Volume {
  if (file.length >= 4 && file[0] === 0x51 && file[1] === 0x46 && file[2] === 0x49 && file[3] === 0xfb) {
    throw new FormatError(offsetText(0), "a raw image, not qcow2: convert it with `qemu-img convert -O raw`");
  }
  const interrupted = isVolumeHeader(file, 0) ? undefined : findInterrupted(file);
  if (interrupted !== undefined) {
    if (mayBeInterrupted) return { offset: 0, geometry: interrupted, authenticated: true };
    throw new FormatError(
      offsetText(0),
      "a volume header; a reclaim was cut, and the volume is in the spare area: boot it",
    );
  }
  for (let offset = 0; offset + VOLUME_HEADER_BYTES <= file.length; offset += SEARCH_STEP) {
    if (isVolumeHeader(file, offset)) return readVolume(file, offset);
  }
  if (file.length > 0 && file.every((byte) => byte === 0)) {
    throw new FormatError(
      offsetText(0),
      "a variable volume; this is blank flash (all zero), formatted at the first boot",
    );
  }
  throw new FormatError(offsetText(0), `a firmware volume header (_FVH at 0x28) with the variable store's GUID`);
}

/** All records of the volume's log, dead ones included, in log order. Throws a FormatError at the first bad one. */
export function readLog(file: Uint8Array, volume: Volume): LogEntry[] {
  const { geometry, authenticated } = volume;
  const headerBytes = authenticated ? HEADER_BYTES : PLAIN_HEADER_BYTES;
  const sizes = authenticated ? RECORD_NAME_BYTES : PLAIN_NAME_BYTES;
  const guid = authenticated ? RECORD_GUID : PLAIN_GUID_OFFSET;
  const view = viewOf(file);
  const entries: LogEntry[] = [];
  let offset = geometry.storeOffset + STORE_HEADER_BYTES;
  while (offset + headerBytes <= geometry.storeEnd) {
    const at = volume.offset + offset;
    if (view.getUint16(at, true) !== START_ID) break;
    const state = file[at + RECORD_STATE] as number;
    if (!STATES.includes(state)) {
      throw new FormatError(
        offsetText(at + RECORD_STATE),
        `a state byte that a flash write can leave, not 0x${hexByte(state)}`,
      );
    }
    const attributes = view.getUint32(at + RECORD_ATTRIBUTES, true);
    let nameBytes = view.getUint32(at + sizes, true);
    let dataBytes = view.getUint32(at + sizes + 4, true);
    // A header that was never completed counts without name and data.
    const isUnfinished = state === ERASED || [attributes, nameBytes, dataBytes].includes(0xffffffff);
    if (isUnfinished) nameBytes = dataBytes = 0;
    const end = offset + headerBytes + nameBytes + dataBytes;
    if (end > geometry.storeEnd) {
      const room = geometry.storeEnd - offset - headerBytes;
      throw new FormatError(
        offsetText(at + sizes),
        `name and data of at most ${room} bytes, not ${nameBytes + dataBytes}`,
      );
    }
    const name = at + headerBytes;
    if (!isUnfinished && (state === ADDED || state === IN_TRANSITION)) checkName(view, name, nameBytes);
    const bytes = ((end + 3) & ~3) - offset;
    entries.push({
      offset,
      bytes,
      state,
      attributes,
      guid: guidText(file, at + guid),
      name: fromUcs2(file.subarray(name, name + Math.max(0, nameBytes - 2))),
      data: file.slice(name + nameBytes, name + nameBytes + dataBytes),
      stamp: authenticated ? file.slice(at + RECORD_STAMP, at + RECORD_STAMP + 16) : new Uint8Array(16),
    });
    offset += bytes;
  }
  return entries;
}

/** A record to be written: a variable and its state byte. */
export type NewEntry = Variable & { state: number };

/** Writes records to an erased volume, one behind the other from the log's start on. Throws a RangeError if full. */
export function writeRecords(bytes: Uint8Array, geometry: Geometry, entries: readonly NewEntry[]): void {
  const view = viewOf(bytes);
  let at = geometry.storeOffset + STORE_HEADER_BYTES;
  for (const entry of entries) {
    const name = toUcs2(`${entry.name}\0`);
    const end = at + HEADER_BYTES + name.length + entry.data.length;
    if (end > geometry.storeEnd) throw new RangeError(`entries: more than the store's ${geometry.storeEnd} bytes`);
    bytes.fill(0, at, at + HEADER_BYTES);
    view.setUint16(at, START_ID, true);
    view.setUint8(at + RECORD_STATE, entry.state);
    view.setUint32(at + RECORD_ATTRIBUTES, entry.attributes, true);
    bytes.set(entry.stamp ?? [], at + RECORD_STAMP);
    view.setUint32(at + RECORD_NAME_BYTES, name.length, true);
    view.setUint32(at + RECORD_DATA_BYTES, entry.data.length, true);
    bytes.set(guidBytes(entry.guid), at + RECORD_GUID);
    bytes.set(name, at + HEADER_BYTES);
    bytes.set(entry.data, at + HEADER_BYTES + name.length);
    at = (end + 3) & ~3;
  }
}

/**
 * The variables that the log stands for, in log order: added records, and in-transition ones without an added twin
 * (VariableParsing.c, FindVariableEx).
 */
export function liveEntries(log: LogEntry[]): LogEntry[] {
  const standing = new Map<string, LogEntry>();
  for (const entry of log) {
    if (entry.state !== ADDED && entry.state !== IN_TRANSITION) continue;
    const key = keyOf(entry);
    if (standing.get(key)?.state !== ADDED) standing.set(key, entry);
  }
  return log.filter((entry) => standing.get(keyOf(entry)) === entry);
}

function isVolumeHeader(file: Uint8Array, offset: number): boolean {
  return matches(file, offset + 40, new TextEncoder().encode("_FVH")) && matches(file, offset + 16, FILE_SYSTEM_GUID);
}

/** The layout of a file that has a work area, and a volume header in its spare area in place of the first block. */
function findInterrupted(file: Uint8Array): Geometry | undefined {
  return [OVMF_4M, OVMF_2M, AAVMF].find(
    ({ volumeBytes, workOffset, spareOffset }) =>
      file.length >= volumeBytes && matches(file, workOffset, WORK_GUID) && isVolumeHeader(file, spareOffset),
  );
}

function readVolume(file: Uint8Array, offset: number): Volume {
  const view = viewOf(file);
  const headerBytes = view.getUint16(offset + 48, true);
  if (headerBytes < VOLUME_HEADER_BYTES || headerBytes % 2 !== 0 || offset + headerBytes > file.length) {
    throw new FormatError(offsetText(offset + 48), `a header length of at least 0x48, even and inside the file`);
  }
  if (sumOfUnits(view, offset, headerBytes) !== 0) {
    throw new FormatError(offsetText(offset + 50), "a header checksum that makes the sum of its 16-bit units 0");
  }
  const volumeBytes = view.getUint32(offset + 32, true);
  if (view.getUint32(offset + 36, true) !== 0 || volumeBytes > file.length - offset) {
    const length = view.getBigUint64(offset + 32, true);
    throw new FormatError(
      offsetText(offset + 32),
      `a volume of at most 0x${(file.length - offset).toString(16)} bytes (the file's rest), not 0x${length.toString(16)}`,
    );
  }
  const store = offset + headerBytes;
  if (headerBytes + STORE_HEADER_BYTES > volumeBytes) {
    throw new FormatError(offsetText(offset + 32), "a volume that holds a variable store header");
  }
  const authenticated = matches(file, store, AUTHENTICATED_GUID);
  if (!authenticated && !matches(file, store, PLAIN_GUID)) {
    throw new FormatError(offsetText(store), `a variable store GUID, not ${guidText(file, store)}`);
  }
  const storeBytes = view.getUint32(store + 16, true);
  if (storeBytes < STORE_HEADER_BYTES || headerBytes + storeBytes > volumeBytes) {
    const most = volumeBytes - headerBytes;
    throw new FormatError(
      offsetText(store + 16),
      `a store size from 28 to 0x${most.toString(16)}, not 0x${storeBytes.toString(16)}`,
    );
  }
  if (file[store + 20] !== 0x5a || file[store + 21] !== 0xfe) {
    throw new FormatError(offsetText(store + 20), "store format 0x5a and state 0xfe (formatted, healthy)");
  }
  const storeEnd = headerBytes + storeBytes;
  return {
    offset,
    authenticated,
    geometry: {
      volumeBytes,
      blockCount: view.getUint32(offset + 56, true),
      blockBytes: view.getUint32(offset + 60, true),
      volumeAttributes: view.getUint32(offset + 44, true),
      storeOffset: headerBytes,
      storeEnd,
      ...findFtw(file, offset, storeEnd, volumeBytes),
    },
  };
}

/** The work area's header lies on a border behind the variable area; the spare area is what follows it. */
function findFtw(file: Uint8Array, offset: number, storeEnd: number, volumeBytes: number) {
  const view = viewOf(file);
  for (let work = (storeEnd + 0xfff) & ~0xfff; work + WORK_HEADER_BYTES <= volumeBytes; work += SEARCH_STEP) {
    if (!matches(file, offset + work, WORK_GUID)) continue;
    const workBytes = view.getUint32(offset + work + 24, true) + WORK_HEADER_BYTES;
    if (work + workBytes > volumeBytes) break;
    const spareOffset = work + workBytes;
    return { workOffset: work, workBytes, spareOffset, spareBytes: volumeBytes - spareOffset };
  }
  const known = [OVMF_4M, OVMF_2M, AAVMF].find((g) => g.volumeBytes === volumeBytes && g.storeEnd === storeEnd);
  if (known === undefined) return { workOffset: 0, workBytes: 0, spareOffset: 0, spareBytes: 0 };
  const { workOffset, workBytes, spareOffset, spareBytes } = known;
  return { workOffset, workBytes, spareOffset, spareBytes };
}

/** GUID, CRC-32 over the header with CRC and flags all ones, flags "valid", queue bytes (SystemNvDataGuid.h). */
function writeWorkHeader(view: DataView, geometry: Geometry): void {
  const at = geometry.workOffset;
  const bytes = new Uint8Array(view.buffer, at, WORK_HEADER_BYTES);
  bytes.set(WORK_GUID);
  view.setUint32(at + 24, geometry.workBytes - WORK_HEADER_BYTES, true);
  view.setUint32(at + 28, 0, true);
  view.setUint32(at + 16, crc32(bytes), true);
  view.setUint32(at + 20, 0xfffffffe, true);
}

function crc32(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

function checkName(view: DataView, at: number, nameBytes: number): void {
  if (nameBytes >= 4 && nameBytes % 2 === 0 && view.getUint16(at + nameBytes - 2, true) === 0) return;
  throw new FormatError(offsetText(at), `a UCS-2 name with terminator in ${nameBytes} bytes`);
}

function sumOfUnits(view: DataView, offset: number, bytes: number): number {
  let sum = 0;
  for (let at = 0; at < bytes; at += 2) sum += view.getUint16(offset + at, true);
  return sum & 0xffff;
}

function matches(file: Uint8Array, offset: number, wanted: Uint8Array): boolean {
  return wanted.every((byte, i) => file[offset + i] === byte);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function hexByte(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}
