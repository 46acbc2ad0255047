import type { Finding } from "../formats/finding.ts";
import { hex } from "../formats/flash-bytes.ts";
import { type DeviceTree, type DeviceTreeNode, nodeAt, propertyOf } from "./device-tree.ts";
import { readDeviceTree } from "./device-tree-reader.ts";
import { Findings } from "./findings.ts";
import { DESCRIPTOR_VERSION, isDescriptorSize } from "./memory-map.ts";
import { SYSTEM_TABLE_BYTES } from "./system-table.ts";
import { type ParameterSource, parametersFrom, SECURE_BOOT, type UefiParameters } from "./uefi-parameters.ts";

/** What a tree says. */
export interface TreeInspection {
  kind: "device tree";
  findings: readonly Finding[];
  tree: DeviceTree | undefined;
  /** Xen's, else a boot loader's. */
  parameters: UefiParameters | undefined;
}

/** Reads a tree and checks its names and what it tells of UEFI. */
export function inspectTree(file: Uint8Array): TreeInspection {
  const findings = new Findings();
  const tree = findings.read(() => readDeviceTree(file));
  if (tree === undefined) return { kind: "device tree", findings: findings.all, tree, parameters: undefined };
  const end = new DataView(file.buffer, file.byteOffset).getUint32(4);
  if (end < file.length) findings.add(end, "warning", `${file.length - end} bytes behind the tree`);
  checkNames(tree.root, "", findings);
  const [xen, linux] = (["xen", "linux"] as const).map((source) => checkParameters(tree, source, findings));
  if (linux !== undefined && propertyOf(nodeAt(tree, "/chosen"), SECURE_BOOT) === undefined) {
    findings.at("/chosen", "warning", `no ${SECURE_BOOT}: Debian's kernels take the other properties only beside it`);
  }
  if (xen !== undefined && linux !== undefined && !isSame(xen, linux)) {
    findings.at("/chosen", "warning", "other parameters than those of /hypervisor/uefi, which Linux prefers");
  }
  return { kind: "device tree", findings: findings.all, tree, parameters: xen ?? linux };
}

/** No two properties, and no two nodes, of one name beside each other. */
function checkNames(node: DeviceTreeNode, path: string, findings: Findings): void {
  for (const list of [node.properties, node.children]) {
    const seen = new Set<string>();
    for (const { name } of list) {
      if (seen.has(name)) findings.at(path || "/", "error", `a second ${name}`);
      seen.add(name);
    }
  }
  for (const child of node.children) checkNames(child, `${path}/${child.name}`, findings);
}

function checkParameters(tree: DeviceTree, source: ParameterSource, findings: Findings): UefiParameters | undefined {
  const parameters = findings.read(() => parametersFrom(tree, source));
  if (parameters === undefined) return undefined;
  const place = source === "xen" ? "/hypervisor/uefi" : "/chosen";
  for (const text of wrongParameters(parameters)) findings.at(place, "error", text);
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
