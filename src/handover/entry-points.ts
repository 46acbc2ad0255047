import { ByteReader } from "../formats/byte-reader.ts";
import { ByteWriter } from "../formats/byte-writer.ts";
import { hex, matches } from "../formats/flash-bytes.ts";
import { refuse } from "../formats/report.ts";

/** What configuration tables lead to first: ACPI's root pointer with its table, and SMBIOS's two entry points. */

/** RSDP of revision 2 (ACPI 6.5, 5.2.5.3), 36 bytes; the first 20 have a sum of their own. */
const RSDP_SIGNATURE = "RSD PTR ";
const RSDP_BYTES = 36;
const RSDP_FIRST_BYTES = 20;
const RSDP_CHECKSUM = 8;
const RSDP_EXTENDED_CHECKSUM = 32;
/** An ACPI table's header (ACPI 6.5, 5.2.6). */
const ACPI_HEADER_BYTES = 36;
const ACPI_CHECKSUM = 9;

/** What an RSDP says; addresses are physical. */
export interface Rsdp {
  /** At most 6 characters of ASCII, as all of these texts. */
  oemId: string;
  rsdtAddress: number;
  xsdtAddress: bigint;
}

/** Its 36 bytes, both checksums right. Throws a RangeError for an OEM id that does not fit. */
export function writeRsdp({ oemId, rsdtAddress, xsdtAddress }: Rsdp): Uint8Array {
  const writer = new ByteWriter().bytes(ascii(RSDP_SIGNATURE, 8)).zeros(1).bytes(ascii(oemId, 6)).bytes(byte(2));
  const bytes = writer.u32(rsdtAddress).u32(RSDP_BYTES).u64(xsdtAddress).zeros(4).done();
  seal(bytes, RSDP_CHECKSUM, 0, RSDP_FIRST_BYTES);
  seal(bytes, RSDP_EXTENDED_CHECKSUM, 0, RSDP_BYTES);
  return bytes;
}

/** Throws a FormatError for anything but a sound RSDP of revision 2 or later. */
export function readRsdp(bytes: Uint8Array): Rsdp {
  signed(bytes, RSDP_SIGNATURE, RSDP_BYTES);
  checkSum(bytes, RSDP_CHECKSUM, 0, RSDP_FIRST_BYTES);
  if ((bytes[15] as number) < 2) refuse(15, `revision 2 or later, not ${bytes[15]}`);
  checkSum(bytes, RSDP_EXTENDED_CHECKSUM, 0, RSDP_BYTES);
  const reader = readerAt(bytes, 16);
  const rsdtAddress = reader.u32("the RSDT's address");
  const length = reader.u32("the length");
  if (length !== RSDP_BYTES) refuse(20, `a length of ${RSDP_BYTES}, not ${length}`);
  return { oemId: text(bytes, 9, 6), rsdtAddress, xsdtAddress: reader.u64("the XSDT's address") };
}

/** An XSDT (ACPI 6.5, 5.2.8) of tables at these addresses. */
export function writeXsdt(oemId: string, tables: readonly bigint[]): Uint8Array {
  const writer = new ByteWriter().bytes(ascii("XSDT", 4)).u32(ACPI_HEADER_BYTES + 8 * tables.length);
  writer.bytes(byte(1)).zeros(1).bytes(ascii(oemId, 6)).zeros(20);
  for (const table of tables) writer.u64(table);
  const bytes = writer.done();
  seal(bytes, ACPI_CHECKSUM, 0, bytes.length);
  return bytes;
}

/** Addresses of the tables. Throws a FormatError for anything but a sound XSDT. */
export function readXsdt(bytes: Uint8Array): bigint[] {
  signed(bytes, "XSDT", ACPI_HEADER_BYTES);
  const reader = readerAt(bytes, 4);
  const length = reader.u32("the length");
  if (length < ACPI_HEADER_BYTES || length > bytes.length || (length - ACPI_HEADER_BYTES) % 8 !== 0) {
    refuse(4, `a length of ${ACPI_HEADER_BYTES} and 8 for each table, at most ${bytes.length}, not ${length}`);
  }
  checkSum(bytes, ACPI_CHECKSUM, 0, length);
  reader.offset = ACPI_HEADER_BYTES;
  return Array.from({ length: (length - ACPI_HEADER_BYTES) / 8 }, () => reader.u64("a table's address"));
}

/** RSDP at an address and its XSDT right behind it. */
export function acpiRoot(address: bigint, oemId: string, tables: readonly bigint[] = []): Uint8Array {
  const xsdtAt = RSDP_BYTES + 4;
  const rsdp = writeRsdp({ oemId, rsdtAddress: 0, xsdtAddress: address + BigInt(xsdtAt) });
  return new ByteWriter().bytes(rsdp).zeros(4).bytes(writeXsdt(oemId, tables)).done();
}

/** Entry point of SMBIOS 2.1 (DSP0134, 5.2.1), 31 bytes, of which the last 15 have a sum of their own. */
const SMBIOS_BYTES = 31;
const SMBIOS_CHECKSUM = 4;
const DMI = 16;
const DMI_CHECKSUM = 21;

/** What an entry point of SMBIOS 2 says; the address is physical. */
export interface Smbios {
  /** 2.8 is [2, 8]. */
  version: readonly [major: number, minor: number];
  largestStructureBytes: number;
  tableBytes: number;
  tableAddress: number;
  structures: number;
}

