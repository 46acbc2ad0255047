import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { Exit } from "../src/cli/io.ts";
import { BOOT_PATHS, type BootPathName } from "../src/handover/boot-paths.ts";
import { readDeviceTree } from "../src/handover/device-tree-reader.ts";
import { readMemoryMap } from "../src/handover/memory-map.ts";
import { readSystemTable } from "../src/handover/system-table.ts";
import { parametersFrom } from "../src/handover/uefi-parameters.ts";
import { xenefi } from "./support/cli.ts";
import { fixturePath } from "./support/fixtures.ts";

const FOLDER = mkdtempSync(join(tmpdir(), "xenefi-handover-"));
afterAll(() => rmSync(FOLDER, { recursive: true }));

const OVMF_TABLE = fixturePath("handover/ovmf-system-table.bin");
const handover = (...args: string[]) => xenefi("handover", ...args);
const read = (...names: string[]) => new Uint8Array(readFileSync(join(FOLDER, ...names)));

/** A folder with the files of a preset. */
async function written(preset: string, ...options: string[]): Promise<string> {
  const name = `${preset}${options.join("")}`;
  const { exit } = await handover("--preset", preset, "--out", join(FOLDER, name), "--overwrite", ...options);
  expect(exit).toBe(Exit.Done);
  return name;
}

describe("handover --out", () => {
  const ALL = ["dom0.dtb", "listing.txt", "memory-map.bin", "system-table.bin"];
  const FILES: Record<BootPathName, string[]> = {
    ...{ "arm-acpi": ALL, "arm-mainline": ALL, "arm-uboot": ["dom0.dtb", "listing.txt"] },
    ...{ "x86-efi": ALL.slice(1), "x86-no-rs": ALL.slice(1), "x86-bios": ["listing.txt"] },
    ...{ "domu-ovmf": ["listing.txt"], "domu-direct": ["listing.txt"] },
  };

  test.each(Object.entries(FILES))("writes for %s %s", async (preset, files) => {
    const folder = join(FOLDER, "new", preset);
    const { exit, out, err } = await handover("--preset", preset, "--out", folder);
    expect([exit, out]).toEqual([Exit.Done, ""]);
    expect(readdirSync(folder).sort()).toEqual(files);
    expect(err.trimEnd().split("\n").sort()).toEqual(files.map((file) => join(folder, file)));
    const listing = readFileSync(join(folder, "listing.txt"), "utf8");
    expect((await handover("--preset", preset)).out).toBe(listing);
    expect(listing.split("\n")[0]).toBe(`${preset}: ${BOOT_PATHS[preset as BootPathName].title}`);
    expect(listing.includes("nothing is handed over")).toBe(files.length === 1);
  });

  test("has in its files what the tree tells of", async () => {
    const folder = await written("arm-acpi", "--chosen");
    const tree = readDeviceTree(read(folder, "dom0.dtb"));
    const parameters = parametersFrom(tree, "linux");
    expect(parameters).toEqual(parametersFrom(tree, "xen"));
    const table = { address: parameters?.systemTable ?? 0n, bytes: read(folder, "system-table.bin") };
    expect(readSystemTable(table).vendor).toBe("Xen");
    expect(read(folder, "memory-map.bin")).toHaveLength(parameters?.mapBytes ?? 0);
    expect(readMemoryMap(read(folder, "memory-map.bin")).map(({ type }) => type)).toEqual([7, 9, 7]);
  });

  test("leaves files that are there, unless it is to replace them", async () => {
    const folder = join(FOLDER, "old");
    expect((await handover("--preset", "arm-uboot", "--out", folder)).exit).toBe(Exit.Done);
    writeFileSync(join(folder, "dom0.dtb"), "old");
    expect(await handover("--preset", "arm-uboot", "--out", folder)).toMatchObject({
      exit: Exit.Usage,
      err: `xenefi: ${folder}/dom0.dtb is there already: --overwrite replaces it\n`,
    });
    expect(read("old", "dom0.dtb")).toHaveLength(3);
    expect((await handover("--preset", "arm-uboot", "--out", folder, "--overwrite")).exit).toBe(Exit.Done);
    expect(readDeviceTree(read("old", "dom0.dtb")).root.children).toHaveLength(2);
  });

  test("says which folder cannot be made", async () => {
    const { exit, err } = await handover("--preset", "arm-uboot", "--out", join(OVMF_TABLE, "below"));
    expect(exit).toBe(Exit.Unreadable);
    expect(err).toContain(OVMF_TABLE);
  });
});

