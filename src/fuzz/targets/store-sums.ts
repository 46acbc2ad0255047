import { decodeBase64, encodeBase64 } from "../../formats/base64.ts";
import { crc32, crc32c } from "../../formats/crc.ts";
import { matches, viewOf } from "../../formats/flash-bytes.ts";
import { FormatError } from "../../formats/variable-set.ts";
import { deflate, inflate, ZlibError } from "../../formats/zlib.ts";

const ascii = (text: string) => new TextEncoder().encode(text);

interface Magic {
  offset: number;
  bytes: Uint8Array;
  mend(file: Uint8Array, view: DataView): void;
}

/** Where a format is known by, and how its lengths and sums are made right. */
const MAGICS: readonly Magic[] = [
  { offset: 8, bytes: ascii("UbEfiVa"), mend: mendUboot },
  { offset: 0, bytes: Uint8Array.of(0x97, 0x15, 0xdf, 0xf3), mend: mendLast },
  { offset: 0, bytes: ascii("AMZNUEFI"), mend: mendAws },
  { offset: 0, bytes: ascii("VARS"), mend: mendVarstored },
  { offset: 257, bytes: ascii("ustar"), mend: mendTar },
  { offset: 40, bytes: ascii("_FVH"), mend: mendVolume },
];

/**
 * Makes a store file's lengths and sums right in place, so that what lies behind them is read. Of a file without a magic
 * only the sums of dmpstore's records are mended.
 */
export function mendStore(file: Uint8Array): void {
  const magic = MAGICS.find(({ offset, bytes }) => matches(file, offset, bytes));
  if (magic === undefined) mendRecords(file, viewOf(file));
  else magic.mend(file, viewOf(file));
}

/** struct efi_var_file: length at 16, CRC-32 of the rest at 20. */
function mendUboot(file: Uint8Array, view: DataView): void {
  if (file.length < 24) return;
  view.setUint32(16, file.length, true);
  view.setUint32(20, crc32(file.subarray(24)), true);
}

/** An efivar export: a CRC-32 of all before it at the end. */
function mendLast(file: Uint8Array, view: DataView): void {
  if (file.length >= 4) view.setUint32(file.length - 4, crc32(file.subarray(0, -4)), true);
}

function mendAws(file: Uint8Array, view: DataView): void {
  if (file.length >= 12) view.setUint32(8, crc32c(file.subarray(12)), true);
}

/** The bytes of variables at 16: behind the header of version 1, or that of version 2 with its block of 268 bytes. */
function mendVarstored(file: Uint8Array, view: DataView): void {
  const head = (file[4] === 1 ? 0 : 268) + 24;
  if (file.length >= head) view.setBigUint64(16, BigInt(file.length - head), true);
}

/** The octal sum of each header, its own 8 bytes counted as spaces. */
function mendTar(file: Uint8Array): void {
  for (let at = 0; at + 512 <= file.length; at += 512) {
    const header = file.subarray(at, at + 512);
    if (!matches(header, 257, ascii("ustar"))) continue;
    header.fill(0x20, 148, 156);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.set(ascii(`${sum.toString(8).padStart(6, "0")}\0`), 148);
  }
}

/** EFI_FIRMWARE_VOLUME_HEADER: the sum of its units is 0. */
function mendVolume(file: Uint8Array, view: DataView): void {
  const bytes = file.length < 50 ? 0 : view.getUint16(48, true) & ~1;
  if (bytes < 72 || bytes > file.length) return;
  view.setUint16(50, 0, true);
  let sum = 0;
  for (let at = 0; at < bytes; at += 2) sum += view.getUint16(at, true);
  view.setUint16(50, -sum & 0xffff, true);
}

/** Records of the UEFI Shell's dmpstore: sizes of name and data, 28 more bytes, and a CRC-32 at the end. */
function mendRecords(file: Uint8Array, view: DataView): void {
  for (let at = 0; at + 8 <= file.length; ) {
    const end = at + 28 + view.getUint32(at, true) + view.getUint32(at + 4, true);
    if (end + 4 > file.length) return;
    view.setUint32(end, crc32(file.subarray(at, end)), true);
    at = end + 4;
  }
}

const UNPACKED_BYTES_MAX = 0x4000;

/**
 * A file that is packed, with its content changed: base64 text of varstored and AWS, and the zlib stream within the latter.
 * Undefined for any other file, and where the change makes more than `bytesMax` bytes.
 */
export function changeInside(file: Uint8Array, bytesMax: number, change: (content: Uint8Array) => Uint8Array) {
  const isText = matches(file, 0, ascii("QU1aTlVF")) || matches(file, 0, ascii("VkFSU"));
  const binary = isText ? unpacked(() => decodeBase64(file)) : file;
  if (binary === undefined) return undefined;
  const changed = matches(binary, 0, ascii("AMZNUEFI")) ? changedAws(binary, change) : isText && change(binary);
  if (!changed) return undefined;
  mendStore(changed);
  const packed = isText ? encodeBase64(changed) : changed;
  return packed.length > bytesMax ? undefined : packed;
}

function changedAws(file: Uint8Array, change: (content: Uint8Array) => Uint8Array): Uint8Array | undefined {
  const content = unpacked(() => inflate(file.subarray(16), UNPACKED_BYTES_MAX));
  if (content === undefined) return undefined;
  const stream = deflate(change(content));
  const changed = new Uint8Array(16 + stream.length);
  changed.set(file.subarray(0, 16));
  changed.set(stream, 16);
  return changed;
}

function unpacked(unpack: () => Uint8Array): Uint8Array | undefined {
  try {
    return unpack();
  } catch (error) {
    if (error instanceof FormatError || error instanceof ZlibError) return undefined;
    throw error;
  }
}
