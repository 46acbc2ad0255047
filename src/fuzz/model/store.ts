import type { VariableKey } from "./key.ts";

/** Header of an authenticated variable's record in the log. */
export const HEADER_BYTES = 60;

/** A live variable. Those that the operating system cannot see are in no ring. */
export interface Entry {
  readonly key: VariableKey;
  readonly attributes: number;
  data: Uint8Array;
  /** Neighbours in enumeration order, a ring through the store's head. */
  previous: Entry | undefined;
  next: Entry | undefined;
  /** Another entry of the same hash. */
  chain: Entry | undefined;
}

/** What takes a change back: where the entry was, its data; undefined for one that was not there. */
interface Change {
  entry: Entry;
  previous: Entry | undefined;
  data: Uint8Array | undefined;
}

/** Bytes that a record takes: header, name with terminator, data, rounded up to 4. */
export function recordBytes(nameBytes: number, dataBytes: number): number {
  return (HEADER_BYTES + nameBytes + dataBytes + 3) & ~3;
}

/** The live variables in enumeration order, with what it takes to go back to a mark. */
export class VariableStore {
  readonly #byHash = new Map<number, Entry>();
  readonly #head: Entry;
  readonly #changes: Change[] = [];

  constructor(anyKey: VariableKey) {
    this.#head = {
      key: anyKey,
      attributes: 0,
      data: new Uint8Array(0),
      previous: undefined,
      next: undefined,
      chain: undefined,
    };
    this.#head.previous = this.#head;
    this.#head.next = this.#head;
  }

  find(key: VariableKey): Entry | undefined {
    let entry = this.#byHash.get(key.hash);
    while (entry !== undefined && !entry.key.equals(key)) entry = entry.chain;
    return entry;
  }

  /** The visible variable behind that one, or the first. */
  after(entry: Entry | undefined): Entry | undefined {
    const next = (entry ?? this.#head).next;
    return next === this.#head ? undefined : next;
  }

  /** A new variable, the last of the enumeration. Takes a copy of key and data. */
  add(key: VariableKey, attributes: number, data: Uint8Array, isVisible = true): void {
    const entry: Entry = {
      key: key.copy(),
      attributes,
      data: data.slice(),
      previous: undefined,
      next: undefined,
      chain: undefined,
    };
    this.#register(entry);
    if (isVisible) this.#link(entry, this.#head.previous as Entry);
    this.#changes.push({ entry, previous: undefined, data: undefined });
  }

  remove(entry: Entry): void {
    this.#changes.push({ entry, previous: entry.previous, data: entry.data });
    this.#unlink(entry);
    this.#unregister(entry);
  }

  /** Other data, for a variable that thereby becomes the last. */
  replace(entry: Entry, data: Uint8Array): void {
    this.overwrite(entry, data);
    this.#unlink(entry);
    this.#link(entry, this.#head.previous as Entry);
  }

  /** Other data in the same place. */
  overwrite(entry: Entry, data: Uint8Array): void {
    this.#changes.push({ entry, previous: entry.previous, data: entry.data });
    entry.data = data;
  }

  /** The present state is that to go back to. */
  mark(): void {
    this.#changes.length = 0;
  }

  /** Back to the mark, the last change first, so that each finds the ring as it left it. */
  reset(): void {
    for (let change = this.#changes.pop(); change !== undefined; change = this.#changes.pop()) {
      const { entry, previous, data } = change;
      const isLive = entry.next !== undefined;
      if (isLive) this.#unlink(entry);
      if (data === undefined) {
        this.#unregister(entry);
        continue;
      }
      entry.data = data;
      if (!isLive) this.#register(entry);
      this.#link(entry, previous as Entry);
    }
  }

  #register(entry: Entry): void {
    entry.chain = this.#byHash.get(entry.key.hash);
    this.#byHash.set(entry.key.hash, entry);
  }

  #unregister(entry: Entry): void {
    const { hash } = entry.key;
    const first = this.#byHash.get(hash) as Entry;
    if (first === entry) {
      if (entry.chain === undefined) this.#byHash.delete(hash);
      else this.#byHash.set(hash, entry.chain);
    } else {
      let before = first;
      while (before.chain !== entry) before = before.chain as Entry;
      before.chain = entry.chain;
    }
    entry.chain = undefined;
  }

  #link(entry: Entry, previous: Entry): void {
    const next = previous.next as Entry;
    entry.previous = previous;
    entry.next = next;
    previous.next = entry;
    next.previous = entry;
  }

  #unlink(entry: Entry): void {
    (entry.previous as Entry).next = entry.next;
    (entry.next as Entry).previous = entry.previous;
    entry.previous = undefined;
    entry.next = undefined;
  }
}
