import {
  ATTENTION_NO_EFI_BOOT,
  ATTENTION_NO_RUNTIME_SERVICES,
  OP,
  PLATFORM,
  PLATFORM_APPLE_ADDRESS,
  PLATFORM_APPLE_SIZE,
  PLATFORM_CONFIG_ADDR,
  PLATFORM_CONFIG_NENT,
  PLATFORM_EFI_VERSION,
  PLATFORM_FW_REVISION,
  PLATFORM_KBD_SHIFT_FLAGS,
  PLATFORM_MEMORY,
  PLATFORM_MEMORY_BYTES,
  PLATFORM_MEMORY_COUNT,
  PLATFORM_ROM_BYTES,
  PLATFORM_ROM_COUNT,
  PLATFORM_ROMS,
  PLATFORM_RT_VERSION,
  PLATFORM_VENDOR,
  PLATFORM_VENDOR_BYTES,
} from "../abi/layout";
import {
  EFI_INFO_APPLE_PROPERTIES,
  EFI_INFO_CONFIG_TABLE,
  EFI_INFO_MEM_INFO,
  EFI_INFO_PCI_ROM,
  EFI_INFO_RT_VERSION,
  EFI_INFO_VENDOR,
  EFI_INFO_VERSION,
  FW_DISK_INFO,
  FW_DISK_MBR_SIGNATURE,
  FW_EFI_INFO,
  FW_KBD_SHIFT_FLAGS,
  FW_VBEDDC_INFO,
  INFO_APPLE_ADDRESS,
  INFO_APPLE_SIZE,
  INFO_BODY,
  INFO_CONFIG_ADDR,
  INFO_CONFIG_NENT,
  INFO_INDEX,
  INFO_MEM_ADDR,
  INFO_MEM_ATTR,
  INFO_MEM_SIZE,
  INFO_MEM_TYPE,
  INFO_PCI_ADDRESS,
  INFO_PCI_SEGMENT,
  INFO_PCI_SIZE,
  INFO_TYPE,
  INFO_VENDOR_BUFSZ,
  INFO_VENDOR_REVISION,
  INFO_VERSION,
} from "../abi/op";
import { Reason, XenErrno } from "../abi/status";
import { setInfoLong, vendorHandle } from "../call";
import { write } from "../guest";
import { state } from "../state";

/**
 * XENPF_firmware_info (xen/arch/x86/platform_hypercall.c; xen/common/efi/runtime.c, efi_get_info) on the op at OP:
 * fills the union and returns 0 or an errno.
 */
export function firmwareInfo(): XenErrno {
  switch (load<u32>(OP, INFO_TYPE)) {
    case FW_EFI_INFO:
      return efiInfo(load<u32>(OP, INFO_INDEX));
    case FW_KBD_SHIFT_FLAGS:
      if (load<u32>(OP, INFO_INDEX) !== 0) return fail(XenErrno.ESRCH, Reason.NoBiosInfo);
      store<u8>(OP, load<u8>(PLATFORM, PLATFORM_KBD_SHIFT_FLAGS), INFO_BODY);
      return XenErrno.None;
    case FW_DISK_INFO:
    case FW_DISK_MBR_SIGNATURE:
    case FW_VBEDDC_INFO:
      return fail(XenErrno.ESRCH, Reason.NoBiosInfo);
    default:
      return fail(XenErrno.EINVAL, Reason.UnknownInfoType);
  }
}

function efiInfo(index: u32): XenErrno {
  if (state.attention & ATTENTION_NO_EFI_BOOT) return fail(XenErrno.ENOSYS, Reason.NotBootedFromEfi);
  switch (index) {
    case EFI_INFO_VERSION:
      store<u32>(OP, load<u32>(PLATFORM, PLATFORM_EFI_VERSION), INFO_VERSION);
      return XenErrno.None;
    case EFI_INFO_CONFIG_TABLE:
      store<u64>(OP, load<u64>(PLATFORM, PLATFORM_CONFIG_ADDR), INFO_CONFIG_ADDR);
      store<u32>(OP, load<u32>(PLATFORM, PLATFORM_CONFIG_NENT), INFO_CONFIG_NENT);
      return XenErrno.None;
    case EFI_INFO_VENDOR:
      return vendor();
    case EFI_INFO_MEM_INFO:
      return memoryInfo();
    case EFI_INFO_RT_VERSION:
      if (servicesOff()) return fail(XenErrno.EOPNOTSUPP, Reason.RuntimeServicesOff);
      store<u32>(OP, load<u32>(PLATFORM, PLATFORM_RT_VERSION), INFO_VERSION);
      return XenErrno.None;
    case EFI_INFO_PCI_ROM:
      return pciRom();
    case EFI_INFO_APPLE_PROPERTIES:
      return appleProperties();
    default:
      return fail(XenErrno.EINVAL, Reason.UnknownInfoIndex);
  }
}

