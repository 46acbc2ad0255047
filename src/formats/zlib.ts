import { unzlibSync, zlibSync } from "fflate";

/** Header with the two bytes of method and flags, then the dictionary's Adler-32 if a flag says so (RFC 1950, 2.2). */
const HEADER_BYTES = 2;
/** The first two bytes, big-endian, are a multiple of it. */
const HEADER_MODULUS = 31;
const FLAG_DICTIONARY = 0x20;
const ADLER_BYTES = 4;
const ADLER_MODULUS = 65521;
/** Deflate makes at most so many bytes of one. */
const RATIO_MAX = 1032;

/** A zlib stream that cannot be unpacked; says why. */
export class ZlibError extends Error {}

/** Adler-32 of the preset dictionary that a stream was packed with; undefined if with none, or if it is no zlib stream. */
export function dictionaryIdOf(stream: Uint8Array): number | undefined {
  const [method = 0, flags = 0] = stream;
  const isZlib = stream.length >= HEADER_BYTES + ADLER_BYTES && (method * 256 + flags) % HEADER_MODULUS === 0;
  return isZlib && (flags & FLAG_DICTIONARY) !== 0 ? u32(stream, HEADER_BYTES) : undefined;
}

/**
 * What a zlib stream holds, at most `bytesMax` bytes: no more memory is taken. The dictionary must be the one that the
 * stream names, and is not looked at if the stream names none. Throws a ZlibError.
 */
export function inflate(stream: Uint8Array, bytesMax: number, dictionary?: Uint8Array): Uint8Array {
  if (stream.length < HEADER_BYTES + ADLER_BYTES) throw new ZlibError("it is too short");
  const preset = dictionary === undefined || dictionaryIdOf(stream) === undefined ? {} : { dictionary };
  const out = new Uint8Array(Math.min(bytesMax, RATIO_MAX * stream.length) + 1);
  const bytes = unpack(stream, { out, ...preset });
  if (bytes.length > bytesMax) throw new ZlibError(`it unpacks to more than ${bytesMax} bytes`);
  // fflate leaves the check sum to its users.
  const wanted = u32(stream, stream.length - ADLER_BYTES);
  const actual = adler32(bytes);
  if (actual !== wanted)
    throw new ZlibError(`its content has Adler-32 0x${actual.toString(16)}, not 0x${wanted.toString(16)}`);
  return bytes.slice();
}

/** A zlib stream of the bytes, packed as well as can be, without dictionary. */
export function deflate(bytes: Uint8Array): Uint8Array {
  return zlibSync(bytes, { level: 9 });
}

/** RFC 1950, 8.2. */
export function adler32(bytes: Uint8Array): number {
  let low = 1;
  let high = 0;
  for (const byte of bytes) {
    low = (low + byte) % ADLER_MODULUS;
    high = (high + low) % ADLER_MODULUS;
  }
  return high * 0x10000 + low;
}

/** fflate's errors, and the RangeError of a stored block past the buffer's end, as a ZlibError. */
function unpack(stream: Uint8Array, options: { out: Uint8Array; dictionary?: Uint8Array }): Uint8Array {
  try {
    return unzlibSync(stream, options);
  } catch (error) {
    throw new ZlibError((error as Error).message);
  }
}

/** Big-endian, as all of zlib's numbers. */
function u32(bytes: Uint8Array, offset: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(offset);
}
