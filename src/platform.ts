import {
  ATTENTION_NO_EFI_BOOT,
  ATTENTION_NO_PLATFORM_OPS,
  ATTENTION_NO_RUNTIME_SERVICES,
  ATTENTION_OTHER_INTERFACE,
  ATTENTION_UNPRIVILEGED,
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
  PLATFORM_MEMORY_MAX,
  PLATFORM_ROM_BYTES,
  PLATFORM_ROM_COUNT,
  PLATFORM_ROMS,
  PLATFORM_ROMS_MAX,
  PLATFORM_RT_VERSION,
  PLATFORM_VENDOR,
  PLATFORM_VENDOR_BYTES,
  PLATFORM_VENDOR_MAX_BYTES,
  STATE_ATTENTION,
} from "../assembly/abi/layout.ts";
import type { Core } from "./core-exports.ts";
import { toUcs2 } from "./ucs2.ts";

/** One range of the EFI memory map; addresses and bytes as machine addresses, type an EFI_MEMORY_TYPE. */
export interface MemoryRange {
  start: bigint;
  bytes: bigint;
  attributes: bigint;
  type: number;
}

/** A PCI option ROM that the firmware loaded. */
export interface PciRom {
  segment: number;
  bus: number;
  devfn: number;
  vendor: number;
  device: number;
  address: bigint;
  bytes: bigint;
}

/** What firmware_info reports of the firmware; revisions as UEFI packs them (0x20046 is 2.70). */
export interface FirmwareFacts {
  efiVersion: number;
  runtimeVersion: number;
  firmwareRevision: number;
  /** Undefined: the hypervisor kept no vendor string. */
  vendor: string | undefined;
  configTableAddress: bigint;
  configTableCount: number;
  memoryMap: MemoryRange[];
  pciRoms: PciRom[];
  /** Undefined: none were collected. */
  appleProperties: { address: bigint; bytes: bigint } | undefined;
  keyboardShiftFlags: number;
}

/** How the hypervisor and its caller stand; every field can be changed at any time. */
export interface PlatformState {
  /** The hypervisor's XENPF_INTERFACE_VERSION is that of the public headers here, 0x03000001; else every op is -EACCES. */
  interfaceMatches: boolean;
  /** The hypervisor was booted from EFI; else -ENOSYS. */
  efiBoot: boolean;
  /** Runtime services are on (no `efi=no-rs`); else -EOPNOTSUPP. */
  runtimeServices: boolean;
  /** The caller is a control domain; else -EPERM. */
  privileged: boolean;
  /** The hypervisor knows the two platform ops (today's Xen for Arm does not); else -ENOSYS. */
  platformOps: boolean;
}

/** The platform's state as the core has it: reading and assigning go straight to its memory. */
export class Platform implements PlatformState {
  readonly #core: Core;
  readonly #view: DataView;
  #facts: FirmwareFacts;

  constructor(core: Core, facts: FirmwareFacts, state: Partial<PlatformState>) {
    this.#core = core;
    this.#view = core.view;
    this.#facts = facts;
    writeFacts(core, facts);
    Object.assign(this, state);
  }

