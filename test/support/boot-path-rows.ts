import { NON_VOLATILE } from "../../assembly/abi/variable.ts";
import { Client } from "../../src/client.ts";
import { memoryTypeName } from "../../src/decoders/memory-types.ts";
import { BOOT_PATHS, type BootPath, type BootPathName } from "../../src/handover/boot-paths.ts";
import { configTableName } from "../../src/handover/config-table.ts";
import { type DeviceTreeNode, nodeAt, propertyOf } from "../../src/handover/device-tree.ts";
import { readDeviceTree } from "../../src/handover/device-tree-reader.ts";
import { type Handover, handover } from "../../src/handover/handover.ts";
import { readMemoryMap } from "../../src/handover/memory-map.ts";
import { readSystemTable, revisionText } from "../../src/handover/system-table.ts";
import { uefiParameters } from "../../src/handover/uefi-parameters.ts";
import { toHex } from "../../src/hex.ts";
import { Machine } from "../../src/machine.ts";
import { GUID } from "./writer.ts";

/** One thing that a kernel can see of how it came to run, asked of each boot path. */
export interface Row {
  fact: string;
  /** What is seen on each path, by name. */
  answers: Readonly<Record<string, string>>;
  see(kernel: Kernel): string;
}

/** A kernel that has come by a path, with hypercalls and guest memory to look at. */
export class Kernel {
  readonly machine: Machine;
  readonly client: Client;
  readonly #handed: Handover | undefined;

  constructor({ machine, handover: options }: BootPath) {
    this.machine = new Machine(machine);
    this.client = new Client(this.machine);
    this.#handed = options && handover(this.machine, options);
  }

  /** Guest memory from where a part was put; undefined if it was not. */
  memoryAt(what: Handover["parts"][number]["what"]): { address: bigint; bytes: Uint8Array } | undefined {
    const address = this.#handed?.parts.find((part) => part.what === what)?.address;
    return address === undefined ? undefined : { address, bytes: this.machine.memory.subarray(Number(address)) };
  }

  get tree() {
    const memory = this.memoryAt("device tree");
    return memory && readDeviceTree(memory.bytes);
  }

  /** The system table, found by the tree where there is one, else by what firmware_info tells. */
  get systemTable() {
    const parameters = this.tree && uefiParameters(this.tree);
    const { ok, address } = this.client.configTable();
    const at = parameters?.systemTable ?? (ok ? address - 120n : undefined);
    return at === undefined ? undefined : readSystemTable({ address: 0n, bytes: this.machine.memory }, at);
  }

  /** The map, found by the tree; on x86 a kernel gets none, and asks for single descriptors. */
  get memoryMap() {
    const parameters = this.tree && uefiParameters(this.tree);
    if (parameters === undefined) return undefined;
    const start = Number(parameters.mapStart);
    const bytes = this.machine.memory.subarray(start, start + parameters.mapBytes);
    return readMemoryMap(bytes, parameters.descriptorBytes);
  }
}

/** The same on all paths but some. */
function all(answer: string, but: Partial<Record<BootPathName, string>> = {}): Record<string, string> {
  return Object.fromEntries(Object.keys(BOOT_PATHS).map((name) => [name, but[name as BootPathName] ?? answer]));
}

/** What calls answer where no firmware's service is reached; the first two are those where it is. */
function calls(arm: string, x86: string, withoutServices: string): Record<string, string> {
  return all("-EPERM", {
    ...{ "arm-acpi": arm, "arm-uboot": "-ENOSYS", "arm-mainline": "-ENOSYS" },
    ...{ "x86-efi": x86, "x86-no-rs": withoutServices, "x86-bios": "-ENOSYS" },
  });
}

function nodes(node: DeviceTreeNode, path = ""): string[] {
  return node.children.flatMap((child) => [`${path}/${child.name}`, ...nodes(child, `${path}/${child.name}`)]);
}

const OVMF_TABLES =
  "LZMA decompression, DXE services, HOB list, memory types, debug images, status codes, SMBIOS, ACPI, ACPI 2.0, memory attributes, image executions";
const WITH_UEFI = "/chosen, /hypervisor, /hypervisor/uefi";

