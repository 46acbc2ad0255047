/** Guest addresses from `start` up to `end`. */
export interface AddressRange {
  start: number;
  end: number;
}

/** Nothing is mapped below, so that NULL faults. */
const FIRST_MAPPED = 4096;

/** The guest's memory as the hypervisor reaches it: what can be read or written from an address on before a fault. */
export class Guest {
  bytes: Uint8Array = new Uint8Array(0);
  view: DataView = new DataView(this.bytes.buffer);
  /** Faults on every access; on writes only. In any order. */
  unmapped: readonly AddressRange[] = [];
  readOnly: readonly AddressRange[] = [];

  /** The memory of the calls from now on: guest address 0 is byte 0. */
  use(memory: Uint8Array): void {
    if (memory === this.bytes) return;
    this.bytes = memory;
    this.view = new DataView(memory.buffer, memory.byteOffset, memory.length);
  }

  /** Of `count` bytes at an address, those before the first that cannot be read. */
  readable(at: number, count: number): number {
    if (at < FIRST_MAPPED || at >= this.bytes.length) return 0;
    return before(this.unmapped, at, Math.min(count, this.bytes.length - at));
  }

  /** The same for writing. */
  writable(at: number, count: number): number {
    const readable = this.readable(at, count);
    return this.readOnly.length === 0 ? readable : before(this.readOnly, at, readable);
  }

  canRead(at: number, count: number): boolean {
    return this.readable(at, count) === count;
  }

  /** Writes `count` bytes up to the first that faults, from `source` on; false if one did. */
  copyOut(at: number, source: Uint8Array, from: number, count: number): boolean {
    const written = this.writable(at, count);
    for (let i = 0; i < written; i++) this.bytes[at + i] = source[from + i] as number;
    return written === count;
  }
}

/** Of `count` bytes at an address, those before the first that lies in a range. */
function before(ranges: readonly AddressRange[], at: number, count: number): number {
  let free = count;
  for (const { start, end } of ranges) if (end > at && start < at + free) free = Math.max(0, start - at);
  return free;
}
