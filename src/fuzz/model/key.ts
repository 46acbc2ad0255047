import { guidBytes } from "../../guid.ts";
import { toUcs2 } from "../../ucs2.ts";

/** Hashes are cut to what JavaScript engines keep as small integers. */
const HASH_BITS = 0x3fffffff;
const FNV_PRIME = 0x01000193;

/**
 * What tells variables apart: the name's 16-bit units, exact and case-sensitive, and the vendor GUID as four words. One
 * object can be filled again and again, so that a call needs none of its own.
 */
export class VariableKey {
  units: Uint16Array;
  /** Units of the name, terminator left out. */
  length = 0;
  word0 = 0;
  word1 = 0;
  word2 = 0;
  word3 = 0;
  hash = 0;

  constructor(units = new Uint16Array(64)) {
    this.units = units;
  }

  /** The key of a name, and of a GUID as text. */
  static of(name: string, guid: string): VariableKey {
    const bytes = toUcs2(`${name}\0`);
    const key = new VariableKey();
    key.readName(new DataView(bytes.buffer), 0, name.length + 1);
    key.readGuid(new DataView(guidBytes(guid).buffer), 0);
    return key;
  }

  /** Bytes of the name with its terminator. */
  get nameBytes(): number {
    return 2 * (this.length + 1);
  }

  /** Reads units up to a terminator, at most `maxUnits` with it; false if there is none. `readGuid` completes the key. */
  readName(view: DataView, at: number, maxUnits: number): boolean {
    let hash = 0x811c9dc5;
    for (let i = 0; i < maxUnits; i++) {
      const unit = view.getUint16(at + 2 * i, true);
      if (unit === 0) {
        this.length = i;
        this.hash = hash;
        return true;
      }
      if (i === this.units.length) this.#grow();
      this.units[i] = unit;
      hash = Math.imul(hash ^ unit, FNV_PRIME);
    }
    return false;
  }

  /** Reads the GUID's 16 bytes; comes after the name. */
  readGuid(view: DataView, at: number): void {
    this.word0 = view.getUint32(at, true);
    this.word1 = view.getUint32(at + 4, true);
    this.word2 = view.getUint32(at + 8, true);
    this.word3 = view.getUint32(at + 12, true);
    const words = this.word0 ^ Math.imul(this.word1, 3) ^ Math.imul(this.word2, 5) ^ Math.imul(this.word3, 7);
    this.hash = Math.imul(this.hash ^ words ^ (words >>> 15), FNV_PRIME) & HASH_BITS;
  }

  writeGuid(view: DataView, at: number): void {
    view.setUint32(at, this.word0, true);
    view.setUint32(at + 4, this.word1, true);
    view.setUint32(at + 8, this.word2, true);
    view.setUint32(at + 12, this.word3, true);
  }

  equals(other: VariableKey): boolean {
    if (this.hash !== other.hash || !this.isOf(other)) return false;
    return this.hasName(other);
  }

  /** True if both have one vendor GUID. */
  isOf(other: VariableKey): boolean {
    return (
      this.word0 === other.word0 &&
      this.word1 === other.word1 &&
      this.word2 === other.word2 &&
      this.word3 === other.word3
    );
  }

  /** True if both have one name, whatever their GUIDs. */
  hasName(other: VariableKey): boolean {
    if (this.length !== other.length) return false;
    for (let i = 0; i < this.length; i++) if (this.units[i] !== other.units[i]) return false;
    return true;
  }

  copy(): VariableKey {
    const key = new VariableKey(this.units.slice(0, this.length));
    key.length = this.length;
    key.word0 = this.word0;
    key.word1 = this.word1;
    key.word2 = this.word2;
    key.word3 = this.word3;
    key.hash = this.hash;
    return key;
  }

  #grow(): void {
    const units = new Uint16Array(4 * this.units.length);
    units.set(this.units);
    this.units = units;
  }
}
