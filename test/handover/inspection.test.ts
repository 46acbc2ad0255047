import { describe, expect, test } from "vitest";
import { FormatError } from "../../src/formats/variable-set.ts";
import { BOOT_PATHS, placedHandover } from "../../src/handover/boot-paths.ts";
import {
  cells,
  type DeviceTree,
  type DeviceTreeNode,
  type DeviceTreeProperty,
  u64Property,
  writeDeviceTree,
} from "../../src/handover/device-tree.ts";
import { type InspectionOptions, inspect } from "../../src/handover/inspection.ts";
import { writeMemoryMap } from "../../src/handover/memory-map.ts";
import { writeSystemTable } from "../../src/handover/system-table.ts";
import { parameterProperties, SECURE_BOOT } from "../../src/handover/uefi-parameters.ts";
import { Q35_MEMORY_MAP } from "../../src/policies/q35-facts.ts";
import { fixtureBytes } from "../support/fixtures.ts";

function findings(file: Uint8Array, options: InspectionOptions = {}): string[] {
  return inspect(file, options).findings.map(({ place, severity, text }) => `${place}: ${severity}: ${text}`);
}

const GUID = "11111111-2222-3333-4444-555555555555";
const ADDRESS = 0x50000000n;
const system = (address = ADDRESS, tables = [{ guid: GUID, address: 0n }]) =>
  writeSystemTable({ revision: 0x20032, firmwareRevision: 1, vendor: "Xen", configTables: tables }, address);
const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset);

describe("nothing is found in", () => {
  test.each(["arm-acpi", "arm-uboot", "arm-mainline", "x86-efi"] as const)("the parts of %s", (name) => {
    const made = placedHandover(BOOT_PATHS[name]);
    for (const { what, bytes } of made?.parts ?? []) {
      if (what === "configuration tables") continue;
      const found = inspect(bytes);
      expect([found.kind, found.findings]).toEqual([what, []]);
    }
  });

  test.each([40, 48])("a real machine's map of descriptors of %s bytes", (size) => {
    const found = inspect(writeMemoryMap(Q35_MEMORY_MAP, size));
    expect(found).toEqual({ kind: "memory map", findings: [], map: Q35_MEMORY_MAP });
  });
});

describe("a system table", () => {
  const changed = (offset: number, value: number) => {
    const bytes = system();
    view(bytes).setUint32(offset, value, true);
    return bytes;
  };

  test.each([
    [
      "with another revision fails its CRC-32, too",
      changed(8, 0x1000a),
      [
        /^offset 0x10: error: expected CRC-32 0x[0-9a-f]+, not 0x/,
        "offset 0x8: warning: revision 0x1000a, not one of UEFI 2",
      ],
    ],
    [
      "that is cut",
      system().subarray(0, 100),
      ["offset 0x0: error: expected a system table inside 0x0 to 0x64, not 0x78 bytes at 0x0"],
    ],
    [
      "with a size that is not there",
      changed(12, 0x1000),
      [/^offset 0xc: error: expected a header of 120 to 152 bytes/],
    ],
    [
      "with a table twice",
      system(
        ADDRESS,
        [1n, 2n].map((address) => ({ guid: GUID, address })),
      ),
      [`offset 0x0: warning: a second configuration table ${GUID}`],
    ],
  ])("%s", (_, bytes, texts) => {
    const found = findings(bytes);
    expect(found).toHaveLength(texts.length);
    for (const [i, text] of texts.entries()) expect(found[i]).toMatch(text);
  });

  test("whose name and entries reach out of the file is read without them", () => {
    const bytes = system();
    view(bytes).setBigUint64(24, ADDRESS + BigInt(bytes.length) - 1n, true);
    view(bytes).setBigUint64(104, 2n, true);
    const found = inspect(bytes);
    expect(found.findings.slice(1).map(({ place, severity, text }) => `${place}: ${severity}: ${text}`)).toEqual([
      "offset 0x18: error: expected the vendor's name inside 0x50000000 to 0x50000098, not 0x2 bytes at 0x50000097",
      "offset 0x70: error: expected the configuration table inside 0x50000000 to 0x50000098, not 0x30 bytes at 0x50000078",
    ]);
    expect(Object.keys(found)).toEqual(["kind", "findings", "header"]);
  });

  test("whose name lies right behind the file has it elsewhere", () => {
    const bytes = system();
    view(bytes).setBigUint64(24, ADDRESS + BigInt(bytes.length), true);
    expect(findings(bytes).slice(1)).toEqual([
      "offset 0x0: warning: the vendor's name at 0x50000098 is not in the file",
    ]);
  });

  test("of another page than its configuration table's is told its address", () => {
    const bytes = system(0x50000f88n);
    expect(findings(bytes, { address: 0x50000f88n })).toEqual([]);
    expect(findings(bytes, { address: 0x60000000n })).toEqual([
      "offset 0x0: warning: the vendor's name at 0x50001018 is not in the file",
      "offset 0x0: warning: the configuration table at 0x50001000 is not in the file",
    ]);
    expect(findings(bytes, { address: 0x50000f8cn })[0]).toBe(
      "offset 0x0: error: expected a system table at a multiple of 8, not at 0x50000f8c",
    );
  });

  test("of OVMF's memory is read but for the vendor's name, which lies elsewhere", () => {
    const file = fixtureBytes("handover/ovmf-system-table.bin");
    expect(findings(file)).toEqual(["offset 0x18: warning: the vendor's name at 0x5f92aa18 is not in the file"]);
    expect(inspect(file)).toMatchObject({ kind: "system table", header: { firmwareRevision: 0x10000 } });
  });
});

