import { describe, expect, test } from "vitest";
import { areSameBytes } from "../../src/bytes.ts";
import { Client } from "../../src/client.ts";
import { CONFIG_TABLE_GUIDS } from "../../src/handover/config-table.ts";
import { readDeviceTree } from "../../src/handover/device-tree-reader.ts";
import { acpiRoot, readRsdp } from "../../src/handover/entry-points.ts";
import { readRtProperties, writeRtProperties } from "../../src/handover/firmware-tables.ts";
import { buildHandover, type HandoverOptions, handover } from "../../src/handover/handover.ts";
import { rangeAt, readMemoryMap } from "../../src/handover/memory-map.ts";
import { readSystemTable } from "../../src/handover/system-table.ts";
import { uefiParameters } from "../../src/handover/uefi-parameters.ts";
import { Machine } from "../../src/machine.ts";
import { ovmf4m } from "../../src/policies/ovmf.ts";
import { type Fields, PLAYER_WINDOW_BYTES, Player } from "../../src/trace/index.ts";

const TABLES: NonNullable<HandoverOptions["tables"]> = {
  revision: 0x20032,
  firmwareRevision: 1,
  vendor: "Xen",
  configTables: [
    { guid: CONFIG_TABLE_GUIDS["ACPI 2.0"], content: (address) => acpiRoot(address, "Xen") },
    { guid: CONFIG_TABLE_GUIDS["RT properties"], content: writeRtProperties(0x3f) },
    { guid: CONFIG_TABLE_GUIDS.SMBIOS, content: 0xf0000n },
  ],
};
const BANK = { start: 0x40000000n, bytes: 0x1000000n, attributes: 8n, type: 7 };
const OPTIONS = { tables: TABLES, tree: { xenVersion: "4.17" }, memoryMap: [BANK], base: 0x40100000n };

/** What a kernel finds in guest memory, from the tree on. */
function found(memory: Uint8Array, tree: bigint, start = 0n) {
  const slice = { address: start, bytes: memory };
  const parameters = uefiParameters(readDeviceTree(memory.subarray(Number(tree - start))));
  if (parameters === undefined) throw new Error("no parameters");
  const { systemTable, mapStart, mapBytes, descriptorBytes } = parameters;
  const at = Number(mapStart - start);
  return {
    parameters,
    table: readSystemTable(slice, systemTable),
    map: readMemoryMap(memory.subarray(at, at + mapBytes), descriptorBytes),
  };
}

describe("a handover into a machine's memory", () => {
  const machine = new Machine({ abi: "arm64" });
  const { memoryMap: _, base: __, ...rest } = OPTIONS;
  const made = handover(machine, rest);
  const tree = made.parts.find(({ what }) => what === "device tree")?.address ?? 0n;
  const { parameters, table, map } = found(machine.memory, tree);
  const bytesAt = (guid: string) =>
    machine.memory.subarray(Number(table.configTables.find((entry) => entry.guid === guid)?.address));

  test("is found from the tree on, in the middle of it", () => {
    expect(parameters).toMatchObject({
      source: "xen",
      systemTable: 0x200000n,
      descriptorBytes: 40,
      descriptorVersion: 1,
    });
    expect(table).toMatchObject({ revision: 0x20032, firmwareRevision: 1, vendor: "Xen" });
    expect(table.configTables).toHaveLength(3);
    expect(table.configTables[2]).toEqual({ guid: CONFIG_TABLE_GUIDS.SMBIOS, address: 0xf0000n });
  });

  test("has the configuration tables' own bytes where the entries say", () => {
    const { xsdtAddress } = readRsdp(bytesAt(CONFIG_TABLE_GUIDS["ACPI 2.0"]));
    expect(new TextDecoder().decode(machine.memory.subarray(Number(xsdtAddress), Number(xsdtAddress) + 4))).toBe(
      "XSDT",
    );
    expect(readRtProperties(bytesAt(CONFIG_TABLE_GUIDS["RT properties"]))).toBe(0x3f);
  });

  test("keeps its pages out of the free memory, and nothing else", () => {
    expect(map).toEqual(made.memoryMap);
    expect(map.map(({ type }) => type)).toEqual([7, 9, 7]);
    const block = rangeAt(map, 0x200000n);
    expect(block).toMatchObject({ start: 0x200000n, type: 9, attributes: 8n });
    const end = 0x200000n + (block?.bytes ?? 0n);
    for (const { what, address, bytes } of made.parts) {
      expect(address + BigInt(bytes.length) <= end).toBe(what !== "device tree");
    }
    expect(tree).toBe(end);
    expect(map.reduce((sum, { bytes }) => sum + bytes, 0n)).toBe(0x400000n);
  });

  test("is what firmware_info tells", () => {
    const client = new Client(machine);
    expect(client.configTable()).toMatchObject({ address: 0x200078n, count: 3 });
    expect(client.vendor()).toMatchObject({ vendor: "Xen", revision: 1 });
    expect(client.efiVersion()).toMatchObject({ version: 0x20032 });
    expect(client.memoryInfo(0x200000n, 1n << 63n)).toMatchObject({ type: 9, attributes: 8n, bytes: tree - 0x200000n });
    expect(client.memoryInfo(0x400000n, 1n)).toMatchObject({ errno: "-ESRCH" });
    // What the handover does not speak of stays.
    expect(client.efiVersion("runtime")).toMatchObject({ version: 0x20046 });
  });
});