  /**
   * What firmware_info tells from now on, where it is said; the rest stays. Throws a RangeError for more than there is
   * room for.
   */
  report(facts: Partial<FirmwareFacts>): void {
    const all = { ...this.#facts, ...facts };
    writeFacts(this.#core, all);
    this.#facts = all;
  }

  get interfaceMatches(): boolean {
    return !this.#has(ATTENTION_OTHER_INTERFACE);
  }

  set interfaceMatches(value: boolean) {
    this.#set(ATTENTION_OTHER_INTERFACE, !value);
  }

  get efiBoot(): boolean {
    return !this.#has(ATTENTION_NO_EFI_BOOT);
  }

  set efiBoot(value: boolean) {
    this.#set(ATTENTION_NO_EFI_BOOT, !value);
  }

  get runtimeServices(): boolean {
    return !this.#has(ATTENTION_NO_RUNTIME_SERVICES);
  }

  set runtimeServices(value: boolean) {
    this.#set(ATTENTION_NO_RUNTIME_SERVICES, !value);
  }

  get privileged(): boolean {
    return !this.#has(ATTENTION_UNPRIVILEGED);
  }

  set privileged(value: boolean) {
    this.#set(ATTENTION_UNPRIVILEGED, !value);
  }

  get platformOps(): boolean {
    return !this.#has(ATTENTION_NO_PLATFORM_OPS);
  }

  set platformOps(value: boolean) {
    this.#set(ATTENTION_NO_PLATFORM_OPS, !value);
  }

  #has(bit: number): boolean {
    return (this.#view.getUint32(STATE_ATTENTION, true) & bit) !== 0;
  }

  #set(bit: number, on: boolean): void {
    const attention = this.#view.getUint32(STATE_ATTENTION, true);
    this.#view.setUint32(STATE_ATTENTION, on ? attention | bit : attention & ~bit, true);
  }
}

function writeFacts({ bytes, view }: Core, facts: FirmwareFacts): void {
  const vendor = facts.vendor === undefined ? new Uint8Array(0) : toUcs2(`${facts.vendor}\0`);
  atMost("vendor", vendor.length, PLATFORM_VENDOR_MAX_BYTES);
  atMost("memoryMap", facts.memoryMap.length, PLATFORM_MEMORY_MAX);
  atMost("pciRoms", facts.pciRoms.length, PLATFORM_ROMS_MAX);
  const u32 = (offset: number, value: number) => view.setUint32(PLATFORM + offset, value, true);
  const u64 = (offset: number, value: bigint) => view.setBigUint64(PLATFORM + offset, value, true);
  u32(PLATFORM_EFI_VERSION, facts.efiVersion);
  u32(PLATFORM_RT_VERSION, facts.runtimeVersion);
  u32(PLATFORM_FW_REVISION, facts.firmwareRevision);
  u32(PLATFORM_CONFIG_NENT, facts.configTableCount);
  u64(PLATFORM_CONFIG_ADDR, facts.configTableAddress);
  u64(PLATFORM_APPLE_ADDRESS, facts.appleProperties?.address ?? 0n);
  u64(PLATFORM_APPLE_SIZE, facts.appleProperties?.bytes ?? 0n);
  u32(PLATFORM_KBD_SHIFT_FLAGS, facts.keyboardShiftFlags);
  u32(PLATFORM_VENDOR_BYTES, vendor.length);
  bytes.set(vendor, PLATFORM + PLATFORM_VENDOR);
  u32(PLATFORM_MEMORY_COUNT, facts.memoryMap.length);
  for (const [i, range] of facts.memoryMap.entries()) {
    const at = PLATFORM_MEMORY + i * PLATFORM_MEMORY_BYTES;
    u64(at, range.start);
    u64(at + 8, range.bytes);
    u64(at + 16, range.attributes);
    u32(at + 24, range.type);
  }
  u32(PLATFORM_ROM_COUNT, facts.pciRoms.length);
  for (const [i, rom] of facts.pciRoms.entries()) {
    const at = PLATFORM_ROMS + i * PLATFORM_ROM_BYTES;
    view.setUint16(PLATFORM + at, rom.segment, true);
    view.setUint8(PLATFORM + at + 2, rom.bus);
    view.setUint8(PLATFORM + at + 3, rom.devfn);
    view.setUint16(PLATFORM + at + 4, rom.vendor, true);
    view.setUint16(PLATFORM + at + 6, rom.device, true);
    u64(at + 8, rom.address);
    u64(at + 16, rom.bytes);
  }
}

function atMost(name: string, count: number, most: number): void {
  if (count > most) throw new RangeError(`${name}: at most ${most}, not ${count}`);
}
