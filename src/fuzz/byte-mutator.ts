import type { Random } from "../random.ts";

/** Numbers that lead outside, wrap, or are just at an end. */
const ODD = [0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 0x20, 0x27, 0x28, 0x40, 0x7f, 0x80, 0xff, 0x100, 0x400, 0x7fff, 0x8000];
const ODD_WORDS = [...ODD, 0x8400, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffff0, 0xfffffffe, 0xffffffff];
/** Bytes of a piece that is moved, taken or cut, at the most, but one in eight. */
const PIECE_BYTES = 64;
const CHANGES_MAX = 4;

type Change = (into: Uint8Array, bytes: number, other: Uint8Array) => number;

/** Changes rows of bytes in place: bits, words, tokens, and pieces that are cut, doubled, or come from another row. */
export class ByteMutator {
  readonly #random: Random;
  readonly #tokens: readonly Uint8Array[];
  readonly #changes: readonly Change[];

  /** `tokens` are put in whole. */
  constructor(random: Random, tokens: readonly Uint8Array[]) {
    this.#random = random;
    this.#tokens = tokens.filter((token) => token.length > 0);
    this.#changes = [
      (into, bytes) => this.#bit(into, bytes),
      (into, bytes) => this.#byte(into, bytes),
      (into, bytes) => this.#word(into, bytes),
      (into, bytes) => this.#sum(into, bytes),
      (into, bytes) => this.#overwrite(into, bytes, this.#token()),
      (into, bytes) => this.#insert(into, bytes, this.#token()),
      (into, bytes) => this.#erase(into, bytes),
      (into, bytes) => this.#insert(into, bytes, this.#pieceOf(into, bytes)),
      (into, bytes) => this.#overwrite(into, bytes, this.#pieceOf(into, bytes)),
      (into, bytes, other) => this.#insert(into, bytes, this.#pieceOf(other, other.length)),
      (into, bytes, other) => this.#overwrite(into, bytes, this.#pieceOf(other, other.length)),
    ];
  }

  /** One to four changes of the first `bytes` bytes of `into`, which has room for the most; gives the bytes it has then. */
  mutate(into: Uint8Array, bytes: number, other: Uint8Array): number {
    let now = bytes;
    for (let n = this.#random.below(CHANGES_MAX); n >= 0; n--) {
      now = this.#random.pick(this.#changes)(into, now, other);
    }
    return now;
  }

  #bit(into: Uint8Array, bytes: number): number {
    const at = this.#random.below(bytes + 1);
    if (at < bytes) into[at] = (into[at] as number) ^ (1 << this.#random.below(8));
    return bytes;
  }

  #byte(into: Uint8Array, bytes: number): number {
    const at = this.#random.below(bytes + 1);
    if (at < bytes) into[at] = this.#random.oneIn(2) ? this.#random.pick(ODD) : this.#random.u32();
    return bytes;
  }

  /** A word of 2, 4 or 8 bytes, either way round, that is odd. */
  #word(into: Uint8Array, bytes: number): number {
    const width = this.#random.pick([2, 4, 4, 8] as const);
    return this.#put(into, bytes, width, this.#random.pick(ODD_WORDS));
  }

  /** A word a little larger or smaller than it was. */
  #sum(into: Uint8Array, bytes: number): number {
    const width = this.#random.pick([1, 2, 4] as const);
    const at = this.#random.below(bytes + 1);
    if (at + width > bytes) return bytes;
    const delta = 1 + this.#random.below(16);
    let carry = this.#random.oneIn(2) ? delta : -delta;
    for (let i = 0; i < width; i++) {
      carry += into[at + i] as number;
      into[at + i] = carry;
      carry >>= 8;
    }
    return bytes;
  }

  #put(into: Uint8Array, bytes: number, width: number, value: number): number {
    const free = this.#random.below(bytes + 1);
    const at = this.#random.oneIn(2) ? free & ~3 : free;
    if (at + width > bytes) return bytes;
    const isBig = this.#random.oneIn(4);
    for (let i = 0; i < width; i++) {
      into[at + (isBig ? width - 1 - i : i)] = i < 4 ? value >>> (8 * i) : 0;
    }
    return bytes;
  }

  #token(): Uint8Array {
    return this.#tokens.length === 0 ? Uint8Array.of(this.#random.u32()) : this.#random.pick(this.#tokens);
  }

  /** A copy: what it comes from is about to change. */
  #pieceOf(from: Uint8Array, bytes: number): Uint8Array {
    const start = this.#random.below(bytes + 1);
    return from.slice(start, start + this.#pieceBytes(bytes - start));
  }

  #pieceBytes(most: number): number {
    if (most === 0) return 0;
    return 1 + this.#random.below(this.#random.oneIn(8) ? most : Math.min(most, PIECE_BYTES));
  }

  #overwrite(into: Uint8Array, bytes: number, piece: Uint8Array): number {
    const at = this.#random.below(bytes + 1);
    into.set(piece.subarray(0, into.length - at), at);
    return Math.max(bytes, Math.min(into.length, at + piece.length));
  }

  #insert(into: Uint8Array, bytes: number, piece: Uint8Array): number {
    const at = this.#random.below(bytes + 1);
    const fits = piece.subarray(0, into.length - bytes);
    into.copyWithin(at + fits.length, at, bytes);
    into.set(fits, at);
    return bytes + fits.length;
  }

  #erase(into: Uint8Array, bytes: number): number {
    const at = this.#random.below(bytes + 1);
    const cut = this.#pieceBytes(bytes - at);
    into.copyWithin(at, at + cut, bytes);
    return bytes - cut;
  }
}
