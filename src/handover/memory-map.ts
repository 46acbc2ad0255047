import { hex, viewOf } from "../formats/flash-bytes.ts";
import { type Report, refuse } from "../formats/report.ts";
import type { MemoryRange } from "../platform.ts";

/** Bytes and version of an EFI_MEMORY_DESCRIPTOR (UEFI 2.10, 7.2.3). A firmware may have longer ones. */
export const DESCRIPTOR_BYTES = 40;
export const DESCRIPTOR_VERSION = 1;
/** EFI_PAGE_SIZE, whatever the processor's own pages are. */
export const PAGE_BYTES = 0x1000n;
/** More descriptors than any firmware has. */
const DESCRIPTORS_MAX = 0x10000;

/** Fields of the descriptor, little-endian: u32 the type, u64 the others. */
const TYPE = 0;
const PHYSICAL_START = 8;
const VIRTUAL_START = 16;
const PAGES = 24;
const ATTRIBUTE = 32;

const ADDRESS_END = 1n << 64n;

/** One descriptor; bytes are whole pages. */
export interface MemoryDescriptor extends MemoryRange {
  /** Where SetVirtualAddressMap has put it; absent for 0, which it is in all that Xen hands over. */
  virtualStart?: bigint;
}

/**
 * A map's bytes. Throws a RangeError for a range that is not made of whole pages, or for descriptors that are too
 * short.
 */
export function writeMemoryMap(map: readonly MemoryDescriptor[], descriptorBytes = DESCRIPTOR_BYTES): Uint8Array {
  if (!isDescriptorSize(descriptorBytes)) throw new RangeError(sizeText(descriptorBytes));
  const bytes = new Uint8Array(map.length * descriptorBytes);
  const view = viewOf(bytes);
  for (const [i, range] of map.entries()) {
    checkRange(range);
    const at = i * descriptorBytes;
    view.setUint32(at + TYPE, range.type, true);
    view.setBigUint64(at + PHYSICAL_START, range.start, true);
    view.setBigUint64(at + VIRTUAL_START, range.virtualStart ?? 0n, true);
    view.setBigUint64(at + PAGES, range.bytes / PAGE_BYTES, true);
    view.setBigUint64(at + ATTRIBUTE, range.attributes, true);
  }
  return bytes;
}

function checkRange({ start, bytes }: MemoryRange): void {
  const isWhole = start % PAGE_BYTES === 0n && bytes % PAGE_BYTES === 0n;
  if (isWhole && start >= 0n && bytes >= 0n && start + bytes <= ADDRESS_END) return;
  throw new RangeError(`memory map: whole pages of 4096 bytes below 2^64, not ${hex(bytes)} bytes at ${hex(start)}`);
}

/**
 * The descriptors of a map's bytes, in their order. What a descriptor cannot be goes to `report`, by default a
 * FormatError; a size of descriptors that cannot be, or a map that is not made of them, is always one.
 */
export function readMemoryMap(
  bytes: Uint8Array,
  descriptorBytes = DESCRIPTOR_BYTES,
  report: Report = refuse,
): MemoryDescriptor[] {
  if (!isDescriptorSize(descriptorBytes)) refuse(0, sizeText(descriptorBytes));
  if (bytes.length % descriptorBytes !== 0) {
    refuse(
      bytes.length - (bytes.length % descriptorBytes),
      `descriptors of ${descriptorBytes} bytes; ${bytes.length % descriptorBytes} are left`,
    );
  }
  const count = bytes.length / descriptorBytes;
  if (count > DESCRIPTORS_MAX) refuse(DESCRIPTORS_MAX * descriptorBytes, `at most ${DESCRIPTORS_MAX} descriptors`);
  const view = viewOf(bytes);
  return Array.from({ length: count }, (_, i) => readDescriptor(view, i * descriptorBytes, report));
}

function readDescriptor(view: DataView, at: number, report: Report): MemoryDescriptor {
  const start = view.getBigUint64(at + PHYSICAL_START, true);
  const virtualStart = view.getBigUint64(at + VIRTUAL_START, true);
  const pages = view.getBigUint64(at + PAGES, true);
  if (start % PAGE_BYTES !== 0n) report(at + PHYSICAL_START, `a multiple of 4096, not ${hex(start)}`);
  if (start + pages * PAGE_BYTES > ADDRESS_END) {
    report(at + PAGES, `pages that end at 2^64 or before, not ${hex(pages)} from ${hex(start)} on`);
  }
  return {
    start,
    bytes: pages * PAGE_BYTES,
    attributes: view.getBigUint64(at + ATTRIBUTE, true),
    type: view.getUint32(at + TYPE, true),
    ...(virtualStart === 0n ? {} : { virtualStart }),
  };
}

/** UEFI asks for a multiple of 8, so that the descriptors' fields are aligned. */
export function isDescriptorSize(bytes: number): boolean {
  return Number.isInteger(bytes) && bytes >= DESCRIPTOR_BYTES && bytes % 8 === 0;
}

function sizeText(bytes: number): string {
  return `descriptors of at least ${DESCRIPTOR_BYTES} bytes, a multiple of 8, not ${bytes}`;
}

/** The range that holds an address, as XENPF_firmware_info looks for it. */
export function rangeAt<Range extends MemoryRange>(map: readonly Range[], address: bigint): Range | undefined {
  return map.find(({ start, bytes }) => address >= start && address - start < bytes);
}

/** The map with this range in it, cut out of those that hold its addresses; in order of addresses. */
export function carve(map: readonly MemoryRange[], range: MemoryRange): MemoryRange[] {
  const end = range.start + range.bytes;
  const rest = map.flatMap((old) => [
    { ...old, bytes: smaller(old.bytes, range.start - old.start) },
    { ...old, start: larger(old.start, end), bytes: old.start + old.bytes - larger(old.start, end) },
  ]);
  const all = [...rest.filter(({ bytes }) => bytes > 0n), range];
  return all.sort((a, b) => (a.start < b.start ? -1 : 1));
}

function smaller(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
