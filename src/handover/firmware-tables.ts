import { ByteReader } from "../formats/byte-reader.ts";
import { ByteWriter } from "../formats/byte-writer.ts";
import { refuse } from "../formats/report.ts";
import { DESCRIPTOR_BYTES, type MemoryDescriptor, readMemoryMap, writeMemoryMap } from "./memory-map.ts";

/** Tables that UEFI itself defines behind a configuration table's address, little-endian. */

/** EFI_RT_PROPERTIES_TABLE (UEFI 2.10, 4.6.2): version and length u16, the supported services u32. */
const RT_PROPERTIES_VERSION = 1;
const RT_PROPERTIES_BYTES = 8;

/** `supported`: EFI_RT_SUPPORTED_ bits; all services are 0x3fff. */
export function writeRtProperties(supported: number): Uint8Array {
  return new ByteWriter().u16(RT_PROPERTIES_VERSION).u16(RT_PROPERTIES_BYTES).u32(supported).done();
}

/** The bits of the supported services. Throws a FormatError. */
export function readRtProperties(bytes: Uint8Array): number {
  const reader = new ByteReader(bytes);
  const version = reader.u16("the version");
  if (version !== RT_PROPERTIES_VERSION) refuse(0, `version ${RT_PROPERTIES_VERSION}, not ${version}`);
  const length = reader.u16("the length");
  if (length !== RT_PROPERTIES_BYTES) refuse(2, `a length of ${RT_PROPERTIES_BYTES}, not ${length}`);
  return reader.u32("the supported services");
}

/**
 * EFI_MEMORY_ATTRIBUTES_TABLE (UEFI 2.10, 4.6.4): version, entries, size of an entry and flags, u32 each; then the
 * entries.
 */
const ATTRIBUTES_VERSIONS = [1, 2];
const ATTRIBUTES_HEADER_BYTES = 16;

/** Descriptors of runtime code and data with the page attributes that they may be mapped with. */
export function writeMemoryAttributes(entries: readonly MemoryDescriptor[]): Uint8Array {
  const writer = new ByteWriter().u32(1).u32(entries.length).u32(DESCRIPTOR_BYTES).zeros(4);
  return writer.bytes(writeMemoryMap(entries)).done();
}

/** Throws a FormatError. */
export function readMemoryAttributes(bytes: Uint8Array): MemoryDescriptor[] {
  const reader = new ByteReader(bytes);
  const version = reader.u32("the version");
  if (!ATTRIBUTES_VERSIONS.includes(version)) refuse(0, `version 1 or 2, not ${version}`);
  const count = reader.u32("the count of entries");
  const size = reader.u32("the size of an entry");
  reader.u32("the flags");
  if (count * size > reader.rest) refuse(4, `entries in ${reader.rest} bytes, not ${count} of ${size} bytes`);
  return readMemoryMap(bytes.subarray(ATTRIBUTES_HEADER_BYTES, ATTRIBUTES_HEADER_BYTES + count * size), size);
}

/** EFI_SYSTEM_RESOURCE_TABLE (UEFI 2.10, 23.4): count and maximum u32, version u64; entries of 40 bytes. */
const ESRT_VERSION = 1n;
const RESOURCE_BYTES = 40;

/** A piece of firmware that capsules can update; versions are the firmware's own. */
export interface FirmwareResource {
  /** The class of the firmware, which a capsule for it bears. */
  guid: string;
  /** 0 unknown, 1 system firmware, 2 device firmware, 3 UEFI driver. */
  type: number;
  version: number;
  lowestVersion: number;
  /** Capsule flags that an update is to have. */
  flags: number;
  lastAttemptVersion: number;
  lastAttemptStatus: number;
}

/** A table of these resources, as large as they are. Throws a SyntaxError for a GUID that is none. */
export function writeEsrt(resources: readonly FirmwareResource[]): Uint8Array {
  const writer = new ByteWriter().u32(resources.length).u32(resources.length).u64(ESRT_VERSION);
  for (const resource of resources) {
    writer.guid(resource.guid).u32(resource.type).u32(resource.version).u32(resource.lowestVersion);
    writer.u32(resource.flags).u32(resource.lastAttemptVersion).u32(resource.lastAttemptStatus);
  }
  return writer.done();
}

/** Throws a FormatError. */
export function readEsrt(bytes: Uint8Array): FirmwareResource[] {
  const reader = new ByteReader(bytes);
  const count = reader.u32("the count of resources");
  reader.u32("the maximum of resources");
  const version = reader.u64("the version");
  if (version !== ESRT_VERSION) refuse(8, `version ${ESRT_VERSION}, not ${version}`);
  if (count * RESOURCE_BYTES > reader.rest) refuse(0, `resources in ${reader.rest} bytes, not ${count} of 40 bytes`);
  return Array.from({ length: count }, () => ({
    guid: reader.guid("a class"),
    type: reader.u32("a type"),
    version: reader.u32("a version"),
    lowestVersion: reader.u32("a lowest version"),
    flags: reader.u32("capsule flags"),
    lastAttemptVersion: reader.u32("the last attempt's version"),
    lastAttemptStatus: reader.u32("the last attempt's status"),
  }));
}
