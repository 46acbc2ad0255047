/** Bytes up to which words are quicker (a GetVariable of 64 bytes by a tenth). */
const WORDS_BYTES_MAX: u32 = 256;

/**
 * Copies `bytes` bytes between ranges that do not overlap. A few are copied sooner by words than by the engine, which makes a
 * call of it. What is left behind whole blocks is copied by one more that reaches back into the last.
 */
export function copyBytes(to: usize, from: usize, bytes: u32): void {
  if (bytes < 32) {
    copyFew(to, from, bytes);
    return;
  }
  if (bytes > WORDS_BYTES_MAX) {
    memory.copy(to, from, bytes);
    return;
  }
  const last = to + bytes - 32;
  const lastFrom = from + bytes - 32;
  while (to < last) {
    copyBlock(to, from);
    to += 32;
    from += 32;
  }
  copyBlock(last, lastFrom);
}

/** Copies less than 32 bytes. */
function copyFew(to: usize, from: usize, bytes: u32): void {
  if (bytes >= 16) {
    copyGuid(to, from);
    copyGuid(to + bytes - 16, from + bytes - 16);
    return;
  }
  if (bytes >= 8) {
    store<u64>(to, load<u64>(from));
    store<u64>(to + bytes - 8, load<u64>(from + bytes - 8));
    return;
  }
  const end = to + bytes;
  while (to < end) {
    store<u8>(to, load<u8>(from));
    to++;
    from++;
  }
}

/** Copies 32 bytes. */
function copyBlock(to: usize, from: usize): void {
  store<u64>(to, load<u64>(from));
  store<u64>(to, load<u64>(from, 8), 8);
  store<u64>(to, load<u64>(from, 16), 16);
  store<u64>(to, load<u64>(from, 24), 24);
}

/** True if `bytes` bytes at both addresses are equal. Of less than eight it reads eight. */
export function sameBytes(a: usize, b: usize, bytes: u32): bool {
  return compareBytes(a, b, bytes);
}

/** The same as part of its caller: the index asks at each look-up. */
export function compareBytes(a: usize, b: usize, bytes: u32): bool {
  if (bytes < 8) return bytes === 0 || (load<u64>(a) ^ load<u64>(b)) << (64 - ((<u64>bytes) << 3)) === 0;
  const last = a + bytes - 8;
  const lastOfB = b + bytes - 8;
  while (a < last) {
    if (load<u64>(a) !== load<u64>(b)) return false;
    a += 8;
    b += 8;
  }
  return load<u64>(last) === load<u64>(lastOfB);
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
