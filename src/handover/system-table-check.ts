import type { Finding } from "../formats/finding.ts";
import { hex } from "../formats/flash-bytes.ts";
import type { ConfigTable } from "./config-table.ts";
import { Findings } from "./findings.ts";
import { PAGE_BYTES } from "./memory-map.ts";
import { readConfigTable, readSystemTableHeader, readVendor, type SystemTableHeader } from "./system-table.ts";

/** What a system table says, as far as it could be read. */
export interface SystemTableInspection {
  kind: "system table";
  findings: readonly Finding[];
  header?: SystemTableHeader;
  vendor?: string;
  configTables?: readonly ConfigTable[];
}

/**
 * Reads the table at an offset of a file and checks it. `given`: the address of the file's first byte, if it is known.
 */
export function inspectSystemTable(file: Uint8Array, offset: number, given?: bigint): SystemTableInspection {
  const findings = new Findings();
  // Where the table's own address does not matter yet.
  const loose = { address: 0n, bytes: file };
  const header = findings.read(() => readSystemTableHeader(loose, BigInt(offset), findings.report));
  if (header === undefined) return { kind: "system table", findings: findings.all };
  const address = given ?? header.configTableAddress & ~(PAGE_BYTES - 1n);
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
