import {
  ATTENTION_FOREIGN,
  ATTENTION_HOLES,
  HOLE_BYTES,
  HOLE_UNMAPPED,
  HOLES,
  NULL_GUARD_BYTES,
  OP,
  WINDOW,
} from "./abi/layout";
import { copyBytes } from "./bytes";
import { scanName } from "./name";
import { Draft, state } from "./state";

/**
 * The guest's memory. Either it is the core's own from WINDOW on, and what the guest names is looked at where it lies; or
 * it is foreign (ATTENTION_FOREIGN), the host copies pieces of it in and out, and WINDOW is the heap for these copies, as
 * large as the largest window. Nobody else in the core knows which.
 */

/** Of foreign memory: copies `bytes` bytes from guest address `high`:`low` to core address `to`. Gives the bytes not copied. */
declare function copyIn(to: usize, low: u32, high: u32, bytes: u32): u32;

/** Of foreign memory: copies `bytes` bytes from core address `from` to guest address `high`:`low`, likewise. */
declare function copyOut(from: usize, low: u32, high: u32, bytes: u32): u32;

/** What a view gives, in place of a core address, for bytes of which one cannot be read, ... */
export const FAULT: usize = 0;
/** ... and for bytes that can all be read, but for whose copy the core has no room. */
export const NO_ROOM: usize = 1;

const WATCHED: u32 = ATTENTION_HOLES | ATTENTION_FOREIGN;

/**
 * A name is read in pieces up to multiples of so many bytes, so that none reaches into a page that the name does not: a
 * host may know no more of a page than that it is not mapped.
 */
const PIECE_BYTES: u32 = 64;

/** Core address of a guest address that is known to be mapped, or of a place in the heap. */
export function at(guest: u64): usize {
  return <usize>WINDOW + <usize>guest;
}

/** What `at` makes the core address `address` from. */
export function placeOf(address: usize): u32 {
  return <u32>(address - WINDOW);
}

/**
 * Where the `bytes` bytes at guest address `guest` can be read: a core address, FAULT or NO_ROOM. Valid until the next
 * viewFirst. No bytes can be read anywhere.
 */
export function view(guest: u64, bytes: u32): usize {
  if (bytes === 0) return OP;
  if (state.attention & WATCHED) return viewWatched(guest, bytes);
  return bytes <= windowBytesFrom(guest) ? at(guest) : FAULT;
}

/** The same, of what a call looks at first: older copies are dropped. */
export function viewFirst(guest: u64, bytes: u32): usize {
  if (state.attention & WATCHED) {
    state.heap = WINDOW;
    return viewWatched(guest, bytes);
  }
  return bytes <= windowBytesFrom(guest) ? at(guest) : FAULT;
}

/** Finds the UCS-2 name at guest address `guest` up to its terminator, and sets what scanName sets. As view. */
export function viewName(d: Draft, guid: usize, guest: u64): usize {
  if (state.attention & WATCHED) return viewWatchedName(d, guid, guest);
  return scanName(d, guid, at(guest), windowBytesFrom(guest)) ? at(guest) : FAULT;
}

/**
 * Copies `bytes` from core address `from` to the guest. False on a fault: the bytes before it have been written, as
 * with Xen's copy_to_guest.
 */
export function write(guest: u64, from: usize, bytes: u32): bool {
  if ((state.attention & WATCHED) === 0 && bytes <= windowBytesFrom(guest)) {
    copyBytes(at(guest), from, bytes);
    return true;
  }
  return writePart(guest, from, bytes);
}

function writePart(guest: u64, from: usize, bytes: u32): bool {
  const count = reach(guest, bytes, u32.MAX_VALUE);
  // Even a copy of no bytes traps at an address outside the memory.
  if (count === 0) return bytes === 0;
  if (state.attention & ATTENTION_FOREIGN) {
    return copyOut(from, <u32>guest, <u32>(guest >> 32), count) === 0 && count === bytes;
  }
  memory.copy(at(guest), from, count);
  return count === bytes;
}

/**
 * Writes a buffer of `bytes` bytes back that was viewed at core address `copy`: its first `newBytes` from `from`, behind
 * them its own content, which needs writing only where it is a copy. False on a fault, as write.
 */
export function writeOver(guest: u64, copy: usize, bytes: u32, from: usize, newBytes: u32): bool {
  if (!write(guest, from, newBytes)) return false;
  if (state.attention & ATTENTION_FOREIGN) return write(guest + newBytes, copy + newBytes, bytes - newBytes);
  return reach(guest, bytes, u32.MAX_VALUE) === bytes;
}