describe("a memory map", () => {
  const range = (start: bigint, pages: bigint, type = 7) => ({ start, bytes: pages << 12n, attributes: 8n, type });
  const virtual = { ...range(0x3000n, 1n), virtualStart: 0xffff000000000000n };
  const off = writeMemoryMap([range(0n, 1n), range(0x1000n, 1n), range(0x2000n, 1n)]);
  view(off).setBigUint64(48, 0x1800n, true);

  test.each([
    [
      "whose ranges overlap",
      writeMemoryMap([range(0x4000n, 2n), range(0x1000n, 4n), range(0x2000n, 1n)]),
      [
        "offset 0x50: error: the range at 0x2000 overlaps that of offset 0x28",
        "offset 0x0: error: the range at 0x4000 overlaps that of offset 0x28",
      ],
    ],
    [
      "with a start within a page",
      off,
      [
        "offset 0x30: error: expected a multiple of 4096, not 0x1800",
        "offset 0x50: error: the range at 0x2000 overlaps that of offset 0x28",
      ],
    ],
    [
      "with odd ranges",
      writeMemoryMap([range(0n, 0n), range(0x1000n, 1n, 16), range(0x2000n, 1n, 0x70000000), virtual]),
      [
        "offset 0x18: warning: a range of no pages",
        "offset 0x28: warning: an unknown memory type 16",
        "offset 0x88: warning: a virtual address 0xffff000000000000 of memory that is not for run time",
      ],
    ],
    [
      "that is cut",
      writeMemoryMap([range(0n, 1n), range(0x1000n, 1n)]).subarray(0, 79),
      ["offset 0x28: error: expected descriptors of 40 bytes; 39 are left"],
    ],
  ])("%s", (_, bytes, texts) => {
    expect(findings(bytes)).toEqual(texts);
  });

  test("may have a range of no pages inside another, and ranges beside each other in any order", () => {
    const map = [range(0x4000n, 1n), range(0x1000n, 3n), range(0x2000n, 0n), range(0n, 1n)];
    expect(findings(writeMemoryMap(map))).toEqual(["offset 0x68: warning: a range of no pages"]);
  });

  test("is read with the size of descriptors that is said, whatever it looks like", () => {
    const bytes = new Uint8Array(80).fill(0xff);
    expect(findings(bytes, { descriptorBytes: 40 }).length).toBeGreaterThan(2);
    expect(findings(new Uint8Array(0), { descriptorBytes: 40 })).toEqual([
      "offset 0x0: error: a map without descriptors",
    ]);
  });

  test.each([
    ["nothing", new Uint8Array(0)],
    ["a text", new TextEncoder().encode("These are no tables, and this is no tree either. ".repeat(20))],
    ["a variable store", fixtureBytes("stores/ubootefi-1.var")],
  ])("is not seen in %s", (_, bytes) => {
    expect(() => inspect(bytes)).toThrow(FormatError);
    expect(() => inspect(bytes)).toThrow("offset 0x0: a device tree (d00dfeed), a system table");
  });
});