describe("the memory map", () => {
  const types = (range: Partial<typeof BANK>, base = OPTIONS.base) =>
    buildHandover({ ...OPTIONS, memoryMap: [{ ...BANK, ...range }], base }).memoryMap.map(({ type }) => type);

  test.each([0, 5, 6, 9, 10])(
    "stays as it is where the base lies in memory of type %s, which a kernel keeps",
    (type) => {
      expect(types({ type })).toEqual([type]);
    },
  );

  test.each([1, 2, 3, 4, 7, 8, 11, 14])("gets a range of its own in memory of type %s", (type) => {
    expect(types({ type })).toEqual([type, 9, type]);
  });

  test("gets one where the kept memory ends too soon, or there is none", () => {
    const large = { guid: CONFIG_TABLE_GUIDS.ESRT, content: new Uint8Array(0x1000) };
    const memoryMap = [{ ...BANK, type: 6, start: 0x400ff000n, bytes: 0x2000n }];
    const tables = { ...TABLES, configTables: [large] };
    const made = buildHandover({ ...OPTIONS, tables, memoryMap });
    expect(made.memoryMap.map(({ type, bytes }) => [type, bytes])).toEqual([
      [6, 0x1000n],
      [9, 0x2000n],
    ]);
    expect(types({ type: 6, start: 0x40100000n, bytes: 0x0n })).toEqual([9]);
  });

  test("stays as it is where the tables fill the kept memory to its end", () => {
    expect(types({ type: 6, start: OPTIONS.base, bytes: 0x1000n })).toEqual([6]);
  });

  test("lies wholly in the pages that are kept for it, however many ranges there are", () => {
    for (let count = 80; count < 110; count++) {
      const base = BANK.start + 0x200000n;
      const memoryMap = Array.from({ length: count }, (_, i) => ({
        ...BANK,
        start: BANK.start + BigInt(i) * 0x100000n,
        bytes: 0x100000n,
      }));
      const made = buildHandover({ ...OPTIONS, memoryMap, base: base + 0x1000n });
      const part = made.parts.find(({ what }) => what === "memory map");
      const block = rangeAt(made.memoryMap, base + 0x1000n);
      const end = (part?.address ?? 0n) + BigInt(part?.bytes.length ?? 0);
      expect(made.memoryMap).toHaveLength(count + 2);
      expect(block?.type === 9 && end <= block.start + block.bytes).toBe(true);
    }
  });

  test("takes the attributes of the memory around it", () => {
    const { memoryMap } = buildHandover({ ...OPTIONS, memoryMap: [{ ...BANK, attributes: 15n }] });
    expect(memoryMap.map(({ attributes }) => attributes)).toEqual([15n, 15n, 15n]);
  });
});

