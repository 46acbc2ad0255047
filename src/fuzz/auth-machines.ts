import { PHYSICAL_PRESENCE } from "../../assembly/abi/policy.ts";
import { stampBytes } from "../crypto/authenticated-write.ts";
import type { Verifier } from "../crypto/verifier.ts";
import { CERT_DB, certDbValue, DIGEST_BYTES } from "../formats/cert-db.ts";
import { formatVolume, type Geometry, type NewEntry, OVMF_4M, writeRecords } from "../formats/edk2-store.ts";
import type { MachineOptions } from "../machine.ts";
import { POLICIES } from "../policies/index.ts";
import type { BootWrite, Policy } from "../policies/policy.ts";
import { KEY_GUIDS, KEY_NAMES, type KeyName } from "../secure-boot/keys.ts";
import { authData } from "./auth-payloads.ts";

/** NV+BS+RT, authenticated by time. */
const STORED = 0x27;
const LIVE = 0x3f;
/** Vendor of the private variables that payloads are for. */
const TABLES_GUID = "11111111-2222-3333-4444-555555555555";
/** When the keys were enrolled: before all payloads but those that shall be too early. */
const ENROLLED = { year: 2024, month: 1, day: 1, hour: 0, min: 0, sec: 0, ns: 0, tz: 0, daylight: 0 };
/** A store of 10 KiB: full after some signed writes, and certdb after some signers. */
const SMALL_STORE: Geometry = { ...OVMF_4M, storeEnd: OVMF_4M.storeOffset + 28 + 0x2800 };

const personality = (name: string): Policy => POLICIES[name] as Policy;
const ovmf = personality("ovmf-4m");
/** Nobody is there who could do without signatures: edk2's custom mode is off. */
const absent: Policy = { ...ovmf, flags: ovmf.flags & ~PHYSICAL_PRESENCE };
const small: Policy = { ...ovmf, geometry: SMALL_STORE, maxVariableBytes: 0x500, maxAuthVariableBytes: 0x500 };

/** A boot-time write that takes certdb away, and one that makes its size another than its own. */
const CERT_DB_GONE: BootWrite = { ...CERT_DB, attributes: 0, data: "" };
const CERT_DB_LONGER: BootWrite = { ...CERT_DB, attributes: STORED, data: "05000000" };

/**
 * The machines of the authentication fuzzer: in setup mode, and in user mode with keys that the payloads are signed for, as
 * firmwares differ; with a user present and none, with a PK and no KEK, with little room, and with a certdb that does not
 * agree with the variables.
 */
export function authMachines(verifier: Verifier): MachineOptions[] {
  const policies = ["edk2", "qemu-uefi-vars", "varstored", "openvmm"].map(personality);
  const keys = (names: readonly KeyName[]) => KEY_NAMES.filter((name) => names.includes(name)).map(enrolledKey);
  const all: MachineOptions[] = [
    ...[ovmf, ...policies, personality("uboot"), small].map((policy) => ({ policy })),
    ...[ovmf, absent, ...policies, small].map((policy) => user(policy, keys(["PK", "KEK", "db", "dbx"]))),
    user(absent, keys(["PK"])),
    user(ovmf, [ownerless(), certDb("gone")]),
    ...[ovmf, absent].map((policy) => ({ ...user(policy, [ownerless()]), preload: [CERT_DB_GONE] })),
    { policy: absent, preload: [CERT_DB_LONGER] },
  ];
  return all.map((options) => ({ ...options, verifier, abi: "x86_64" }));
}

/** A machine over a store that holds these variables. */
function user(policy: Policy, entries: readonly NewEntry[]): MachineOptions {
  const store = formatVolume(policy.geometry);
  writeRecords(store, policy.geometry, entries);
  return { policy, store };
}

function enrolledKey(name: KeyName): NewEntry {
  return entry(name, KEY_GUIDS[name], authData().lists[name] as Uint8Array);
}

/** A private variable that certdb knows no signer of. */
const ownerless = (): NewEntry => entry("a", TABLES_GUID, Uint8Array.of(1));

/** certdb with the node of a variable that is not there: the first boot drops it. */
function certDb(name: string): NewEntry {
  const value = certDbValue([{ name, guid: TABLES_GUID, digest: new Uint8Array(DIGEST_BYTES) }]);
  return entry(CERT_DB.name, CERT_DB.guid, value);
}

function entry(name: string, guid: string, data: Uint8Array): NewEntry {
  return { name, guid, attributes: STORED, state: LIVE, data, stamp: stampBytes(ENROLLED) };
}
