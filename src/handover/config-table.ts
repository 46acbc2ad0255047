import type { ByteReader } from "../formats/byte-reader.ts";
import { ByteWriter } from "../formats/byte-writer.ts";

/** EFI_CONFIGURATION_TABLE (UEFI 2.10, 4.6): a GUID, and the guest-physical address of what it names. */
export interface ConfigTable {
  guid: string;
  address: bigint;
}

/** Bytes of an entry: the GUID, then a u64. */
export const CONFIG_TABLE_BYTES = 24;

/**
 * GUIDs of configuration tables that systems look for (UEFI 2.10, 4.6.1; Linux include/linux/efi.h), and edk2's own.
 */
export const CONFIG_TABLE_GUIDS = {
  "ACPI 2.0": "8868e871-e4f1-11d3-bc22-0080c73c8881",
  ACPI: "eb9d2d30-2d88-11d3-9a16-0090273fc14d",
  SMBIOS: "eb9d2d31-2d88-11d3-9a16-0090273fc14d",
  "SMBIOS 3.0": "f2fd1544-9794-4a2c-992e-e5bbcf20e394",
  ESRT: "b122a263-3661-4f68-9929-78f8b0d62180",
  "RT properties": "eb66918a-7eef-402a-842e-931d21c38ae9",
  "memory attributes": "dcfa911d-26eb-469f-a220-38b7dc461220",
  "image executions": "d719b2cb-3d3a-4596-a3bc-dad00e67656f",
  "DXE services": "05ad34ba-6f02-4214-952e-4da0398e2bb9",
  "HOB list": "7739f24c-93d7-11d4-9a3a-0090273fc14d",
  "memory types": "4c19049f-4137-4dd3-9c10-8b97a83ffdfa",
  "debug images": "49152e77-1ada-4764-b7a2-7afefed95e8b",
  "status codes": "060cc026-4c0d-4dda-8f41-595fef00a502",
  "LZMA decompression": "ee4e5898-3914-4259-9d6e-dc7bd79403cf",
} as const;

/** Such a table by what it holds. */
export type ConfigTableName = keyof typeof CONFIG_TABLE_GUIDS;

const NAMES = new Map<string, string>(Object.entries(CONFIG_TABLE_GUIDS).map(([name, guid]) => [guid, name]));

/** What the GUID stands for, or the GUID itself. */
export function configTableName(guid: string): string {
  return NAMES.get(guid) ?? guid;
}

/** The entries one behind the other, 24 bytes each. Throws a SyntaxError for a GUID that is none. */
export function writeConfigTables(tables: readonly ConfigTable[]): Uint8Array {
  const writer = new ByteWriter();
  for (const { guid, address } of tables) writer.guid(guid).u64(address);
  return writer.done();
}

/** So many entries from the reader's offset on. Throws a FormatError where the bytes end before. */
export function readConfigTables(reader: ByteReader, count: number): ConfigTable[] {
  return Array.from({ length: count }, () => ({
    guid: reader.guid("a configuration table's GUID"),
    address: reader.u64("a configuration table's address"),
  }));
}
