import { ByteReader } from "../formats/byte-reader.ts";
import { ByteWriter } from "../formats/byte-writer.ts";
import { crc32 } from "../formats/crc.ts";
import { hex, matches, viewOf } from "../formats/flash-bytes.ts";
import { type Report, refuse } from "../formats/report.ts";
import { fromUcs2, toUcs2 } from "../ucs2.ts";
import { CONFIG_TABLE_BYTES, type ConfigTable, readConfigTables, writeConfigTables } from "./config-table.ts";
import { type MemorySlice, offsetOf } from "./memory-slice.ts";

/** EFI_SYSTEM_TABLE of a 64-bit firmware (UEFI 2.10, 4.3), little-endian: offsets in bytes, pointers of 8. */
export const SYSTEM_TABLE_BYTES = 120;
const SIGNATURE = new TextEncoder().encode("IBI SYST");
const REVISION = 8;
const HEADER_BYTES = 12;
const CRC32 = 16;
const FIRMWARE_VENDOR = 24;
const FIRMWARE_REVISION = 32;
/** From ConsoleInHandle to BootServices: what an operating system cannot use once boot services have ended. */
const POINTERS = 40;
const POINTER_COUNT = 8;
const CONFIG_COUNT = 104;
const CONFIG_ADDRESS = 112;

/** More units than any vendor's name has; the hypercall's own limit is as large. */
const VENDOR_UNITS_MAX = 256;
/** More entries than any firmware makes. */
const CONFIG_TABLES_MAX = 1024;

/** What a system table says without its places; revisions as UEFI packs them, 0x20032 is 2.50. */
export interface SystemTable {
  revision: number;
  firmwareRevision: number;
  vendor: string;
  configTables: readonly ConfigTable[];
}

/** The table's own fields. */
export interface SystemTableHeader {
  /** Where in the slice it was read. */
  offset: number;
  revision: number;
  /** The bytes from the table's start on that the CRC-32 covers: Xen counts what it puts behind the table, too. */
  headerBytes: number;
  vendorAddress: bigint;
  firmwareRevision: number;
  /** Consoles, runtime and boot services, by the order of the fields; all 0 in what Xen hands over. */
  pointers: readonly bigint[];
  configTableCount: bigint;
  configTableAddress: bigint;
}

/**
 * The table for an address as Xen crafts it (xen/arch/arm/efi/efi-dom0.c): the configuration table and the vendor's
 * name in UCS-2 lie right behind it, and the header's size and CRC-32 count them in.
 */
export function writeSystemTable(table: SystemTable, address: bigint): Uint8Array {
  const entries = writeConfigTables(table.configTables);
  const vendor = toUcs2(`${table.vendor}\0`);
  const entriesAddress = address + BigInt(SYSTEM_TABLE_BYTES);
  const bytes = new ByteWriter()
    .bytes(
      headerBytes({
        revision: table.revision,
        headerBytes: SYSTEM_TABLE_BYTES + entries.length + vendor.length,
        vendorAddress: entriesAddress + BigInt(entries.length),
        firmwareRevision: table.firmwareRevision,
        pointers: new Array(POINTER_COUNT).fill(0n),
        configTableCount: BigInt(table.configTables.length),
        configTableAddress: entriesAddress,
      }),
    )
    .bytes(entries)
    .bytes(vendor)
    .done();
  viewOf(bytes).setUint32(CRC32, crc32(bytes), true);
  return bytes;
}

/** The 120 bytes with a CRC-32 of 0. */
function headerBytes(header: Omit<SystemTableHeader, "offset">): Uint8Array {
  const writer = new ByteWriter().bytes(SIGNATURE).u32(header.revision).u32(header.headerBytes).zeros(8);
  writer.u64(header.vendorAddress).u32(header.firmwareRevision).zeros(4);
  for (const pointer of header.pointers) writer.u64(pointer);
  return writer.u64(header.configTableCount).u64(header.configTableAddress).done();
}

/**
 * The table at an address. What is wrong goes to `report`, by default a FormatError whose offset is one in the slice;
 * if that returns, the reading goes on. A table that has no signature, or is cut, is always an error.
 */