/** Its 31 bytes, both checksums right. */
export function writeSmbios({ version, ...table }: Smbios): Uint8Array {
  const writer = new ByteWriter()
    .bytes(ascii("_SM_", 4))
    .zeros(1)
    .bytes(byte(SMBIOS_BYTES, ...version));
  writer.u16(table.largestStructureBytes).zeros(6).bytes(ascii("_DMI_", 5)).zeros(1);
  writer.u16(table.tableBytes).u32(table.tableAddress).u16(table.structures);
  const bytes = writer.bytes(byte((version[0] << 4) | (version[1] & 15))).done();
  seal(bytes, DMI_CHECKSUM, DMI, SMBIOS_BYTES);
  seal(bytes, SMBIOS_CHECKSUM, 0, SMBIOS_BYTES);
  return bytes;
}

/** Throws a FormatError for anything but a sound entry point. */
export function readSmbios(bytes: Uint8Array): Smbios {
  signed(bytes, "_SM_", SMBIOS_BYTES);
  if (bytes[5] !== SMBIOS_BYTES) refuse(5, `a length of ${SMBIOS_BYTES}, not ${bytes[5]}`);
  checkSum(bytes, SMBIOS_CHECKSUM, 0, SMBIOS_BYTES);
  if (!matches(bytes, DMI, ascii("_DMI_", 5))) refuse(DMI, 'the signature "_DMI_"');
  checkSum(bytes, DMI_CHECKSUM, DMI, SMBIOS_BYTES);
  const largestStructureBytes = readerAt(bytes, 8).u16("the largest structure's bytes");
  const reader = readerAt(bytes, 22);
  return {
    version: [bytes[6] as number, bytes[7] as number],
    largestStructureBytes,
    tableBytes: reader.u16("the table's bytes"),
    tableAddress: reader.u32("the table's address"),
    structures: reader.u16("the count of structures"),
  };
}

/** Entry point of SMBIOS 3.0 (DSP0134, 5.2.2), 24 bytes. */
const SMBIOS3_BYTES = 24;
const SMBIOS3_CHECKSUM = 5;

/** What an entry point of SMBIOS 3 says; the address is physical. */
export interface Smbios3 {
  version: readonly [major: number, minor: number, revision: number];
  /** At most. */
  tableBytes: number;
  tableAddress: bigint;
}

/** Its 24 bytes, the checksum right. */
export function writeSmbios3({ version, tableBytes, tableAddress }: Smbios3): Uint8Array {
  const head = byte(0, SMBIOS3_BYTES, ...version, 1, 0);
  const bytes = new ByteWriter().bytes(ascii("_SM3_", 5)).bytes(head).u32(tableBytes).u64(tableAddress).done();
  seal(bytes, SMBIOS3_CHECKSUM, 0, SMBIOS3_BYTES);
  return bytes;
}

/** Throws a FormatError for anything but a sound entry point. */
export function readSmbios3(bytes: Uint8Array): Smbios3 {
  signed(bytes, "_SM3_", SMBIOS3_BYTES);
  if (bytes[6] !== SMBIOS3_BYTES) refuse(6, `a length of ${SMBIOS3_BYTES}, not ${bytes[6]}`);
  checkSum(bytes, SMBIOS3_CHECKSUM, 0, SMBIOS3_BYTES);
  const reader = readerAt(bytes, 12);
  return {
    version: [bytes[7] as number, bytes[8] as number, bytes[9] as number],
    tableBytes: reader.u32("the table's bytes"),
    tableAddress: reader.u64("the table's address"),
  };
}

/** Makes the sum of the bytes from `start` to `end` 0. */
function seal(bytes: Uint8Array, checksum: number, start: number, end: number): void {
  bytes[checksum] = 0;
  bytes[checksum] = -sum(bytes, start, end);
}

function checkSum(bytes: Uint8Array, checksum: number, start: number, end: number): void {
  const rest = sum(bytes, start, end) & 0xff;
  if (rest !== 0) refuse(checksum, `a checksum that makes the sum of offsets ${start} to ${end} 0, not ${hex(rest)}`);
}

function sum(bytes: Uint8Array, start: number, end: number): number {
  return bytes.subarray(start, end).reduce((total, value) => total + value, 0);
}

function signed(bytes: Uint8Array, signature: string, least: number): void {
  if (!matches(bytes, 0, ascii(signature, signature.length))) refuse(0, `the signature ${JSON.stringify(signature)}`);
  if (bytes.length < least) refuse(bytes.length, `${least} bytes, not ${bytes.length}`);
}

function readerAt(bytes: Uint8Array, offset: number): ByteReader {
  const reader = new ByteReader(bytes);
  reader.offset = offset;
  return reader;
}

function byte(...values: number[]): Uint8Array {
  return Uint8Array.from(values);
}

/** Padded with blanks, as ACPI's identifiers are. */
function ascii(value: string, bytes: number): Uint8Array {
  if (value.length > bytes || !/^[ -~]*$/.test(value)) {
    throw new RangeError(`${JSON.stringify(value)}: at most ${bytes} characters of ASCII`);
  }
  return new TextEncoder().encode(value.padEnd(bytes));
}

function text(bytes: Uint8Array, offset: number, length: number): string {
  return new TextDecoder("latin1").decode(bytes.subarray(offset, offset + length)).trimEnd();
}
