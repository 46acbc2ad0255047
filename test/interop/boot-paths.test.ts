import { describe, expect, test } from "vitest";
import { BOOT_PATHS, type BootPathName } from "../../src/handover/boot-paths.ts";
import { handover } from "../../src/handover/handover.ts";
import { readSystemTable } from "../../src/handover/system-table.ts";
import { loadShim, type Probe } from "../../src/testing/index.ts";
import { KERNEL_PACKAGES, KERNELS, type Kernel, shimModule } from "./support/kernel.ts";
import { need } from "./support/tools.ts";

need(...KERNEL_PACKAGES);

const loadPath = (kernel: Kernel, abi: "arm32" | "x86_32", name: BootPathName) =>
  loadShim(shimModule(kernel, abi), { abi, machine: BOOT_PATHS[name].machine });

const FOUND: Partial<Probe> = {
  ...{ signature: "Xen", flags: 0b1100001, revision: 0x20046, runtimeVersion: 0x20046, secureBoot: "disabled" },
  ...{ vendor: "EDK II", firmwareRevision: 0x10000, configTables: { address: 0x5f9eb078n, count: 11 } },
};
/** As Linux has it where Xen has no services to call. */
const WITHOUT_SERVICES = { runtimeVersion: 0, vendor: "UNKNOWN", firmwareRevision: 0, secureBoot: "unknown" } as const;
const NOTHING = { signature: "", systemTable: 0n, flags: 0, secureBoot: "unset" } as const;

describe.each(KERNELS)("the probe of Linux %s", (kernel) => {
  test.each([
    ["x86-efi", 6, FOUND],
    ["x86-no-rs", 5, { ...FOUND, ...WITHOUT_SERVICES }],
    ["x86-bios", 1, NOTHING],
    ["domu-ovmf", 1, NOTHING],
    ["domu-direct", 1, NOTHING],
  ] as const)("finds on the path %s, by %s calls, what that promises", async (name, calls, found) => {
    const { efi, log } = await loadPath(kernel, "x86_32", name);
    expect(efi.probe()).toMatchObject(found);
    expect(log).toHaveLength(calls);
    expect(efi.probe({ initialDomain: false })).toMatchObject(NOTHING);
  });

  test("is led to the tables that are in its memory", async () => {
    const { efi, exports, machine } = await loadPath(kernel, "x86_32", "x86-efi");
    const memory = exports.memory as WebAssembly.Memory;
    const base = BigInt(memory.grow(1) * 0x10000);
    handover(machine, { ...BOOT_PATHS["x86-efi"].handover, base });
    const { configTables, vendor, firmwareRevision } = efi.probe();
    const table = readSystemTable({ address: 0n, bytes: machine.memory }, base);
    expect(configTables).toEqual({ address: base + 120n, count: table.configTables.length });
    expect({ vendor, firmwareRevision }).toEqual({ vendor: table.vendor, firmwareRevision: table.firmwareRevision });
  });
});

test("Linux 6.12 looks the tables' page up, and takes what lies there", async () => {
  const { efi, exports, machine } = await loadPath("6.12", "x86_32", "x86-efi");
  const base = BigInt((exports.memory as WebAssembly.Memory).grow(1) * 0x10000);
  const { memoryMap } = handover(machine, { ...BOOT_PATHS["x86-efi"].handover, base });
  efi.setFlags(6);
  const descriptor = memoryMap.find(({ start }) => start === base);
  expect(efi.memDescLookup(base)).toMatchObject({ ret: 0, type: 9, start: base, attributes: descriptor?.attributes });
  const guid = "8868e871-e4f1-11d3-bc22-0080c73c8881";
  expect(efi.configTableIsUsable(guid, Number(base))).toBe(true);
  // The range around it is free memory, in which no table can lie.
  expect(efi.configTableIsUsable(guid, Number(base) + 0x1000)).toBe(false);
});

describe.each(KERNELS)("the services of Linux %s for Arm", (kernel) => {
  test.each([
    ["arm-acpi", "SUCCESS", 0],
    ["arm-uboot", "UNSUPPORTED", -38],
    ["arm-mainline", "UNSUPPORTED", -38],
  ] as const)("on the path %s answer %s", async (name, status, ret) => {
    const { efi, log } = await loadPath(kernel, "arm32", name);
    expect(efi.getTime().status).toBe(status);
    expect(log.at(-1)?.out.ret).toBe(ret);
  });
});
