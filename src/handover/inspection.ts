import { memoryTypeName } from "../decoders/memory-types.ts";
import type { Finding, FindingSink } from "../formats/finding.ts";
import { hex, matches, viewOf } from "../formats/flash-bytes.ts";
import { refuse } from "../formats/report.ts";
import { FormatError, offsetText } from "../formats/variable-set.ts";
import type { ConfigTable } from "./config-table.ts";
import type { DeviceTree, DeviceTreeNode } from "./device-tree.ts";
import { nodeAt, propertyOf } from "./device-tree.ts";
import { readDeviceTree } from "./device-tree-reader.ts";
import {
  DESCRIPTOR_BYTES,
  DESCRIPTOR_VERSION,
  isDescriptorSize,
  type MemoryDescriptor,
  readMemoryMap,
} from "./memory-map.ts";
import {
  readConfigTable,
  readSystemTableHeader,
  readVendor,
  SYSTEM_TABLE_BYTES,
  type SystemTableHeader,
} from "./system-table.ts";
import { type ParameterSource, parametersFrom, SECURE_BOOT, type UefiParameters } from "./uefi-parameters.ts";

/** A file that is handed over or was, looked at; what could not be read is undefined. */
export type Inspection = { findings: Finding[] } & (
  | { kind: "device tree"; tree: DeviceTree | undefined; parameters: UefiParameters | undefined }
  | { kind: "memory map"; map: readonly MemoryDescriptor[] | undefined }
  | { kind: "system table"; header?: SystemTableHeader; vendor?: string; configTables?: readonly ConfigTable[] }
);

export interface InspectionOptions {
  /** Guest-physical address of the file's first byte; default the page of the configuration table. */
  address?: bigint;
  /** Bytes of a memory map's descriptors. Default 40, or 48 as edk2 has them, whichever a file is made of. */
  descriptorBytes?: number;
}

/**
 * What a file is, what it says and what is wrong or odd with it. A tree is known by its magic, a system table by its signature
 * at a multiple of 8 in the first page, a memory map by nothing but ranges that can be. Throws a FormatError for other files.
 */
export function inspect(file: Uint8Array, options: InspectionOptions = {}): Inspection {
  if (matches(file, 0, TREE_MAGIC)) return inspectTree(file);
  const table = tableOffset(file);
  if (table !== undefined) return inspectSystemTable(file, table, options.address);
  return inspectMap(file, options.descriptorBytes);
}

const TREE_MAGIC = Uint8Array.of(0xd0, 0x0d, 0xfe, 0xed);
const TABLE_SIGNATURE = new TextEncoder().encode("IBI SYST");
const PAGE = 0x1000;

function tableOffset(file: Uint8Array): number | undefined {
  for (let at = 0; at < Math.min(PAGE, file.length); at += 8) if (matches(file, at, TABLE_SIGNATURE)) return at;
  return undefined;
}

/** Findings, and reports of readers among them as errors. */
class Findings {
  readonly all: Finding[] = [];
  readonly add: FindingSink = (offset, severity, text) => this.all.push({ place: offsetText(offset), severity, text });
  readonly report = (offset: number, expectation: string) => this.add(offset, "error", `expected ${expectation}`);

  /** What a strict reader answers; undefined, and a finding, if it throws. */
  read<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      const text = `expected ${error.message.slice(error.place.length + 2)}`;
      this.all.push({ place: error.place, severity: "error", text });
      return undefined;
    }
  }

  warn(place: string, text: string): void {
    this.all.push({ place, severity: "warning", text });
  }
}

function inspectTree(file: Uint8Array): Inspection {
  const findings = new Findings();
  const tree = findings.read(() => readDeviceTree(file));
  if (tree === undefined) return { kind: "device tree", findings: findings.all, tree, parameters: undefined };
  const end = new DataView(file.buffer, file.byteOffset).getUint32(4);
  if (end < file.length) findings.add(end, "warning", `${file.length - end} bytes behind the tree`);
  checkNames(tree.root, "", findings);
  const [xen, linux] = (["xen", "linux"] as const).map((source) => checkParameters(tree, source, findings));
  if (linux !== undefined && propertyOf(nodeAt(tree, "/chosen"), SECURE_BOOT) === undefined) {
    findings.warn("/chosen", `no ${SECURE_BOOT}: Debian's kernels take the other properties only beside it`);
  }
  if (xen !== undefined && linux !== undefined && !isSame(xen, linux)) {
    findings.warn("/chosen", "other parameters than those of /hypervisor/uefi, which Linux prefers");
  }
  return { kind: "device tree", findings: findings.all, tree, parameters: xen ?? linux };
}

/** No two properties, and no two nodes, of one name beside each other. */
function checkNames(node: DeviceTreeNode, path: string, findings: Findings): void {
  for (const list of [node.properties, node.children]) {
    const seen = new Set<string>();
    for (const { name } of list) {
      if (seen.has(name)) findings.all.push({ place: path || "/", severity: "error", text: `a second ${name}` });
      seen.add(name);
    }
  }
  for (const child of node.children) checkNames(child, `${path}/${child.name}`, findings);
}

