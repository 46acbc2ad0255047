/**
 * edk2's variable store in a firmware volume, the `.fd` files of OVMF and AAVMF, as its users need it
 * (MdeModulePkg/Include/Guid/VariableFormat.h, MdePkg/Include/Pi/PiFirmwareVolume.h). All numbers little-endian.
 */
export { AAVMF, type Geometry, LAYOUTS, OVMF_2M, OVMF_4M } from "./edk2-geometry.ts";
export { type LogEntry, liveEntries, type NewEntry, readLog, writeRecords } from "./edk2-log.ts";
export { recoverVolume } from "./edk2-recovery.ts";
export { findVolume, formatVolume, type Volume } from "./edk2-volume.ts";
export { WORK_HEADER_BYTES } from "./edk2-work-area.ts";
