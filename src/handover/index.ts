/** What Xen hands over to a domain beside runtime services. This file only re-exports. */
export { BOOT_PATHS, type BootPath, type BootPathName, placedHandover } from "./boot-paths.ts";
export { CONFIG_TABLE_GUIDS, type ConfigTable, type ConfigTableName, configTableName } from "./config-table.ts";
export { type DeviceTree, type DeviceTreeNode, type DeviceTreeProperty, writeDeviceTree } from "./device-tree.ts";
export { readDeviceTree } from "./device-tree-reader.ts";
export * from "./entry-points.ts";
export * from "./firmware-tables.ts";
export {
  buildHandover,
  type Handover,
  type HandoverOptions,
  type HandoverPart,
  handover,
  type TableContent,
  type Tables,
} from "./handover.ts";
export { type HypervisorResources, hypervisorTree, type TreeOptions } from "./hypervisor-tree.ts";
export { type MemoryDescriptor, readMemoryMap, writeMemoryMap } from "./memory-map.ts";
export type { MemorySlice } from "./memory-slice.ts";
export {
  readConfigTable,
  readSystemTable,
  readSystemTableHeader,
  readVendor,
  type SystemTable,
  type SystemTableHeader,
  writeSystemTable,
} from "./system-table.ts";
export { parametersFrom, type UefiParameters, uefiParameters } from "./uefi-parameters.ts";