describe("handover", () => {
  test("--text prints the tree and the tables beside other work", async () => {
    const { out } = await handover("--preset", "arm-acpi", "--text", "--out", join(FOLDER, "text"));
    expect(out).toContain("xen,uefi-system-table = <0x0 0x50000000>;");
    expect(out).toMatch(/0x50000000-0x50000fff +1 page +EfiACPIReclaimMemory +WB\n/);
    expect(out).toMatch(/configuration table +0x50000098 +ACPI 2\.0\n/);
    expect(out).not.toContain("linux,uefi");
  });

  test("--qemu prints the command line with the places of the files", async () => {
    const { out } = await handover("--preset", "arm-acpi", "--qemu", "--out", join(FOLDER, "it's, a"));
    expect(out).toContain(`-dtb '${FOLDER}/it'\\''s, a/dom0.dtb'`);
    expect(out).toContain(`'loader,file=${FOLDER}/it'\\''s,, a/system-table.bin,addr=0x50000000,force-raw=on'`);
    expect(out).toContain("memory-map.bin,addr=0x500000e8,force-raw=on'");
    expect((await handover("--preset", "arm-uboot", "--qemu")).out).not.toContain("loader");
  });

  test("--json tells the parts", async () => {
    const { out } = await xenefi("--json", "handover", "--preset", "x86-efi");
    expect(JSON.parse(out)).toEqual({
      schema: "xenefi.handover/1",
      preset: "x86-efi",
      parts: [{ what: "system table", address: "0x5f9eb000", size: 398 }],
      files: [],
    });
  });

  test.each([
    [[], "say which path: --preset, or show a file"],
    [["--preset", "arm-xen"], "Allowed choices are arm-acpi, arm-uboot,"],
    [["--preset", "x86-efi", "--qemu"], "--qemu: x86-efi has no device tree"],
    [["--preset", "domu-direct", "--qemu"], "--qemu: domu-direct has no device tree"],
    [["--preset", "arm-uboot", "--chosen"], "--chosen: on arm-uboot no device tree tells of UEFI"],
    [["--preset", "x86-bios", "--chosen"], "--chosen: on x86-bios no device tree tells of UEFI"],
  ])("%s is wrong usage", async (args, message) => {
    const { exit, err } = await handover(...args);
    expect(exit).toBe(Exit.Usage);
    expect(err).toContain(message);
  });
});

describe("handover show", () => {
  test.each([
    ["dom0.dtb", "\txen,uefi"],
    ["system-table.bin", "vendor "],
    ["memory-map.bin", "EfiACPIReclaimMemory"],
  ])("finds nothing wrong with %s, and prints it", async (name, text) => {
    const path = join(FOLDER, await written("arm-acpi"), name);
    const { exit, out, err } = await handover("show", path);
    expect([exit, err]).toEqual([Exit.Done, `${path}: 0 errors, 0 warnings\n`]);
    expect(out).toContain(text.replace("\txen,uefi", "\txen,uefi-mmap-start"));
  });

  test("tells a finding a line, and by its exit that there are errors", async () => {
    const folder = await written("arm-acpi");
    const bytes = read(folder, "system-table.bin");
    bytes[32] = 9;
    const path = join(FOLDER, "changed.bin");
    writeFileSync(path, bytes);
    const { exit, out, err } = await handover("show", path);
    expect(exit).toBe(Exit.Negative);
    expect(out).toMatch(
      new RegExp(`^${path}: offset 0x10: error: expected CRC-32 0x[0-9a-f]{8}, not 0x[0-9a-f]{8}$`, "m"),
    );
    expect(err).toBe(`${path}: 1 error, 0 warnings\n`);
  });

  test("takes warnings for errors if it is to be strict", async () => {
    expect(await handover("show", OVMF_TABLE)).toMatchObject({ exit: Exit.Done });
    expect(await handover("show", OVMF_TABLE, "--strict")).toMatchObject({ exit: Exit.Negative });
  });

  test.each([
    ["dom0.dtb", { kind: "device tree", parameters: { systemTable: "0x50000000", mapBytes: 120 } }],
    [
      "system-table.bin",
      { kind: "system table", vendor: "Xen", configTables: [{ name: "ACPI 2.0", address: "0x50000098" }] },
    ],
    [
      "memory-map.bin",
      { kind: "memory map", map: [{ start: "0x40000000", type: 7, typeName: "EfiConventionalMemory" }, {}, {}] },
    ],
  ])("says as JSON what %s holds", async (name, fields) => {
    const path = join(FOLDER, await written("arm-acpi"), name);
    const { out } = await xenefi("--json", "handover", "show", path);
    expect(JSON.parse(out)).toMatchObject({ schema: "xenefi.handover-show/1", file: path, findings: [], ...fields });
  });

  test("reads a table at the address that it is told", async () => {
    const path = join(FOLDER, await written("arm-acpi"), "system-table.bin");
    expect((await handover("show", path, "--address", "0x50000000")).exit).toBe(Exit.Done);
    const { out } = await handover("show", path, "--address", "4096");
    expect(out).toContain("the vendor's name at 0x50000090 is not in the file");
  });

  test.each([
    [["--address", "0x"], Exit.Usage, "An address: 0x"],
    [["--descriptor-bytes", "41"], Exit.Usage, "At least 40, a multiple of 8."],
  ])("%s is wrong usage", async (args, exit, message) => {
    const result = await handover("show", OVMF_TABLE, ...args);
    expect(result.exit).toBe(exit);
    expect(result.err).toContain(message);
  });

  test("says of any other file that it is none", async () => {
    const path = fixturePath("README.md");
    expect(await handover("show", path)).toMatchObject({
      exit: Exit.Unreadable,
      err: `xenefi: ${path}: offset 0x0: expected a device tree (d00dfeed), a system table ("IBI SYST") or descriptors of a memory map\n`,
    });
    expect((await handover("show", join(FOLDER, "none"))).exit).toBe(Exit.Unreadable);
  });
});