/** Every row of the comparison: first the calls, then what lies in memory. */
export const ROWS: readonly Row[] = [
  {
    fact: "GetTime",
    answers: calls("SUCCESS", "SUCCESS", "-EOPNOTSUPP"),
    see: ({ client }) => client.getTime().statusName,
  },
  {
    fact: "SetVariable of 01, then GetVariable",
    answers: calls("SUCCESS: 01", "SUCCESS: 01", "-EOPNOTSUPP"),
    see: ({ client }) => {
      const { ok, statusName } = client.setVariable("A", GUID, 7, Uint8Array.of(1));
      return ok ? `${statusName}: ${toHex(client.getVariable("A", GUID).data ?? new Uint8Array(0))}` : statusName;
    },
  },
  {
    fact: "firmware_info: EFI version",
    answers: calls("2.50", "2.70", "2.70"),
    see: ({ client }) => {
      const { ok, errno, version } = client.efiVersion();
      return ok ? revisionText(version) : errno;
    },
  },
  {
    fact: "firmware_info: runtime version",
    answers: calls("2.70", "2.70", "-EOPNOTSUPP"),
    see: ({ client }) => {
      const { ok, errno, version } = client.efiVersion("runtime");
      return ok ? revisionText(version) : errno;
    },
  },
  {
    fact: "firmware_info: vendor, revision",
    answers: calls("Xen, 0x1", "EDK II, 0x10000", "-EOPNOTSUPP"),
    see: ({ client }) => {
      const { ok, errno, vendor, revision } = client.vendor();
      return ok ? `${vendor}, 0x${revision.toString(16)}` : errno;
    },
  },
  {
    fact: "firmware_info: configuration tables",
    answers: calls("1", "11", "11"),
    see: ({ client }) => {
      const { ok, errno, count } = client.configTable();
      return ok ? String(count) : errno;
    },
  },
  {
    fact: "firmware_info: memory of the system table",
    answers: calls("EfiACPIReclaimMemory", "EfiACPIReclaimMemory", "EfiACPIReclaimMemory"),
    see: ({ client }) => {
      const { ok, errno, type } = client.memoryInfo(0x200000n, 1n);
      return ok ? memoryTypeName(type) : errno;
    },
  },
  {
    fact: "nodes of the device tree",
    answers: all("none", { "arm-acpi": WITH_UEFI, "arm-mainline": WITH_UEFI, "arm-uboot": "/chosen, /hypervisor" }),
    see: ({ tree }) => (tree === undefined ? "none" : nodes(tree.root).join(", ")),
  },
  {
    fact: "grant table and event interrupt by the tree",
    answers: all("no", { "arm-uboot": "yes" }),
    see: ({ tree }) => {
      const node = tree && nodeAt(tree, "/hypervisor");
      return ["reg", "interrupts"].every((name) => propertyOf(node, name) !== undefined) ? "yes" : "no";
    },
  },
  {
    fact: "UEFI parameters by the tree",
    answers: all("none", { "arm-acpi": "Xen's, version 1", "arm-mainline": "Xen's, version 1" }),
    see: ({ tree }) => {
      const found = tree && uefiParameters(tree);
      if (found === undefined) return "none";
      return `${found.source === "xen" ? "Xen's" : "a boot loader's"}, version ${found.descriptorVersion}`;
    },
  },
  {
    fact: "the system table: vendor, revision",
    answers: all("none", {
      ...{ "arm-acpi": "Xen, 2.50", "arm-mainline": "Xen, 2.50" },
      ...{ "x86-efi": "EDK II, 2.70", "x86-no-rs": "EDK II, 2.70" },
    }),
    see: ({ systemTable }) => (systemTable ? `${systemTable.vendor}, ${revisionText(systemTable.revision)}` : "none"),
  },
  {
    fact: "its configuration tables",
    answers: all("none", {
      ...{ "arm-acpi": "ACPI 2.0", "arm-mainline": "ACPI 2.0", "x86-efi": OVMF_TABLES, "x86-no-rs": OVMF_TABLES },
    }),
    see: ({ systemTable }) => systemTable?.configTables.map(({ guid }) => configTableName(guid)).join(", ") ?? "none",
  },
  {
    fact: "the memory map",
    answers: all("none", {
      "arm-acpi": "EfiConventionalMemory, EfiACPIReclaimMemory, EfiConventionalMemory",
      "arm-mainline": "EfiConventionalMemory, EfiACPIReclaimMemory, EfiConventionalMemory",
    }),
    see: ({ memoryMap }) => memoryMap?.map(({ type }) => memoryTypeName(type)).join(", ") ?? "none",
  },
  {
    fact: "non-volatile variables that its firmware made at boot",
    answers: all("0", { "x86-efi": "27", "x86-no-rs": "27", "domu-ovmf": "27", "arm-acpi": "5", "arm-mainline": "5" }),
    see: ({ machine }) =>
      String(machine.variables().filter(({ attributes }) => (attributes & NON_VOLATILE) !== 0).length),
  },
];
