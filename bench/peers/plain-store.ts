import {
  ADDED,
  HEADER_BYTES,
  IN_TRANSITION,
  RECORD_ATTRIBUTES,
  RECORD_DATA_BYTES,
  RECORD_GUID,
  RECORD_NAME_BYTES,
  RECORD_STATE,
  START_ID,
} from "../../assembly/abi/record.ts";

/** What a call names and writes: offsets in guest memory, the GUID's in the op. */
export interface Draft {
  name: number;
  nameBytes: number;
  guid: number;
  hash: number;
  attributes: number;
  data: number;
  dataBytes: number;
  /** The old value of an append: a record of the log, whose data go before the draft's; 0: none. */
  head: number;
}

const FIRST = 0x64;
const SLOTS_MIN = 128;
const SLOTS_MAX = 32768;
const TRANSITION_MASK = 0xfe;
const DELETED_MASK = 0xfd;

/**
 * The store of the plain peer: a log of edk2's records and an index with open addressing, as bench/c/plain.c has them, over
 * typed arrays. Records are offsets in the log; 0 is none.
 */
export class PlainStore {
  readonly #guest: DataView;
  readonly #guestBytes: Uint8Array;
  readonly #end: number;
  #bytes: Uint8Array;
  #view: DataView;
  #copy: Uint8Array;
  #tail = FIRST;
  /** Hash and record of each slot. */
  readonly #index = new Int32Array(2 * SLOTS_MAX);
  #slots = SLOTS_MIN;
  #usedSlots = 0;

  /** An empty store of `end` bytes for names and data in such guest memory. */
  constructor(guest: Uint8Array, end: number) {
    this.#guestBytes = guest;
    this.#guest = new DataView(guest.buffer, guest.byteOffset, guest.length);
    this.#end = end;
    this.#bytes = new Uint8Array(end).fill(0xff);
    this.#copy = new Uint8Array(end);
    this.#view = new DataView(this.#bytes.buffer);
  }

  attributesOf(record: number): number {
    return this.#view.getUint32(record + RECORD_ATTRIBUTES, true);
  }

  dataBytesOf(record: number): number {
    return this.#view.getUint32(record + RECORD_DATA_BYTES, true);
  }

