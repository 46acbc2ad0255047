import type { FirmwareFacts } from "../../platform.ts";
import { toUcs2 } from "../../ucs2.ts";
import type { Guest } from "./guest.ts";
import { EFAULT, EINVAL, ENODATA, EOPNOTSUPP, ESRCH, INFO_OFFSET, type Offsets } from "./layout.ts";

/** Types of XENPF_firmware_info, and what the EFI one has by index. */
const DISK_INFO = 1;
const DISK_SIGNATURE = 2;
const VBE_DDC = 3;
const EFI = 4;
const KEYBOARD_FLAGS = 5;
const VERSION = 0;
const CONFIG_TABLE = 1;
const VENDOR = 2;
const MEMORY = 3;
const RUNTIME_VERSION = 4;
const PCI_ROM = 5;
const APPLE = 6;

const TYPE_OFFSET = 8;
const INDEX_OFFSET = 12;

/** XENPF_firmware_info of a hypervisor booted from EFI, on a machine without PCI ROMs and Apple's properties. */
export class FirmwareInfo {
  readonly #guest: Guest;
  readonly #offsets: Offsets;
  readonly #facts: FirmwareFacts;
  readonly #vendor: Uint8Array | undefined;

  constructor(guest: Guest, offsets: Offsets, facts: FirmwareFacts) {
    this.#guest = guest;
    this.#offsets = offsets;
    this.#facts = facts;
    this.#vendor = facts.vendor === undefined ? undefined : toUcs2(`${facts.vendor}\0`);
  }

  /** Answers the op in `op`, a copy of which the bytes to come back are changed. Undefined: what the BIOS knows of disks. */
  answer(op: DataView): number | undefined {
    switch (op.getUint32(TYPE_OFFSET, true)) {
      case DISK_INFO:
      case DISK_SIGNATURE:
        return undefined;
      case VBE_DDC:
        return ESRCH;
      case KEYBOARD_FLAGS:
        if (op.getUint32(INDEX_OFFSET, true) !== 0) return ESRCH;
        op.setUint8(INFO_OFFSET, this.#facts.keyboardShiftFlags);
        return 0;
      case EFI:
        return this.#answerEfi(op);
      default:
        return EINVAL;
    }
  }

  /** Bytes from INFO_OFFSET on that come back. */
  bytesBack(op: DataView): number {
    return op.getUint32(TYPE_OFFSET, true) === EFI ? this.#offsets.infoBytes : 1;
  }

  #answerEfi(op: DataView): number | undefined {
    const facts = this.#facts;
    switch (op.getUint32(INDEX_OFFSET, true)) {
      case VERSION:
        op.setUint32(INFO_OFFSET, facts.efiVersion, true);
        return 0;
      case CONFIG_TABLE:
        op.setBigUint64(INFO_OFFSET, facts.configTableAddress, true);
        op.setUint32(INFO_OFFSET + 8, facts.configTableCount, true);
        return 0;
      case VENDOR:
        return this.#vendor === undefined ? EOPNOTSUPP : this.#copyVendor(op, this.#vendor);
      case MEMORY:
        return this.#findMemory(op);
      case RUNTIME_VERSION:
        op.setUint32(INFO_OFFSET, facts.runtimeVersion, true);
        return 0;
      case PCI_ROM:
        return facts.pciRoms.length === 0 ? ESRCH : undefined;
      case APPLE:
        return facts.appleProperties === undefined ? ENODATA : undefined;
      default:
        return EINVAL;
    }
  }

  /** Whole units, the terminator too if there is room; one at a time, so that those before a fault are written. */
  #copyVendor(op: DataView, vendor: Uint8Array): number {
    op.setUint32(INFO_OFFSET, this.#facts.firmwareRevision, true);
    const bytes = Math.min((op.getUint32(INFO_OFFSET + 4, true) & ~1) >>> 0, vendor.length);
    const isShort = this.#offsets.longBytes === 4;
    const high = isShort ? 0 : op.getUint32(INFO_OFFSET + 12, true);
    const at = op.getUint32(INFO_OFFSET + 8, true) + 0x100000000 * high;
    return this.#guest.copyOut(at, vendor, 0, bytes) ? 0 : EFAULT;
  }

  /** A size that passes its descriptor's end, or the last address, is cut. */
  #findMemory(op: DataView): number {
    const address = op.getBigUint64(INFO_OFFSET, true);
    const size = op.getBigUint64(INFO_OFFSET + 8, true);
    for (const { start, bytes, attributes, type } of this.#facts.memoryMap) {
      const end = start + bytes;
      if (address < start || address >= end) continue;
      if (address + size > end) op.setBigUint64(INFO_OFFSET + 8, end - address, true);
      op.setBigUint64(INFO_OFFSET + 16, attributes, true);
      op.setUint32(INFO_OFFSET + 24, type, true);
      return 0;
    }
    return ESRCH;
  }
}
