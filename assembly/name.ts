import { Draft } from "./state";

const LANES: u64 = 0x0001000100010001;
const TOPS: u64 = 0x8000800080008000;
/**
 * The hash is a sum of products: of GUID and name, eight bytes at a time, each times another power of this odd number.
 * Unlike a hash that mixes each word into the last one, the products do not wait for one another.
 */
const KEY: u64 = 0x9e3779b97f4a7c15;
const KEY_2: u64 = KEY * KEY;
const KEY_3: u64 = KEY_2 * KEY;

/**
 * Lets `d` name the variable of a GUID and a UCS-2 name, by their core addresses: reads the name up to its terminator and sets
 * `d.guid`, `d.name`, `d.nameBytes` (terminator included) and `d.hash`. False if no terminator lies in the first `limit` bytes.
 * Reads up to 15 bytes behind the limit.
 */
export function scanName(d: Draft, guid: usize, name: usize, limit: u32): bool {
  d.guid = guid;
  d.name = name;
  const end = name + limit;
  let sum = guidSum(guid);
  let key = KEY_3;
  let at = name;
  // If no unit less 1 has its upper bit set, none is 0. Two words at once, up to a unit that is 0 or above 0x8000.
  while (at < end) {
    const first = load<u64>(at);
    const second = load<u64>(at, 8);
    if ((((first - LANES) | (second - LANES)) & TOPS) !== 0) break;
    sum += (first + second * KEY) * key;
    key *= KEY_2;
    at += 16;
  }
  while (at < end) {
    const units = load<u64>(at);
    const zeros = (units - LANES) & ~units & TOPS;
    if (zeros !== 0) {
      // The lowest set bit is exact: bit 15 of the first unit that is zero.
      const bits = ctz(zeros) - 15;
      at += <usize>(bits >> 3) + 2;
      if (at > end) return false;
      d.nameBytes = <u32>(at - name);
      d.hash = fold(sum + (units & ~(u64.MAX_VALUE << bits)) * key);
      return true;
    }
    sum += units * key;
    key *= KEY;
    at += 8;
  }
  return false;
}

/**
 * Hash of a name of known length (terminator included) under a GUID, as scanName gives it. For no bytes at all, a record
 * without a name, it is just any number: none is found by it.
 */
export function hashName(guid: usize, name: usize, nameBytes: u32): u32 {
  let sum = guidSum(guid);
  let key = KEY_3;
  let left = <i32>nameBytes - 2;
  let at = name;
  for (; left >= 8; left -= 8) {
    sum += load<u64>(at) * key;
    key *= KEY;
    at += 8;
  }
  const last = load<u64>(at) & ~(u64.MAX_VALUE << ((<u64>left) << 3));
  return fold(sum + last * key);
}

function guidSum(guid: usize): u64 {
  return load<u64>(guid) * KEY + load<u64>(guid, 8) * KEY_2;
}

/** The upper half, which all bits have gone into, and the lower one brought there. */
function fold(sum: u64): u32 {
  return <u32>(((sum ^ (sum >> 32)) * KEY) >> 32);
}
