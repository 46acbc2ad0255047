import { describe, expect, test } from "vitest";
import { FormatError } from "../../src/formats/variable-set.ts";
import {
  acpiRoot,
  readRsdp,
  readSmbios,
  readSmbios3,
  readXsdt,
  writeRsdp,
  writeSmbios,
  writeSmbios3,
  writeXsdt,
} from "../../src/handover/entry-points.ts";
import {
  readEsrt,
  readMemoryAttributes,
  readRtProperties,
  writeEsrt,
  writeMemoryAttributes,
  writeRtProperties,
} from "../../src/handover/firmware-tables.ts";
import { fromHex, toHex } from "../../src/hex.ts";

/** From the memory of OVMF 2022.11 on q35, as the UEFI Shell's dmem printed them. */
const OVMF_RSDP = "525344205054522006424f434853200274c0b75f24000000e8c0b75f000000001e000000";
const OVMF_SMBIOS = "5f534d5f2e1f02084b000000000000005f444d495fd77f0100f0915f090028";

const RESOURCE = {
  guid: "11111111-2222-3333-4444-555555555555",
  ...{ type: 1, version: 0x102, lowestVersion: 0x100, flags: 0x10000, lastAttemptVersion: 0x103, lastAttemptStatus: 1 },
};
const RUNTIME = { start: 0x5f9ec000n, bytes: 0x1000n, attributes: 0x8000000000020000n, type: 5 };

describe("what a firmware wrote is read, and written the same again", () => {
  test("its RSDP", () => {
    const rsdp = readRsdp(fromHex(OVMF_RSDP));
    expect(rsdp).toEqual({ oemId: "BOCHS", rsdtAddress: 0x5fb7c074, xsdtAddress: 0x5fb7c0e8n });
    expect(toHex(writeRsdp(rsdp))).toBe(OVMF_RSDP);
  });

  test("its SMBIOS entry point", () => {
    const smbios = readSmbios(fromHex(OVMF_SMBIOS));
    expect(smbios).toEqual({
      ...{ version: [2, 8], largestStructureBytes: 75, tableBytes: 383, tableAddress: 0x5f91f000, structures: 9 },
    });
    expect(toHex(writeSmbios(smbios))).toBe(OVMF_SMBIOS);
  });
});

test("a root of ACPI leads to the table right behind it", () => {
  const bytes = acpiRoot(0x50000100n, "Xen", [0x1122334455667788n]);
  const { xsdtAddress } = readRsdp(bytes);
  expect(xsdtAddress).toBe(0x50000128n);
  expect(readXsdt(bytes.subarray(Number(xsdtAddress - 0x50000100n)))).toEqual([0x1122334455667788n]);
});

interface Row {
  table: string;
  bytes: Uint8Array;
  read: (bytes: Uint8Array) => unknown;
  content: unknown;
  /** What refuses the table with a byte changed, by the byte's offset. */
  refusals: Record<number, string>;
}

