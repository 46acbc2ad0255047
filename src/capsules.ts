import * as abi from "../assembly/abi/capsule.ts";
import { CAPSULES } from "../assembly/abi/layout.ts";
import { EfiCode, type Reason } from "../assembly/abi/status.ts";
import type { Core } from "./core-exports.ts";
import type { Variable } from "./formats/variable-set.ts";
import { CAPSULE_VENDOR_GUID, guidBytes, guidText } from "./guid.ts";
import type { Abi } from "./op.ts";
import { efiStatus, reasonText, statusName } from "./status.ts";

/** What a firmware does with capsules. Sizes in bytes. */
export interface CapsuleFirmware {
  /** Both services answer at run time; else UNSUPPORTED. */
  offered: boolean;
  /** UpdateCapsule takes capsules in memory (edk2 PcdCapsuleInRamSupport). */
  inRam: boolean;
  /** From when on capsules across a reset are taken (edk2 PcdSupportUpdateCapsuleReset; on Arm from boot services only). */
  acrossReset: "never" | "boot" | "runtime";
  /** GUIDs of the capsules that its library takes, at most 64; of an FMP capsule the layout is looked at, too. */
  accepts: readonly string[];
  /** What QueryCapsuleCapabilities tells of capsules across a reset, and of others. */
  maxAcrossResetBytes: number;
  maxAtOnceBytes: number;
}

/** EFI_FIRMWARE_MANAGEMENT_CAPSULE_ID_GUID */
export const FMP_CAPSULE_GUID = "6dcbd5ed-e82d-4c44-bda1-7194199ad92a";

/** What edk2's DxeCapsuleLibFmp takes: FMP capsules, Windows' UX capsule and the capsule-name capsule. */
export const FMP_LIBRARY = [
  FMP_CAPSULE_GUID,
  "3b8c8162-188c-46a4-aec9-be43f1d65697",
  "98c80a4f-e16b-4d11-939a-abe561260330",
];

/** edk2 with all that it has for capsules, as a machine that updates its firmware so is built. */
export const EDK2_CAPSULES: Readonly<CapsuleFirmware> = {
  offered: true,
  inRam: true,
  acrossReset: "runtime",
  accepts: FMP_LIBRARY,
  maxAcrossResetBytes: 0x6400000,
  maxAtOnceBytes: 0xa00000,
};

/** The same on Arm, where edk2 cannot clean the caches at run time (CapsuleRuntimeDxe/Arm/CapsuleReset.c). */
export const EDK2_ARM_CAPSULES: Readonly<CapsuleFirmware> = { ...EDK2_CAPSULES, acrossReset: "boot" };

/** OVMF: the null library, no capsules across a reset. */
export const OVMF_CAPSULES: Readonly<CapsuleFirmware> = { ...EDK2_CAPSULES, acrossReset: "never", accepts: [] };

/** U-Boot after ExitBootServices. */
export const UBOOT_CAPSULES: Readonly<CapsuleFirmware> = { ...OVMF_CAPSULES, offered: false };

/**
 * Who answers capsule calls. "xen": the hypervisor, with -ENOSYS, as every Xen up to now. "firmware": it passes them on
 * to edk2 as it is built for the machine's architecture. A table: it passes them on to that firmware.
 */
export type CapsuleMode = "xen" | "firmware" | CapsuleFirmware;

/** The firmware that capsule calls reach; undefined: none. Throws a RangeError for what is no mode. */
export function capsuleFirmware(mode: CapsuleMode, abiName: Abi): CapsuleFirmware | undefined {
  if (mode === "xen") return undefined;
  if (mode === "firmware") return abiName.startsWith("arm") ? EDK2_ARM_CAPSULES : EDK2_CAPSULES;
  if (typeof mode !== "object") throw new RangeError(`capsules: xen, firmware or a table, not ${JSON.stringify(mode)}`);
  return mode;
}

/** Writes the firmware's table into the core. */
export function writeCapsuleFirmware({ bytes, view }: Core, firmware: CapsuleFirmware): void {
  const { offered, inRam, acrossReset, accepts } = firmware;
  if (accepts.length > abi.CAPSULES_ACCEPTED_MAX) {
    throw new RangeError(`capsules.accepts: at most ${abi.CAPSULES_ACCEPTED_MAX} GUIDs, not ${accepts.length}`);
  }
  const features =
    (offered ? abi.CAPSULES_OFFERED : 0) |
    (inRam ? abi.CAPSULES_IN_RAM : 0) |
    (acrossReset === "runtime" ? abi.CAPSULES_ACROSS_RESET : 0);
  view.setUint32(CAPSULES + abi.CAPSULES_FEATURES, features, true);
  view.setUint32(CAPSULES + abi.CAPSULES_MAX_ACROSS_RESET, firmware.maxAcrossResetBytes, true);
  view.setUint32(CAPSULES + abi.CAPSULES_MAX_AT_ONCE, firmware.maxAtOnceBytes, true);
  view.setUint32(CAPSULES + abi.CAPSULES_ACCEPTED_COUNT, accepts.length, true);
  for (const [i, guid] of accepts.entries()) bytes.set(guidBytes(guid), CAPSULES + abi.CAPSULES_ACCEPTED + 16 * i);
}

/** A capsule that a boot has found in memory; its payload is not looked at. */
export interface Capsule {
  guid: string;
  /** PERSIST_ACROSS_RESET 0x10000, POPULATE_SYSTEM_TABLE 0x20000, INITIATE_RESET 0x40000; low half by the GUID. */
  flags: number;
  /** Bytes of the header, which the image begins with. */
  headerBytes: number;
  /** All of it in one piece: a copy. */
  image: Uint8Array;
}