function checkParameters(tree: DeviceTree, source: ParameterSource, findings: Findings): UefiParameters | undefined {
  const parameters = findings.read(() => parametersFrom(tree, source));
  if (parameters === undefined) return undefined;
  const place = source === "xen" ? "/hypervisor/uefi" : "/chosen";
  for (const text of wrongParameters(parameters)) findings.all.push({ place, severity: "error", text });
  return parameters;
}

/** What cannot be, in words. */
function wrongParameters(parameters: UefiParameters): string[] {
  const { systemTable, mapStart, mapBytes, descriptorBytes, descriptorVersion } = parameters;
  const tableEnd = systemTable + BigInt(SYSTEM_TABLE_BYTES);
  const isOverlap = mapStart < tableEnd && systemTable < mapStart + BigInt(mapBytes);
  const isSized = isDescriptorSize(descriptorBytes);
  const wrong: [isWrong: boolean, text: string][] = [
    [
      systemTable === 0n || systemTable % 8n !== 0n,
      `expected a system table at a multiple of 8, not at ${hex(systemTable)}`,
    ],
    [mapStart === 0n || mapStart % 8n !== 0n, `expected a memory map at a multiple of 8, not at ${hex(mapStart)}`],
    [!isSized, `expected descriptors of at least 40 bytes, a multiple of 8, not ${descriptorBytes}`],
    [
      isSized && (mapBytes === 0 || mapBytes % descriptorBytes !== 0),
      `expected a map of whole descriptors, not ${mapBytes} bytes`,
    ],
    [
      descriptorVersion !== DESCRIPTOR_VERSION,
      `expected descriptor version ${DESCRIPTOR_VERSION}, not ${descriptorVersion}`,
    ],
    [isOverlap, `the memory map at ${hex(mapStart)} overlaps the system table at ${hex(systemTable)}`],
  ];
  return wrong.filter(([isWrong]) => isWrong).map(([, text]) => text);
}

function isSame(a: UefiParameters, b: UefiParameters): boolean {
  return Object.entries(a).every(([field, value]) => b[field as keyof UefiParameters] === value);
}

function inspectSystemTable(file: Uint8Array, offset: number, given: bigint | undefined): Inspection {
  const findings = new Findings();
  // Where the table's own address does not matter yet.
  const loose = { address: 0n, bytes: file };
  const header = findings.read(() => readSystemTableHeader(loose, BigInt(offset), findings.report));
  if (header === undefined) return { kind: "system table", findings: findings.all };
  const address = given ?? header.configTableAddress & ~BigInt(PAGE - 1);
  if ((address + BigInt(offset)) % 8n !== 0n) {
    findings.report(offset, `a system table at a multiple of 8, not at ${hex(address + BigInt(offset))}`);
  }
  const slice = { address, bytes: file };
  const isThere = (at: bigint) => at >= address && at - address < BigInt(file.length);
  const vendor = isThere(header.vendorAddress) ? readVendor(slice, header, findings.report) : undefined;
  if (!isThere(header.vendorAddress))
    findings.add(offset, "warning", `the vendor's name at ${hex(header.vendorAddress)} is not in the file`);
  const hasTables = header.configTableCount === 0n || isThere(header.configTableAddress);
  const configTables = hasTables ? readConfigTable(slice, header, findings.report) : undefined;
  if (!hasTables)
    findings.add(offset, "warning", `the configuration table at ${hex(header.configTableAddress)} is not in the file`);
  if (header.revision >>> 16 !== 2)
    findings.add(offset + 8, "warning", `revision ${hex(header.revision)}, not one of UEFI 2`);
  for (const guid of twice(configTables ?? [])) findings.add(offset, "warning", `a second configuration table ${guid}`);
  return {
    kind: "system table",
    findings: findings.all,
    header,
    ...(vendor === undefined ? {} : { vendor }),
    ...(configTables === undefined ? {} : { configTables }),
  };
}

function twice(tables: readonly ConfigTable[]): string[] {
  const guids = tables.map(({ guid }) => guid);
  return guids.filter((guid, i) => guids.indexOf(guid) !== i);
}

function inspectMap(file: Uint8Array, given: number | undefined): Inspection {
  const findings = new Findings();
  const size = given ?? SIZES.find((candidate) => looksLikeMap(file, candidate));
  if (size === undefined)
    refuse(0, 'a device tree (d00dfeed), a system table ("IBI SYST") or descriptors of a memory map');
  const map = findings.read(() => readMemoryMap(file, size, findings.report));
  if (map?.length === 0) findings.add(0, "error", "a map without descriptors");
  for (const [i, range] of (map ?? []).entries()) checkDescriptor(range, i * size, findings);
  checkOverlaps(map ?? [], size, findings);
  return { kind: "memory map", findings: findings.all, map };
}

/** What Xen's and edk2's descriptors have. */
const SIZES = [DESCRIPTOR_BYTES, 48];

/** More of the descriptors could be some than not. */
function looksLikeMap(file: Uint8Array, size: number): boolean {
  const view = viewOf(file);
  const count = Math.floor(file.length / size);
  let likely = 0;
  for (let at = 0; at + size <= file.length; at += size) {
    const isPage = (view.getUint32(at + 8, true) & 0xfff) === 0;
    // Fewer pages than 2^52, and none of the type's upper bits.
    if (isPage && view.getUint32(at + 28, true) < 0x100000 && view.getUint32(at + 4, true) === 0) likely++;
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
