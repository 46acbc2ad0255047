import { matches } from "../formats/flash-bytes.ts";
import { refuse } from "../formats/report.ts";
import { inspectTree, type TreeInspection } from "./device-tree-check.ts";
import { inspectMap, likelyDescriptorBytes, type MapInspection } from "./memory-map-check.ts";
import { inspectSystemTable, type SystemTableInspection } from "./system-table-check.ts";

/** A file that is handed over or was, looked at. */
export type Inspection = TreeInspection | SystemTableInspection | MapInspection;

/** What the file itself does not say. */
export interface InspectionOptions {
  /** Guest-physical address of the file's first byte; default the page of the configuration table. */
  address?: bigint;
  /** Bytes of a memory map's descriptors. Default 40, or 48 as edk2 has them, whichever a file is made of. */
  descriptorBytes?: number;
}

/**
 * What a file is, what it says and what is wrong or odd with it. A tree is known by its magic, a system table by its
 * signature at a multiple of 8 in the first page, a memory map by nothing but ranges that can be. Throws a FormatError
 * for other files.
 */
export function inspect(file: Uint8Array, options: InspectionOptions = {}): Inspection {
  if (matches(file, 0, TREE_MAGIC)) return inspectTree(file);
  const table = tableOffset(file);
  if (table !== undefined) return inspectSystemTable(file, table, options.address);
  const size = options.descriptorBytes ?? likelyDescriptorBytes(file);
  if (size !== undefined) return inspectMap(file, size);
  return refuse(0, 'a device tree (d00dfeed), a system table ("IBI SYST") or descriptors of a memory map');
}

const TREE_MAGIC = Uint8Array.of(0xd0, 0x0d, 0xfe, 0xed);
const TABLE_SIGNATURE = new TextEncoder().encode("IBI SYST");
const PAGE = 0x1000;

function tableOffset(file: Uint8Array): number | undefined {
  for (let at = 0; at < Math.min(PAGE, file.length); at += 8) if (matches(file, at, TABLE_SIGNATURE)) return at;
  return undefined;
}