/** How many of `bytes` bytes at `guest` lie before the first hole of one of the `kinds`, and in the window if there is one. */
function reach(guest: u64, bytes: u32, kinds: u32): u32 {
  const attention = state.attention;
  const count = min(bytes, attention & ATTENTION_FOREIGN ? bytesToTop(guest) : windowBytesFrom(guest));
  return attention & ATTENTION_HOLES ? bytesToHole(guest, count, kinds) : count;
}

function windowBytesFrom(guest: u64): u32 {
  const end = <u64>state.windowBytes;
  return guest - NULL_GUARD_BYTES >= end - NULL_GUARD_BYTES ? 0 : <u32>(end - guest);
}

/** Addresses do not wrap around. */
function bytesToTop(guest: u64): u32 {
  return <u32>min(u64.MAX_VALUE - guest, u32.MAX_VALUE - 1) + 1;
}

/** At most `bytes`. */
function bytesToHole(guest: u64, bytes: u32, kinds: u32): u32 {
  const last = <usize>HOLES + <usize>state.holeCount * HOLE_BYTES;
  for (let hole: usize = HOLES; hole < last; hole += HOLE_BYTES) {
    if (<u64>load<u32>(hole, 4) <= guest || (load<u32>(hole, 8) & kinds) === 0) continue;
    const start = <u64>load<u32>(hole);
    return start <= guest ? 0 : <u32>min(start - guest, bytes);
  }
  return bytes;
}

function viewWatched(guest: u64, bytes: u32): usize {
  if (state.attention & ATTENTION_FOREIGN) return viewForeign(guest, bytes);
  return reach(guest, bytes, HOLE_UNMAPPED) === bytes ? at(guest) : FAULT;
}

function viewForeign(guest: u64, bytes: u32): usize {
  const copy = nextPlace(guest);
  if (<u64>copy + bytes > <u64>heapEnd()) return canRead(guest, bytes) ? NO_ROOM : FAULT;
  state.heap = copy + bytes;
  return read(copy, guest, bytes) === bytes ? copy : FAULT;
}

function viewWatchedName(d: Draft, guid: usize, guest: u64): usize {
  if (state.attention & ATTENTION_FOREIGN) return viewForeignName(d, guid, guest);
  return scanName(d, guid, at(guest), reach(guest, u32.MAX_VALUE, HOLE_UNMAPPED)) ? d.name : FAULT;
}

/** The name goes to the heap piece by piece; one that is longer than that is read on over itself, for what comes of it. */
function viewForeignName(d: Draft, guid: usize, guest: u64): usize {
  const name = nextPlace(guest);
  const last = heapEnd() - PIECE_BYTES;
  let end = name;
  let unit = name;
  let fits = true;
  while (true) {
    const piece = PIECE_BYTES - (<u32>guest & (PIECE_BYTES - 1));
    const count = read(end, guest, piece);
    end += count;
    while (unit + 2 <= end && load<u16>(unit) !== 0) unit += 2;
    if (unit + 2 <= end) break;
    guest += piece;
    if (count !== piece || guest === 0) return FAULT;
    if (end <= last) continue;
    fits = false;
    // Half a unit may be left.
    store<u8>(name, load<u8>(unit));
    end = name + (end - unit);
    unit = name;
  }
  if (!fits) return NO_ROOM;
  state.heap = end;
  return scanName(d, guid, name, <u32>(end - name)) ? name : FAULT;
}

/** Where the next copy goes: aligned as it is in the guest, so that a host can copy by words. */
function nextPlace(guest: u64): usize {
  return ((state.heap + 7) & ~7) + (<usize>guest & 7);
}

function heapEnd(): usize {
  return <usize>WINDOW + state.windowBytes;
}

/** Can all bytes be read? The heap is overwritten: nothing is made of a call that has no room. */
function canRead(guest: u64, bytes: u32): bool {
  if (reach(guest, bytes, HOLE_UNMAPPED) !== bytes) return false;
  while (bytes !== 0) {
    const piece = min(bytes, state.windowBytes);
    if (read(WINDOW, guest, piece) !== piece) return false;
    bytes -= piece;
    guest += piece;
  }
  return true;
}

/** Copies foreign bytes to core address `to`; gives how many there were before a fault. */
function read(to: usize, guest: u64, bytes: u32): u32 {
  const count = reach(guest, bytes, HOLE_UNMAPPED);
  if (count === 0) return 0;
  return count - min(copyIn(to, <u32>guest, <u32>(guest >> 32), count), count);
}
