import type { ShimMemory } from "./shim-memory.ts";

/** What xen_efi_init of the x86 shim found. */
export interface Probe {
  /** The loader signature in boot_params, "Xen"; empty if the probe gave up. */
  signature: string;
  /** Guest-physical address of the system table; 0 if the probe gave up, and then all that follows of the table. */
  systemTable: bigint;
  secureBoot: "unset" | "unknown" | "disabled" | "enabled";
  /** efi.flags: EFI_BOOT bit 0, EFI_64BIT bit 5, EFI_PARAVIRT bit 6. */
  flags: number;
  /** efi.runtime_version. */
  runtimeVersion: number;
  /** The system table's revision. */
  revision: number;
  firmwareRevision: number;
  /** The text that the system table names by its guest-physical address. */
  vendor: string;
  configTables: { address: bigint; count: number };
}

const SECURE_BOOT = ["unset", "unknown", "disabled", "enabled"] as const;

/**
 * Reads glue.c's struct shim_probe. `physicalOffset` is what the shim's headers add to a virtual address. Throws a RangeError
 * for a vendor whose address is not a physical one: the shim has forgotten to convert it.
 */
export function readProbe(mem: ShimMemory, at: number, physicalOffset: number): Probe {
  const u32 = (n: number) => mem.readU32(at + 4 * n);
  const systemTable = mem.readU64(at + 4);
  return {
    signature: mem.readText(at),
    systemTable,
    secureBoot: SECURE_BOOT[u32(3)] ?? "unknown",
    flags: u32(4),
    runtimeVersion: u32(5),
    revision: u32(6),
    firmwareRevision: u32(7),
    vendor: systemTable === 0n ? "" : mem.readUtf16(virtual(mem.readU64(at + 32), physicalOffset)),
    configTables: { address: mem.readU64(at + 44), count: u32(10) },
  };
}

function virtual(physical: bigint, physicalOffset: number): number {
  const address = Number(physical) - physicalOffset;
  if (address > 0) return address;
  throw new RangeError(`fw_vendor: a guest-physical address, not 0x${physical.toString(16)}`);
}