/** Up to bufsz/2 units of the vendor string; the terminator goes along where it fits. */
function vendor(): XenErrno {
  const bytes = load<u32>(PLATFORM, PLATFORM_VENDOR_BYTES);
  if (bytes === 0 || servicesOff()) return fail(XenErrno.EOPNOTSUPP, Reason.NoVendorString);
  store<u32>(OP, load<u32>(PLATFORM, PLATFORM_FW_REVISION), INFO_VENDOR_REVISION);
  const room = load<u32>(OP, INFO_VENDOR_BUFSZ) & ~1;
  if (write(vendorHandle(), PLATFORM + PLATFORM_VENDOR, min(room, bytes))) return XenErrno.None;
  return fail(XenErrno.EFAULT, Reason.DataNotMapped);
}

/** Type and attributes of the descriptor that holds the address; the size is cut at the descriptor's end. */
function memoryInfo(): XenErrno {
  const address = load<u64>(OP, INFO_MEM_ADDR);
  const last: usize = PLATFORM + PLATFORM_MEMORY + load<u32>(PLATFORM, PLATFORM_MEMORY_COUNT) * PLATFORM_MEMORY_BYTES;
  for (let at: usize = PLATFORM + PLATFORM_MEMORY; at < last; at += PLATFORM_MEMORY_BYTES) {
    const offset = address - load<u64>(at);
    const bytes = load<u64>(at, 8);
    if (offset >= bytes) continue;
    store<u64>(OP, min(load<u64>(OP, INFO_MEM_SIZE), bytes - offset), INFO_MEM_SIZE);
    store<u64>(OP, load<u64>(at, 16), INFO_MEM_ATTR);
    store<u32>(OP, load<u32>(at, 24), INFO_MEM_TYPE);
    return XenErrno.None;
  }
  return fail(XenErrno.ESRCH, Reason.NoMemoryDescriptor);
}

/** Segment, bus, devfn, vendor and device id, 8 bytes in all, must match. */
function pciRom(): XenErrno {
  const wanted = load<u64>(OP, INFO_PCI_SEGMENT);
  const last: usize = PLATFORM + PLATFORM_ROMS + load<u32>(PLATFORM, PLATFORM_ROM_COUNT) * PLATFORM_ROM_BYTES;
  for (let at: usize = PLATFORM + PLATFORM_ROMS; at < last; at += PLATFORM_ROM_BYTES) {
    if (load<u64>(at) !== wanted) continue;
    store<u64>(OP, load<u64>(at, 8), INFO_PCI_ADDRESS);
    setInfoLong(INFO_PCI_SIZE, load<u64>(at, 16));
    return XenErrno.None;
  }
  return fail(XenErrno.ESRCH, Reason.NoPciRom);
}

function appleProperties(): XenErrno {
  const bytes = load<u64>(PLATFORM, PLATFORM_APPLE_SIZE);
  if (bytes === 0) return fail(XenErrno.ENODATA, Reason.NoAppleProperties);
  store<u64>(OP, load<u64>(PLATFORM, PLATFORM_APPLE_ADDRESS), INFO_APPLE_ADDRESS);
  setInfoLong(INFO_APPLE_SIZE, bytes);
  return XenErrno.None;
}

/** EFI 1.x tables lack the calls of UEFI 2.0. */
export function runtimeTableTooOld(): bool {
  return load<u32>(PLATFORM, PLATFORM_RT_VERSION) >> 16 < 2;
}

function servicesOff(): bool {
  return (state.attention & ATTENTION_NO_RUNTIME_SERVICES) !== 0;
}

function fail(errno: XenErrno, reason: Reason): XenErrno {
  state.reason = reason;
  return errno;
}
