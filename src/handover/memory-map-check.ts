import { memoryTypeName } from "../decoders/memory-types.ts";
import type { Finding } from "../formats/finding.ts";
import { hex, viewOf } from "../formats/flash-bytes.ts";
import { offsetText } from "../formats/variable-set.ts";
import { Findings } from "./findings.ts";
import { DESCRIPTOR_BYTES, type MemoryDescriptor, readMemoryMap } from "./memory-map.ts";

/** What a memory map says; undefined where it could not be read at all. */
export interface MapInspection {
  kind: "memory map";
  findings: readonly Finding[];
  map: readonly MemoryDescriptor[] | undefined;
}

/** Reads a map of descriptors of that size and checks its ranges. */
export function inspectMap(file: Uint8Array, size: number): MapInspection {
  const findings = new Findings();
  const map = findings.read(() => readMemoryMap(file, size, findings.report));
  if (map?.length === 0) findings.add(0, "error", "a map without descriptors");
  for (const [i, range] of (map ?? []).entries()) checkDescriptor(range, i * size, findings);
  checkOverlaps(map ?? [], size, findings);
  return { kind: "memory map", findings: findings.all, map };
}

/** What Xen's and edk2's descriptors have. */
const SIZES = [DESCRIPTOR_BYTES, 48];

/** The size of descriptors with which most of a file's bytes could be some; undefined if there is none. */
export function likelyDescriptorBytes(file: Uint8Array): number | undefined {
  return SIZES.find((size) => looksLikeMap(file, size));
}

/** More of the descriptors could be some than not: they start on a page, and have fewer pages than 2^52. */
function looksLikeMap(file: Uint8Array, size: number): boolean {
  const view = viewOf(file);
  const count = Math.floor(file.length / size);
  let likely = 0;
  for (let at = 0; at + size <= file.length; at += size) {
    if ((view.getUint32(at + 8, true) & 0xfff) === 0 && view.getUint32(at + 28, true) < 0x100000) likely++;
  }
  return likely > count / 2;
}

/** EFI_MEMORY_TYPEs from here on are for firmware (0x70000000) and operating systems (0x80000000) to give out. */
const OWN_TYPES = 0x70000000;
const RUNTIME = 1n << 63n;

function checkDescriptor(
  { type, bytes, attributes, virtualStart }: MemoryDescriptor,
  at: number,
  findings: Findings,
): void {
  if (bytes === 0n) findings.add(at + 24, "warning", "a range of no pages");
  if (type < OWN_TYPES && memoryTypeName(type) === `type ${type}`)
    findings.add(at, "warning", `an unknown memory type ${type}`);
  if (virtualStart !== undefined && (attributes & RUNTIME) === 0n) {
    findings.add(at + 16, "warning", `a virtual address ${hex(virtualStart)} of memory that is not for run time`);
  }
}

/** Each range that begins before the end of one that begins earlier. */
function checkOverlaps(map: readonly MemoryDescriptor[], size: number, findings: Findings): void {
  const sorted = [...map.entries()]
    .filter(([, { bytes }]) => bytes > 0n)
    .sort(([, a], [, b]) => (a.start < b.start ? -1 : 1));
  let last = sorted[0];
  for (const [i, range] of sorted.slice(1)) {
    const [before, { start, bytes }] = last as (typeof sorted)[0];
    if (range.start < start + bytes) {
      findings.add(i * size, "error", `the range at ${hex(range.start)} overlaps that of ${offsetText(before * size)}`);
    }
    if (range.start + range.bytes > start + bytes) last = [i, range];
  }
}
