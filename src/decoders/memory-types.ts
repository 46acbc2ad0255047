import { FormatError, offsetText, type Variable } from "../formats/variable-set.ts";
import { counted, type Decoded } from "./decoded.ts";
import { namesOf } from "./flags.ts";

/** EFI_MEMORY_TYPE (UEFI 2.10, 7.2.1), from 0. */
const TYPES = [
  "EfiReservedMemoryType",
  "EfiLoaderCode",
  "EfiLoaderData",
  "EfiBootServicesCode",
  "EfiBootServicesData",
  "EfiRuntimeServicesCode",
  "EfiRuntimeServicesData",
  "EfiConventionalMemory",
  "EfiUnusableMemory",
  "EfiACPIReclaimMemory",
  "EfiACPIMemoryNVS",
  "EfiMemoryMappedIO",
  "EfiMemoryMappedIOPortSpace",
  "EfiPalCode",
  "EfiPersistentMemory",
  "EfiUnacceptedMemoryType",
];

/** Memory attributes (UEFI 2.10, 7.2.3) by their bits. */
const ATTRIBUTES: readonly (string | undefined)[] = Array.from({ length: 64 }, (_, bit) => {
  const upper = ["WP", "RP", "XP", "NV", "MR", "RO", "SP", "CPU_CRYPTO"][bit - 12];
  return ["UC", "WC", "WT", "WB", "UCE"][bit] ?? upper ?? (bit === 63 ? "RUNTIME" : undefined);
});

/** "WB RUNTIME" of a descriptor's attributes; unknown bits together as a number. */
export function memoryAttributesText(attributes: bigint): string {
  return namesOf(attributes, ATTRIBUTES).join(" ") || "0";
}

/** The name of an EFI_MEMORY_TYPE; those of a firmware's or an operating system's own have none. */
export function memoryTypeName(type: number): string {
  return TYPES[type] ?? `type ${type}`;
}

const ENTRY_BYTES = 8;
/** EfiMaxMemoryType of the firmware's time: the table's end. */
const FIRST_END = 14;

/** edk2's `MemoryTypeInformation` (MdeModulePkg/Include/Guid/MemoryTypeInformation.h): u32 type, u32 pages, each. */
export function decodeMemoryTypes({ data }: Variable): Decoded {
  if (data.length % ENTRY_BYTES !== 0) {
    throw new FormatError(offsetText(0), `entries of ${ENTRY_BYTES} bytes, not ${data.length} bytes in all`);
  }
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const all = Array.from({ length: data.length / ENTRY_BYTES }, (_, i) => ({
    type: view.getUint32(i * ENTRY_BYTES, true),
    pages: view.getUint32(i * ENTRY_BYTES + 4, true),
  }));
  const last = all.at(-1);
  const hasEnd = last !== undefined && last.type >= FIRST_END && last.pages === 0;
  const entries = (hasEnd ? all.slice(0, -1) : all).map((entry) => ({
    ...entry,
    name: memoryTypeName(entry.type),
  }));
  const pages = entries.reduce((sum, entry) => sum + entry.pages, 0);
  const width = Math.max(0, ...entries.map(({ name }) => name.length));
  const lines = entries.map(({ name, pages }) => `${name.padEnd(width)}  ${counted(pages, "page")}`);
  return {
    kind: "memory types",
    summary: `${counted(entries.length, "type")}, ${counted(pages, "page")}`,
    lines: lines.length === 0 ? ["empty"] : lines,
    value: { entries },
  };
}
