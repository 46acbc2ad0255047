import { CONTENTS_BYTES, CONTENTS_MAX, GUIDS_MAX, NAMES_BYTES, NAMES_MAX } from "../../assembly/abi/fuzz.ts";
import { FMP_LIBRARY } from "../capsules.ts";
import {
  CAPSULE_VENDOR_GUID,
  GLOBAL_GUID,
  GUID_NAMES,
  guidBytes,
  IMAGE_SECURITY_GUID,
  SECURE_BOOT_ENABLE_GUID,
} from "../guid.ts";
import { fromHex } from "../hex.ts";
import { toUcs2 } from "../ucs2.ts";

/** What steps name by number: variables, vendors and contents that the services know, and some that they do not. */
export interface Tables {
  names: readonly string[];
  guids: readonly string[];
  contents: readonly Uint8Array[];
}

/** gEfiMemoryOverwriteControlDataGuid and its lock */
const MOR_GUID = "e20939be-32d4-41be-a150-897f85d49829";
const MOR_LOCK_GUID = "bb983ccf-151d-40e1-a07b-4a17be168292";
const OURS = "11111111-2222-3333-4444-555555555555";
const THEIRS = "11111111-2222-3333-4444-555555555556";
/** Others in each of their fields: some firmwares order variables by them. */
const OTHERS = ["11111111-2222-3334-4444-555555555555", "11111111-2223-3333-4444-555555555555"];

const GUID_LIST = [
  ...[OURS, GLOBAL_GUID, IMAGE_SECURITY_GUID, THEIRS, SECURE_BOOT_ENABLE_GUID],
  ...named("custommode", "vendorkeys", "certdb", "varerror", "hwerr"),
  ...[MOR_GUID, MOR_LOCK_GUID],
  ...named("mtc"),
  CAPSULE_VENDOR_GUID,
  ...named("rtc", "shim"),
  ...FMP_LIBRARY,
  ...OTHERS,
  "00000000-0000-0000-0000-000000000000",
  "ffffffff-ffff-ffff-ffff-ffffffffffff",
];
/** Vendors in every sequence's tables. */
export const GUID_COUNT = GUID_LIST.length;

/** The GUIDs of these short names (guid.ts). */
function named(...names: string[]): string[] {
  return names.map((name) => GUID_NAMES[name] as string);
}

const NAME_LIST = [
  ..."abcdefgh",
  "V0",
  "V1",
  "V2",
  "V3",
  "",
  "x".repeat(31),
  "y".repeat(200),
  "z".repeat(511),
  "Boot0000",
  "Boot0001",
  "Boot00AB",
  "Boot00ab",
  "BootOrder",
  "BootNext",
  "BootCurrent",
  "BootOptionSupport",
  "Driver0000",
  "DriverOrder",
  "SysPrep0000",
  "SysPrepOrder",
  "PlatformRecovery0000",
  "OsRecovery0000",
  "Key0000",
  "Timeout",
  "ConIn",
  "ConOut",
  "ConOutDev",
  "ErrOut",
  "Lang",
  "LangCodes",
  "PlatformLang",
  "PlatformLangCodes",
  "OsIndications",
  "OsIndicationsSupported",
  "PK",
  "KEK",
  "db",
  "dbx",
  "dbt",
  "dbr",
  "PKDefault",
  "SetupMode",
  "SecureBoot",
  "AuditMode",
  "DeployedMode",
  "CustomMode",
  "SecureBootEnable",
  "SignatureSupport",
  "VendorKeys",
  "VendorKeysNv",
  "certdb",
  "certdbv",
  "VarErrorFlag",
  "MTC",
  "RTC",
  "RTCALARM",
  "HwErrRec0000",
  "HwErrRec0001",
  "HwErrRecSupport",
  "MemoryOverwriteRequestControl",
  "MemoryOverwriteRequestControlLock",
  "CapsuleUpdateData",
  "CapsuleUpdateData1",
  "VariableRuntimeCacheInfo",
  "MokList",
  "Boot0000\u0301",
  "\ud800",
];

