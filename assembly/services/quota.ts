import {
  OLD_VALUE_COUNTS,
  POLICY_BOOT_RESERVED,
  POLICY_ENTRY_ALIGNMENT,
  POLICY_ENTRY_OVERHEAD,
  POLICY_ENTRY_SPACE,
  POLICY_ERROR_STORAGE,
  POLICY_MAX_AUTH_VARIABLE,
  POLICY_MAX_ERROR_RECORD,
  POLICY_MAX_USER_SPACE,
  POLICY_MAX_VARIABLE,
  POLICY_MAX_VOLATILE_VARIABLE,
} from "../abi/policy";
import { HEADER_BYTES } from "../abi/record";
import {
  AUTHENTICATED_WRITE_ACCESS,
  HARDWARE_ERROR_RECORD,
  NON_VOLATILE,
  TIME_BASED_AUTHENTICATED_WRITE_ACCESS,
} from "../abi/variable";
import { sameGuid } from "../bytes";
import { has, limit } from "../policy";
import { Draft, nvRegion, Region, state, volatileRegion } from "../state";
import { dataBytesOf, guidOf, nameBytesOf, nameOf, nextOf } from "../store/record";
import { countsEntries, isErrorRecord } from "../store/region";
import { firstLive, recordBytes, regionFor } from "../store/store";
import { isDefined } from "./defined";
import { CERT_DB_GUID } from "./names";

/** Bytes that a class of a region's variables may fill, at boot or at run time (edk2 VNV.c). */
export function spaceFor(region: Region, errorRecords: bool): u64 {
  const all = <u64>(region.end - region.first);
  if (region !== nvRegion) return all;
  const errorStorage = min<u64>(limit(POLICY_ERROR_STORAGE), all);
  if (errorRecords) return errorStorage;
  const reserved = state.atRuntime !== 0 ? <u64>limit(POLICY_BOOT_RESERVED) : 0;
  return all - errorStorage - min(reserved, all - errorStorage);
}

/** Bytes that the class has used up: dead records count until the next reclaim. */
export function usedBytes(region: Region, errorRecords: bool): u64 {
  return errorRecords ? region.errorBytes : region.commonBytes;
}

/** Name and data bytes that one variable of these attributes may have at the most. */
export function largestVariable(attributes: u32): u64 {
  return <u64>(largestRecord(attributes) - HEADER_BYTES);
}

/** True if a new record of the draft fits into its class. Its own size counts unrounded, the sum of others rounded. */
export function fits(d: Draft): bool {
  return fitsClass(d) && fitsUserSpace(d);
}

/** The same for the class alone: common variables, error records, or the volatile store. */
export function fitsClass(d: Draft): bool {
  const region = regionFor(d);
  const errorRecords = isErrorRecord(d.attributes);
  return recordBytes(d) + usedBytes(region, errorRecords) <= spaceFor(region, errorRecords);
}

/** True unless the draft is a variable without definition and the space kept for those is short. */
export function fitsUserSpace(d: Draft): bool {
  const space = limit(POLICY_MAX_USER_SPACE);
  if (space === 0 || regionFor(d) !== nvRegion || isErrorRecord(d.attributes)) return true;
  if (isDefined(d.guid, d.name, d.nameBytes)) return true;
  let used: u64 = 0;
  for (let record = nvRegion.first; record < nvRegion.tail; record = <usize>nextOf(record)) {
    if (!isDefined(guidOf(record), nameOf(record), nameBytesOf(record))) used += nextOf(record) - record;
  }
  return recordBytes(d) + used <= space;
}

/**
 * Where the living variables count and not their records: true if the draft fits, in the place of `old` (0: none). What is
 * not counted fits.
 */
export function fitsSpace(d: Draft, old: usize): bool {
  if (!countsEntries() || sameGuid(d.guid, CERT_DB_GUID)) return true;
  const freed = old === 0 || has(OLD_VALUE_COUNTS) ? 0 : entryBytes(nameBytesOf(old), dataBytesOf(old));
  return usedSpace() - freed + entryBytes(d.nameBytes, <u64>d.headBytes + d.dataBytes) <= limit(POLICY_ENTRY_SPACE);
}

/** Bytes that the living variables take, volatile ones included. */
export function usedSpace(): u64 {
  return entriesOf(volatileRegion) + entriesOf(nvRegion);
}

/** certdb is no variable of such a firmware: it keeps the signers beside the variables. */
function entriesOf(region: Region): u64 {
  let bytes: u64 = 0;
  let record = firstLive(region, region.first);
  while (record !== 0) {
    if (!sameGuid(guidOf(record), CERT_DB_GUID)) bytes += entryBytes(nameBytesOf(record), dataBytesOf(record));
    record = firstLive(region, <usize>nextOf(record));
  }
  return bytes;
}

function entryBytes(nameBytes: u32, dataBytes: u64): u64 {
  const alignment = <u64>limit(POLICY_ENTRY_ALIGNMENT);
  const bytes = <u64>limit(POLICY_ENTRY_OVERHEAD) + nameBytes + dataBytes;
  return ((bytes + alignment - 1) / alignment) * alignment;
}

function largestRecord(attributes: u32): u32 {
  if (attributes & HARDWARE_ERROR_RECORD) return limit(POLICY_MAX_ERROR_RECORD);
  if (attributes & (AUTHENTICATED_WRITE_ACCESS | TIME_BASED_AUTHENTICATED_WRITE_ACCESS)) {
    return limit(POLICY_MAX_AUTH_VARIABLE);
  }
  return attributes & NON_VOLATILE ? limit(POLICY_MAX_VARIABLE) : limit(POLICY_MAX_VOLATILE_VARIABLE);
}