const ROWS: Row[] = [
  {
    table: "an RSDP",
    bytes: writeRsdp({ oemId: "Xen", rsdtAddress: 1, xsdtAddress: 2n }),
    read: readRsdp,
    content: { oemId: "Xen", rsdtAddress: 1, xsdtAddress: 2n },
    refusals: { 0: 'the signature "RSD PTR "', 9: "offset 0x8: a checksum", 24: "offset 0x20: a checksum" },
  },
  {
    table: "an XSDT",
    bytes: writeXsdt("Xen", [3n, 4n]),
    read: readXsdt,
    content: [3n, 4n],
    refusals: {
      3: 'the signature "XSDT"',
      4: "offset 0x4: a length",
      7: "offset 0x4: a length",
      40: "offset 0x9: a checksum",
    },
  },
  {
    table: "SMBIOS's entry point",
    bytes: writeSmbios({ version: [2, 8], largestStructureBytes: 1, tableBytes: 2, tableAddress: 3, structures: 4 }),
    read: readSmbios,
    content: { version: [2, 8], largestStructureBytes: 1, tableBytes: 2, tableAddress: 3, structures: 4 },
    refusals: { 0: 'the signature "_SM_"', 5: "offset 0x5: a length of 31", 16: "a checksum", 24: "a checksum" },
  },
  {
    table: "SMBIOS 3.0's entry point",
    bytes: writeSmbios3({ version: [3, 2, 0], tableBytes: 5, tableAddress: 6n }),
    read: readSmbios3,
    content: { version: [3, 2, 0], tableBytes: 5, tableAddress: 6n },
    refusals: { 4: 'the signature "_SM3_"', 6: "offset 0x6: a length of 24", 16: "offset 0x5: a checksum" },
  },
  {
    table: "runtime properties",
    bytes: writeRtProperties(0x3fff),
    read: readRtProperties,
    content: 0x3fff,
    refusals: { 0: "offset 0x0: version 1", 2: "offset 0x2: a length of 8" },
  },
  {
    table: "memory attributes",
    bytes: writeMemoryAttributes([RUNTIME]),
    read: readMemoryAttributes,
    content: [RUNTIME],
    refusals: {
      0: "offset 0x0: version 1 or 2",
      7: "offset 0x4: entries in 40 bytes",
      8: "descriptors of at least 40 bytes",
    },
  },
  {
    table: "the resource table",
    bytes: writeEsrt([RESOURCE]),
    read: readEsrt,
    content: [RESOURCE],
    refusals: { 0: "offset 0x0: resources in 40 bytes", 8: "offset 0x8: version 1", 15: "offset 0x8: version 1" },
  },
];

describe.each(ROWS)("$table", ({ bytes, read, content, refusals }) => {
  test("is read as it was written", () => {
    expect(read(bytes)).toEqual(content);
  });

  test("is refused where it is cut", () => {
    for (let length = 0; length < bytes.length; length++) {
      expect(() => read(bytes.slice(0, length))).toThrow(FormatError);
    }
  });

  test.each(Object.entries(refusals))("is refused with byte %s changed: %s", (offset, message) => {
    const changed = bytes.slice();
    changed[Number(offset)] = (changed[Number(offset)] as number) ^ 0x80 ^ Number(offset === "8" ? 0xa8 : 0);
    expect(() => read(changed)).toThrow(FormatError);
    expect(() => read(changed)).toThrow(message);
  });
});

const SMBIOS = { version: [2, 8], largestStructureBytes: 1, tableBytes: 2, tableAddress: 3, structures: 4 } as const;
const rsdp = () => writeRsdp({ oemId: "Xen", rsdtAddress: 1, xsdtAddress: 2n });

describe("what the first checksum does not see is refused", () => {
  test.each([
    ["an RSDP of revision 1", readRsdp, rsdp(), 15, 9, "offset 0xf: revision 2 or later, not 1"],
    ["an RSDP of another length", readRsdp, rsdp(), 20, 24, "offset 0x14: a length of 36, not 35"],
    ["a second signature", readSmbios, writeSmbios(SMBIOS), 16, 24, 'offset 0x10: the signature "_DMI_"'],
    [
      "a second sum",
      readSmbios,
      writeSmbios(SMBIOS),
      24,
      8,
      "offset 0x15: a checksum that makes the sum of offsets 16 to 31 0",
    ],
  ])("%s", (_, read, bytes, less, more, message) => {
    bytes[less] = (bytes[less] as number) - 1;
    bytes[more] = (bytes[more] as number) + 1;
    expect(() => read(bytes)).toThrow(message);
  });
});

test.each([28, 35, 37, 60])("an XSDT of %s bytes that holds two tables is refused", (length) => {
  const bytes = writeXsdt("Xen", [3n, 4n]);
  bytes[4] = length;
  const sum = bytes.subarray(0, length).reduce((total, value) => total + value, 0);
  bytes[9] = (bytes[9] as number) - sum;
  const message = `offset 0x4: a length of 36 and 8 for each table, at most 52, not ${length}`;
  expect(() => readXsdt(bytes)).toThrow(message);
});

test.each(["seven77", "\u00e9"])("an OEM id of %s cannot be written", (oemId) => {
  expect(() => writeXsdt(oemId, [])).toThrow("at most 6 characters of ASCII");
});
