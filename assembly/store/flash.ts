import { ATTENTION_MARKED, ATTENTION_POWER_CUT, ATTENTION_WRITE_THROUGH, FLASH, VOLATILE } from "../abi/layout";
import { POLICY_BLOCK_BYTES } from "../abi/policy";
import { copyBytes } from "../bytes";
import { flashSync, flashWritten } from "../host";
import { limit } from "../policy";
import { state } from "../state";
import { isErased } from "./erased";
import { breakMark, keepStored } from "./mark";

/**
 * The only functions that write the store's bytes: everything that would be a flash write of the real machine passes
 * here. Addresses are core addresses of FLASH or VOLATILE.
 */

/** Writes to flash are counted, told to the host, or to be undone. */
const WATCHED: u32 = ATTENTION_POWER_CUT | ATTENTION_WRITE_THROUGH | ATTENTION_MARKED;
const STEPS: u32 = ATTENTION_POWER_CUT | ATTENTION_WRITE_THROUGH;

/** True if somebody sees the steps of a write: power may be lost between two, or the host keeps a file. */
export function hasSteps(): bool {
  return (state.attention & STEPS) !== 0;
}

/** Writes `bytes` bytes; the target is erased, or only bits are cleared. */
export function program(to: usize, from: usize, bytes: u32): void {
  if (state.attention & WATCHED) programWatched(to, from, bytes);
  else copyBytes(to, from, bytes);
}

/** Clears the bits of one byte that are 0 in `mask`. */
export function clearBits(to: usize, mask: u8): void {
  const attention = state.attention;
  if (attention & STEPS) {
    clearInSteps(to, mask);
    return;
  }
  if (attention & ATTENTION_MARKED) keepStored(to, 1);
  store<u8>(to, load<u8>(to) & mask);
}

/** Sets `bytes` bytes to 0xff, block by block; a block is one step. */
export function erase(to: usize, bytes: u32): void {
  if (state.attention & WATCHED) eraseWatched(to, bytes);
  else memory.fill(to, 0xff, bytes);
}

/**
 * Erases a block and writes its `bytes` bytes. Where the host keeps a file, the erasure is left out: a file needs none,
 * and OVMF formats a volume anew if it finds the header erased (QemuFlashFvbServicesRuntimeDxe, FwBlockService.c,
 * InitializeVariableFvHeader). The file sees only what differs, which the header never does.
 */
export function replaceBlock(to: usize, from: usize, bytes: u32): void {
  if ((state.attention & (ATTENTION_POWER_CUT | ATTENTION_WRITE_THROUGH)) !== ATTENTION_WRITE_THROUGH) erase(to, bytes);
  program(to, from, bytes);
}

/** What was written until now is safe before anything that comes. Flash itself keeps the order; a file may not. */
export function barrier(): void {
  if (state.attention & ATTENTION_WRITE_THROUGH) flashSync();
}

function programWatched(to: usize, from: usize, bytes: u32): void {
  keepStored(to, bytes);
  let end = granted(to, bytes);
  if (!isTold(to)) {
    memory.copy(to, from, end);
    return;
  }
  let first: u32 = 0;
  while (first < end && load<u8>(to + first) === load<u8>(from + first)) first++;
  while (end > first && load<u8>(to + end - 1) === load<u8>(from + end - 1)) end--;
  memory.copy(to + first, from + first, end - first);
  if (end > first) flashWritten(<u32>(to - FLASH) + first, end - first);
}

/** The same where somebody sees the steps. */
export function clearInSteps(to: usize, mask: u8): void {
  keepStored(to, 1);
  const old = load<u8>(to);
  if (granted(to, 1) === 0 || (old & mask) === old) return;
  store<u8>(to, old & mask);
  if (isTold(to)) flashWritten(<u32>(to - FLASH), 1);
}

function eraseWatched(to: usize, bytes: u32): void {
  breakMark();
  const block = max<u32>(limit(POLICY_BLOCK_BYTES), 1);
  for (let offset: u32 = 0; offset < bytes; offset += block) {
    const part = min(block, bytes - offset);
    if (granted(to + offset, 1) === 0) continue;
    const changes = isTold(to) && !isErased(to + offset, part);
    memory.fill(to + offset, 0xff, part);
    if (changes) flashWritten(<u32>(to - FLASH) + offset, part);
  }
}

/** How many of `wanted` steps are written before power is lost. Memory outside FLASH does not count. */
function granted(to: usize, wanted: u32): u32 {
  if ((state.attention & ATTENTION_POWER_CUT) === 0 || !isFlash(to)) return wanted;
  const steps = min(wanted, state.flashSteps);
  state.flashSteps -= steps;
  return steps;
}

/** True where the host is told what changes. */
function isTold(to: usize): bool {
  return (state.attention & ATTENTION_WRITE_THROUGH) !== 0 && isFlash(to);
}

function isFlash(address: usize): bool {
  return address >= <usize>FLASH && address < <usize>VOLATILE;
}
