import { ATTENTION_POWER_CUT, FLASH, VOLATILE } from "../abi/layout";
import { POLICY_BLOCK_BYTES } from "../abi/policy";
import { limit } from "../policy";
import { state } from "../state";

/**
 * The only functions that write the store's bytes: everything that would be a flash write of the real machine passes
 * here. Addresses are core addresses of FLASH or VOLATILE.
 */

/** Writes `bytes` bytes; the target is erased, or only bits are cleared. */
export function program(to: usize, from: usize, bytes: u32): void {
  memory.copy(to, from, state.attention & ATTENTION_POWER_CUT ? granted(to, bytes) : bytes);
}

/** Clears the bits of one byte that are 0 in `mask`. */
export function clearBits(to: usize, mask: u8): void {
  if (state.attention & ATTENTION_POWER_CUT && granted(to, 1) === 0) return;
  store<u8>(to, load<u8>(to) & mask);
}

/** Sets `bytes` bytes to 0xff, block by block; a block is one step. */
export function erase(to: usize, bytes: u32): void {
  if ((state.attention & ATTENTION_POWER_CUT) === 0) {
    memory.fill(to, 0xff, bytes);
    return;
  }
  const block = max<u32>(limit(POLICY_BLOCK_BYTES), 1);
  for (let offset: u32 = 0; offset < bytes; offset += block) {
    if (granted(to + offset, 1) !== 0) memory.fill(to + offset, 0xff, min(block, bytes - offset));
  }
}

/** How many of `wanted` steps are written before power is lost. Memory outside FLASH does not count. */
function granted(to: usize, wanted: u32): u32 {
  if (to < <usize>FLASH || to >= <usize>VOLATILE) return wanted;
  const steps = min(wanted, state.flashSteps);
  state.flashSteps -= steps;
  return steps;
}

/** True if all `bytes` bytes are 0xff. */
export function isErased(address: usize, bytes: u32): bool {
  const end = address + bytes;
  while (address + 8 <= end) {
    if (load<u64>(address) !== u64.MAX_VALUE) return false;
    address += 8;
  }
  while (address < end) {
    if (load<u8>(address) !== 0xff) return false;
    address++;
  }
  return true;
}
