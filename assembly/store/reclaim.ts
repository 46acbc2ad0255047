import { FLASH, SCRATCH } from "../abi/layout";
import { POLICY_ERROR_STORAGE, POLICY_STORE_OFFSET } from "../abi/policy";
import { ADDED, IN_TRANSITION, RECORD_STATE, STORE_HEADER_BYTES } from "../abi/record";
import { limit } from "../policy";
import { Draft, nvRegion, Region } from "../state";
import { writeThroughFtw } from "./ftw";
import { alignedBytes, attributesOf, nextOf, stateOf } from "./record";
import { isErrorRecord } from "./region";
import { firstLive, load as loadStore, recordBytes, setSequence, writeRecord } from "./store";

/**
 * Makes room in the draft's region: keeps all live records but `replaced` (0: none), the added ones in log order, then
 * the in-transition ones as added, and puts the draft, if there is one, behind them. False, and nothing written, if
 * that does not fit. `draft` 0: only clean up.
 *
 * The new log is built in SCRATCH and written through the fault-tolerant write areas (edk2 V.c, Reclaim).
 */
export function reclaim(region: Region, draft: usize, replaced: usize): bool {
  const storeBytes = <u32>(region.end - region.first);
  // The write covers whole blocks from the image's first byte on: volume and store header stand before the log.
  const log: usize = SCRATCH + limit(POLICY_STORE_OFFSET) + STORE_HEADER_BYTES;
  const logEnd = log + storeBytes;
  memory.fill(log, 0xff, storeBytes);
  let tail = log;
  let errorBytes: u64 = 0;
  let others = true;
  for (let pass = 0; pass < 2 && others; pass++) {
    const wanted = pass === 0 ? ADDED : IN_TRANSITION;
    others = false;
    let record = firstLive(region, region.first);
    while (record !== 0) {
      const next = <usize>nextOf(record);
      if (record !== replaced) {
        if (stateOf(record) !== wanted) others = true;
        else {
          const bytes = next - record;
          memory.copy(tail, record, min(bytes, region.end - record));
          store<u8>(tail, ADDED, RECORD_STATE);
          if (isErrorRecord(attributesOf(tail))) errorBytes += bytes;
          tail += bytes;
        }
      }
      record = firstLive(region, next);
    }
  }
  if (draft !== 0) {
    const d = changetype<Draft>(draft);
    setSequence(d, replaced);
    const bytes = alignedBytes(recordBytes(d));
    if (isErrorRecord(d.attributes)) errorBytes += bytes;
    if (bytes > <u64>(logEnd - tail) || !fits(region, <u64>(tail - log) + bytes, errorBytes)) return false;
    writeRecord(tail, d);
  }
  replaceLog(region, log);
  loadStore();
  return true;
}

function fits(region: Region, allBytes: u64, errorBytes: u64): bool {
  if (region !== nvRegion) return true;
  const storeBytes = <u64>(region.end - region.first);
  const errorStorage = min<u64>(limit(POLICY_ERROR_STORAGE), storeBytes);
  return errorBytes <= errorStorage && allBytes - errorBytes <= storeBytes - errorStorage;
}

/** Writes the new log over the old one. */
function replaceLog(region: Region, log: usize): void {
  if (region !== nvRegion) {
    memory.copy(region.first, log, region.end - region.first);
    return;
  }
  memory.copy(SCRATCH, FLASH, log - SCRATCH);
  writeThroughFtw(SCRATCH);
}