describe("a handover", () => {
  test("is where its options say", () => {
    const { parts } = buildHandover(OPTIONS);
    expect(parts.map(({ what }) => what)).toEqual([
      ...["system table", "configuration tables", "configuration tables", "memory map", "device tree"],
    ]);
    for (const [i, { address }] of parts.entries()) {
      const before = parts[i - 1];
      expect(address % 8n).toBe(0n);
      expect(address >= (before === undefined ? OPTIONS.base : before.address + BigInt(before.bytes.length))).toBe(
        true,
      );
    }
    const [last] = parts.slice(-1);
    const bytes = new Uint8Array(Number((last?.address ?? 0n) - OPTIONS.base) + (last?.bytes.length ?? 0));
    for (const part of parts) bytes.set(part.bytes, Number(part.address - OPTIONS.base));
    expect(found(bytes, last?.address ?? 0n, OPTIONS.base).table.vendor).toBe("Xen");
  });

  test("without tables is a tree that tells of none, and leaves the facts alone", () => {
    const machine = new Machine({ abi: "arm64", facts: { vendor: "Before" } });
    const { parts, memoryMap, facts } = handover(machine, { tree: OPTIONS.tree });
    expect(parts.map(({ what, address }) => [what, address])).toEqual([["device tree", 0x200000n]]);
    expect(uefiParameters(readDeviceTree(machine.memory.subarray(0x200000)))).toBeUndefined();
    expect([memoryMap.length, facts]).toEqual([1, {}]);
    expect(new Client(machine).vendor().vendor).toBe("Before");
  });

  test.each([1n, 0x800n, 0x40100008n, -0x1000n])("at %s is refused", (base) => {
    expect(() => buildHandover({ ...OPTIONS, base })).toThrow("base: a multiple of 4096");
  });

  test.each([0xfffffffffffff000n, 1n << 64n])("up to 2^64 or beyond, from %s on, is refused", (base) => {
    const memoryMap = [{ ...BANK, start: base, bytes: 0x1000n, type: 6 }];
    expect(() => buildHandover({ tree: OPTIONS.tree, memoryMap, base: base + 0x1000n })).toThrow("base: room for all");
    expect(() => buildHandover({ ...OPTIONS, memoryMap, base })).toThrow(RangeError);
  });

  test("may begin at 0, where no machine's window is mapped", () => {
    expect(buildHandover({ ...OPTIONS, base: 0n }).parts[0]?.address).toBe(0n);
  });

  test("may end where memory ends", () => {
    const machine = new Machine({ abi: "arm64" });
    const content = new Uint8Array(0x1000 - 120 - 24 - 8);
    const tables = { ...TABLES, configTables: [{ guid: CONFIG_TABLE_GUIDS.ESRT, content }] };
    const { parts } = handover(machine, { tables, base: 0x3ff000n });
    expect(parts.map(({ address, bytes }) => address + BigInt(bytes.length))).toEqual([0x3ff098n, 0x400000n]);
  });

  test("takes guest memory for whole pages", () => {
    const machine = new Machine({ abi: "arm64", windowBytes: 0x103800 });
    const { memoryMap, parts } = handover(machine, { tables: TABLES });
    expect(parts[0]?.address).toBe(0x81000n);
    expect(memoryMap.reduce((sum, { bytes }) => sum + bytes, 0n)).toBe(0x103000n);
  });

  test("that does not fit leaves memory and facts as they are", () => {
    const machine = new Machine({ abi: "arm64" });
    const before = machine.memory.slice();
    machine.unmap(0x300000, 0x300001);
    for (const base of [0n, 0x300000n, 0x2ff000n, 0x3ff000n, 0x40000000n, 1n << 63n]) {
      expect(() => handover(machine, { ...OPTIONS, base })).toThrow(
        /guest memory of 0x400000 bytes has no room for the/,
      );
    }
    const memoryMap = Array.from({ length: 1100 }, (_, i) => ({ ...BANK, start: BigInt(i) << 12n, bytes: 0x1000n }));
    expect(() => handover(machine, { tables: TABLES, memoryMap })).toThrow("memoryMap: at most 1024");
    expect(areSameBytes(machine.memory, before)).toBe(true);
    expect(new Client(machine).vendor().vendor).toBe("EDK II");
  });
});

test("the reported facts are those of the machine from then on, through reboots", () => {
  const machine = new Machine({ policy: ovmf4m, windowBytes: PLAYER_WINDOW_BYTES });
  const player = new Player(machine);
  const info = (index: number, fields: Fields = {}) =>
    player.play({ fn: "firmware_info", in: { type: 4, index, ...fields }, out: {} });
  const rom = { segment: 1, bus: 2, devfn: 3, vendor: 4, device: 5, address: 0x6000n, bytes: 7n };
  machine.platform.report({ pciRoms: [rom], appleProperties: { address: 8n, bytes: 9n } });
  machine.platform.report({ vendor: undefined });
  machine.reboot();
  const { address: _, bytes: __, device: devid, ...place } = rom;
  expect(info(5, { ...place, devid })).toMatchObject({ ret: 0, address: "0x6000", size: "0x7" });
  expect(info(6)).toMatchObject({ ret: 0, address: "0x8", size: "0x9" });
  expect(info(2, { bufsz: 100 })).toEqual({ ret: -95 });
  expect(info(1)).toMatchObject({ ret: 0, nent: 11 });
});