  #nameBytesOf(record: number): number {
    return this.#view.getUint32(record + RECORD_NAME_BYTES, true);
  }

  #dataOf(record: number): number {
    return record + HEADER_BYTES + this.#nameBytesOf(record);
  }

  #nextOf(record: number): number {
    return (this.#dataOf(record) + this.dataBytesOf(record) + 3) & ~3;
  }

  /** Copies so many of a record's bytes of data to guest memory: short ones by words, which is quicker than the engine's copy. */
  copyData(record: number, to: number, bytes: number): void {
    const from = this.#dataOf(record);
    if (bytes > 256) {
      this.#guestBytes.set(this.#bytes.subarray(from, from + bytes), to);
      return;
    }
    const words = bytes & ~3;
    for (let i = 0; i < words; i += 4) this.#guest.setUint32(to + i, this.#view.getUint32(from + i, true), true);
    for (let i = words; i < bytes; i++) this.#guest.setUint8(to + i, this.#view.getUint8(from + i));
  }

  /** True if the record holds just the draft's data. */
  hasData(record: number, d: Draft): boolean {
    return this.dataBytesOf(record) === d.dataBytes && this.#isInGuest(this.#dataOf(record), d.data, d.dataBytes);
  }

  /** The record of the draft's name, or 0. */
  find(d: Draft): number {
    const mask = this.#slots - 1;
    for (let slot = d.hash & mask; ; slot = (slot + 1) & mask) {
      const record = this.#index[2 * slot + 1] as number;
      if (record === 0) return 0;
      if (this.#index[2 * slot] === d.hash && this.#isNamed(record, d)) return record;
    }
  }

  #isNamed(record: number, d: Draft): boolean {
    if (this.#nameBytesOf(record) !== d.nameBytes) return false;
    return (
      this.#isInGuest(record + RECORD_GUID, d.guid, 16) && this.#isInGuest(record + HEADER_BYTES, d.name, d.nameBytes)
    );
  }

  #isInGuest(at: number, guest: number, bytes: number): boolean {
    const words = bytes & ~3;
    for (let i = 0; i < words; i += 4) {
      if (this.#view.getUint32(at + i, true) !== this.#guest.getUint32(guest + i, true)) return false;
    }
    for (let i = words; i < bytes; i++) {
      if (this.#view.getUint8(at + i) !== this.#guest.getUint8(guest + i)) return false;
    }
    return true;
  }

  /** Marks that a replacement has begun. */
  beginTransition(record: number): void {
    this.#clearState(record, TRANSITION_MASK);
  }

  remove(record: number, hash: number): void {
    this.#clearState(record, DELETED_MASK);
    this.#removeEntry(hash, record);
  }

  #clearState(record: number, mask: number): void {
    this.#view.setUint8(record + RECORD_STATE, this.#view.getUint8(record + RECORD_STATE) & mask);
  }

  /** Writes the draft where there is room, or room can be made; `old`, its record until now (0: none), is deleted. */
  write(d: Draft, old: number): boolean {
    if (this.#recordBytes(d) > this.#end - this.#tail) return this.#reclaim(d, old);
    const record = this.#tail;
    this.#writeRecord(this.#bytes, this.#view, record, d);
    this.#tail = (record + this.#recordBytes(d) + 3) & ~3;
    if (old !== 0) {
      this.#clearState(old, DELETED_MASK);
      this.#index[2 * this.#slotOf(d.hash, old) + 1] = record;
    } else if (this.#usedSlots * 2 >= this.#slots && this.#slots < SLOTS_MAX) {
      this.#rebuildIndex();
    } else {
      this.#insert(d.hash, record);
    }
    return true;
  }

  #recordBytes(d: Draft): number {
    return HEADER_BYTES + d.nameBytes + (d.head === 0 ? 0 : this.dataBytesOf(d.head)) + d.dataBytes;
  }

  #writeRecord(to: Uint8Array, view: DataView, at: number, d: Draft): void {
    const headBytes = d.head === 0 ? 0 : this.dataBytesOf(d.head);
    for (let i = 0; i < HEADER_BYTES; i += 4) view.setUint32(at + i, 0, true);
    view.setUint16(at, START_ID, true);
    view.setUint32(at + RECORD_ATTRIBUTES, d.attributes, true);
    view.setUint32(at + RECORD_NAME_BYTES, d.nameBytes, true);
    view.setUint32(at + RECORD_DATA_BYTES, headBytes + d.dataBytes, true);
    this.#fromGuest(to, view, at + RECORD_GUID, d.guid, 16);
    const data = at + HEADER_BYTES + d.nameBytes;
    this.#fromGuest(to, view, at + HEADER_BYTES, d.name, d.nameBytes);
    if (headBytes !== 0) to.set(this.#bytes.subarray(this.#dataOf(d.head), this.#dataOf(d.head) + headBytes), data);
    this.#fromGuest(to, view, data + headBytes, d.data, d.dataBytes);
    view.setUint8(at + RECORD_STATE, ADDED);
  }

  #fromGuest(to: Uint8Array, view: DataView, at: number, guest: number, bytes: number): void {
    if (bytes > 256) {
      to.set(this.#guestBytes.subarray(guest, guest + bytes), at);
      return;
    }
    const words = bytes & ~3;
    for (let i = 0; i < words; i += 4) view.setUint32(at + i, this.#guest.getUint32(guest + i, true), true);
    for (let i = words; i < bytes; i++) view.setUint8(at + i, this.#guest.getUint8(guest + i));
  }

  /** Keeps the live records but `replaced`, and puts the draft behind them. */
  #reclaim(d: Draft, replaced: number): boolean {
    const copy = this.#copy.fill(0xff);
    let tail = FIRST;
    for (let record = FIRST; record < this.#tail; record = this.#nextOf(record)) {
      if (record === replaced || !this.#isValid(record)) continue;
      const next = this.#nextOf(record);
      copy.set(this.#bytes.subarray(record, next), tail);
      tail += next - record;
    }
    if (this.#recordBytes(d) > this.#end - tail) return false;
    const end = (tail + this.#recordBytes(d) + 3) & ~3;
    this.#writeRecord(copy, new DataView(copy.buffer), tail, d);
    this.#bytes.set(copy);
    this.#tail = end;
    this.#rebuildIndex();
    return true;
  }

  #isValid(record: number): boolean {
    const state = this.#view.getUint8(record + RECORD_STATE);
    return state === ADDED || state === IN_TRANSITION;
  }

  #slotOf(hash: number, record: number): number {
    const mask = this.#slots - 1;
    let slot = hash & mask;
    while (this.#index[2 * slot + 1] !== record) slot = (slot + 1) & mask;
    return slot;
  }

  #insert(hash: number, record: number): void {
    const slot = this.#slotOf(hash, 0);
    this.#index[2 * slot] = hash;
    this.#index[2 * slot + 1] = record;
    this.#usedSlots++;
  }

  /** Later entries of the same run move up, so no tombstone is left. */
  #removeEntry(hash: number, record: number): void {
    const mask = this.#slots - 1;
    const index = this.#index;
    let gap = this.#slotOf(hash, record);
    for (let slot = (gap + 1) & mask; index[2 * slot + 1] !== 0; slot = (slot + 1) & mask) {
      if (((slot - (index[2 * slot] as number)) & mask) < ((slot - gap) & mask)) continue;
      index[2 * gap] = index[2 * slot] as number;
      index[2 * gap + 1] = index[2 * slot + 1] as number;
      gap = slot;
    }
    index[2 * gap] = 0;
    index[2 * gap + 1] = 0;
    this.#usedSlots--;
  }

  #rebuildIndex(): void {
    let count = 0;
    for (let record = FIRST; record < this.#tail; record = this.#nextOf(record)) if (this.#isValid(record)) count++;
    this.#slots = SLOTS_MIN;
    while (this.#slots < count * 4 && this.#slots < SLOTS_MAX) this.#slots *= 2;
    this.#usedSlots = 0;
    this.#index.fill(0, 0, 2 * this.#slots);
    for (let record = FIRST; record < this.#tail; record = this.#nextOf(record)) {
      if (!this.#isValid(record)) continue;
      const units = (this.#nameBytesOf(record) >> 1) - 1;
      this.#insert(hashName(this.#view, record + RECORD_GUID, record + HEADER_BYTES, units), record);
    }
  }
}

/** Hash of a name of so many units, without terminator, under a GUID; 32 bits, for numbers here have no 64. */
export function hashName(view: DataView, guid: number, name: number, units: number): number {
  let hash = hashGuid(view, guid);
  for (let i = 0; i < units; i++) hash = mix(hash, view.getUint16(name + 2 * i, true));
  return hash;
}

export function hashGuid(view: DataView, guid: number): number {
  let hash = 0;
  for (let i = 0; i < 16; i += 4) hash = mix(hash, view.getInt32(guid + i, true));
  return hash;
}

export function mix(hash: number, word: number): number {
  const product = Math.imul(hash ^ word, 0x9e3779b1);
  return product ^ (product >>> 15);
}
