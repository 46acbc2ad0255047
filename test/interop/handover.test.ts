import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { hex } from "../../src/formats/flash-bytes.ts";
import { BOOT_PATHS, type BootPathName } from "../../src/handover/boot-paths.ts";
import { CONFIG_TABLE_GUIDS, type ConfigTableName } from "../../src/handover/config-table.ts";
import { type DeviceTree, nodeAt, writeDeviceTree } from "../../src/handover/device-tree.ts";
import { readDeviceTree } from "../../src/handover/device-tree-reader.ts";
import { deviceTreeText } from "../../src/handover/device-tree-text.ts";
import { writeSmbios3 } from "../../src/handover/entry-points.ts";
import { writeEsrt, writeMemoryAttributes, writeRtProperties } from "../../src/handover/firmware-tables.ts";
import { buildHandover, type HandoverOptions, type TableContent } from "../../src/handover/handover.ts";
import { hypervisorTree } from "../../src/handover/hypervisor-tree.ts";
import { inspect } from "../../src/handover/inspection.ts";
import { carve } from "../../src/handover/memory-map.ts";
import { uefiParameters } from "../../src/handover/uefi-parameters.ts";
import type { MemoryRange } from "../../src/platform.ts";
import { bootArm64 } from "./support/arm64.ts";
import { fdtParameters } from "./support/fdtparams.ts";
import { KERNEL_PACKAGES, KERNELS } from "./support/kernel.ts";
import { ENVIRONMENT, file, fresh, need, read, run } from "./support/tools.ts";

/** A path's parts where they lie on QEMU's board, with a boot loader's parameters beside Xen's if it is to be so. */
function handoverOf(name: BootPathName, hasBootLoader = false, changes: Partial<HandoverOptions> = {}) {
  const { handover, place } = BOOT_PATHS[name];
  const { tree, ...rest } = handover as HandoverOptions;
  const told = hasBootLoader ? { bootLoader: { secureBoot: 2 } } : {};
  const { parts } = buildHandover({
    ...{ ...rest, ...place, ...changes },
    tree: { xenVersion: "4.17", ...tree, ...told },
  });
  const bytesOf = (what: string) => parts.find((part) => part.what === what)?.bytes ?? new Uint8Array(0);
  return { parts, tree: bytesOf("device tree"), bytesOf };
}

/** The tree of a kernel that a firmware's boot loader starts: no word of Xen. */
function withoutHypervisor(bytes: Uint8Array): Uint8Array {
  const tree = readDeviceTree(bytes);
  const children = tree.root.children.filter(({ name }) => name !== "hypervisor");
  return writeDeviceTree({ ...tree, root: { ...tree.root, children } });
}

const GUID = "11111111-2222-3333-4444-555555555555";

function table(name: ConfigTableName, content: Uint8Array): TableContent {
  return { guid: CONFIG_TABLE_GUIDS[name], content };
}

const TREES: Record<string, Uint8Array> = {
  "arm-acpi": handoverOf("arm-acpi").tree,
  "arm-acpi, with a boot loader's parameters": handoverOf("arm-acpi", true).tree,
  "arm-uboot": handoverOf("arm-uboot").tree,
  "arm-mainline": handoverOf("arm-mainline").tree,
  "a boot loader's alone": withoutHypervisor(handoverOf("arm-acpi", true).tree),
};

