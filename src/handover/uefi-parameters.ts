import { viewOf } from "../formats/flash-bytes.ts";
import { FormatError, offsetText } from "../formats/variable-set.ts";
import {
  cells,
  type DeviceTree,
  type DeviceTreeNode,
  type DeviceTreeProperty,
  nodeAt,
  propertyOf,
  u64Property,
} from "./device-tree.ts";

/** Where a kernel finds the system table and the memory map; addresses are guest-physical. */
export interface UefiParameters {
  systemTable: bigint;
  mapStart: bigint;
  mapBytes: number;
  descriptorBytes: number;
  descriptorVersion: number;
}

/** Who tells a kernel: Xen of a hypervisor's tables, or a boot loader (Linux's own stub) of the firmware's. */
export type ParameterSource = keyof typeof SOURCES;

/** Node and prefix by source, in the order in which Linux looks (drivers/firmware/efi/fdtparams.c). */
const SOURCES = {
  xen: { path: "/hypervisor/uefi", prefix: "xen,uefi-" },
  linux: { path: "/chosen", prefix: "linux,uefi-" },
} as const;

/** Names behind the prefix, in Linux's order, and the bytes of a value (Xen docs/misc/arm/device-tree/guest.txt). */
const FIELDS = [
  ["systemTable", "system-table", 8],
  ["mapStart", "mmap-start", 8],
  ["mapBytes", "mmap-size", 4],
  ["descriptorBytes", "mmap-desc-size", 4],
  ["descriptorVersion", "mmap-desc-ver", 4],
] as const;

/**
 * Debian's kernels take a boot loader's parameters only with this one beside them: 0 unset, 1 unknown, 2 disabled, 3
 * enabled.
 */
export const SECURE_BOOT = "linux,uefi-secure-boot";

/** The five properties under the names of a source. */
export function parameterProperties(source: ParameterSource, parameters: UefiParameters): DeviceTreeProperty[] {
  return FIELDS.map(([field, name, bytes]) => {
    const property = `${SOURCES[source].prefix}${name}`;
    const value = parameters[field];
    return bytes === 8 ? u64Property(property, BigInt(value)) : cells(property, Number(value));
  });
}

/**
 * The parameters of one source; undefined where its node has no system table. Throws a FormatError for a value that is
 * not of 4 or 8 bytes, does not fit, or is missing beside the others.
 */
export function parametersFrom(tree: DeviceTree, source: ParameterSource): UefiParameters | undefined {
  const { path, prefix } = SOURCES[source];
  const node = nodeAt(tree, path);
  if (propertyOf(node, `${prefix}system-table`) === undefined) return undefined;
  const values = FIELDS.map(([field, name, bytes]) => [field, numberOf(node, path, `${prefix}${name}`, bytes)]);
  return Object.fromEntries(values) as unknown as UefiParameters;
}

/** The parameters that Linux takes: Xen's if there is the node for them, else a boot loader's. */
export function uefiParameters(tree: DeviceTree): (UefiParameters & { source: ParameterSource }) | undefined {
  const source = nodeAt(tree, SOURCES.xen.path) === undefined ? "linux" : "xen";
  const parameters = parametersFrom(tree, source);
  return parameters && { source, ...parameters };
}

/** A number of 4 or 8 bytes, as Linux reads each of them. */
function numberOf(node: DeviceTreeNode | undefined, path: string, name: string, bytes: 4 | 8): bigint | number {
  const property = propertyOf(node, name);
  if (property === undefined) throw new FormatError(path, `the property ${name} beside the system table's`);
  const { value, offset } = property;
  const place = offset === undefined ? `${path} ${name}` : offsetText(offset);
  if (value.length !== 4 && value.length !== 8)
    throw new FormatError(place, `${name} of ${bytes} bytes, not ${value.length}`);
  const view = viewOf(value);
  const number = value.length === 4 ? BigInt(view.getUint32(0)) : view.getBigUint64(0);
  if (bytes === 8) return number;
  if (number > 0xffffffffn) throw new FormatError(place, `${name} below 2^32, not ${number}`);
  return Number(number);
}
