import {
  ADDED,
  ERASED,
  IN_TRANSITION,
  RECORD_ATTRIBUTES,
  RECORD_COUNT,
  RECORD_STAMP,
  RECORD_STATE,
  START_ID,
  STORE_HEADER_BYTES,
} from "../../assembly/abi/record.ts";
import { guidText } from "../guid.ts";
import { fromUcs2 } from "../ucs2.ts";
import type { Geometry } from "./edk2-geometry.ts";
import {
  AUTHENTICATED_RECORD,
  layoutOf,
  RECORD_KEY_INDEX,
  type RecordLayout,
  recordBytes,
  STATES,
  writeRecord,
} from "./edk2-record.ts";
import type { Volume } from "./edk2-volume.ts";
import { align4, hex, viewOf } from "./flash-bytes.ts";
import { type Report, refuse } from "./report.ts";
import { keyOf, type Variable } from "./variable-set.ts";

/** A variable record as it lies in the log, dead ones included. */
export interface LogEntry extends Variable {
  /** Offset from the volume's first byte. */
  offset: number;
  /** Bytes up to the next record. */
  bytes: number;
  state: number;
}

/** A record to be written: a variable and its state byte. */
export type NewEntry = Variable & { state: number };

/** Where the log begins, from the volume's first byte. */
export function logStart({ storeOffset }: Geometry): number {
  return storeOffset + STORE_HEADER_BYTES;
}

/** Behind the last record, from the volume's first byte: where the next one goes. */
export function logEnd(log: readonly LogEntry[], geometry: Geometry): number {
  const last = log.at(-1);
  return last === undefined ? logStart(geometry) : last.offset + last.bytes;
}

/**
 * All records of the volume's log, dead ones included, in log order. It ends where no record starts (VariableParsing.c).
 * What is wrong goes to the report, by default a FormatError at the first; if that returns, the reading goes on until
 * sizes pass the store's end.
 */
export function readLog(bytes: Uint8Array, volume: Volume, report: Report = refuse): LogEntry[] {
  // The slices of a Buffer would share the file's memory.
  const file = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  const { geometry } = volume;
  const layout = layoutOf(volume);
  const view = viewOf(file);
  const entries: LogEntry[] = [];
  let offset = logStart(geometry);
  while (offset + layout.headerBytes <= geometry.storeEnd) {
    const at = volume.offset + offset;
    if (view.getUint16(at, true) !== START_ID) break;
    const sizes = readSizes(view, at, layout);
    const room = geometry.storeEnd - offset - layout.headerBytes;
    if (sizes.name + sizes.data > room) {
      const found = sizes.name + sizes.data;
      report(at + layout.nameBytesAt, `name and data of at most ${room} bytes, not ${found}`);
      break;
    }
    const entry = readRecord(file, view, at, sizes, layout);
    checkRecord(view, at, entry, sizes, layout, report);
    const recordBytes = align4(layout.headerBytes + sizes.name + sizes.data);
    entries.push(Object.assign(entry, { offset, bytes: recordBytes }));
    offset += recordBytes;
  }
  return entries;
}

/** Bytes of a record's name, terminator included, and of its data. */
interface Sizes {
  name: number;
  data: number;
  /** The header was never completed: edk2 counts both sizes as 0. */
  isUnfinished: boolean;
}

function readSizes(view: DataView, at: number, layout: RecordLayout): Sizes {
  const name = view.getUint32(at + layout.nameBytesAt, true);
  const data = view.getUint32(at + layout.dataBytesAt, true);
  const attributes = view.getUint32(at + RECORD_ATTRIBUTES, true);
  const isUnfinished =
    view.getUint8(at + RECORD_STATE) === ERASED ||
    attributes === 0xffffffff ||
    name === 0xffffffff ||
    data === 0xffffffff;
  return isUnfinished ? { name: 0, data: 0, isUnfinished } : { name, data, isUnfinished };
}

function readRecord(file: Uint8Array, view: DataView, at: number, sizes: Sizes, layout: RecordLayout): NewEntry {
  const name = at + layout.headerBytes;
  const data = name + sizes.name;
  const entry: NewEntry = {
    state: view.getUint8(at + RECORD_STATE),
    attributes: view.getUint32(at + RECORD_ATTRIBUTES, true),
    guid: guidText(file, at + layout.guidAt),
    name: fromUcs2(file.subarray(name, Math.max(name, data - 2))),
    data: file.slice(data, data + sizes.data),
  };
  if (!layout.authenticated) return entry;
  if (!isZeroStamp(view, at)) entry.stamp = file.slice(at + RECORD_STAMP, at + RECORD_STAMP + 16);
  const count = view.getBigUint64(at + RECORD_COUNT, true);
  const keyIndex = view.getUint32(at + RECORD_KEY_INDEX, true);
  if (count !== 0n) entry.count = count;
  if (keyIndex !== 0) entry.keyIndex = keyIndex;
  return entry;
}

function isZeroStamp(view: DataView, at: number): boolean {
  for (let word = at + RECORD_STAMP; word < at + RECORD_STAMP + 16; word += 4) {
    if (view.getUint32(word, true) !== 0) return false;
  }
  return true;
}

function checkRecord(
  view: DataView,
  at: number,
  entry: NewEntry,
  sizes: Sizes,
  layout: RecordLayout,
  report: Report,
): void {
  if (!STATES.includes(entry.state)) {
    report(at + RECORD_STATE, `a state byte that a flash write can leave, not ${hex(entry.state)}`);
  }
  if (!isStanding(entry) || sizes.isUnfinished) return;
  const name = at + layout.headerBytes;
  const isTerminated = sizes.name >= 4 && sizes.name % 2 === 0 && view.getUint16(name + sizes.name - 2, true) === 0;
  if (!isTerminated || entry.name.includes("\0")) {
    report(name, `a UCS-2 name with terminator in ${sizes.name} bytes`);
  }
}

/** Writes records to an erased volume, one behind the other from the log's start on. Throws a RangeError if full. */
export function writeRecords(
  bytes: Uint8Array,
  geometry: Geometry,
  entries: readonly NewEntry[],
  layout = AUTHENTICATED_RECORD,
): void {
  let at = logStart(geometry);
  checkRoom(sizeOf(entries, layout), geometry.storeEnd - at);
  for (const entry of entries) {
    writeRecord(bytes, at, entry, layout);
    at += recordBytes(entry, layout);
  }
}

/** Bytes of these variables as records. */
export function sizeOf(entries: readonly Variable[], layout: RecordLayout): number {
  return entries.reduce((sum, entry) => sum + recordBytes(entry, layout), 0);
}

/** Throws a RangeError with both figures unless the records have room. */
export function checkRoom(neededBytes: number, roomBytes: number): void {
  if (neededBytes <= roomBytes) return;
  throw new RangeError(`variables: ${neededBytes} bytes of records, and the store has room for ${roomBytes}`);
}

/** True for a record whose state lets it stand for its name. */
export function isStanding({ state }: { state: number }): boolean {
  return state === ADDED || state === IN_TRANSITION;
}

/**
 * The variables that the log stands for, in log order: added records, and in-transition ones without an added twin
 * (VariableParsing.c, FindVariableEx).
 */
export function liveEntries(log: LogEntry[]): LogEntry[] {
  const standing = new Map<string, LogEntry>();
  for (const entry of log) {
    if (!isStanding(entry)) continue;
    const key = keyOf(entry);
    if (standing.get(key)?.state !== ADDED) standing.set(key, entry);
  }
  return log.filter((entry) => isStanding(entry) && standing.get(keyOf(entry)) === entry);
}
