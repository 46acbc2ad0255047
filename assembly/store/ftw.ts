import { FLASH, SCRATCH, SCRATCH_BYTES } from "../abi/layout";
import {
  POLICY_BLOCK_BYTES,
  POLICY_FTW_SPARE,
  POLICY_FTW_SPARE_BYTES,
  POLICY_FTW_WORK,
  POLICY_FTW_WORK_BYTES,
  POLICY_STORE_END,
  POLICY_STORE_OFFSET,
} from "../abi/policy";
import { limit } from "../policy";
import { HEADER_BUFFER } from "../state";
import { isErased } from "./erased";
import { barrier, clearBits, erase, program, replaceBlock } from "./flash";

/**
 * edk2's fault-tolerant write (FaultTolerantWriteDxe, MdeModulePkg/Include/Guid/SystemNvDataGuid.h): the blocks of the
 * variable area are written to a spare area first, so that a power cut at any byte loses neither old nor new.
 *
 * The work area holds a header of 32 bytes, then a queue of entries, each a write header of 40 bytes
 *
 *    0 flags u8: bit 0 allocated, bit 1 writes allocated, bit 2 complete; active low     24 count u64
 *    4 GUID of the caller                                                                32 private bytes u64
 *
 * and one write record of 40
 *
 *    0 flags u8: bit 0 boot block, bit 1 spare complete, bit 2 destination complete; active low
 *    8 LBA u64    16 offset u64    24 length u64    32 spare to target, relative, i64
 */
const WORK_HEADER_BYTES = 32;
const ENTRY_BYTES = 80;
const RECORD = 40;

const ALLOCATED: u8 = 0xfe;
const WRITES_ALLOCATED: u8 = 0xfc;
const COMPLETE: u8 = 0xf8;
const SPARE_COMPLETE: u8 = 0xfd;
const DESTINATION_COMPLETE: u8 = 0xf9;

/** Bits of the flags, 0 where the event has happened. */
const ALLOCATED_BIT: u8 = 0x01;
const COMPLETE_BIT: u8 = 0x04;
const SPARE_COMPLETE_BIT: u8 = 0x02;
const DESTINATION_COMPLETE_BIT: u8 = 0x04;

/**
 * Replaces the bytes from the image's start to the end of the variable area by those at `image`, through the spare
 * area. Without work area the target is written as it stands.
 */
export function writeThroughFtw(image: usize): void {
  const bytes = limit(POLICY_STORE_END);
  if (limit(POLICY_FTW_WORK_BYTES) === 0) {
    program(FLASH, image, bytes);
    return;
  }
  if (openEntry() === 0) rewriteWorkArea(0);
  const entry = openEntry();
  const spare = <usize>FLASH + limit(POLICY_FTW_SPARE);
  const spareBytes = limit(POLICY_FTW_SPARE_BYTES);
  memory.fill(HEADER_BUFFER, 0xff, RECORD);
  store<u8>(HEADER_BUFFER, ALLOCATED);
  // The variable driver as caller: fe5cea76-4f72-49e8-986f-2cd899dffe5d.
  store<u64>(HEADER_BUFFER, 0x49e84f72fe5cea76, 4);
  store<u64>(HEADER_BUFFER, 0x5dfedf99d82c6f98, 12);
  store<u64>(HEADER_BUFFER, 1, 24);
  store<u64>(HEADER_BUFFER, 0, 32);
  program(entry, HEADER_BUFFER, RECORD);
  setFlags(entry, WRITES_ALLOCATED);
  memory.fill(HEADER_BUFFER, 0xff, RECORD);
  store<u64>(HEADER_BUFFER, 0, 8);
  store<u64>(HEADER_BUFFER, limit(POLICY_STORE_OFFSET), 16);
  store<u64>(HEADER_BUFFER, bytes - limit(POLICY_STORE_OFFSET), 24);
  store<i64>(HEADER_BUFFER, -(<i64>limit(POLICY_FTW_SPARE)), 32);
  program(entry + RECORD, HEADER_BUFFER, RECORD);
  const former: usize = SCRATCH + SCRATCH_BYTES / 2;
  memory.copy(former, spare, spareBytes);
  erase(spare, spareBytes);
  program(spare, image, bytes);
  barrier();
  setFlags(entry + RECORD, SPARE_COMPLETE);
  writeTarget(entry);
  erase(spare, spareBytes);
  program(spare, former, spareBytes);
}

/** What the fault-tolerant write driver does first at each boot: finishes or drops an interrupted write. */
export function recover(): void {
  const workBytes = limit(POLICY_FTW_WORK_BYTES);
  if (workBytes === 0) return;
  const work = <usize>FLASH + limit(POLICY_FTW_WORK);
  const spare = <usize>FLASH + limit(POLICY_FTW_SPARE);
  if (!isWorkArea(work)) {
    erase(work, workBytes);
    if (isWorkArea(spare)) program(work, spare, workBytes);
    else formatWorkArea(work);
  }
  const entry = openEntry();
  if (entry !== 0 && isSet(load<u8>(entry), ALLOCATED_BIT)) {
    const done = load<u8>(entry, RECORD);
    const spareReady = isSet(done, SPARE_COMPLETE_BIT);
    if (!spareReady || isSet(done, DESTINATION_COMPLETE_BIT)) setFlags(entry, COMPLETE);
    rewriteIfDirty(entry + ENTRY_BYTES);
    const kept = openEntry();
    if (spareReady && kept !== 0 && isSet(load<u8>(kept), ALLOCATED_BIT)) {
      writeTarget(kept);
      erase(spare, limit(POLICY_FTW_SPARE_BYTES));
    }
    return;
  }
  rewriteIfDirty(entry !== 0 ? entry : work + workBytes);
}