/** Plain contents: load options, languages, lists, descriptors without a signature. */
const CONTENT_LIST = [
  "010000000400410000007fff0400",
  "01000000040041000000",
  "01000000180041000000040114007ce78c4d3a0bf5a04799e10d98f1e0e97fff0400",
  "00000100",
  "656e00",
  "656e",
  "656e2d555300",
  "656e2d55533b66722d4652",
  "66722d465200",
  "0000",
  "0500",
  "7fff0400",
  "02010c00d041030a000000007fff0400",
  // An EFI_SIGNATURE_LIST of one SHA-256.
  `2616c4c14c509240aca941f9369343284c00000000000000300000${"00"}${"11".repeat(16)}${"22".repeat(32)}`,
  // EFI_VARIABLE_AUTHENTICATION_2 without a signature, then a byte.
  "e8070106000000000000000000000000180000000002f10e9dd2af4adf68ee498aa9347d375665a7aa",
  "e8070106000000000000000000000000180000000002f10e9dd2af4adf68ee498aa9347d375665a7",
  "e807010600000000000000000000000018000000",
  // What follows the header of a firmware-management capsule: one payload of 4 bytes; a driver and a payload; nothing;
  // payloads whose offsets descend; a payload of an unknown version.
  `01000000000001001000000000000000${fmpPayload(1)}`,
  `010000000100010018000000000000001c0000000000000000112233${fmpPayload(1)}`,
  "0100000000000000",
  `010000000000020018000000000000001800000000000000${fmpPayload(2)}`,
  `01000000000001001000000000000000${fmpPayload(4)}`,
].map((text) => fromHex(text));
/** Numbers of the last ones. */
export const CAPSULE_CONTENTS = [5, 4, 3, 2, 1].map((back) => CONTENT_LIST.length - back);
/** Numbers of the vendors that a capsule firmware knows. */
export const CAPSULE_GUIDS = FMP_LIBRARY.map((guid) => GUID_LIST.indexOf(guid));

/** EFI_FIRMWARE_MANAGEMENT_CAPSULE_IMAGE_HEADER of that version, and an image of 4 bytes. */
function fmpPayload(version: number): string {
  return `0${version}000000${"00".repeat(20)}0400000000000000${"00".repeat(8 * (version - 1))}44556677`;
}

/** Variables that the services themselves read or write, with the attributes that they have there. */
const KNOWN_LIST: readonly (readonly [name: string, guid: string | undefined, attributes: number])[] = [
  ["RTC", GUID_NAMES.rtc, 7],
  ["RTCALARM", GUID_NAMES.rtc, 7],
  ["MTC", GUID_NAMES.mtc, 7],
  ["HwErrRec0000", GUID_NAMES.hwerr, 0x0f],
  ["HwErrRec0001", GUID_NAMES.hwerr, 0x0f],
  ["VarErrorFlag", GUID_NAMES.varerror, 7],
  ["CapsuleUpdateData", CAPSULE_VENDOR_GUID, 7],
  ["CapsuleUpdateData1", CAPSULE_VENDOR_GUID, 7],
  ["MemoryOverwriteRequestControl", MOR_GUID, 7],
  ["MemoryOverwriteRequestControlLock", MOR_LOCK_GUID, 7],
  ["Boot0000", GLOBAL_GUID, 7],
  ["BootOrder", GLOBAL_GUID, 7],
  ["Timeout", GLOBAL_GUID, 7],
  ["ConIn", GLOBAL_GUID, 7],
  ["Lang", GLOBAL_GUID, 7],
  ["PlatformLang", GLOBAL_GUID, 7],
  ["LangCodes", GLOBAL_GUID, 6],
  ["SecureBoot", GLOBAL_GUID, 6],
];
/** The same by the tables' numbers. */
export const KNOWN_VARIABLES = KNOWN_LIST.map(([name, guid, attributes]) => ({
  name: NAME_LIST.indexOf(name),
  guid: GUID_LIST.indexOf(guid as string),
  attributes,
}));

/** The tables of every sequence; `more` are contents that a target adds. */
export function makeTables(more: readonly Uint8Array[] = []): Tables {
  return { names: NAME_LIST, guids: GUID_LIST, contents: [...CONTENT_LIST, ...more] };
}

/** Writes the tables where a fuzzing core reads them (assembly/abi/fuzz.ts). */
export function layTables(bytes: Uint8Array, at: { names: number; guids: number; contents: number }, tables: Tables) {
  layTable(
    bytes,
    at.names,
    NAMES_MAX,
    NAMES_BYTES,
    tables.names.map((name) => toUcs2(`${name}\0`)),
  );
  layTable(bytes, at.contents, CONTENTS_MAX, CONTENTS_BYTES, tables.contents);
  for (let i = 0; i < GUIDS_MAX; i++) {
    bytes.set(guidBytes(tables.guids[i % tables.guids.length] as string), at.guids + i * 16);
  }
}

/** A table: the count, then an entry each (place u32, bytes u32), then the entries' bytes. */
function layTable(bytes: Uint8Array, at: number, most: number, room: number, entries: readonly Uint8Array[]): void {
  if (entries.length > most) throw new RangeError(`a table of at most ${most} entries, not ${entries.length}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  view.setUint32(at, entries.length, true);
  let place = at + (entries.length + 1) * 8;
  for (const [i, entry] of entries.entries()) {
    if (place + entry.length > at + room) throw new RangeError(`a table of at most ${room} bytes`);
    view.setUint32(at + (i + 1) * 8, place, true);
    view.setUint32(at + (i + 1) * 8 + 4, entry.length, true);
    bytes.set(entry, place);
    place += entry.length;
  }
}
