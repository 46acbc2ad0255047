/**
 * Layout of `struct xen_platform_op` (136 bytes, little-endian) and the numbers of its commands.
 * Source: xen/include/public/platform.h.
 *
 * NATIVE: x86_64, arm64, arm32 callers (8-byte handles and longs); COMPAT: x86_32 callers (4-byte ones).
 * A constant without a column's name holds for both. All offsets count bytes from the start of the op.
 */

/** Hypercall number of `platform_op`. */
export const HYPERCALL_PLATFORM_OP = 7;
/** The only interface_version that Xen accepts. */
export const INTERFACE_VERSION = 0x03000001;

export const CMD_EFI_RUNTIME_CALL = 49;
export const CMD_FIRMWARE_INFO = 50;

/** Runtime-call sub-functions, `xenpf_efi_runtime_call.function`. */
export const FN_GET_TIME = 1;
export const FN_SET_TIME = 2;
export const FN_GET_WAKEUP_TIME = 3;
export const FN_SET_WAKEUP_TIME = 4;
export const FN_GET_NEXT_HIGH_MONOTONIC_COUNT = 5;
export const FN_GET_VARIABLE = 6;
export const FN_SET_VARIABLE = 7;
export const FN_GET_NEXT_VARIABLE_NAME = 8;
export const FN_QUERY_VARIABLE_INFO = 9;
export const FN_QUERY_CAPSULE_CAPABILITIES = 10;
export const FN_UPDATE_CAPSULE = 11;

/** Bits of `misc`, by function. */
export const GET_TIME_SET_CLEARS_NS = 1;
export const GET_WAKEUP_TIME_ENABLED = 1;
export const GET_WAKEUP_TIME_PENDING = 2;
export const SET_WAKEUP_TIME_ENABLE = 1;
export const SET_WAKEUP_TIME_ENABLE_ONLY = 2;
export const VARINFO_BOOT_SNAPSHOT = 1;

/** `xenpf_firmware_info.type`. */
export const FW_DISK_INFO = 1;
export const FW_DISK_MBR_SIGNATURE = 2;
export const FW_VBEDDC_INFO = 3;
export const FW_EFI_INFO = 4;
export const FW_KBD_SHIFT_FLAGS = 5;

/** `xenpf_firmware_info.index` of type FW_EFI_INFO. */
export const EFI_INFO_VERSION = 0;
export const EFI_INFO_CONFIG_TABLE = 1;
export const EFI_INFO_VENDOR = 2;
export const EFI_INFO_MEM_INFO = 3;
export const EFI_INFO_RT_VERSION = 4;
export const EFI_INFO_PCI_ROM = 5;
export const EFI_INFO_APPLE_PROPERTIES = 6;

/** struct xen_platform_op */
export const OP_BYTES = 136;
export const OP_CMD = 0;
export const OP_INTERFACE_VERSION = 4;
export const OP_BODY = 8;

/** struct xenpf_efi_runtime_call: the part that Xen writes back after a call that returns 0. */
export const NATIVE_CALL_BYTES = 56;
export const COMPAT_CALL_BYTES = 40;
export const OP_FUNCTION = 8;
export const OP_MISC = 12;
export const OP_STATUS = 16;
export const NATIVE_CALL_BODY = 24;
export const COMPAT_CALL_BODY = 20;

/** get_time: EFI_TIME, resolution u32 (Hz), accuracy u32 (parts per 10^12). The other time calls have EFI_TIME alone. */
export const NATIVE_TIME = 24;
export const COMPAT_TIME = 20;
export const NATIVE_RESOLUTION = 40;
export const COMPAT_RESOLUTION = 36;
export const NATIVE_ACCURACY = 44;
export const COMPAT_ACCURACY = 40;

/** get_variable and set_variable: name handle, size long, data handle, vendor_guid. */
export const NATIVE_NAME = 24;
export const COMPAT_NAME = 20;
export const NATIVE_SIZE = 32;
export const COMPAT_SIZE = 24;
export const NATIVE_DATA = 40;
export const COMPAT_DATA = 28;
export const NATIVE_GUID = 48;
export const COMPAT_GUID = 32;

