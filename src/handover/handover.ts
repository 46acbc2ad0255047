import { hex } from "../formats/flash-bytes.ts";
import type { Machine } from "../machine.ts";
import type { FirmwareFacts, MemoryRange } from "../platform.ts";
import { toUcs2 } from "../ucs2.ts";
import { CONFIG_TABLE_BYTES } from "./config-table.ts";
import { writeDeviceTree } from "./device-tree.ts";
import { hypervisorTree, type TreeOptions } from "./hypervisor-tree.ts";
import { carve, DESCRIPTOR_BYTES, DESCRIPTOR_VERSION, PAGE_BYTES, rangeAt, writeMemoryMap } from "./memory-map.ts";
import { SYSTEM_TABLE_BYTES, type SystemTable, writeSystemTable } from "./system-table.ts";

/** A configuration table to hand over. */
export interface TableContent {
  guid: string;
  /** Where it lies already; or its bytes, to be put behind the system table, which may depend on the address there. */
  content: bigint | Uint8Array | ((address: bigint) => Uint8Array);
}

/** A system table and the configuration tables that it leads to. */
export type Tables = Omit<SystemTable, "configTables"> & { configTables: readonly TableContent[] };

/** What Xen gives a domain beside runtime services. */
export interface HandoverOptions {
  /** Without them there is at most a tree that tells of none. */
  tables?: Tables;
  /** The device tree, on Arm. */
  tree?: TreeOptions;
  /** The domain's memory. What is handed over is cut out of it where a kernel would take it for free. */
  memoryMap: readonly MemoryRange[];
  /** Guest-physical address of the first byte: a multiple of 4096. */
  base: bigint;
}

/** A row of bytes that is handed over; addresses are guest-physical. */
export interface HandoverPart {
  what: "system table" | "configuration tables" | "memory map" | "device tree";
  address: bigint;
  bytes: Uint8Array;
}

/** What was made, in the order of addresses. */
export interface Handover {
  parts: readonly HandoverPart[];
  /** The map that is handed over. */
  memoryMap: readonly MemoryRange[];
  /** What XENPF_firmware_info tells of it; nothing where there are no tables. */
  facts: Partial<FirmwareFacts>;
}

/** EfiACPIReclaimMemory, with EFI_MEMORY_WB (xen/arch/arm/efi/efi-dom0.c). */
const RECLAIM = 9;
const WRITE_BACK = 8n;
/**
 * EFI_MEMORY_TYPEs in which Linux keeps what a table lies in: reserved, runtime code and data, ACPI reclaim and NVS.
 */
const KEPT_TYPES = [0, 5, 6, 9, 10];

/**
 * All that is handed over, one behind the other from the base on: system table, configuration tables' own bytes, and
 * where a tree tells of it the memory map; on a page of its own the device tree. Throws a RangeError for a base that is
 * no page's, or where it does not end below 2^64.
 */
export function buildHandover({ tables, tree, memoryMap, base }: HandoverOptions): Handover {
  if (base < 0n || base % PAGE_BYTES !== 0n) throw new RangeError(`base: a multiple of 4096, not ${hex(base)}`);
  const crafted = tables === undefined ? undefined : buildTables(tables, memoryMap, base, tree !== undefined);
  const parts = [...(crafted?.parts ?? [])];
  if (tree !== undefined) {
    const bytes = writeDeviceTree(hypervisorTree(tree, crafted?.parameters));
    parts.push({ what: "device tree", address: pageAlign(endOf(parts) ?? base), bytes });
  }
  const end = endOf(parts) ?? base;
  if (end > 1n << 64n) throw new RangeError(`base: room for all below 2^64, not up to ${hex(end)}`);
  return { parts, memoryMap: crafted?.memoryMap ?? memoryMap, facts: crafted?.facts ?? {} };
}

/** Where the last part ends. */
function endOf(parts: readonly HandoverPart[]): bigint | undefined {
  const last = parts.at(-1);
  return last && last.address + BigInt(last.bytes.length);
}

