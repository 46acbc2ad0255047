import type { MachineOptions } from "../machine.ts";
import { edk2 } from "../policies/edk2.ts";
import { ovmf4m } from "../policies/ovmf.ts";
import { Q35_FACTS, Q35_MEMORY_MAP } from "../policies/q35-facts.ts";
import { uboot } from "../policies/uboot.ts";
import { CONFIG_TABLE_GUIDS, type ConfigTableName } from "./config-table.ts";
import { acpiRoot } from "./entry-points.ts";
import { buildHandover, type Handover, type HandoverOptions, type TableContent } from "./handover.ts";
import type { TreeOptions } from "./hypervisor-tree.ts";

/** A way by which a kernel comes to run under Xen, and what it is given there. */
export interface BootPath {
  name: BootPathName;
  /** In a line. */
  title: string;
  /** What the proposal of April 2016 (xen-devel) has for it. */
  proposal: string;
  /** The machine that a kernel then has: new Machine(machine). */
  machine: Readonly<MachineOptions>;
  /** What handover() puts into its memory; undefined where Xen gives nothing. */
  handover: Partial<HandoverOptions> | undefined;
  /** Where that lies on a real machine: the one of the captured traces, or QEMU's virt board. */
  place: Pick<HandoverOptions, "base" | "memoryMap">;
}

/** What a preset is asked for by. */
export type BootPathName =
  | "arm-acpi"
  | "arm-uboot"
  | "arm-mainline"
  | "x86-efi"
  | "x86-no-rs"
  | "x86-bios"
  | "domu-ovmf"
  | "domu-direct";

/** QEMU's virt board with 512 MiB: RAM begins at 1 GiB; what is handed over lies in its middle. */
const VIRT = {
  base: 0x50000000n,
  memoryMap: [{ start: 0x40000000n, bytes: 0x20000000n, attributes: 8n, type: 7 }],
};
/** The machine of the captured traces; its firmware's system table lay on this page of runtime data. */
const Q35 = { base: 0x5f9eb000n, memoryMap: Q35_MEMORY_MAP };

/** The Xen of the captured traces. */
const TREE: TreeOptions = { xenVersion: "4.17" };
/** Without ACPI: the grant table's and the event interrupt's usual places (Xen docs/misc/arm/device-tree/guest.txt). */
const TREE_WITHOUT_ACPI: TreeOptions = {
  ...TREE,
  resources: { grantTable: { address: 0xb0000000n, bytes: 0x20000 }, eventInterrupt: [1, 15, 0xf08] },
};

/** As Xen crafts them for Dom0 (xen/arch/arm/efi/efi-dom0.c), with a root of ACPI that leads to no table. */
const XEN_TABLES = {
  revision: 0x20032,
  firmwareRevision: 1,
  vendor: "Xen",
  configTables: [named("ACPI 2.0", (address) => acpiRoot(address, "Xen"))],
};

/** The configuration tables of OVMF 2022.11 on the machine of the captured traces, where that firmware has them. */
const OVMF_CONFIG_TABLES = [
  named("LZMA decompression", 0x5f8eaf98n),
  named("DXE services", 0x5feb7280n),
  named("HOB list", 0x5f8e7018n),
  named("memory types", 0x5feb6b80n),
  named("debug images", 0x5feb9000n),
  named("status codes", 0x5f92a018n),
  named("SMBIOS", 0x5f920000n),
  named("ACPI", 0x5fb7d000n),
  named("ACPI 2.0", 0x5fb7d014n),
  named("memory attributes", 0x5e9e4018n),
  named("image executions", 0x5f91cd98n),
];
const OVMF_TABLES = {
  revision: Q35_FACTS.efiVersion,
  firmwareRevision: Q35_FACTS.firmwareRevision,
  vendor: "EDK II",
  configTables: OVMF_CONFIG_TABLES,
};

function named(name: ConfigTableName, content: TableContent["content"]): TableContent {
  return { guid: CONFIG_TABLE_GUIDS[name], content };
}

const ARM_TABLES = { tables: XEN_TABLES, tree: TREE };
const X86_TABLES = { tables: OVMF_TABLES, memoryMap: Q35_MEMORY_MAP };