/**
 * Copies the spare area over the variable area, block by block, and marks the entry done. Each of the three is safe
 * before the next begins: until the entry is done the spare area may be the only whole copy.
 */
function writeTarget(entry: usize): void {
  const spare = <usize>FLASH + limit(POLICY_FTW_SPARE);
  const bytes = limit(POLICY_STORE_END);
  const block = limit(POLICY_BLOCK_BYTES);
  barrier();
  for (let offset: u32 = 0; offset < bytes; offset += block) {
    replaceBlock(<usize>FLASH + offset, spare + offset, min(block, bytes - offset));
  }
  barrier();
  setFlags(entry + RECORD, DESTINATION_COMPLETE);
  setFlags(entry, COMPLETE);
  barrier();
}

/** The first entry of the queue that is not complete, be it blank; 0 if the queue is full. */
function openEntry(): usize {
  const work = <usize>FLASH + limit(POLICY_FTW_WORK);
  const end = work + limit(POLICY_FTW_WORK_BYTES);
  let entry = work + WORK_HEADER_BYTES;
  while (entry + ENTRY_BYTES <= end) {
    if (!isSet(load<u8>(entry), COMPLETE_BIT)) return entry;
    entry += ENTRY_BYTES;
  }
  return 0;
}

/** Notes events in the flags of an entry or its record. */
function setFlags(at: usize, flags: u8): void {
  clearBits(at, flags);
}

/** A flag is set when its bit has been cleared. */
function isSet(flags: u8, bit: u8): bool {
  return (flags & bit) === 0;
}

/** Bytes behind the queue that are not blank, such as a torn entry, force the work area to be rewritten. */
function rewriteIfDirty(behind: usize): void {
  const work = <usize>FLASH + limit(POLICY_FTW_WORK);
  const end = work + limit(POLICY_FTW_WORK_BYTES);
  if (behind >= end || isErased(behind, <u32>(end - behind))) return;
  const entry = openEntry();
  rewriteWorkArea(entry !== 0 && isSet(load<u8>(entry), ALLOCATED_BIT) ? entry : 0);
}

/** Writes the work area anew: its header, then the unfinished entry alone (0: none). */
function rewriteWorkArea(unfinished: usize): void {
  const work = <usize>FLASH + limit(POLICY_FTW_WORK);
  const kept: usize = SCRATCH + SCRATCH_BYTES / 2;
  if (unfinished !== 0) memory.copy(kept, unfinished, ENTRY_BYTES);
  erase(work, limit(POLICY_FTW_WORK_BYTES));
  formatWorkArea(work);
  if (unfinished !== 0) program(work + WORK_HEADER_BYTES, kept, ENTRY_BYTES);
}

/** Writes the header of an erased work area. */
function formatWorkArea(work: usize): void {
  buildWorkHeader();
  program(work, HEADER_BUFFER, WORK_HEADER_BYTES);
}

/** True for an intact work area header that is marked valid. */
function isWorkArea(at: usize): bool {
  buildWorkHeader();
  return (
    load<u64>(at) === load<u64>(HEADER_BUFFER) &&
    load<u64>(at, 8) === load<u64>(HEADER_BUFFER, 8) &&
    load<u64>(at, 16) === load<u64>(HEADER_BUFFER, 16) &&
    load<u64>(at, 24) === load<u64>(HEADER_BUFFER, 24)
  );
}

/**
 * Puts the header of a valid work area into HEADER_BUFFER: GUID 9e58292b-7c68-497d-a0ce-6500fd9f1b95, CRC-32 u32 over
 * the header with CRC and flags all ones, flags 0xfe and three 0xff, u64 bytes of the queue.
 */
function buildWorkHeader(): void {
  store<u64>(HEADER_BUFFER, 0x497d7c689e58292b);
  store<u64>(HEADER_BUFFER, 0x951b9ffd0065cea0, 8);
  store<u64>(HEADER_BUFFER, u64.MAX_VALUE, 16);
  store<u64>(HEADER_BUFFER, limit(POLICY_FTW_WORK_BYTES) - WORK_HEADER_BYTES, 24);
  store<u32>(HEADER_BUFFER, crc32(HEADER_BUFFER, WORK_HEADER_BYTES), 16);
  store<u32>(HEADER_BUFFER, 0xfffffffe, 20);
}

/** CRC-32 of IEEE 802.3, bit by bit: 32 bytes at a boot. */
function crc32(at: usize, bytes: u32): u32 {
  let crc: u32 = u32.MAX_VALUE;
  for (let i: u32 = 0; i < bytes; i++) {
    crc ^= load<u8>(at + i);
    for (let bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc;
}
