/**
 * The only functions that write the store's bytes: everything that would be a flash write of the real machine passes
 * here. Addresses are core addresses of FLASH or VOLATILE.
 */

/** Writes `bytes` bytes; the target is erased, or only bits are cleared. */
export function program(to: usize, from: usize, bytes: u32): void {
  memory.copy(to, from, bytes);
}

/** Clears the bits of one byte that are 0 in `mask`. */
export function clearBits(to: usize, mask: u8): void {
  store<u8>(to, load<u8>(to) & mask);
}

/** Sets `bytes` bytes to 0xff. */
export function erase(to: usize, bytes: u32): void {
  memory.fill(to, 0xff, bytes);
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
