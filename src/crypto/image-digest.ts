import { createHash } from "node:crypto";
import { FormatError, offsetText } from "../formats/variable-set.ts";

/** Offsets in a PE image: of the PE header's offset in the DOS header; of fields in the PE and optional header. */
const DOS_PE_OFFSET = 0x3c;
const PE_SIGNATURE = 0x4550;
const PE_SECTIONS = 6;
const PE_OPTIONAL_BYTES = 20;
const PE_OPTIONAL = 24;
const OPTIONAL_HEADERS_BYTES = 60;
const OPTIONAL_CHECKSUM = 64;
/** Where PE32 and PE32+ have their count of data directories; the directories follow. */
const DIRECTORY_COUNT: Readonly<Record<number, number>> = { 267: 92, 523: 108 };
/** The certificate table is the fifth directory: offset u32, size u32. */
const CERTIFICATES = 4;
const DIRECTORY_BYTES = 8;
const SECTION_BYTES = 40;
const SECTION_SIZE = 16;
const SECTION_OFFSET = 20;

/** True if the bytes begin as a PE image does. */
export function isImage(bytes: Uint8Array): boolean {
  return bytes[0] === 0x4d && bytes[1] === 0x5a;
}

/**
 * The SHA-256 Authenticode digest of a PE image, by which db and dbx know it: all of it but the checksum, the certificate
 * table and that table's directory entry (edk2 DxeImageVerificationLib.c, HashPeImage). Nothing is added to an image whose
 * size is no multiple of 8, as signing it would. Throws a FormatError.
 */
export function imageDigest(image: Uint8Array): Uint8Array {
  const hash = createHash("sha256");
  for (const [start, end] of hashedRanges(image)) hash.update(image.subarray(start, end));
  return new Uint8Array(hash.digest());
}

type Range = readonly [start: number, end: number];

/** In the order in which they are hashed: headers, sections as they lie in the file, what is behind them. */
function hashedRanges(image: Uint8Array): Range[] {
  const read = new Fields(image);
  const pe = read.u32(DOS_PE_OFFSET);
  if (!isImage(image) || read.u32(pe) !== PE_SIGNATURE)
    throw new FormatError(offsetText(pe), "a PE header, PE and 0 0");
  const headers = headerRanges(read, pe + PE_OPTIONAL);
  const sections = sectionRanges(read, pe);
  const ranges = [...headers.ranges, ...sections];
  for (const [start, end] of ranges) {
    if (start > end || end > image.length)
      throw new FormatError(offsetText(start), "a part that ends within the image");
  }
  // Counted by the sections' sizes, wherever they lie.
  const counted = sections.reduce((sum, [start, end]) => sum + end - start, headers.end);
  if (image.length <= counted) return ranges;
  const rest = image.length - headers.certificateBytes;
  if (rest < counted) throw new FormatError(offsetText(counted), "a certificate table that ends with the image");
  return [...ranges, [counted, rest]];
}

/** The headers without checksum and the directory entry of the certificates. */
function headerRanges(read: Fields, optional: number): { ranges: Range[]; end: number; certificateBytes: number } {
  const magic = read.u16(optional);
  const count = DIRECTORY_COUNT[magic];
  if (count === undefined) {
    throw new FormatError(offsetText(optional), `0x10b (PE32) or 0x20b (PE32+), not 0x${magic.toString(16)}`);
  }
  const end = read.u32(optional + OPTIONAL_HEADERS_BYTES);
  const checksum = optional + OPTIONAL_CHECKSUM;
  const front: Range = [0, checksum];
  if (read.u32(optional + count) <= CERTIFICATES) {
    return { ranges: [front, [checksum + 4, end]], end, certificateBytes: 0 };
  }
  const entry = optional + count + 4 + CERTIFICATES * DIRECTORY_BYTES;
  const ranges: Range[] = [front, [checksum + 4, entry], [entry + DIRECTORY_BYTES, end]];
  return { ranges, end, certificateBytes: read.u32(entry + 4) };
}

function sectionRanges(read: Fields, pe: number): Range[] {
  const first = pe + PE_OPTIONAL + read.u16(pe + PE_OPTIONAL_BYTES);
  const sections = Array.from({ length: read.u16(pe + PE_SECTIONS) }, (_, i): Range => {
    const at = first + i * SECTION_BYTES;
    const start = read.u32(at + SECTION_OFFSET);
    return [start, start + read.u32(at + SECTION_SIZE)];
  });
  return sections.filter(([start, end]) => end > start).sort(([a], [b]) => a - b);
}

/** Little-endian fields of an image; an offset that it has not throws a FormatError. */
class Fields {
  readonly #view: DataView;

  constructor(image: Uint8Array) {
    this.#view = new DataView(image.buffer, image.byteOffset, image.length);
  }

  u16(at: number): number {
    return this.#view.getUint16(this.#within(at, 2), true);
  }

  u32(at: number): number {
    return this.#view.getUint32(this.#within(at, 4), true);
  }

  #within(at: number, bytes: number): number {
    if (at + bytes > this.#view.byteLength) throw new FormatError(offsetText(at), `${bytes} bytes more of the image`);
    return at;
  }
}