/** get_next_variable_name: size long, name handle, vendor_guid. */
export const NATIVE_NEXT_SIZE = 24;
export const COMPAT_NEXT_SIZE = 20;
export const NATIVE_NEXT_NAME = 32;
export const COMPAT_NEXT_NAME = 24;
export const NATIVE_NEXT_GUID = 40;
export const COMPAT_NEXT_GUID = 28;

/** query_variable_info: attr u32, three u64 of bytes. */
export const NATIVE_QUERY_ATTR = 24;
export const COMPAT_QUERY_ATTR = 20;
export const NATIVE_MAX_STORE_SIZE = 32;
export const COMPAT_MAX_STORE_SIZE = 24;
export const NATIVE_REMAIN_STORE_SIZE = 40;
export const COMPAT_REMAIN_STORE_SIZE = 32;
export const NATIVE_MAX_SIZE = 48;
export const COMPAT_MAX_SIZE = 40;

/** query_capsule_capabilities: capsule header array handle, count long, max_capsule_size u64, reset_type u32. */
export const NATIVE_CAPSULE_HEADERS = 24;
export const COMPAT_CAPSULE_HEADERS = 20;
export const NATIVE_CAPSULE_COUNT = 32;
export const COMPAT_CAPSULE_COUNT = 24;
export const NATIVE_MAX_CAPSULE_SIZE = 40;
export const COMPAT_MAX_CAPSULE_SIZE = 28;
export const NATIVE_RESET_TYPE = 48;
export const COMPAT_RESET_TYPE = 36;
/** update_capsule: array handle and count as above, sg_list u64 (machine address). */
export const NATIVE_SG_LIST = 40;
export const COMPAT_SG_LIST = 28;

/** struct xenpf_firmware_info */
export const NATIVE_INFO_BYTES = 40;
export const COMPAT_INFO_BYTES = 36;
export const INFO_TYPE = 8;
export const INFO_INDEX = 12;
export const INFO_BODY = 16;
/** union xenpf_efi_info: the part that Xen writes back after FW_EFI_INFO. */
export const NATIVE_EFI_INFO_BYTES = 32;
export const COMPAT_EFI_INFO_BYTES = 28;
export const INFO_VERSION = 16;
export const INFO_CONFIG_ADDR = 16;
export const INFO_CONFIG_NENT = 24;
export const INFO_VENDOR_REVISION = 16;
export const INFO_VENDOR_BUFSZ = 20;
export const INFO_VENDOR_NAME = 24;
export const INFO_MEM_ADDR = 16;
export const INFO_MEM_SIZE = 24;
export const INFO_MEM_ATTR = 32;
export const INFO_MEM_TYPE = 40;
export const INFO_PCI_SEGMENT = 16;
export const INFO_PCI_BUS = 18;
export const INFO_PCI_DEVFN = 19;
export const INFO_PCI_VENDOR = 20;
export const INFO_PCI_DEVID = 22;
export const INFO_PCI_ADDRESS = 24;
export const INFO_PCI_SIZE = 32;
export const INFO_APPLE_ADDRESS = 16;
export const INFO_APPLE_SIZE = 24;

/** struct xenpf_efi_time, 16 bytes; the pad bytes 7 and 15 are EFI_TIME's Pad1 and Pad2. */
export const TIME_BYTES = 16;
export const TIME_YEAR = 0;
export const TIME_MONTH = 2;
export const TIME_DAY = 3;
export const TIME_HOUR = 4;
export const TIME_MINUTE = 5;
export const TIME_SECOND = 6;
export const TIME_PAD1 = 7;
export const TIME_NANOSECOND = 8;
export const TIME_ZONE = 12;
export const TIME_DAYLIGHT = 14;
export const TIME_PAD2 = 15;

/** struct xenpf_efi_guid: data1 u32, data2 u16, data3 u16, data4 u8[8]. */
export const GUID_BYTES = 16;
