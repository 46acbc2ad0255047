import { ATTENTION_HOLES, HOLE_BYTES, HOLE_UNMAPPED, HOLES, NULL_GUARD_BYTES, WINDOW } from "./abi/layout";
import { state } from "./state";

/** Core address of a guest address that is known to be mapped. */
export function at(guest: u64): usize {
  return <usize>WINDOW + <usize>guest;
}

/** Bytes that can be read from `guest` on without a fault; 0 where it is not mapped. */
export function readableBytes(guest: u64): u32 {
  return contiguousBytes(guest, HOLE_UNMAPPED);
}

/** Bytes that can be written from `guest` on without a fault. */
export function writableBytes(guest: u64): u32 {
  return contiguousBytes(guest, u32.MAX_VALUE);
}

/** True if all `bytes` at `guest` can be read. No bytes can be read anywhere. */
export function readable(guest: u64, bytes: u32): bool {
  return bytes <= readableBytes(guest);
}

/** True if all `bytes` at `guest` can be written. */
export function writable(guest: u64, bytes: u32): bool {
  return bytes <= writableBytes(guest);
}

/**
 * Copies `bytes` from core address `from` to the guest. False on a fault: the bytes before it have been written, as
 * with Xen's copy_to_guest.
 */
export function copyOut(guest: u64, from: usize, bytes: u32): bool {
  const room = writableBytes(guest);
  const count = min(bytes, room);
  // Even a copy of no bytes traps at an address outside the memory.
  if (count !== 0) memory.copy(at(guest), from, count);
  return count === bytes;
}

/** Bytes up to the next hole of one of the `kinds`, or to the window's end. */
function contiguousBytes(guest: u64, kinds: u32): u32 {
  const end = <u64>state.windowBytes;
  if (guest - NULL_GUARD_BYTES >= end - NULL_GUARD_BYTES) return 0;
  if (state.attention & ATTENTION_HOLES) return bytesToHole(<u32>guest, kinds);
  return <u32>(end - guest);
}

function bytesToHole(guest: u32, kinds: u32): u32 {
  const last = <usize>HOLES + <usize>state.holeCount * HOLE_BYTES;
  for (let hole: usize = HOLES; hole < last; hole += HOLE_BYTES) {
    if (load<u32>(hole, 4) <= guest || (load<u32>(hole, 8) & kinds) === 0) continue;
    const start = load<u32>(hole);
    return start <= guest ? 0 : start - guest;
  }
  return state.windowBytes - guest;
}
