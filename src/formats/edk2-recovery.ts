import type { Volume } from "./edk2-volume.ts";
import { WORK_HEADER_BYTES } from "./edk2-work-area.ts";

/** An entry of the fault-tolerant-write queue; the write record within it; flags of both, 0 where it has happened. */
const FTW_ENTRY_BYTES = 80;
const FTW_RECORD = 40;
const FTW_ALLOCATED = 0x01;
const FTW_COMPLETE = 0x04;
const FTW_SPARE_COMPLETE = 0x02;
const FTW_DESTINATION_COMPLETE = 0x04;

/**
 * The file as the next boot's fault-tolerant-write recovery leaves it, where a reclaim was cut while the variable area
 * was written: from the spare area, and the write marked complete (FaultTolerantWriteDxe; assembly/store/ftw.ts has the
 * layout). Any other file as it is, and the same array.
 */
export function recoverVolume(file: Uint8Array, { offset, geometry }: Volume): Uint8Array {
  const { workOffset, workBytes, spareOffset, spareBytes, storeEnd } = geometry;
  let entry = offset + workOffset + WORK_HEADER_BYTES;
  const end = offset + workOffset + workBytes;
  const flags = (at: number) => file[at] as number;
  while (entry + FTW_ENTRY_BYTES <= end && (flags(entry) & FTW_COMPLETE) === 0) entry += FTW_ENTRY_BYTES;
  if (entry + FTW_ENTRY_BYTES > end || spareBytes < storeEnd) return file;
  const record = entry + FTW_RECORD;
  const isCut = (flags(entry) & FTW_ALLOCATED) === 0 && (flags(record) & FTW_SPARE_COMPLETE) === 0;
  if (!isCut || (flags(record) & FTW_DESTINATION_COMPLETE) === 0) return file;
  const recovered = file.slice();
  recovered.copyWithin(offset, offset + spareOffset, offset + spareOffset + storeEnd);
  recovered[record] = flags(record) & ~FTW_DESTINATION_COMPLETE;
  recovered[entry] = flags(entry) & ~FTW_COMPLETE;
  return recovered;
}
