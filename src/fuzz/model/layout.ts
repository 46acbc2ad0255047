import type { Abi } from "../../op.ts";

/** Xen's public interface as the model reads it (xen/include/public/platform.h): numbers of `struct xen_platform_op`. */
export const OP_BYTES = 136;
export const CMD_OFFSET = 0;
export const VERSION_OFFSET = 4;
export const FUNCTION_OFFSET = 8;
export const MISC_OFFSET = 12;
export const STATUS_OFFSET = 16;
/** firmware_info: type and index stand where function and misc do, then the union. */
export const INFO_OFFSET = 16;
/** What comes back of either call begins here. */
export const BODY_OFFSET = 8;

export const INTERFACE_VERSION = 0x03000001;
export const EFI_RUNTIME_CALL = 49;
export const FIRMWARE_INFO = 50;

/** Functions of the runtime call; 10 and 11 are the capsule calls. */
export const GET_TIME = 1;
export const SET_TIME = 2;
export const GET_WAKEUP_TIME = 3;
export const SET_WAKEUP_TIME = 4;
export const GET_NEXT_HIGH_MONOTONIC_COUNT = 5;
export const GET_VARIABLE = 6;
export const SET_VARIABLE = 7;
export const GET_NEXT_VARIABLE_NAME = 8;
export const QUERY_VARIABLE_INFO = 9;
export const UPDATE_CAPSULE = 11;

/** Flags in misc: of SetWakeupTime, of QueryVariableInfo. */
export const WAKEUP_ENABLE = 1;
export const WAKEUP_WITHOUT_TIME = 2;
export const BOOT_SNAPSHOT = 1;

/** Xen's errnos (xen/include/public/errno.h), as a hypercall gives them. */
export const ESRCH = -3;
export const ENOMEM = -12;
export const EACCES = -13;
export const EFAULT = -14;
export const EINVAL = -22;
export const ENOSYS = -38;
export const ENODATA = -61;
export const EOPNOTSUPP = -95;

/** Offsets that depend on the width of longs, in bytes from the op's start; all services' arguments share the union. */
export interface Offsets {
  longBytes: 4 | 8;
  /** Bytes of the part that comes back from BODY_OFFSET on: the runtime call, and firmware_info's union. */
  callBytes: number;
  infoBytes: number;
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
  attributes: number;
  maxStore: number;
  remainStore: number;
  maxVariable: number;
  /** A 64-bit status as 32 bits: error n is 0x80000000 + n. */
  foldsStatus: boolean;
}

const LP64: Offsets = {
  longBytes: 8,
  callBytes: 56,
  infoBytes: 32,
  time: 24,
  resolution: 40,
  accuracy: 44,
  name: 24,
  size: 32,
  data: 40,
  guid: 48,
  nextSize: 24,
  nextName: 32,
  nextGuid: 40,
  attributes: 24,
  maxStore: 32,
  remainStore: 40,
  maxVariable: 48,
  foldsStatus: false,
};

const COMPAT: Offsets = {
  longBytes: 4,
  callBytes: 40,
  infoBytes: 28,
  time: 20,
  resolution: 36,
  accuracy: 40,
  name: 20,
  size: 24,
  data: 28,
  guid: 32,
  nextSize: 20,
  nextName: 24,
  nextGuid: 28,
  attributes: 20,
  maxStore: 24,
  remainStore: 32,
  maxVariable: 40,
  foldsStatus: true,
};

/** Arm's ABIs have longs and handles of 8 bytes, its 32-bit one statuses of 32. */
export const OFFSETS: Readonly<Record<Abi, Offsets>> = {
  x86_64: LP64,
  x86_32: COMPAT,
  arm64: LP64,
  arm32: { ...LP64, foldsStatus: true },
};
