import { guidBytes } from "../guid.ts";

/** Appends little-endian fields to a row of bytes that grows. */
export class ByteWriter {
  length = 0;
  #bytes = new Uint8Array(256);

  u16(value: number): this {
    this.#view(2).setUint16(0, value, true);
    return this;
  }

  u32(value: number): this {
    this.#view(4).setUint32(0, value, true);
    return this;
  }

  u64(value: number | bigint): this {
    this.#view(8).setBigUint64(0, BigInt(value), true);
    return this;
  }

  bytes(bytes: Uint8Array): this {
    const start = this.#grow(bytes.length);
    this.#bytes.set(bytes, start);
    return this;
  }

  zeros(count: number): this {
    this.#grow(count);
    return this;
  }

  guid(guid: string): this {
    return this.bytes(guidBytes(guid));
  }

  /** A copy of what has been written. */
  done(): Uint8Array {
    return this.#bytes.slice(0, this.length);
  }

  #view(count: number): DataView {
    const start = this.#grow(count);
    return new DataView(this.#bytes.buffer, start, count);
  }

  #grow(count: number): number {
    const start = this.length;
    this.length += count;
    if (this.length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.length, 2 * this.#bytes.length));
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    return start;
  }
}
