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
