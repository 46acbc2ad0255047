import { cells, type DeviceTree, texts } from "./device-tree.ts";
import { parameterProperties, SECURE_BOOT, type UefiParameters } from "./uefi-parameters.ts";

/** The tree that Xen for Arm makes for a domain, as far as it is about the hypervisor itself. */
export interface TreeOptions {
  /** Xen's version in `compatible`, as "4.17". */
  xenVersion: string;
  /**
   * Where the grant table goes and which interrupt tells of events; left out with ACPI, which tells of neither this
   * way.
   */
  resources?: HypervisorResources;
  /** Also tells of the tables as a boot loader does, for a kernel that knows no Xen; with the Secure Boot state. */
  bootLoader?: { secureBoot: number };
}

/** What a domain needs of Xen that no ACPI table tells (Xen docs/misc/arm/device-tree/guest.txt). */
export interface HypervisorResources {
  grantTable: { address: bigint; bytes: number };
  /**
   * Type, number and flags of a GIC interrupt (Linux
   * Documentation/devicetree/bindings/interrupt-controller/arm,gic.yaml).
   */
  eventInterrupt: readonly [type: number, number: number, flags: number];
}

/**
 * Root with cells of 2 and 1, /chosen and /hypervisor (xen/arch/arm/acpi/domain_build.c; xen/arch/arm/domain_build.c,
 * make_hypervisor_node); with `uefi` below the latter if there are parameters to tell.
 */
export function hypervisorTree(options: TreeOptions, uefi: UefiParameters | undefined): DeviceTree {
  const { xenVersion, resources, bootLoader } = options;
  const told = bootLoader !== undefined && uefi !== undefined;
  const chosen = told ? [...parameterProperties("linux", uefi), cells(SECURE_BOOT, bootLoader.secureBoot)] : [];
  const compatible = texts("compatible", `xen,xen-${xenVersion}`, "xen,xen");
  const hypervisor = {
    name: "hypervisor",
    properties: [compatible, ...(resources === undefined ? [] : resourceProperties(resources))],
    children: uefi === undefined ? [] : [{ name: "uefi", properties: parameterProperties("xen", uefi), children: [] }],
  };
  const properties = [cells("#address-cells", 2), cells("#size-cells", 1)];
  const children = [{ name: "chosen", properties: chosen, children: [] }, hypervisor];
  return { reservations: [], bootCpu: 0, root: { name: "", properties, children } };
}

function resourceProperties({ grantTable, eventInterrupt }: HypervisorResources) {
  const { address, bytes } = grantTable;
  const halves = [Number(address >> 32n), Number(address & 0xffffffffn)];
  return [cells("reg", ...halves, bytes), cells("interrupts", ...eventInterrupt)];
}