describe("a device tree", () => {
  const PARAMETERS = {
    systemTable: 0x1000n,
    mapStart: 0x2000n,
    ...{ mapBytes: 80, descriptorBytes: 40, descriptorVersion: 1 },
  };
  const node = (name: string, properties: DeviceTreeProperty[], children: DeviceTreeNode[] = []) => ({
    ...{ name, properties, children },
  });
  const tree = (xen: DeviceTreeProperty[], chosen: DeviceTreeProperty[] = []): DeviceTree => ({
    ...{ reservations: [], bootCpu: 0 },
    root: node("", [], [node("chosen", chosen), node("hypervisor", [], [node("uefi", xen)])]),
  });
  const told = (change: Partial<typeof PARAMETERS>) =>
    writeDeviceTree(tree(parameterProperties("xen", { ...PARAMETERS, ...change })));
  const linux = (change: Partial<typeof PARAMETERS> = {}) => parameterProperties("linux", { ...PARAMETERS, ...change });
  const xen = parameterProperties("xen", PARAMETERS);

  test.each([
    [
      "a table at no multiple of 8",
      told({ systemTable: 0x1004n }),
      "expected a system table at a multiple of 8, not at 0x1004",
    ],
    ["a table nowhere", told({ systemTable: 0n }), "expected a system table at a multiple of 8, not at 0x0"],
    [
      "a map at no multiple of 8",
      told({ mapStart: 0x2001n }),
      "expected a memory map at a multiple of 8, not at 0x2001",
    ],
    [
      "short descriptors",
      told({ descriptorBytes: 32 }),
      "expected descriptors of at least 40 bytes, a multiple of 8, not 32",
    ],
    ["half a descriptor", told({ mapBytes: 100 }), "expected a map of whole descriptors, not 100 bytes"],
    ["no descriptor", told({ mapBytes: 0 }), "expected a map of whole descriptors, not 0 bytes"],
    ["another version", told({ descriptorVersion: 2 }), "expected descriptor version 1, not 2"],
    ["a map in the table", told({ mapStart: 0x1070n }), "the memory map at 0x1070 overlaps the system table at 0x1000"],
  ])("with %s", (_, bytes, text) => {
    expect(findings(bytes)).toEqual([`/hypervisor/uefi: error: ${text}`]);
  });

  test.each([
    [
      "whose boot loader says no Secure Boot state",
      tree([], linux()),
      ["/chosen: warning: no linux,uefi-secure-boot: Debian's kernels take the other properties only beside it"],
    ],
    [
      "whose boot loader says something else than Xen",
      tree(xen, [...linux({ mapBytes: 120 }), cells("linux,uefi-secure-boot", 2)]),
      ["/chosen: warning: other parameters than those of /hypervisor/uefi, which Linux prefers"],
    ],
    [
      "with a property missing",
      tree(xen.slice(0, 4)),
      ["/hypervisor/uefi: error: expected the property xen,uefi-mmap-desc-ver beside the system table's"],
    ],
    [
      "with a property and a node twice",
      tree([...xen, u64Property("xen,uefi-mmap-start", 0n)]),
      ["/hypervisor/uefi: error: a second xen,uefi-mmap-start"],
    ],
  ])("%s", (_, source, texts) => {
    expect(findings(writeDeviceTree(source))).toEqual(texts);
  });

  test.each([
    ["whose map lies right behind the table", told({ mapStart: 0x1078n })],
    ["whose map ends where the table begins", told({ mapStart: 0xfb0n })],
    ["whose boot loader says the same as Xen", writeDeviceTree(tree(xen, [...linux(), cells(SECURE_BOOT, 2)]))],
  ])("%s has nothing wrong", (_, bytes) => {
    expect(findings(bytes)).toEqual([]);
  });

  test("with bytes behind it, or cut", () => {
    const bytes = writeDeviceTree(tree(xen));
    const longer = new Uint8Array(bytes.length + 3);
    longer.set(bytes);
    expect(findings(longer)).toEqual([`offset 0x${bytes.length.toString(16)}: warning: 3 bytes behind the tree`]);
    expect(findings(bytes.subarray(0, bytes.length - 1))).toEqual([
      `offset 0x4: error: expected 40 to ${bytes.length - 1} bytes in all, not ${bytes.length}`,
    ]);
  });
});
