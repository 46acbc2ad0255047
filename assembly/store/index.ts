import { INDEX, INDEX_SLOTS_MAX } from "../abi/layout";
import { compareBytes, sameGuid } from "../bytes";
import { hashName } from "../name";
import { state } from "../state";
import { breakMark, keepWord } from "./mark";
import { foundNameBytes, guidOf, nameBytesOf, nameOf } from "./record";

/**
 * Side index of the store: (vendor GUID, name) -> the record that stands for it. Open addressing, linear probing, no
 * tombstones; a slot is hash u32, record address u32, and a slot without a record is free.
 *
 * It is a cache: rebuilt from the regions alone, never part of a rule. Records whose header was never completed have no name
 * and no entry.
 */
const SLOT_BYTES = 8;
const SLOTS_MIN = 128;

/** The record of this name, or 0. `nameBytes` counts the terminator. */
export function find(hash: u32, guid: usize, name: usize, nameBytes: u32): usize {
  const mask = state.indexSlots - 1;
  let slot = hash & mask;
  while (true) {
    const at = INDEX + slot * SLOT_BYTES;
    const record = <usize>load<u32>(at, 4);
    if (record === 0) return 0;
    if (load<u32>(at) === hash && isNamed(record, guid, name, nameBytes)) return record;
    slot = (slot + 1) & mask;
  }
}

/** Enters a record whose name has no entry yet. False if the index needs to be rebuilt larger first. */
export function insert(hash: u32, record: usize): bool {
  if (state.indexUsed * 2 >= state.indexSlots && state.indexSlots < <u32>INDEX_SLOTS_MAX) return false;
  const mask = state.indexSlots - 1;
  let slot = hash & mask;
  while (load<u32>(INDEX + slot * SLOT_BYTES, 4) !== 0) slot = (slot + 1) & mask;
  const at = INDEX + slot * SLOT_BYTES;
  keepWord(at);
  store<u32>(at, hash);
  store<u32>(at, <u32>record, 4);
  state.indexUsed++;
  return true;
}

/** Lets the entry of record `old` stand for record `by`, of the same name. */
export function replace(hash: u32, old: usize, by: usize): void {
  const at = slotOf(hash, old);
  keepWord(at);
  store<u32>(at, <u32>by, 4);
}

/** Removes a record's entry; later entries of the same run move up, so no tombstone is left. */
export function remove(hash: u32, record: usize): void {
  const mask = state.indexSlots - 1;
  let gap = <u32>(slotOf(hash, record) - INDEX) / SLOT_BYTES;
  let slot = gap;
  while (true) {
    slot = (slot + 1) & mask;
    const at = INDEX + slot * SLOT_BYTES;
    if (load<u32>(at, 4) === 0) break;
    // An entry may move to the gap unless its home lies between the gap and itself.
    if (((slot - load<u32>(at)) & mask) < ((slot - gap) & mask)) continue;
    keepWord(INDEX + gap * SLOT_BYTES);
    store<u64>(INDEX + gap * SLOT_BYTES, load<u64>(at));
    gap = slot;
  }
  keepWord(INDEX + gap * SLOT_BYTES);
  store<u64>(INDEX + gap * SLOT_BYTES, 0);
  state.indexUsed--;
}

/** Empties the index and gives it room for `count` records. */
export function clear(count: u32): void {
  breakMark();
  let slots: u32 = SLOTS_MIN;
  while (slots < count * 4 && slots < <u32>INDEX_SLOTS_MAX) slots *= 2;
  state.indexSlots = slots;
  state.indexUsed = 0;
  memory.fill(INDEX, 0, slots * SLOT_BYTES);
}

/** The hash of a record's own name. */
export function hashOf(record: usize): u32 {
  return hashName(guidOf(record), nameOf(record), nameBytesOf(record));
}

function isNamed(record: usize, guid: usize, name: usize, nameBytes: u32): bool {
  return (
    foundNameBytes(record) === nameBytes &&
    sameGuid(guidOf(record), guid) &&
    compareBytes(nameOf(record), name, nameBytes)
  );
}

function slotOf(hash: u32, record: usize): usize {
  const mask = state.indexSlots - 1;
  let slot = hash & mask;
  while (load<u32>(INDEX + slot * SLOT_BYTES, 4) !== <u32>record) slot = (slot + 1) & mask;
  return INDEX + slot * SLOT_BYTES;
}
