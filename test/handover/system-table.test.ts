import { crc32 } from "node:zlib";
import { describe, expect, test } from "vitest";
import { FormatError } from "../../src/formats/variable-set.ts";
import { CONFIG_TABLE_GUIDS, configTableName } from "../../src/handover/config-table.ts";
import {
  readConfigTable,
  readSystemTable,
  readSystemTableHeader,
  readVendor,
  type SystemTable,
  writeSystemTable,
} from "../../src/handover/system-table.ts";
import { fixtureBytes } from "../support/fixtures.ts";

const ADDRESS = 0x50000000n;
const TABLE: SystemTable = {
  revision: 0x20032,
  firmwareRevision: 1,
  vendor: "Xen",
  configTables: [
    { guid: CONFIG_TABLE_GUIDS["ACPI 2.0"], address: 0x50000100n },
    { guid: CONFIG_TABLE_GUIDS.ESRT, address: 0xfedcba9876543210n },
  ],
};
/** 120 bytes, two entries of 24, "Xen" in UCS-2 with its NUL. */
const BYTES = 120 + 2 * 24 + 8;

const written = () => writeSystemTable(TABLE, ADDRESS);
const slice = (bytes: Uint8Array, address = ADDRESS) => ({ address, bytes });
const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset);

/** The table with a value in it and a CRC-32 that fits. */
function resealed(change: (view: DataView) => void, headerBytes = BYTES): Uint8Array {
  const bytes = written();
  const view = viewOf(bytes);
  change(view);
  view.setUint32(16, 0, true);
  view.setUint32(16, crc32(bytes.subarray(0, headerBytes)), true);
  return bytes;
}

describe("a system table", () => {
  test("lies as UEFI and Xen have it", () => {
    const bytes = written();
    const view = viewOf(bytes);
    expect(new TextDecoder().decode(bytes.subarray(0, 8))).toBe("IBI SYST");
    expect([view.getUint32(8, true), view.getUint32(12, true), view.getUint32(20, true)]).toEqual([0x20032, BYTES, 0]);
    expect(view.getBigUint64(24, true)).toBe(ADDRESS + 168n);
    expect([view.getUint32(32, true), view.getBigUint64(104, true)]).toEqual([1, 2n]);
    expect(view.getBigUint64(112, true)).toBe(ADDRESS + 120n);
    expect(bytes.subarray(40, 104).every((byte) => byte === 0)).toBe(true);
    expect([...bytes.subarray(168)]).toEqual([0x58, 0, 0x65, 0, 0x6e, 0, 0, 0]);
    expect(bytes.length).toBe(BYTES);
  });

  test("has the CRC-32 of an independent implementation, over all that is behind it, too", () => {
    const bytes = written();
    const crc = viewOf(bytes).getUint32(16, true);
    viewOf(bytes).setUint32(16, 0, true);
    expect(crc).toBe(crc32(bytes));
  });

  test("is read as it was written, and written the same again", () => {
    const read = readSystemTable(slice(written()));
    expect(read).toEqual(TABLE);
    expect(writeSystemTable(read, ADDRESS)).toEqual(written());
  });

  test.each(["", "\ud800 \u00e9\u4e2d", "x".repeat(255)])("keeps the vendor's name %j", (vendor) => {
    const bytes = writeSystemTable({ ...TABLE, vendor }, ADDRESS);
    expect(readSystemTable(slice(bytes)).vendor).toBe(vendor);
  });

  test.each([
    [1024, undefined],
    [1025, "offset 0x68: at most 1024 configuration tables, not 1025"],
  ])("of %s configuration tables is refused: %s", (count, message) => {
    const configTables = Array.from({ length: count }, () => ({ guid: CONFIG_TABLE_GUIDS.ESRT, address: 1n }));
    const read = () => readSystemTable(slice(writeSystemTable({ ...TABLE, configTables }, ADDRESS)));
    if (message === undefined) expect(read().configTables).toEqual(configTables);
    else expect(read).toThrow(message);
  });

  test("is found inside a larger piece of memory", () => {
    const bytes = new Uint8Array(0x1000);
    bytes.set(written(), 0x100);
    expect(readSystemTable(slice(bytes, ADDRESS - 0x100n), ADDRESS)).toEqual(TABLE);
  });
});

