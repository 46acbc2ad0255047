import { Draft } from "./state";

const LANES: u64 = 0x0001000100010001;
const TOPS: u64 = 0x8000800080008000;
const MIX: u64 = 0x9e3779b97f4a7c15;

/**
 * Reads the UCS-2 name at `d.name` up to its terminator and hashes it together with `d.guid`: sets `d.nameBytes`
 * (terminator included) and `d.hash`. False if no terminator lies in the first `limit` bytes. Reads 8 bytes at a time,
 * up to 7 behind the limit.
 */
export function scanName(d: Draft, limit: u32): bool {
  const name = d.name;
  const end = name + limit;
  let hash = mix(load<u64>(d.guid), load<u64>(d.guid, 8));
  let at = name;
  while (at < end) {
    const units = load<u64>(at);
    const zeros = (units - LANES) & ~units & TOPS;
    if (zeros !== 0) {
      // The lowest set bit is exact: bit 15 of the first unit that is zero.
      const bits = ctz(zeros) - 15;
      at += <usize>(bits >> 3) + 2;
      if (at > end) return false;
      d.nameBytes = <u32>(at - name);
      d.hash = fold(mix(hash, units & ~(u64.MAX_VALUE << bits)));
      return true;
    }
    hash = mix(hash, units);
    at += 8;
  }
  return false;
}

/** Hash of a name of known length (terminator included) under a GUID, as scanName gives it. */
export function hashName(guid: usize, name: usize, nameBytes: u32): u32 {
  let hash = mix(load<u64>(guid), load<u64>(guid, 8));
  let left = <i32>nameBytes - 2;
  let at = name;
  while (left >= 8) {
    hash = mix(hash, load<u64>(at));
    at += 8;
    left -= 8;
  }
  const bits = (<u64>left) << 3;
  return fold(mix(hash, bits === 0 ? 0 : load<u64>(at) & ~(u64.MAX_VALUE << bits)));
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

function mix(hash: u64, word: u64): u64 {
  const product = (hash ^ word) * MIX;
  return product ^ (product >> 32);
}

function fold(hash: u64): u32 {
  return <u32>((hash * MIX) >> 32);
}