export function readSystemTableHeader(
  slice: MemorySlice,
  address: bigint = slice.address,
  report: Report = refuse,
): SystemTableHeader {
  const at = startOf(slice, address);
  if (address % 8n !== 0n) report(at, `a system table at a multiple of 8, not at ${hex(address)}`);
  const view = viewOf(slice.bytes);
  const u64 = (offset: number) => view.getBigUint64(at + offset, true);
  const header = {
    offset: at,
    revision: view.getUint32(at + REVISION, true),
    headerBytes: view.getUint32(at + HEADER_BYTES, true),
    vendorAddress: u64(FIRMWARE_VENDOR),
    firmwareRevision: view.getUint32(at + FIRMWARE_REVISION, true),
    pointers: Array.from({ length: POINTER_COUNT }, (_, i) => u64(POINTERS + 8 * i)),
    configTableCount: u64(CONFIG_COUNT),
    configTableAddress: u64(CONFIG_ADDRESS),
  };
  checkSum(slice.bytes, at, header.headerBytes, report);
  return header;
}

function startOf(slice: MemorySlice, address: bigint): number {
  const target = { address, bytes: BigInt(SYSTEM_TABLE_BYTES), what: "a system table", field: 0 };
  // With this report it answers or throws.
  const at = offsetOf(slice, target, refuse) as number;
  if (!matches(slice.bytes, at, SIGNATURE)) refuse(at, 'the signature "IBI SYST"');
  return at;
}

/** The CRC-32 is that of the header with a CRC-32 of 0 (UEFI 2.10, 4.2). */
function checkSum(bytes: Uint8Array, at: number, size: number, report: Report): void {
  if (size < SYSTEM_TABLE_BYTES || size > bytes.length - at) {
    const most = bytes.length - at;
    report(at + HEADER_BYTES, `a header of ${SYSTEM_TABLE_BYTES} to ${most} bytes (those that are there), not ${size}`);
    return;
  }
  const header = bytes.slice(at, at + size);
  const view = viewOf(header);
  const crc = view.getUint32(CRC32, true);
  view.setUint32(CRC32, 0, true);
  const actual = crc32(header);
  if (crc !== actual) report(at + CRC32, `CRC-32 ${hex(actual)}, not ${hex(crc)}`);
}

/** The name that the table points to; undefined, and told to `report`, if it is not in the slice. */
export function readVendor(slice: MemorySlice, header: SystemTableHeader, report: Report = refuse): string | undefined {
  const field = header.offset + FIRMWARE_VENDOR;
  const target = { address: header.vendorAddress, bytes: 2n, what: "the vendor's name", field };
  const at = offsetOf(slice, target, report);
  if (at === undefined) return undefined;
  const text = fromUcs2(slice.bytes.subarray(at, at + 2 * VENDOR_UNITS_MAX));
  const end = text.indexOf("\0");
  if (end >= 0) return text.slice(0, end);
  report(at, `a vendor's name with a NUL among its first ${text.length} units`);
  return undefined;
}

/** The entries that the table points to; undefined, and told to `report`, if they are not in the slice. */
export function readConfigTable(
  slice: MemorySlice,
  header: SystemTableHeader,
  report: Report = refuse,
): ConfigTable[] | undefined {
  const { configTableCount: count, configTableAddress: address, offset } = header;
  if (count > CONFIG_TABLES_MAX) {
    report(offset + CONFIG_COUNT, `at most ${CONFIG_TABLES_MAX} configuration tables, not ${count}`);
    return undefined;
  }
  const bytes = count * BigInt(CONFIG_TABLE_BYTES);
  const field = offset + CONFIG_ADDRESS;
  const at = offsetOf(slice, { address, bytes, what: "the configuration table", field }, report);
  if (at === undefined) return undefined;
  const reader = new ByteReader(slice.bytes);
  reader.offset = at;
  return readConfigTables(reader, Number(count));
}

/**
 * The table at an address and what it points to, as writeSystemTable takes it. Throws a FormatError for anything wrong.
 */
export function readSystemTable(slice: MemorySlice, address: bigint = slice.address): SystemTable {
  const header = readSystemTableHeader(slice, address);
  const { revision, firmwareRevision } = header;
  // Strict readers answer or throw.
  const vendor = readVendor(slice, header) as string;
  return { revision, firmwareRevision, vendor, configTables: readConfigTable(slice, header) as ConfigTable[] };
}

/** "2.70" of a revision as UEFI packs it: the upper half, and the lower one in two digits (UEFI 2.10, 4.2.1). */
export function revisionText(revision: number): string {
  return `${revision >>> 16}.${String(revision & 0xffff).padStart(2, "0")}`;
}