/** What a boot has made of one variable with a scatter-gather list. */
export interface CapsuleList {
  /** CapsuleUpdateData, CapsuleUpdateData1, … */
  variable: string;
  /** Machine address of the list. */
  address: bigint;
  /**
   * "SUCCESS"; "NOT_FOUND" for a list that is not well formed, which is passed over; "BUFFER_TOO_SMALL" where memory has
   * no room for all of it; "ABORTED" where a descriptor was read twice. After the last two no list's capsules are taken.
   */
  status: string;
  /** Why it was not taken; empty after a success. */
  reason: string;
  capsules: Capsule[];
}

const STORED_ATTRIBUTES = 7;
const ADDRESS_BYTES = 8;

/** Name and GUID of the variable with that number. */
function capsuleVariable(number: number): { name: string; guid: string } {
  return { name: `CapsuleUpdateData${number === 0 ? "" : number}`, guid: CAPSULE_VENDOR_GUID };
}

/** The store as the booting firmware sees it. */
export interface BootStore {
  find(name: string, guid: string): Variable | undefined;
  remove(name: string, guid: string): void;
  /** Bytes of guest memory. */
  memoryBytes: number;
  /** Why the core refused what was asked of it last. */
  reason(): Reason;
}

/**
 * Finds the capsules that the last Dom0 left in memory, as edk2 does at boot: the lists that CapsuleUpdateData, 1, 2, …
 * name, up to the first number that is missing, one address only once (CapsulePei/UefiCapsule.c,
 * GetCapsuleDescriptors). Then these variables are deleted, whatever was found (DxeCapsuleLibFmp,
 * InitCapsuleUpdateVariable).
 */
export function takeCapsules(core: Core, store: BootStore): CapsuleList[] {
  const lists: CapsuleList[] = [];
  core.exports.startCapsuleLists(store.memoryBytes);
  for (const { variable, address } of listAddresses(store)) {
    const list = readList(core, store, variable, address);
    lists.push(list);
    if (list.status === "ABORTED" || list.status === "BUFFER_TOO_SMALL") {
      for (const { capsules } of lists) capsules.length = 0;
      break;
    }
  }
  deleteVariables(store);
  return lists;
}

/** A variable's data go over what the one before it held, and may not be longer; address 0 ends the lists. */
function* listAddresses({ find }: BootStore): Generator<{ variable: string; address: bigint }> {
  const value = new DataView(new ArrayBuffer(ADDRESS_BYTES));
  const seen = new Set<bigint>();
  let room = ADDRESS_BYTES;
  for (let number = 0; ; number++) {
    const { name, guid } = capsuleVariable(number);
    const data = find(name, guid)?.data;
    if (data === undefined || data.length > room) return;
    room = data.length;
    new Uint8Array(value.buffer).set(data);
    const address = value.getBigUint64(0, true);
    if (address === 0n) return;
    if (!seen.has(address)) yield { variable: name, address };
    seen.add(address);
  }
}

function readList(core: Core, { reason }: BootStore, variable: string, address: bigint): CapsuleList {
  const code: EfiCode = core.exports.openCapsuleList(Number(address & 0xffffffffn), Number(address >> 32n));
  const status = statusName(efiStatus(code));
  if (code !== EfiCode.Success) return { variable, address, status, reason: reasonText(reason()), capsules: [] };
  return { variable, address, status, reason: "", capsules: splitCapsules(gather(core)) };
}

/** The blocks of the opened list, one behind the other. */
function gather({ exports, bytes, view }: Core): Uint8Array {
  const all = new Uint8Array(Number(view.getBigUint64(CAPSULES + abi.CAPSULES_LIST_BYTES, true)));
  let end = 0;
  for (let block = exports.nextCapsuleBlock(); block !== 0; block = exports.nextCapsuleBlock()) {
    const blockBytes = view.getUint32(CAPSULES + abi.CAPSULES_BLOCK_BYTES, true);
    all.set(bytes.subarray(block, block + blockBytes), end);
    end += blockBytes;
  }
  return all;
}

/** The core has checked that the images fill the bytes just so. */
function splitCapsules(all: Uint8Array): Capsule[] {
  const view = new DataView(all.buffer);
  const capsules: Capsule[] = [];
  for (let start = 0; start < all.length; ) {
    const end = start + view.getUint32(start + abi.CAPSULE_IMAGE_SIZE, true);
    capsules.push({
      guid: guidText(all, start + abi.CAPSULE_GUID),
      flags: view.getUint32(start + abi.CAPSULE_FLAGS, true),
      headerBytes: view.getUint32(start + abi.CAPSULE_HEADER_SIZE, true),
      image: all.slice(start, end),
    });
    start = end;
  }
  return capsules;
}

/** SetVariable without data, number by number, until it fails: other attributes than its own fail, too. */
function deleteVariables({ find, remove }: BootStore): void {
  for (let number = 0; ; number++) {
    const { name, guid } = capsuleVariable(number);
    if (find(name, guid)?.attributes !== STORED_ATTRIBUTES) return;
    remove(name, guid);
  }
}

/** The bytes of a capsule: a header of 28 bytes, then the payload. */
export function capsuleImage(guid: string, flags: number, payload: Uint8Array = new Uint8Array(0)): Uint8Array {
  const image = new Uint8Array(abi.CAPSULE_HEADER_BYTES + payload.length);
  const view = new DataView(image.buffer);
  image.set(guidBytes(guid), abi.CAPSULE_GUID);
  view.setUint32(abi.CAPSULE_HEADER_SIZE, abi.CAPSULE_HEADER_BYTES, true);
  view.setUint32(abi.CAPSULE_FLAGS, flags, true);
  view.setUint32(abi.CAPSULE_IMAGE_SIZE, image.length, true);
  image.set(payload, abi.CAPSULE_HEADER_BYTES);
  return image;
}