function buildTables(tables: Tables, memoryMap: readonly MemoryRange[], base: bigint, withMap: boolean) {
  const { configTables, ...own } = tables;
  const tableBytes = SYSTEM_TABLE_BYTES + configTables.length * CONFIG_TABLE_BYTES + toUcs2(`${own.vendor}\0`).length;
  const placed = placeTables(configTables, align8(base + BigInt(tableBytes)));
  const system = writeSystemTable({ ...own, configTables: placed.entries }, base);
  const mapStart = align8(placed.end);
  // Room for two descriptors more than the block is told by.
  const mapRoom = withMap ? BigInt((memoryMap.length + 2) * DESCRIPTOR_BYTES) : 0n;
  const map = withBlock(memoryMap, base, pageAlign(mapStart + mapRoom));
  const mapPart: HandoverPart = { what: "memory map", address: mapStart, bytes: writeMemoryMap(map) };
  const parts: HandoverPart[] = [
    { what: "system table", address: base, bytes: system },
    ...placed.parts,
    ...(withMap ? [mapPart] : []),
  ];
  const parameters = {
    systemTable: base,
    mapStart,
    mapBytes: map.length * DESCRIPTOR_BYTES,
    descriptorBytes: DESCRIPTOR_BYTES,
    descriptorVersion: DESCRIPTOR_VERSION,
  };
  return { parts, parameters, memoryMap: map, facts: factsOf(tables, base, map) };
}

function factsOf(tables: Tables, base: bigint, memoryMap: MemoryRange[]): Partial<FirmwareFacts> {
  return {
    efiVersion: tables.revision,
    firmwareRevision: tables.firmwareRevision,
    vendor: tables.vendor,
    configTableAddress: base + BigInt(SYSTEM_TABLE_BYTES),
    configTableCount: tables.configTables.length,
    memoryMap,
  };
}

/** The tables that come with bytes, one behind the other at multiples of 8. */
function placeTables(tables: readonly TableContent[], start: bigint) {
  const parts: HandoverPart[] = [];
  let end = start;
  const entries = tables.map(({ guid, content }) => {
    if (typeof content === "bigint") return { guid, address: content };
    const address = align8(end);
    const bytes = typeof content === "function" ? content(address) : content;
    parts.push({ what: "configuration tables", address, bytes });
    end = address + BigInt(bytes.length);
    return { guid, address };
  });
  return { entries, parts, end };
}

/** The map with the tables' pages kept from a kernel that looks for free ones; at most two descriptors more. */
function withBlock(map: readonly MemoryRange[], base: bigint, end: bigint): MemoryRange[] {
  const holder = rangeAt(map, base);
  const isKept = holder !== undefined && KEPT_TYPES.includes(holder.type) && holder.start + holder.bytes >= end;
  if (isKept) return [...map];
  return carve(map, { start: base, bytes: end - base, attributes: holder?.attributes ?? WRITE_BACK, type: RECLAIM });
}

function align8(address: bigint): bigint {
  return (address + 7n) & ~7n;
}

function pageAlign(address: bigint): bigint {
  return (address + PAGE_BYTES - 1n) & ~(PAGE_BYTES - 1n);
}

/** EfiConventionalMemory. */
const CONVENTIONAL = 7;

/**
 * Puts what is handed over into a machine's guest memory, by default in the middle of it, and lets firmware_info tell
 * of it. Without a map the guest's memory is one bank of RAM. In memory of the guest's own, say a base where nothing
 * else is. Throws a RangeError for what does not fit.
 */
export function handover(machine: Machine, options: Partial<HandoverOptions>): Handover {
  const size = BigInt(machine.memory.length) & ~(PAGE_BYTES - 1n);
  const bank = { start: 0n, bytes: size, attributes: WRITE_BACK, type: CONVENTIONAL };
  const made = buildHandover({ memoryMap: [bank], base: (size / 2n) & ~(PAGE_BYTES - 1n), ...options });
  for (const { what, address, bytes } of made.parts) {
    const isOutside = address + BigInt(bytes.length) > size;
    if (isOutside || machine.mappedBytes(Number(address)) < bytes.length) {
      throw new RangeError(
        `handover: guest memory of ${hex(size)} bytes has no room for the ${what} at ${hex(address)}`,
      );
    }
  }
  machine.platform.report(made.facts);
  for (const { address, bytes } of made.parts) machine.memory.set(bytes, Number(address));
  return made;
}
