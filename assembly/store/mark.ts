import { ATTENTION_MARKED, MARK_STATE, MARK_WORDS, MARK_WORDS_BYTES, STATE, STATE_BYTES } from "../abi/layout";
import { NV_REGION, nvRegion, Region, state, VOLATILE_REGION, volatileRegion } from "../state";
import { isErased } from "./erased";

/**
 * An undo journal. Behind a region's tail everything is erased, so that what was appended since the mark is undone by
 * erasing it; the words that changed before the tails, and in the index, are kept, 12 bytes each: address u32, its
 * former 8 bytes. What changes more than that (a reclaim, a boot, a larger index) breaks the mark: then only the host's
 * whole copy leads back.
 */
const ENTRY_BYTES: u32 = 12;
/** Both regions as they were at the mark. */
const MARKED_NV: usize = MARK_STATE + (NV_REGION - STATE);
const MARKED_VOLATILE: usize = MARK_STATE + (VOLATILE_REGION - STATE);
/** More than this at once is a rewrite of the store, of which nothing is kept. */
const KEPT_BYTES_MAX: u32 = 256;
/** What the journal holds at the most before another entry. */
const MARKED_BYTES_MAX: u32 = MARK_WORDS_BYTES - ENTRY_BYTES;
/** In place of the bytes of the journal: broken. */
const BROKEN: u32 = u32.MAX_VALUE;

/** Sets the mark here. It is broken from the start if bytes behind the tail of the non-volatile store are not erased. */
export function mark(): void {
  const rest = volatileRegion;
  if (rest.tail < rest.end) memory.fill(rest.tail, 0xff, rest.end - rest.tail);
  const nv = nvRegion;
  const erased = nv.tail >= nv.end || isErased(nv.tail, <u32>(nv.end - nv.tail));
  state.markedBytes = erased ? 0 : BROKEN;
  state.attention |= ATTENTION_MARKED;
  memory.copy(MARK_STATE, STATE, STATE_BYTES);
}

/** Goes back to the mark, which stays. False, and nothing changed, if it is broken. */
export function undo(): bool {
  if (state.markedBytes === BROKEN) return false;
  const nvTail = nvRegion.tail;
  const volatileTail = volatileRegion.tail;
  for (let at = state.markedBytes; at !== 0; at -= ENTRY_BYTES) {
    const entry = <usize>MARK_WORDS + at - ENTRY_BYTES;
    store<u64>(load<u32>(entry), load<u64>(entry, 4));
  }
  memory.copy(STATE, MARK_STATE, STATE_BYTES);
  eraseUpTo(nvTail, nvRegion);
  eraseUpTo(volatileTail, volatileRegion);
  return true;
}

/** Erases what was appended behind the region's tail. Even an erasure of no bytes is a call out of wasm. */
function eraseUpTo(end: usize, region: Region): void {
  if (end !== region.tail) memory.fill(region.tail, 0xff, end - region.tail);
}

/** Keeps `bytes` bytes of a store that are about to change, unless they lie behind its tail at the mark. */
export function keepStored(at: usize, bytes: u32): void {
  if ((state.attention & ATTENTION_MARKED) === 0 || state.markedBytes === BROKEN) return;
  const region = changetype<Region>(at < volatileRegion.first ? MARKED_NV : MARKED_VOLATILE);
  if (at >= region.tail && at < region.end) return;
  if (bytes > KEPT_BYTES_MAX) {
    breakMark();
    return;
  }
  for (let word = at & ~7; word < at + bytes; word += 8) keepWord(word);
}

/** Keeps the 8 bytes at `word`, which are about to change, if there is a mark. */
export function keepWord(word: usize): void {
  if ((state.attention & ATTENTION_MARKED) === 0) return;
  const markedBytes = state.markedBytes;
  // No less where it is broken already.
  if (markedBytes > MARKED_BYTES_MAX) {
    breakMark();
    return;
  }
  const entry = <usize>MARK_WORDS + markedBytes;
  store<u32>(entry, <u32>word);
  store<u64>(entry, load<u64>(word), 4);
  state.markedBytes = markedBytes + ENTRY_BYTES;
}

/** Too much changes to be kept. */
export function breakMark(): void {
  state.markedBytes = BROKEN;
}
