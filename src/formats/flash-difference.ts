import {
  HEADER_BYTES,
  RECORD_ATTRIBUTES,
  RECORD_DATA_BYTES,
  RECORD_GUID,
  RECORD_NAME_BYTES,
  RECORD_STAMP,
  RECORD_STATE,
  STORE_HEADER_BYTES,
} from "../../assembly/abi/record.ts";
import { toHex } from "../hex.ts";
import { findVolume, type LogEntry, readLog, type Volume } from "./edk2-store.ts";

/** Where two store files part first. */
export interface FlashDifference {
  /** Offset in the file, bytes. */
  offset: number;
  /** The record's number in the log and its name, or the area. */
  record: string;
  /** The field of the record or header, or "" within an area. */
  field: string;
  /** The field's bytes, or 16 bytes from the offset on; hexadecimal. */
  expected: string;
  actual: string;
}

/** Fields of a record's header: offset and bytes. */
const FIELDS: readonly (readonly [field: string, offset: number, bytes: number])[] = [
  ["start id", 0, 2],
  ["state", RECORD_STATE, 1],
  ["reserved", 3, 1],
  ["attributes", RECORD_ATTRIBUTES, 4],
  ["monotonic count", 8, 8],
  ["time stamp", RECORD_STAMP, 16],
  ["key index", 32, 4],
  ["name size", RECORD_NAME_BYTES, 4],
  ["data size", RECORD_DATA_BYTES, 4],
  ["vendor GUID", RECORD_GUID, 16],
];

const SHOWN_BYTES = 16;

/** The first difference of two store files, told by record and field; undefined if there is none. */
export function findFlashDifference(expected: Uint8Array, actual: Uint8Array): FlashDifference | undefined {
  const length = Math.max(expected.length, actual.length);
  let offset = 0;
  while (offset < length && expected[offset] === actual[offset]) offset++;
  if (offset === length) return undefined;
  const volume = findVolume(expected);
  const { record, field, start, bytes } = place(expected, volume, offset);
  const show = (file: Uint8Array) => toHex(file.subarray(start, start + bytes));
  return { offset, record, field, expected: show(expected), actual: show(actual) };
}

function place(file: Uint8Array, volume: Volume, offset: number) {
  const { geometry } = volume;
  const at = offset - volume.offset;
  const area = { field: "", start: offset, bytes: SHOWN_BYTES };
  if (at < 0 || at >= geometry.volumeBytes) return { ...area, record: "outside the volume" };
  if (at < geometry.storeOffset + STORE_HEADER_BYTES) return { ...area, record: "volume and store headers" };
  if (at < geometry.storeEnd) return placeInLog(file, volume, offset, at);
  if (at >= geometry.spareOffset && at < geometry.spareOffset + geometry.spareBytes)
    return { ...area, record: "FTW spare area" };
  if (at >= geometry.workOffset && at < geometry.workOffset + geometry.workBytes)
    return { ...area, record: "FTW work area" };
  return { ...area, record: "event log" };
}

function placeInLog(file: Uint8Array, volume: Volume, offset: number, at: number) {
  const log = readLog(file, volume);
  const index = log.findIndex((entry) => at >= entry.offset && at < entry.offset + entry.bytes);
  const entry = log[index];
  if (entry === undefined) return { record: "free space", field: "", start: offset, bytes: SHOWN_BYTES };
  const { field, first, bytes } = fieldAt(entry, at - entry.offset);
  return {
    record: `record ${index} ${entry.name}-${entry.guid}`,
    field,
    start: volume.offset + entry.offset + first,
    bytes,
  };
}

function fieldAt(entry: LogEntry, within: number): { field: string; first: number; bytes: number } {
  const header = FIELDS.find(([, first, bytes]) => within >= first && within < first + bytes);
  if (header !== undefined) return { field: header[0], first: header[1], bytes: header[2] };
  const nameBytes = 2 * entry.name.length + 2;
  if (within < HEADER_BYTES + nameBytes) return { field: "name", first: HEADER_BYTES, bytes: nameBytes };
  const first = HEADER_BYTES + nameBytes;
  if (within < first + entry.data.length) return { field: "data", first, bytes: entry.data.length };
  return { field: "padding", first: first + entry.data.length, bytes: entry.bytes - first - entry.data.length };
}
