/**
 * Memory that a guest has to itself: a kernel shim's WebAssembly.Memory, a process's address space. A machine that is
 * given one reads and writes it in pieces, in the order in which the hypervisor does.
 */
export interface GuestMemory {
  /** Called once for each machine, with the core's own memory, whose size never changes. */
  connect(core: Uint8Array): GuestCopies;
  /** The guest's bytes as they lie now, address 0 first; absent where they cannot be had in one piece. */
  bytes?(): Uint8Array;
  /** Told of what an injected fault has written to `bytes()` past the core: guest address, and how many bytes. */
  wrote?(address: number, bytes: number): void;
  /** Guest addresses below this are never mapped. Default 0. */
  readonly unmappedBelow?: number;
}

/**
 * The core's two ways to guest memory. All arguments are integers of 32 bits as wasm passes them, with a sign: `from` and
 * `to` are offsets in the core's memory, a guest address is `high` * 2^32 + `low`, both taken as unsigned. At least one byte
 * is asked for, and none behind address 2^64 - 1.
 *
 * Both answer how many bytes they have not copied: 0, or on a fault those from the first on that is not mapped. The ones
 * before it have been copied, as Linux's and Xen's raw_copy_to_guest does. Neither calls the machine. What they throw, the
 * machine's call throws; what the firmware has done until then remains.
 */
export interface GuestCopies {
  copyIn(to: number, low: number, high: number, bytes: number): number;
  copyOut(from: number, low: number, high: number, bytes: number): number;
}

export interface BufferMemoryOptions {
  /** Addresses below this are not mapped, so that NULL faults. Default 1024, where lld puts a module's first data. */
  unmappedBelow?: number;
}

/** Addresses below this are unmapped by default. */
const NULL_BYTES = 1024;
/** Up to so many bytes a loop is faster than the engine's own copy, whose start costs as much as 40 steps. */
const WORDS_BYTES_MAX = 192;
const HALVES_BYTES_MAX = 80;
const BYTES_MAX = 40;
/** Up to this address words are counted in 32 bits. */
const WORDS_END = 0x80000000;
const HIGH = 0x100000000;

/** A guest in a buffer that stays what it is, address 0 first. */
export function fixedMemory(buffer: ArrayBufferLike, options: BufferMemoryOptions = {}): GuestMemory {
  const guest = viewsOf(buffer);
  return memoryOf(() => guest, options);
}

/**
 * A guest in a buffer that is asked for at each access, such as `() => memory.buffer` of a WebAssembly.Memory, which has
 * another one after each growth, or of an ArrayBuffer that is resized; address 0 first. It is not asked before the first
 * access.
 */
export function bufferMemory(buffer: () => ArrayBufferLike, options: BufferMemoryOptions = {}): GuestMemory {
  let guest = viewsOf(new ArrayBuffer(0));
  return memoryOf(() => {
    const now = buffer();
    if (now !== guest.buffer || now.byteLength !== guest.bytes.length) guest = viewsOf(now);
    return guest;
  }, options);
}

/** The halves of a guest address of up to 64 bits, as the core takes them; one with a sign is taken as unsigned. */
export function addressHalves(address: number | bigint): [low: number, high: number] {
  if (typeof address === "number" && address < HIGH) return [address, 0];
  const wide = BigInt.asUintN(64, BigInt(address));
  return [Number(wide & 0xffffffffn), Number(wide >> 32n)];
}

/** One buffer by bytes, by 16 and by 32 bits. */
interface Views {
  buffer: ArrayBufferLike;
  bytes: Uint8Array;
  halves: Uint16Array;
  words: Uint32Array;
}

function viewsOf(buffer: ArrayBufferLike, start = 0, byteLength = buffer.byteLength - start): Views {
  return {
    buffer,
    bytes: new Uint8Array(buffer, start, byteLength),
    halves: new Uint16Array(buffer, start, byteLength >> 1),
    words: new Uint32Array(buffer, start, byteLength >> 2),
  };
}

function memoryOf(guestNow: () => Views, { unmappedBelow = NULL_BYTES }: BufferMemoryOptions): GuestMemory {
  if (!(Number.isInteger(unmappedBelow) && unmappedBelow >= 0)) {
    throw new RangeError(`unmappedBelow: a guest address, not ${unmappedBelow}`);
  }
  return {
    unmappedBelow,
    bytes: () => guestNow().bytes,
    connect(core) {
      const own = viewsOf(core.buffer, core.byteOffset, core.byteLength);
      return {
        copyIn(to, low, high, bytes) {
          const guest = guestNow();
          const at = (high >>> 0) * HIGH + (low >>> 0);
          const count = at < unmappedBelow ? 0 : Math.max(0, Math.min(bytes >>> 0, guest.bytes.length - at));
          copy(own, to >>> 0, guest, at, count);
          return (bytes >>> 0) - count;
        },
        copyOut(from, low, high, bytes) {
          const guest = guestNow();
          const at = (high >>> 0) * HIGH + (low >>> 0);
          const count = at < unmappedBelow ? 0 : Math.max(0, Math.min(bytes >>> 0, guest.bytes.length - at));
          copy(guest, at, own, from >>> 0, count);
          return (bytes >>> 0) - count;
        },
      };
    },
  };
}

/** Copies by the widest unit in which both addresses are aligned alike, or leaves it to the engine. */
function copy(target: Views, to: number, source: Views, from: number, count: number): void {
  const skew = to ^ from;
  if (count <= WORDS_BYTES_MAX && (skew & 3) === 0 && to < WORDS_END && from < WORDS_END) {
    copyWords(target, to, source, from, count);
  } else if (count <= HALVES_BYTES_MAX && ((skew | to) & 1) === 0 && to < WORDS_END && from < WORDS_END) {
    copyHalves(target, to, source, from, count);
  } else if (count <= BYTES_MAX) {
    for (let i = 0; i < count; i++) target.bytes[to + i] = source.bytes[from + i] as number;
  } else {
    target.bytes.set(source.bytes.subarray(from, from + count), to);
  }
}

function copyWords(target: Views, to: number, source: Views, from: number, count: number): void {
  const end = to + count;
  while ((to & 3) !== 0 && to < end) target.bytes[to++] = source.bytes[from++] as number;
  const words = (end - to) >> 2;
  copyUnits(target.words, to >> 2, source.words, from >> 2, words);
  to += words << 2;
  from += words << 2;
  while (to < end) target.bytes[to++] = source.bytes[from++] as number;
}

function copyHalves(target: Views, to: number, source: Views, from: number, count: number): void {
  const last = count - 1;
  copyUnits(target.halves, to >> 1, source.halves, from >> 1, count >> 1);
  if (count & 1) target.bytes[to + last] = source.bytes[from + last] as number;
}

/** Four in a turn: a turn costs as much as two of them. */
function copyUnits<Units extends Uint16Array | Uint32Array>(
  target: Units,
  to: number,
  source: Units,
  from: number,
  count: number,
): void {
  const end = to + count;
  for (; to + 4 <= end; to += 4, from += 4) {
    target[to] = source[from] as number;
    target[to + 1] = source[from + 1] as number;
    target[to + 2] = source[from + 2] as number;
    target[to + 3] = source[from + 3] as number;
  }
  for (; to < end; to++, from++) target[to] = source[from] as number;
}
