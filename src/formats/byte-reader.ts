import { guidText } from "../guid.ts";
import { fromUcs2 } from "../ucs2.ts";
import { crc32 } from "./crc.ts";
import { FormatError } from "./variable-set.ts";

/**
 * Reads little-endian fields one behind the other. Every method takes what the field is, for the FormatError that it
 * throws where the bytes end or the value cannot be; nothing is read outside the bytes.
 */
export class ByteReader {
  offset = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #unit: string;

  /** `unit` names what the offsets count in where that is not the file itself, as "offset in the inflated stream". */
  constructor(bytes: Uint8Array, unit = "offset") {
    // A Buffer's slice would share its memory.
    this.#bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#unit = unit;
  }

  /** Bytes that are left. */
  get rest(): number {
    return this.#bytes.length - this.offset;
  }

  /** The error for a field at `offset`. */
  error(offset: number, expectation: string): FormatError {
    return new FormatError(`${this.#unit} 0x${offset.toString(16)}`, expectation);
  }

  /** The next bytes, copied. */
  take(count: number, what: string): Uint8Array {
    const start = this.#skip(count, what);
    return this.#bytes.slice(start, start + count);
  }

  u16(what: string): number {
    return this.#view.getUint16(this.#skip(2, what), true);
  }

  u32(what: string): number {
    return this.#view.getUint32(this.#skip(4, what), true);
  }

  u64(what: string): bigint {
    return this.#view.getBigUint64(this.#skip(8, what), true);
  }

  guid(what: string): string {
    return guidText(this.#bytes, this.#skip(16, what));
  }

  /** A number of 64 bits that counts bytes which follow, or things of at least one byte each. */
  count64(what: string): number {
    const at = this.offset;
    const count = this.u64(what);
    if (count > BigInt(this.rest))
      throw this.error(at, `${what} of at most ${this.rest} (the bytes left), not ${count}`);
    return Number(count);
  }

  /** UCS-2 text of so many bytes, terminator included: not empty, no NUL before its end. */
  terminatedName(bytes: number, what: string): string {
    const at = this.offset;
    const name = fromUcs2(this.take(bytes, what));
    if (bytes % 2 !== 0 || name.length < 2 || name.indexOf("\0") !== name.length - 1) {
      throw this.error(at, `${what} in UCS-2 with its only NUL at the end of ${bytes} bytes`);
    }
    return name.slice(0, -1);
  }

  /** UCS-2 text up to and without the next NUL: not empty. */
  nameUpToNul(what: string): string {
    const start = this.offset;
    while (this.u16(`the NUL of ${what}`) !== 0);
    if (this.offset === start + 2) throw this.error(start, `${what} that is not empty`);
    return fromUcs2(this.#bytes.subarray(start, this.offset - 2));
  }

  /** A CRC-32 that must be that of the bytes from `start` up to it. */
  crc32Since(start: number): void {
    const actual = crc32(this.#bytes.subarray(start, this.offset));
    const crc = this.u32("CRC-32");
    if (crc !== actual) {
      throw this.error(this.offset - 4, `CRC-32 0x${actual.toString(16)}, not 0x${crc.toString(16)}`);
    }
  }

  /** Throws unless all bytes have been read. */
  end(what: string): void {
    if (this.rest !== 0) throw this.error(this.offset, `the end of ${what}, not ${this.rest} more bytes`);
  }

  #skip(count: number, what: string): number {
    if (count > this.rest) throw this.error(this.offset, `${what} in ${count} bytes; ${this.rest} are left`);
    this.offset += count;
    return this.offset - count;
  }
}
