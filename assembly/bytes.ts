/** Bytes up to which words are quicker (a GetVariable of 64 bytes by a tenth). */
const WORDS_BYTES_MAX: u32 = 256;

/**
 * Copies `bytes` bytes between ranges that do not overlap. A few are copied sooner by words than by the engine, which makes a
 * call of it.
 */
export function copyBytes(to: usize, from: usize, bytes: u32): void {
  if (bytes > WORDS_BYTES_MAX) {
    memory.copy(to, from, bytes);
    return;
  }
  const blocks = to + (bytes & ~31);
  while (to < blocks) {
    store<u64>(to, load<u64>(from));
    store<u64>(to, load<u64>(from, 8), 8);
    store<u64>(to, load<u64>(from, 16), 16);
    store<u64>(to, load<u64>(from, 24), 24);
    to += 32;
    from += 32;
  }
  const words = to + (bytes & 24);
  while (to < words) {
    store<u64>(to, load<u64>(from));
    to += 8;
    from += 8;
  }
  const rest = bytes & 7;
  if (rest === 0) return;
  if (bytes > 8) {
    // The last eight, of which some are there.
    store<u64>(to + rest - 8, load<u64>(from + rest - 8));
    return;
  }
  const end = to + rest;
  while (to < end) {
    store<u8>(to, load<u8>(from));
    to++;
    from++;
  }
}

/** True if `bytes` bytes at both addresses are equal. Reads up to 7 bytes behind them. */
export function sameBytes(a: usize, b: usize, bytes: u32): bool {
  const end = a + (bytes & ~7);
  while (a < end) {
    if (load<u64>(a) !== load<u64>(b)) return false;
    a += 8;
    b += 8;
  }
  const rest = (<u64>(bytes & 7)) << 3;
  return rest === 0 || (load<u64>(a) ^ load<u64>(b)) << (64 - rest) === 0;
}

/** True if both 16-byte GUIDs are equal. */
export function sameGuid(a: usize, b: usize): bool {
  return load<u64>(a) === load<u64>(b) && load<u64>(a, 8) === load<u64>(b, 8);
}

/** Copies 16 bytes: a GUID or an EFI_TIME. */
export function copyGuid(to: usize, from: usize): void {
  store<u64>(to, load<u64>(from));
  store<u64>(to, load<u64>(from, 8), 8);
}