describe("OVMF's own table", () => {
  const page = { address: 0x5f9eb000n, bytes: fixtureBytes("handover/ovmf-system-table.bin") };
  const header = readSystemTableHeader(page, 0x5f9eb018n);

  test("is read: its header, its CRC-32 and its configuration table", () => {
    expect(header).toMatchObject({ offset: 0x18, revision: 0x20046, headerBytes: 120, firmwareRevision: 0x10000 });
    expect(header.pointers[6]).toBe(0x5f9ebb98n);
    const tables = readConfigTable(page, header);
    expect(tables).toHaveLength(11);
    expect(tables?.map(({ guid }) => configTableName(guid))).toEqual([
      ...["LZMA decompression", "DXE services", "HOB list", "memory types", "debug images", "status codes"],
      ...["SMBIOS", "ACPI", "ACPI 2.0", "memory attributes", "image executions"],
    ]);
  });

  test("has its vendor's name elsewhere", () => {
    expect(() => readVendor(page, header)).toThrow(
      "offset 0x30: the vendor's name inside 0x5f9eb000 to 0x5f9ec000, not 0x2 bytes at 0x5f92aa18",
    );
  });
});

describe("a system table is refused", () => {
  const set64 = (offset: number, value: bigint) => resealed((view) => view.setBigUint64(offset, value, true));

  test.each([
    ["that is cut", written().subarray(0, 119), "offset 0x0: a system table inside 0x50000000 to 0x50000077"],
    ["without its signature", resealed((view) => view.setUint8(3, 0)), 'offset 0x0: the signature "IBI SYST"'],
    ["with another CRC-32", resealed(() => {}, 120), "offset 0x10: CRC-32 0x"],
    [
      "whose size is below its own",
      resealed((view) => view.setUint32(12, 119, true)),
      "offset 0xc: a header of 120 to",
    ],
    ["whose size is not there", resealed((view) => view.setUint32(12, BYTES + 1, true)), "offset 0xc: a header of 120"],
    ["whose vendor is before it", set64(24, 0x4fffffffn), "offset 0x18: the vendor's name inside"],
    [
      "whose vendor is at the end of all memory",
      set64(24, 0xffffffffffffffffn),
      "offset 0x18: the vendor's name inside",
    ],
    ["whose vendor does not end", resealed((view) => view.setUint8(174, 1)), "offset 0xa8: a vendor's name with a NUL"],
    [
      "whose vendor's name is too long",
      writeSystemTable({ ...TABLE, vendor: "x".repeat(256) }, ADDRESS),
      "offset 0xa8: a vendor's name with a NUL among its first 256 units",
    ],
    ["whose entries reach out of it", set64(104, 3n), "offset 0x70: the configuration table inside"],
    ["with 2^64 - 1 entries", set64(104, 0xffffffffffffffffn), "offset 0x68: at most 1024 configuration tables"],
    ["whose entries wrap", set64(112, 0xfffffffffffffff0n), "offset 0x70: the configuration table inside"],
  ])("%s", (_, bytes, message) => {
    expect(() => readSystemTable(slice(bytes))).toThrow(FormatError);
    expect(() => readSystemTable(slice(bytes))).toThrow(message);
  });

  test("that is not aligned", () => {
    const bytes = new Uint8Array(0x1000);
    bytes.set(writeSystemTable(TABLE, ADDRESS + 4n), 4);
    expect(() => readSystemTable(slice(bytes), ADDRESS + 4n)).toThrow("offset 0x4: a system table at a multiple of 8");
  });
});
