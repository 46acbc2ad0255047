import {
  ADDED,
  DELETED,
  DELETED_IN_TRANSITION,
  ERASED,
  HEADER_BYTES,
  HEADER_VALID,
  IN_TRANSITION,
  RECORD_ATTRIBUTES,
  RECORD_COUNT,
  RECORD_DATA_BYTES,
  RECORD_GUID,
  RECORD_NAME_BYTES,
  RECORD_STAMP,
  RECORD_STATE,
  START_ID,
} from "../../assembly/abi/record.ts";
import { guidBytes } from "../guid.ts";
import { toUcs2 } from "../ucs2.ts";
import { align4, viewOf } from "./flash-bytes.ts";
import type { Variable } from "./variable-set.ts";

/** Where a record's header has what tells the two layouts apart; offsets and sizes in bytes. */
export interface RecordLayout {
  headerBytes: number;
  nameBytesAt: number;
  dataBytesAt: number;
  guidAt: number;
  /** Monotonic count, time stamp and public key index are there. */
  authenticated: boolean;
}

/** AUTHENTICATED_VARIABLE_HEADER. */
export const AUTHENTICATED_RECORD: RecordLayout = {
  headerBytes: HEADER_BYTES,
  nameBytesAt: RECORD_NAME_BYTES,
  dataBytesAt: RECORD_DATA_BYTES,
  guidAt: RECORD_GUID,
  authenticated: true,
};
/** VARIABLE_HEADER, the older one. */
export const PLAIN_RECORD: RecordLayout = {
  headerBytes: 32,
  nameBytesAt: 8,
  dataBytesAt: 12,
  guidAt: 16,
  authenticated: false,
};

export const RECORD_RESERVED = 3;
/** Public key index of an authenticated record, u32. */
export const RECORD_KEY_INDEX = 32;

/** What a flash write can leave in a record's state byte. */
export const STATES: readonly number[] = [ERASED, HEADER_VALID, ADDED, IN_TRANSITION, DELETED, DELETED_IN_TRANSITION];
/** What the end of a replacement or deletion ANDs to the state. */
export const DELETED_MASK = 0xfd;

/** The layout of a volume's records. */
export function layoutOf({ authenticated }: { authenticated: boolean }): RecordLayout {
  return authenticated ? AUTHENTICATED_RECORD : PLAIN_RECORD;
}

/** Bytes of a variable's record up to the next one. */
export function recordBytes({ name, data }: Variable, layout: RecordLayout): number {
  return align4(layout.headerBytes + 2 * (name.length + 1) + data.length);
}

/** Writes a record where flash is erased; what its layout has no field for is left out. Its padding stays erased. */
export function writeRecord(
  bytes: Uint8Array,
  at: number,
  entry: Variable & { state: number },
  layout: RecordLayout,
): void {
  const view = viewOf(bytes);
  const name = toUcs2(`${entry.name}\0`);
  bytes.fill(0, at, at + layout.headerBytes);
  view.setUint16(at, START_ID, true);
  view.setUint8(at + RECORD_STATE, entry.state);
  view.setUint32(at + RECORD_ATTRIBUTES, entry.attributes, true);
  if (layout.authenticated) {
    view.setBigUint64(at + RECORD_COUNT, entry.count ?? 0n, true);
    bytes.set(entry.stamp ?? [], at + RECORD_STAMP);
    view.setUint32(at + RECORD_KEY_INDEX, entry.keyIndex ?? 0, true);
  }
  view.setUint32(at + layout.nameBytesAt, name.length, true);
  view.setUint32(at + layout.dataBytesAt, entry.data.length, true);
  bytes.set(guidBytes(entry.guid), at + layout.guidAt);
  bytes.set(name, at + layout.headerBytes);
  bytes.set(entry.data, at + layout.headerBytes + name.length);
}