/**
 * The facts that firmware_info has before anything is put into guest memory: those of the real machine. Getters ask for them,
 * since most who load the library never do.
 */
function factsAt(place: BootPath["place"], handover: Partial<HandoverOptions>) {
  return { facts: buildHandover({ ...handover, ...place }).facts };
}

/** All of them by name. */
export const BOOT_PATHS: Readonly<Record<BootPathName, BootPath>> = {
  "arm-acpi": {
    name: "arm-acpi",
    title: "Dom0 on Arm, Xen booted by UEFI firmware with ACPI: the proposal",
    proposal:
      "Xen ends boot services and crafts system table and memory map, a tiny device tree says where. " +
      "The kernel enters natively; its runtime services are hypercalls.",
    get machine(): MachineOptions {
      return { abi: "arm64", profile: "xen", policy: edk2, ...factsAt(VIRT, ARM_TABLES) };
    },
    handover: ARM_TABLES,
    place: VIRT,
  },
  "arm-uboot": {
    name: "arm-uboot",
    title: "Dom0 on Arm, Xen booted by U-Boot's bootm or booti",
    proposal: "No firmware's services are left to offer: Dom0 boots by its device tree, as before.",
    machine: { abi: "arm64", profile: "xen", policy: uboot, start: "attach", platform: { efiBoot: false } },
    handover: { tree: TREE_WITHOUT_ACPI },
    place: VIRT,
  },
  "arm-mainline": {
    name: "arm-mainline",
    title: "Dom0 on Arm, Xen booted by UEFI firmware with ACPI: as it is today",
    proposal: "The state before it: tables and tiny tree are there, the hypercall is not.",
    get machine(): MachineOptions {
      return { abi: "arm64", profile: "xen-arm-mainline", policy: edk2, ...factsAt(VIRT, ARM_TABLES) };
    },
    handover: ARM_TABLES,
    place: VIRT,
  },
  "x86-efi": {
    name: "x86-efi",
    title: "Dom0 on x86 (PV or PVH), Xen booted by UEFI firmware",
    proposal:
      "The interface that x86 has: firmware_info tells of the firmware's own tables, hypercalls are its services.",
    get machine(): MachineOptions {
      return { abi: "x86_64", profile: "xen", policy: ovmf4m, ...factsAt(Q35, X86_TABLES) };
    },
    handover: X86_TABLES,
    place: Q35,
  },
  "x86-no-rs": {
    name: "x86-no-rs",
    title: "the same with Xen's option efi=no-rs",
    proposal: "The same tables, and no services.",
    get machine(): MachineOptions {
      return {
        abi: "x86_64",
        profile: "xen",
        policy: ovmf4m,
        platform: { runtimeServices: false },
        ...factsAt(Q35, X86_TABLES),
      };
    },
    handover: X86_TABLES,
    place: Q35,
  },
  "x86-bios": {
    name: "x86-bios",
    title: "Dom0 on x86, Xen booted by a BIOS",
    proposal: "No UEFI anywhere.",
    machine: { abi: "x86_64", profile: "xen", policy: ovmf4m, start: "attach", platform: { efiBoot: false } },
    handover: undefined,
    place: Q35,
  },
  "domu-ovmf": {
    name: "domu-ovmf",
    title: "a DomU that boots by its own OVMF",
    proposal: "A guest's own firmware has services and variables of its own; the hypercall is not for it.",
    machine: { abi: "x86_64", profile: "xen", policy: ovmf4m, platform: { privileged: false } },
    handover: undefined,
    place: Q35,
  },
  "domu-direct": {
    name: "domu-direct",
    title: "a DomU whose kernel the toolstack starts",
    proposal: "No UEFI in the guest.",
    machine: { abi: "x86_64", profile: "xen", policy: ovmf4m, start: "attach", platform: { privileged: false } },
    handover: undefined,
    place: Q35,
  },
};

/** What is handed over where it lies on a real machine; undefined where nothing is. */
export function placedHandover({ handover, place }: BootPath): Handover | undefined {
  return handover && buildHandover({ ...handover, ...place });
}