describe("the device tree compiler", () => {
  need("device-tree-compiler");

  /** A program's exit and what it wrote to standard error. */
  function complaints(program: string, ...args: string[]) {
    const { status, stderr } = spawnSync(program, args, { env: ENVIRONMENT, encoding: "utf8" });
    return { status, warnings: stderr.split("\n").filter((line) => line !== "") };
  }

  /**
   * What dtc may say of /hypervisor, whose binding has a `reg` without unit address and an interrupt without parent
   * here.
   */
  const KNOWN = /Warning \((unit_address_vs_reg|interrupts_property)\): \/hypervisor/;

  test.each(Object.entries(TREES))("takes the tree of %s", (name, bytes) => {
    const { status, warnings } = complaints("dtc", "-I", "dtb", "-O", "dts", "-o", "/dev/null", file(bytes, ".dtb"));
    expect(status).toBe(0);
    expect(warnings.filter((line) => !KNOWN.test(line))).toEqual([]);
    expect(warnings.length > 0).toBe(name === "arm-uboot");
  });

  test.each(Object.entries(TREES))("dumps the tree of %s", (_, bytes) => {
    const { status, warnings } = complaints("fdtdump", "--", file(bytes, ".dtb"));
    expect(status).toBe(0);
    // What it says of itself at each run.
    expect(warnings.filter((line) => !line.startsWith("****"))).toEqual([]);
  });

  test.each(Object.entries(TREES))("makes the same tree of the text of %s", (_, bytes) => {
    const output = fresh();
    run("dtc", "-q", "-I", "dts", "-O", "dtb", "-o", output, file(deviceTreeText(readDeviceTree(bytes)), ".dts"));
    expect(writeDeviceTree(readDeviceTree(read(output)))).toEqual(bytes);
  });

  test("reads the five properties, and those of a boot loader", () => {
    const path = file(TREES["arm-acpi, with a boot loader's parameters"] as Uint8Array, ".dtb");
    const get = (node: string, property: string) => run("fdtget", "-t", "x", path, node, property).trim();
    const five = ["system-table", "mmap-start", "mmap-size", "mmap-desc-size", "mmap-desc-ver"];
    const values = ["0 50000000", "0 500000e8", "78", "28", "1"];
    expect(five.map((name) => get("/hypervisor/uefi", `xen,uefi-${name}`))).toEqual(values);
    expect(five.map((name) => get("/chosen", `linux,uefi-${name}`))).toEqual(values);
    expect(get("/chosen", "linux,uefi-secure-boot")).toBe("2");
    expect(run("fdtget", path, "/hypervisor", "compatible").trim()).toBe("xen,xen-4.17 xen,xen");
  });

  test("writes trees that are read", () => {
    const source = `/dts-v1/; /memreserve/ 0x1000 0x2000;
      / { a = [01 02 03]; e; l: n@1 { t = "x", "y\\"z"; p = <&l 5>; m { }; }; };`;
    const output = fresh();
    run("dtc", "-q", "-I", "dts", "-O", "dtb", "-p", "64", "-o", output, file(source, ".dts"));
    const tree: DeviceTree = readDeviceTree(read(output));
    expect(tree.reservations).toEqual([{ address: 0x1000n, bytes: 0x2000n }]);
    expect(tree.root.properties.map(({ name, value }) => [name, [...value]])).toEqual([
      ["a", [1, 2, 3]],
      ["e", []],
    ]);
    const [node] = tree.root.children;
    expect([node?.name, node?.children.map(({ name }) => name)]).toEqual(["n@1", ["m"]]);
    expect(new TextDecoder().decode(node?.properties[0]?.value)).toBe('x\0y"z\0');
  });
});

describe("the tree of QEMU's own board", () => {
  need("device-tree-compiler", "qemu-system-arm");

  test("is read, nothing is wrong with it, and dtc makes the same one of its text", () => {
    const dump = fresh();
    run("qemu-system-aarch64", "-machine", `virt,dumpdtb=${dump}`, "-cpu", "cortex-a57");
    const bytes = read(dump);
    const tree = readDeviceTree(bytes);
    expect(nodeAt(tree, "/pl011")?.name).toBe("pl011@9000000");
    expect(inspect(bytes).findings).toEqual([]);
    const output = fresh();
    run("dtc", "-q", "-I", "dts", "-O", "dtb", "-o", output, file(deviceTreeText(tree), ".dts"));
    expect(writeDeviceTree(readDeviceTree(read(output)))).toEqual(writeDeviceTree(tree));
  });
});

describe.each(KERNELS)("the parser of Linux %s", (kernel) => {
  need("libfdt-dev", ...KERNEL_PACKAGES);

  const PARAMETERS = {
    systemTable: 0x123456789000n,
    mapStart: 0xabcdef012340n,
    mapBytes: 0x1388,
    descriptorBytes: 48,
    descriptorVersion: 1,
  };
  const tree = (secureBoot: number) =>
    writeDeviceTree(hypervisorTree({ xenVersion: "4.17", bootLoader: { secureBoot } }, PARAMETERS));

  test("finds Xen's parameters, and prefers them", () => {
    const found = { ...PARAMETERS, secureBoot: 0, isParavirtual: true };
    expect(fdtParameters(tree(3), kernel, { hasXen: true })).toEqual(found);
    expect(
      fdtParameters(writeDeviceTree(hypervisorTree({ xenVersion: "4.17" }, PARAMETERS)), kernel, { hasXen: true }),
    ).toEqual(found);
  });

  test.each([2, 3])("finds a boot loader's, with Secure Boot state %s", (secureBoot) => {
    const found = { ...PARAMETERS, secureBoot, isParavirtual: false };
    expect(fdtParameters(tree(secureBoot), kernel, { hasXen: false })).toEqual(found);
    expect(fdtParameters(withoutHypervisor(tree(secureBoot)), kernel, { hasXen: true })).toEqual(found);
  });

  test.each(Object.entries(TREES))("finds in the tree of %s what is found here", (_, bytes) => {
    const { source, ...parameters } = uefiParameters(readDeviceTree(bytes)) ?? {};
    const found = fdtParameters(bytes, kernel, { hasXen: true });
    if (source === undefined) expect(found).toBeUndefined();
    else expect(found).toMatchObject({ ...parameters, isParavirtual: source === "xen" });
  });
});

