import { areSameBytes, isZero } from "../bytes.ts";
import { readTime, secondsOfTime, timeOfSeconds, writeTime } from "../time.ts";
import { toUcs2 } from "../ucs2.ts";
import { ByteReader } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import { crc32 } from "./crc.ts";
import type { Format } from "./format.ts";
import { heldUnder, lossesUnder, NO_DIGEST, NO_EMPTY, NO_VOLATILE, part } from "./losses.ts";
import { areSame, areSameLists } from "./sameness.ts";
import { keyOf, type Variable } from "./variable-set.ts";

/**
 * U-Boot's variable file, ubootefi.var (include/efi_variable.h: struct efi_var_file, struct efi_var_entry). All numbers
 * little-endian; entries are padded to 8 bytes with bytes that mean nothing.
 */
export const uboot: Format = {
  name: "uboot",
  title: "U-Boot variable file",
  detects: (bytes) => MAGIC.every((byte, n) => bytes[n] === byte),
  parse: (bytes) => [...readEntries(bytes).values()].map(({ variable }) => variable),
  losses: (variables) => lossesUnder(LIMITS, variables),
  serialize: (variables) => writeFile(heldUnder(LIMITS, variables).map(entryBytes), BUFFER_BYTES),
  edit(base, variables) {
    const entries = readEntries(base);
    if (
      areSameLists(
        [...entries.values()].map(({ variable }) => variable),
        variables,
      )
    )
      return base;
    const held = new Set(heldUnder(LIMITS, variables));
    const bytes = variables.flatMap((variable) => {
      const old = entries.get(keyOf(variable));
      if (old !== undefined && areSame(old.variable, variable)) return [old.bytes];
      return held.has(variable) ? [entryBytes(variable)] : [];
    });
    return writeFile(bytes, Math.max(BUFFER_BYTES, base.length));
  },
};

/** Eight reserved zero bytes, then EFI_VAR_FILE_MAGIC. */
const MAGIC = [0, 0, 0, 0, 0, 0, 0, 0, ...new TextEncoder().encode("UbEfiVa"), 1];
const LENGTH_OFFSET = 16;
const CRC_OFFSET = 20;
const HEADER_BYTES = 24;
/** CONFIG_EFI_VAR_BUF_SIZE as U-Boot's boards leave it. */
const BUFFER_BYTES = 131072;
const ALIGNMENT = 8;
/** 9999-12-31T23:59:59, the last second of EFI_TIME (UEFI 2.10, 8.3). */
const LAST_SECOND = 253402300799n;

const LIMITS = [NO_VOLATILE, NO_EMPTY, NO_DIGEST, part("time stamp: more than seconds from 1970 on", isInexact)];

interface Entry {
  variable: Variable;
  /** With padding. */
  bytes: Uint8Array;
}

/**
 * The entries that U-Boot would see: those without data, and a second one of the same name and GUID, it passes over
 * (lib/efi_loader/efi_var_common.c, efi_var_restore).
 */
function readEntries(file: Uint8Array): Map<string, Entry> {
  const reader = new ByteReader(file);
  checkHeader(reader, file);
  const entries = new Map<string, Entry>();
  while (reader.rest > 0) {
    const entry = readEntry(reader, file);
    const key = keyOf(entry.variable);
    if (entry.variable.data.length > 0 && !entries.has(key)) entries.set(key, entry);
  }
  return entries;
}

function checkHeader(reader: ByteReader, file: Uint8Array): void {
  if (!areSameBytes(reader.take(MAGIC.length, "the magic of a U-Boot variable file"), Uint8Array.from(MAGIC))) {
    throw reader.error(0, "8 zero bytes and the magic of a U-Boot variable file");
  }
  const length = reader.u32("file length");
  if (length !== file.length) throw reader.error(LENGTH_OFFSET, `a length of ${file.length} bytes, not ${length}`);
  const crc = reader.u32("CRC-32");
  const actual = crc32(file.subarray(HEADER_BYTES));
  if (crc !== actual) throw reader.error(CRC_OFFSET, `CRC-32 0x${hex(actual)}, not 0x${hex(crc)}`);
}

function readEntry(reader: ByteReader, file: Uint8Array): Entry {
  const start = reader.offset;
  const dataBytes = reader.u32("data length");
  const attributes = reader.u32("attributes");
  const seconds = reader.u64("time");
  if (seconds > LAST_SECOND) throw reader.error(start + 8, `a time up to ${LAST_SECOND} seconds, not ${seconds}`);
  const guid = reader.guid("vendor GUID");
  const name = reader.nameUpToNul("a name");
  const data = reader.take(dataBytes, "data");
  reader.take(-reader.offset & (ALIGNMENT - 1), "padding to 8 bytes");
  const stamp = seconds === 0n ? {} : { stamp: stampOf(Number(seconds)) };
  return { variable: { name, guid, attributes, data, ...stamp }, bytes: file.slice(start, reader.offset) };
}

function entryBytes(variable: Variable): Uint8Array {
  const writer = new ByteWriter()
    .u32(variable.data.length)
    .u32(variable.attributes)
    .u64(isInexact(variable) ? 0 : secondsOf(variable))
    .guid(variable.guid)
    .bytes(toUcs2(`${variable.name}\0`))
    .bytes(variable.data);
  return writer.zeros(-writer.length & (ALIGNMENT - 1)).done();
}

function writeFile(entries: readonly Uint8Array[], bytesMax: number): Uint8Array {
  const body = entries.reduce((writer, bytes) => writer.bytes(bytes), new ByteWriter()).done();
  const length = HEADER_BYTES + body.length;
  if (length > bytesMax) {
    throw new RangeError(`variables: ${length} bytes in U-Boot's file, more than the ${bytesMax} of its buffer`);
  }
  return new ByteWriter().bytes(Uint8Array.from(MAGIC)).u32(length).u32(crc32(body)).bytes(body).done();
}

/** True if seconds do not give the time stamp back: finer than a second, with a zone, no date, before 1970. */
function isInexact(variable: Variable): boolean {
  const { stamp } = variable;
  if (stamp === undefined || isZero(stamp)) return false;
  const seconds = secondsOf(variable);
  return !(seconds > 0 && seconds <= LAST_SECOND && areSameBytes(stampOf(seconds), stamp));
}

function secondsOf({ stamp }: Variable): number {
  if (stamp === undefined || isZero(stamp)) return 0;
  return secondsOfTime(readTime(new DataView(stamp.buffer, stamp.byteOffset, stamp.length), 0));
}

/** Time stamps of authenticated variables have zone 0 (UEFI 2.10, 8.2.2). */
function stampOf(seconds: number): Uint8Array {
  const stamp = new Uint8Array(16);
  writeTime(new DataView(stamp.buffer), 0, { ...timeOfSeconds(seconds), tz: 0 });
  return stamp;
}

function hex(value: number): string {
  return value.toString(16).padStart(8, "0");
}
