import { FLASH, VOLATILE, VOLATILE_BYTES } from "../abi/layout";
import { POLICY_ENTRY_OVERHEAD, POLICY_STORE_END, POLICY_STORE_OFFSET, POLICY_VOLATILE_STORE } from "../abi/policy";
import { ADDED, HEADER_BYTES, IN_TRANSITION, STORE_HEADER_BYTES } from "../abi/record";
import { HARDWARE_ERROR_RECORD, NON_VOLATILE } from "../abi/variable";
import { limit } from "../policy";
import { nvRegion, Region, volatileRegion } from "../state";
import { isErased } from "./erased";
import { erase } from "./flash";
import { attributesOf, nextOf, startsAt, stateOf } from "./record";

/** Places both regions by the policy's geometry. The volatile one is empty, the other one as the flash has it. */
export function openRegions(): void {
  nvRegion.first = <usize>FLASH + limit(POLICY_STORE_OFFSET) + STORE_HEADER_BYTES;
  nvRegion.end = <usize>FLASH + limit(POLICY_STORE_END);
  // Behind the tail of the last power-on nothing was written, or it was erased; fresh memory begins no record either.
  if (volatileRegion.tail !== 0) erase(VOLATILE, <u32>(volatileRegion.tail - VOLATILE));
  volatileRegion.first = VOLATILE + STORE_HEADER_BYTES;
  volatileRegion.end = <usize>VOLATILE + min<u32>(limit(POLICY_VOLATILE_STORE), VOLATILE_BYTES);
  measure(nvRegion);
  measure(volatileRegion);
}

/** Finds the region's tail and sums up its records by walking it. */
export function measure(region: Region): void {
  region.commonBytes = 0;
  region.errorBytes = 0;
  let record = region.first;
  while (isRecord(region, record)) {
    const next = <usize>nextOf(record);
    account(region, attributesOf(record), <u32>(next - record));
    record = next;
  }
  region.tail = record;
}

/** Adds a record's bytes to its class. */
export function account(region: Region, attributes: u32, bytes: u32): void {
  if (isErrorRecord(attributes)) region.errorBytes += bytes;
  else region.commonBytes += bytes;
}

/** True for a variable that counts as a hardware error record: there are two classes only where records count. */
export function isErrorRecord(attributes: u32): bool {
  const both = NON_VOLATILE | HARDWARE_ERROR_RECORD;
  return (attributes & both) === both && !countsEntries();
}

/** True where the living variables take up room, and not their records in flash. */
export function countsEntries(): bool {
  return limit(POLICY_ENTRY_OVERHEAD) !== 0;
}

/**
 * True if a whole record starts at the address. The log ends where none does: no start id, less than a header left, or
 * sizes that pass the region's end (CVE-2014-8271: walks without this bound).
 */
export function isRecord(region: Region, record: usize): bool {
  return record + HEADER_BYTES <= region.end && startsAt(record) && nextOf(record) <= ((<u64>region.end + 3) & ~3);
}

/** True for a record whose state lets it stand for its name. */
export function isValid(record: usize): bool {
  const s = stateOf(record);
  return s === ADDED || s === IN_TRANSITION;
}

/** True if anything but erased bytes lies behind the region's last record. */
export function isDirty(region: Region): bool {
  return region.tail < region.end && !isErased(region.tail, <u32>(region.end - region.tail));
}