describe("Debian's arm64 kernel on QEMU's board", () => {
  need("qemu-system-arm", "linux-image-arm64");

  test.each([
    ["Xen's tree alone", TREES["arm-acpi"], "/hypervisor/uefi"],
    ["a boot loader's parameters beside it", TREES["arm-acpi, with a boot loader's parameters"], "/hypervisor/uefi"],
    ["a boot loader's parameters alone", TREES["a boot loader's alone"], "/chosen"],
  ] as const)("finds tables and map by %s", async (_, bytes, origin) => {
    const made = handoverOf("arm-acpi");
    const said = await bootArm64(bytes as Uint8Array, made.parts, "0x000050001000-0x00005fffffff");
    const parameters = uefiParameters(readDeviceTree(bytes as Uint8Array));
    const line = (name: string, value: number | bigint, digits: number) =>
      new RegExp(`efi: +${name} *: 0x${value.toString(16).padStart(digits, "0")}\r?\n`);
    expect(said.includes("Xen 4.17 support found")).toBe(origin !== "/chosen");
    expect(said).toContain(`efi: Getting UEFI parameters from ${origin} in DT:`);
    expect(said).toMatch(line("System Table", parameters?.systemTable ?? 0, 16));
    expect(said).toMatch(line("MemMap Address", parameters?.mapStart ?? 0, 16));
    expect(said).toMatch(line("MemMap Size", parameters?.mapBytes ?? 0, 16));
    expect(said).toMatch(line("MemMap Desc. Size", parameters?.descriptorBytes ?? 0, 16));
    expect(said).toContain("efi: EFI v2.50 by Xen");
    expect(said).toContain(`efi: ACPI 2.0=${hex(made.parts[1]?.address ?? 0n)}`);
    const ranges = [...said.matchAll(/efi: {3}0x(\w+)-0x(\w+) \[(.{12})\|.*WB/g)].map(
      ([, start, end, type]) => `${start} ${end} ${type?.trim()}`,
    );
    expect(ranges).toEqual(["000040000000 00004fffffff Conventional", "000050000000 000050000fff ACPI Reclaim"]);
  });

  test("takes each of the tables that can be handed over", async () => {
    const runtime = { start: 0x50000000n, bytes: 0x10000n, attributes: 0x8000000000000008n, type: 6 };
    const [bank] = BOOT_PATHS["arm-acpi"].place.memoryMap;
    const resource = { guid: GUID, type: 1, version: 2, lowestVersion: 1, flags: 0 };
    const { parts, tree } = handoverOf("arm-acpi", false, {
      memoryMap: carve([bank as MemoryRange], runtime),
      tables: {
        ...{ revision: 0x20046, firmwareRevision: 0x10000, vendor: "A vendor" },
        configTables: [
          table("RT properties", writeRtProperties(0x3f)),
          table("memory attributes", writeMemoryAttributes([{ ...runtime, attributes: 0x8000000000024000n }])),
          table("ESRT", writeEsrt([{ ...resource, lastAttemptVersion: 0, lastAttemptStatus: 0 }])),
          table("SMBIOS 3.0", writeSmbios3({ version: [3, 2, 0], tableBytes: 0, tableAddress: 0n })),
        ],
      },
    });
    const said = await bootArm64(tree, parts, "Zone ranges");
    const at = parts.filter(({ what }) => what === "configuration tables").map(({ address }) => hex(address));
    expect(said).toContain("efi: EFI v2.70 by A vendor");
    expect(said).toContain(`efi: RTPROP=${at[0]} MEMATTR=${at[1]} ESRT=${at[2]} SMBIOS 3.0=${at[3]}`);
    expect(said).toMatch(new RegExp(`esrt: Reserving ESRT space from 0x0*${at[2]?.slice(2)} to `));
    expect(said).not.toMatch(/unsupported|Failed|not in the memory map/i);
  });
});
