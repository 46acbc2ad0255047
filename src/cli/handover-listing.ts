import { counted } from "../decoders/decoded.ts";
import { memoryAttributesText, memoryTypeName } from "../decoders/memory-types.ts";
import { type ConfigTable, configTableName } from "../handover/config-table.ts";
import { readDeviceTree } from "../handover/device-tree-reader.ts";
import { deviceTreeText } from "../handover/device-tree-text.ts";
import type { Handover } from "../handover/handover.ts";
import type { Inspection } from "../handover/inspection.ts";
import type { MemoryDescriptor } from "../handover/memory-map.ts";
import { readSystemTable, revisionText, type SystemTable } from "../handover/system-table.ts";
import { printable } from "../printable.ts";
import { table } from "./table.ts";

/** All that is handed over, and where: a text that says the same at each run. */
export function handoverText({ parts, memoryMap }: Handover): string {
  const places = parts.map(({ what, address, bytes }) => [hex(address), counted(bytes.length, "byte"), what]);
  const system = parts.find(({ what }) => what === "system table");
  const tree = parts.find(({ what }) => what === "device tree");
  return [
    table(places),
    ...(system === undefined ? [] : [systemTableText(readSystemTable(system)), mapText(memoryMap)]),
    ...(tree === undefined ? [] : [deviceTreeText(readDeviceTree(tree.bytes))]),
  ].join("\n");
}

function systemTableText({ vendor, revision, firmwareRevision, configTables }: SystemTable): string {
  return table([
    ["vendor", printable(vendor)],
    ["UEFI revision", revisionText(revision)],
    ["firmware revision", hex(firmwareRevision)],
    ...configTables.map(tableRow),
  ]);
}

function tableRow({ guid, address }: ConfigTable): string[] {
  return ["configuration table", `${hex(address)}  ${configTableName(guid)}`];
}

function mapText(map: readonly MemoryDescriptor[]): string {
  return table(
    map.map(({ start, bytes, type, attributes }) => [
      `${hex(start)}-${hex(start + bytes - (bytes > 0n ? 1n : 0n))}`,
      counted(Number(bytes / 4096n), "page"),
      memoryTypeName(type),
      memoryAttributesText(attributes),
    ]),
  );
}

/** What a file says, as far as it could be read. */
export function inspectionText(found: Inspection): string {
  if (found.kind === "device tree") return found.tree === undefined ? "" : deviceTreeText(found.tree);
  if (found.kind === "memory map") return mapText(found.map ?? []);
  const { header, vendor, configTables } = found;
  if (header === undefined) return "";
  return table([
    ...(vendor === undefined ? [] : [["vendor", printable(vendor)]]),
    ["UEFI revision", revisionText(header.revision)],
    ["firmware revision", hex(header.firmwareRevision)],
    ...(configTables ?? []).map(tableRow),
  ]);
}

/** The same for programs: numbers of 64 bits as "0x…". */
export function inspectionJson(found: Inspection): object {
  if (found.kind === "device tree") return { parameters: found.parameters && withHex(found.parameters) };
  if (found.kind === "memory map") {
    return { map: found.map?.map((range) => ({ ...withHex(range), typeName: memoryTypeName(range.type) })) };
  }
  const { header, vendor, configTables } = found;
  const entries = configTables?.map((entry) => ({ ...withHex(entry), name: configTableName(entry.guid) }));
  if (header === undefined) return {};
  return { vendor, revision: header.revision, firmwareRevision: header.firmwareRevision, configTables: entries };
}

function withHex(object: object): object {
  return Object.fromEntries(
    Object.entries(object).map(([key, value]) => [key, typeof value === "bigint" ? hex(value) : value]),
  );
}

function hex(value: number | bigint): string {
  return `0x${value.toString(16)}`;
}
