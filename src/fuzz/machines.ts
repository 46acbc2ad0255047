import { FUZZ_WINDOW_BYTES } from "../../assembly/abi/fuzz.ts";
import { RECLAIM_AT_RUNTIME } from "../../assembly/abi/policy.ts";
import { FMP_LIBRARY, OVMF_CAPSULES, UBOOT_CAPSULES } from "../capsules.ts";
import type { Verifier } from "../crypto/verifier.ts";
import { type Geometry, OVMF_4M } from "../formats/edk2-store.ts";
import { GLOBAL_GUID } from "../guid.ts";
import type { MachineOptions } from "../machine.ts";
import { POLICIES } from "../policies/index.ts";
import type { BootWrite, Policy } from "../policies/policy.ts";
import type { VariablePolicy } from "../policies/variable-policy.ts";

/** A store of 6 KiB and variables of 2 KiB: it is full soon. */
const SMALL_STORE: Geometry = { ...OVMF_4M, storeEnd: OVMF_4M.storeOffset + 28 + 0x1800 };
/** A store that holds thousands of variables. */
const LARGE_STORE: Geometry = {
  ...OVMF_4M,
  volumeBytes: 0xe0000,
  blockCount: 0xe0,
  storeEnd: 0x70000,
  workBytes: 0,
  spareBytes: 0,
};
const PRELOAD_GUID = "11111111-2222-3333-4444-555555555555";
const PRELOAD_BYTES = 64;

function personality(name: string): Policy {
  const policy = POLICIES[name];
  if (policy === undefined) throw new RangeError(`${name}: no personality`);
  return policy;
}

/** A personality whose store is small; where the firmware reclaims at run time, it does so all the time. */
function small(policy: Policy, flags = policy.flags): Policy {
  return { ...policy, flags, geometry: SMALL_STORE, maxVariableBytes: 0x800, maxAuthVariableBytes: 0x800 };
}

/**
 * The machines that a sequence chooses from: every personality as it is, edk2's over a small store with and without reclaim
 * at run time, and one whose firmware takes capsules.
 */
export function machineChoices(verifier?: Verifier): MachineOptions[] {
  const ovmf = personality("ovmf-4m");
  const all: MachineOptions[] = [
    { policy: ovmf },
    { policy: small(ovmf) },
    { policy: small(ovmf, ovmf.flags | RECLAIM_AT_RUNTIME) },
    { policy: ovmf, capsules: "firmware" },
    ...["ovmf-2m", "edk2", "uboot", "qemu-uefi-vars", "openvmm", "varstored", "spec"].map((name) => ({
      policy: personality(name),
    })),
    { policy: small(personality("edk2")) },
  ];
  const loan = verifier === undefined ? {} : { verifier };
  return all.map((options) => ({ ...options, ...loan, abi: "x86_64" }));
}

/** The same with a work area for but two writes, as the fault-tolerant write driver fills it in a few reclaims. */
const SHORT_WORK: Geometry = { ...SMALL_STORE, workBytes: 0x100 };
/** Without one a reclaim writes the store over itself. */
const NO_WORK: Geometry = { ...SMALL_STORE, workBytes: 0, spareBytes: 0 };
/** Variables with which the index is as full as it gets before it grows, OVMF's own among them. */
const INDEX_FILL = 20;

/**
 * Machines of rarer kinds: those that keep hardware error records, have a small work area or none, no room for variables
 * without definition, option ROMs and Apple's properties, a platform that demands something of most variables, a runtime
 * table without UEFI 2 services, firmwares that take capsules otherwise or not at all, a nearly full index, a small volatile
 * store, and a volatile variable of the platform's own.
 */
export function rareMachines(): MachineOptions[] {
  const ovmf = personality("ovmf-4m");
  const rom = { segment: 0, bus: 0, devfn: 0x10, vendor: 0x1234, device: 0x1111, address: 0xc0000n, bytes: 0x10000n };
  const nameless = { ...rom, devfn: 0, vendor: 0, device: 0 };
  const guid = PRELOAD_GUID;
  const variablePolicies: VariablePolicy[] = [
    { guid, name: "a", minBytes: 4, maxBytes: 16 },
    { guid, name: "b", mustHave: 1, cantHave: 0x40 },
    { guid, name: "c", lock: "now" },
    { guid, name: "d", lock: "onCreate" },
    { guid, name: "V#", lock: { name: "e", guid, value: 1 } },
    { guid: GLOBAL_GUID, name: "", maxBytes: 0x400 },
  ];
  const errors = { errorStorageBytes: 0x800, maxErrorRecordBytes: 0x400 };
  const reclaiming = small(ovmf, ovmf.flags | RECLAIM_AT_RUNTIME);
  const all: MachineOptions[] = [
    { policy: { ...small(personality("edk2")), ...errors } },
    { policy: { ...reclaiming, ...errors, geometry: SHORT_WORK } },
    { policy: { ...reclaiming, geometry: NO_WORK } },
    { policy: { ...reclaiming, maxUserBytes: 0x400 } },
    { policy: ovmf, facts: { pciRoms: [rom, nameless], appleProperties: { address: 0x1000n, bytes: 0x40n } } },
    { policy: ovmf, variablePolicies },
    { policy: ovmf, facts: { runtimeVersion: 0x1000a } },
    { policy: ovmf, capsules: OVMF_CAPSULES, allocationLimit: BigInt(FUZZ_WINDOW_BYTES) },
    { policy: ovmf, capsules: { ...OVMF_CAPSULES, accepts: FMP_LIBRARY } },
    { policy: ovmf, capsules: UBOOT_CAPSULES },
    { policy: personality("edk2"), capsules: "firmware" },
    { policy: ovmf, preload: preloaded(INDEX_FILL) },
    { policy: { ...personality("qemu-uefi-vars"), volatileStoreBytes: 0x600 } },
    { policy: personality("varstored"), preload: [{ name: "a", guid, attributes: 6, data: "01" }] },
  ];
  return all.map((options) => ({ ...options, abi: "x86_64" }));
}

/** One machine of OVMF's personality that holds `count` variables of 64 bytes besides its own. */
export function machineWith(count: number): MachineOptions {
  const policy = { ...personality("ovmf-4m"), geometry: LARGE_STORE };
  return { policy, preload: preloaded(count), abi: "x86_64" };
}

function preloaded(count: number): BootWrite[] {
  return Array.from({ length: count }, (_, i) => ({
    name: `V${i}`,
    guid: PRELOAD_GUID,
    attributes: 7,
    data: "ab".repeat(PRELOAD_BYTES),
  }));
}
