import * as abi from "../assembly/abi/op.ts";

/** Whose op it is: they differ in the width of longs and handles, and in how a status is told. */
export type Abi = "x86_64" | "x86_32" | "arm64" | "arm32";

export const ABIS: readonly Abi[] = ["x86_64", "x86_32", "arm64", "arm32"];

/** Field offsets of one column of assembly/abi/op.ts, in bytes from the op's start. */
export interface OpLayout {
  /** Bytes of a long, a handle and a status. */
  longBytes: 4 | 8;
  time: number;
  resolution: number;
  accuracy: number;
  name: number;
  size: number;
  data: number;
  guid: number;
  nextSize: number;
  nextName: number;
  nextGuid: number;
  queryAttr: number;
  maxStoreSize: number;
  remainStoreSize: number;
  maxSize: number;
  capsuleHeaders: number;
  capsuleCount: number;
  maxCapsuleSize: number;
  resetType: number;
  sgList: number;
  callBody: number;
}

const NATIVE: OpLayout = {
  longBytes: 8,
  time: abi.NATIVE_TIME,
  resolution: abi.NATIVE_RESOLUTION,
  accuracy: abi.NATIVE_ACCURACY,
  name: abi.NATIVE_NAME,
  size: abi.NATIVE_SIZE,
  data: abi.NATIVE_DATA,
  guid: abi.NATIVE_GUID,
  nextSize: abi.NATIVE_NEXT_SIZE,
  nextName: abi.NATIVE_NEXT_NAME,
  nextGuid: abi.NATIVE_NEXT_GUID,
  queryAttr: abi.NATIVE_QUERY_ATTR,
  maxStoreSize: abi.NATIVE_MAX_STORE_SIZE,
  remainStoreSize: abi.NATIVE_REMAIN_STORE_SIZE,
  maxSize: abi.NATIVE_MAX_SIZE,
  capsuleHeaders: abi.NATIVE_CAPSULE_HEADERS,
  capsuleCount: abi.NATIVE_CAPSULE_COUNT,
  maxCapsuleSize: abi.NATIVE_MAX_CAPSULE_SIZE,
  resetType: abi.NATIVE_RESET_TYPE,
  sgList: abi.NATIVE_SG_LIST,
  callBody: abi.NATIVE_CALL_BODY,
};

const COMPAT: OpLayout = {
  longBytes: 4,
  time: abi.COMPAT_TIME,
  resolution: abi.COMPAT_RESOLUTION,
  accuracy: abi.COMPAT_ACCURACY,
  name: abi.COMPAT_NAME,
  size: abi.COMPAT_SIZE,
  data: abi.COMPAT_DATA,
  guid: abi.COMPAT_GUID,
  nextSize: abi.COMPAT_NEXT_SIZE,
  nextName: abi.COMPAT_NEXT_NAME,
  nextGuid: abi.COMPAT_NEXT_GUID,
  queryAttr: abi.COMPAT_QUERY_ATTR,
  maxStoreSize: abi.COMPAT_MAX_STORE_SIZE,
  remainStoreSize: abi.COMPAT_REMAIN_STORE_SIZE,
  maxSize: abi.COMPAT_MAX_SIZE,
  capsuleHeaders: abi.COMPAT_CAPSULE_HEADERS,
  capsuleCount: abi.COMPAT_CAPSULE_COUNT,
  maxCapsuleSize: abi.COMPAT_MAX_CAPSULE_SIZE,
  resetType: abi.COMPAT_RESET_TYPE,
  sgList: abi.COMPAT_SG_LIST,
  callBody: abi.COMPAT_CALL_BODY,
};

export function opLayout(abiName: Abi): OpLayout {
  return abiName === "x86_32" ? COMPAT : NATIVE;
}

/** Bytes of a pointer in the caller's own memory, such as those that a capsule call's array holds. */
export function pointerBytes(abiName: Abi): 4 | 8 {
  return abiName === "x86_32" || abiName === "arm32" ? 4 : 8;
}

/** Writes a long or handle; a value that does not fit 4 bytes keeps its low half, as a 32-bit caller's would. */
export function setLong(view: DataView, layout: OpLayout, offset: number, value: bigint): void {
  if (layout.longBytes === 4) view.setUint32(offset, Number(BigInt.asUintN(32, value)), true);
  else view.setBigUint64(offset, BigInt.asUintN(64, value), true);
}

export function getLong(view: DataView, layout: OpLayout, offset: number): bigint {
  return layout.longBytes === 4 ? BigInt(view.getUint32(offset, true)) : view.getBigUint64(offset, true);
}

/** Fills 136 bytes at `offset` with a runtime call's head, command, version, function and misc, and zeros. */
export function writeRuntimeCall(view: DataView, offset: number, fn: number, misc: number): void {
  clearBody(view, offset);
  view.setUint32(offset + abi.OP_CMD, abi.CMD_EFI_RUNTIME_CALL, true);
  view.setUint32(offset + abi.OP_INTERFACE_VERSION, abi.INTERFACE_VERSION, true);
  view.setUint32(offset + abi.OP_FUNCTION, fn, true);
  view.setUint32(offset + abi.OP_MISC, misc, true);
}

/** The same for firmware_info: type and index. */
export function writeFirmwareInfo(view: DataView, offset: number, type: number, index: number): void {
  clearBody(view, offset);
  view.setUint32(offset + abi.OP_CMD, abi.CMD_FIRMWARE_INFO, true);
  view.setUint32(offset + abi.OP_INTERFACE_VERSION, abi.INTERFACE_VERSION, true);
  view.setUint32(offset + abi.INFO_TYPE, type, true);
  view.setUint32(offset + abi.INFO_INDEX, index, true);
}

/** Clears what is behind the head of 16 bytes. */
function clearBody(view: DataView, offset: number): void {
  // As numbers of 8 bytes: an array over the op, to be filled, would take longer to make.
  for (let at = offset + abi.OP_STATUS; at < offset + abi.OP_BYTES; at += 8) view.setFloat64(at, 0);
}

/** Names of the runtime functions as traces spell them, by number; index 0 is none. */
export const FUNCTION_NAMES = [
  "",
  "get_time",
  "set_time",
  "get_wakeup_time",
  "set_wakeup_time",
  "get_next_high_monotonic_count",
  "get_variable",
  "set_variable",
  "get_next_variable_name",
  "query_variable_info",
  "query_capsule_capabilities",
  "update_capsule",
] as const;
