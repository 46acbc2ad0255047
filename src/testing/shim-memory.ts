import { guidBytes, guidText } from "../guid.ts";
import { type EfiTime, readTime, TIME_BYTES, writeTime } from "../time.ts";
import { fromUcs2, toUcs2 } from "../ucs2.ts";

const PAGE_BYTES = 65536;
const ALIGNMENT = 16;

/** A piece of the shim's memory that belongs to the test; end exclusive. */
interface Chunk {
  start: number;
  end: number;
}

/**
 * A shim's memory as a test uses it: values put there are at the address that is answered, in pages that the shim does
 * not know of. Addresses are numbers, 0 is NULL; integers are little-endian. Reads and writes outside the memory throw a
 * RangeError.
 */
export class ShimMemory {
  /** Bytes of a pointer and of an unsigned long: 4 in wasm32, 8 in wasm64. */
  readonly longBytes: 4 | 8;
  readonly #memory: WebAssembly.Memory;
  readonly #chunks: Chunk[] = [];
  /** The chunk in use, and the first free address in it. */
  #current = -1;
  #free = 0;

  constructor(memory: WebAssembly.Memory, longBytes: 4 | 8) {
    this.#memory = memory;
    this.longBytes = longBytes;
  }

  /** The whole memory as it lies now; not valid any more once it has grown. */
  get view(): DataView {
    return new DataView(this.#memory.buffer);
  }

  /** Address of so many zero bytes, a multiple of 16. */
  alloc(bytes: number): number {
    const size = Math.max(1, Math.ceil(bytes / ALIGNMENT)) * ALIGNMENT;
    while (this.#current < 0 || this.#free + size > (this.#chunks[this.#current] as Chunk).end) this.#nextChunk(size);
    const address = this.#free;
    this.#free += size;
    new Uint8Array(this.#memory.buffer, address, size).fill(0);
    return address;
  }

  /** Frees everything that was put here. */
  reset(): void {
    this.#current = -1;
  }

  /** Frees what `work` puts here. */
  scoped<T>(work: () => T): T {
    const [current, free] = [this.#current, this.#free];
    try {
      return work();
    } finally {
      this.#current = current;
      this.#free = free;
    }
  }

  bytes(data: ArrayLike<number>): number {
    const address = this.alloc(data.length);
    new Uint8Array(this.#memory.buffer, address, data.length).set(data);
    return address;
  }

  /** UCS-2 with a terminator, in a buffer of at least so many bytes. */
  utf16(text: string, bytes = 0): number {
    const units = toUcs2(`${text}\0`);
    const address = this.alloc(Math.max(bytes, units.length));
    new Uint8Array(this.#memory.buffer, address, units.length).set(units);
    return address;
  }

  guid(text: string): number {
    return this.bytes(guidBytes(text));
  }

  /** EFI_TIME. */
  time(time: EfiTime): number {
    const address = this.alloc(TIME_BYTES);
    writeTime(this.view, address, time);
    return address;
  }

  u32(value: number): number {
    const address = this.alloc(4);
    this.view.setUint32(address, value, true);
    return address;
  }

  u64(value: bigint): number {
    const address = this.alloc(8);
    this.view.setBigUint64(address, value, true);
    return address;
  }

  /** An unsigned long or a pointer. */
  ulong(value: number | bigint): number {
    return this.longBytes === 4 ? this.u32(Number(value)) : this.u64(BigInt(value));
  }

  readBytes(address: number, bytes: number): Uint8Array {
    return new Uint8Array(this.#memory.buffer, address, bytes).slice();
  }

  /** UCS-2 up to its terminator. */
  readUtf16(address: number): string {
    const { view } = this;
    let end = address;
    while (view.getUint16(end, true) !== 0) end += 2;
    return fromUcs2(this.readBytes(address, end - address));
  }

  /** Latin-1 up to its terminator, as C has texts. */
  readText(address: number): string {
    const { view } = this;
    let text = "";
    for (let at = address, byte = view.getUint8(at); byte !== 0; byte = view.getUint8(++at)) {
      text += String.fromCharCode(byte);
    }
    return text;
  }

  readGuid(address: number): string {
    return guidText(this.readBytes(address, 16));
  }

  readTime(address: number): EfiTime {
    return readTime(this.view, address);
  }

  readU8(address: number): number {
    return this.view.getUint8(address);
  }

  readU32(address: number): number {
    return this.view.getUint32(address, true);
  }

  readU64(address: number): bigint {
    return this.view.getBigUint64(address, true);
  }

  /** An unsigned long or a pointer. Throws a RangeError past 2^53. */
  readUlong(address: number): number {
    const value = this.longBytes === 4 ? BigInt(this.readU32(address)) : this.readU64(address);
    if (value > Number.MAX_SAFE_INTEGER) throw new RangeError(`an unsigned long of 0x${value.toString(16)}`);
    return Number(value);
  }

  /** Goes on to the next chunk, a new one if there is none. */
  #nextChunk(bytes: number): void {
    this.#current++;
    if (this.#current === this.#chunks.length) this.#grow(Math.ceil(bytes / PAGE_BYTES));
    this.#free = (this.#chunks[this.#current] as Chunk).start;
  }

  #grow(pages: number): void {
    const { memory, start } = { memory: this.#memory, start: this.#memory.buffer.byteLength };
    growBy(memory, pages);
    this.#chunks.push({ start, end: memory.buffer.byteLength });
  }
}

/**
 * Bytes of a module's longs, which are those of its memory's addresses. C's stack pointer tells them, and in engines with
 * 64-bit memories for everybody the memory: it takes its pages as a BigInt.
 */
export function longBytesOf(memory: WebAssembly.Memory, stackPointer?: WebAssembly.Global): 4 | 8 {
  if (stackPointer !== undefined) return typeof stackPointer.value === "bigint" ? 8 : 4;
  try {
    memory.grow(0n as unknown as number);
    return 8;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return 4;
  }
}

/** Engines differ in how they take the pages of a 64-bit memory. */
function growBy(memory: WebAssembly.Memory, pages: number): void {
  try {
    memory.grow(pages);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    memory.grow(BigInt(pages) as unknown as number);
  }
}
