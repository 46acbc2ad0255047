import type { Variable } from "../../formats/variable-set.ts";
import { CAPSULE_VENDOR_GUID, CERT_DB_GUID, GLOBAL_GUID, GUID_NAMES, IMAGE_SECURITY_GUID } from "../../guid.ts";
import { fromHex } from "../../hex.ts";
import { toUcs2 } from "../../ucs2.ts";

const OURS = "11111111-2222-3333-4444-555555555555";
const STAMP = fromHex("e8070106000000000000000000000000");

/** EFI_SIGNATURE_LISTs (UEFI 2.10, 32.4.1): two SHA-256 hashes, and a certificate whose DER is cut short. */
const HASH = `${"11".repeat(16)}${"22".repeat(32)}`;
const HASHES = `2616c4c14c509240aca941f9369343287c0000000000000030000000${HASH}${HASH}`;
const CERTIFICATE = `a159c0a5e494a74a87b5ab155c2bf0723c000000000000002000000${`0${"11".repeat(16)}`}3082010a0201013000040500060307ff`;

/** Device paths as firmware writes them: ACPI, PCI, a disk's partition and a file on it; a network card; USB. */
const PATH_END = "7fff0400";
const DISK = `02010c00d041030a000000000101060000${"01"}`;
const PARTITION = `04012a00010000000008000000000000000010000000000000${"ab".repeat(16)}0202`;
const FILE = `04040e005c0041002e00450000${"00"}`;
const NETWORK = `030b2500${"525400123456"}${"00".repeat(26)}01030c1b00${"00".repeat(23)}`;

/** A value for each kind of variable that a decoder reads, and some that none does. */
export const SAMPLE_VARIABLES: readonly Variable[] = [
  ["Boot0000", GLOBAL_GUID, 7, loadOption(`${DISK}${PARTITION}${FILE}`)],
  ["Boot0001", GLOBAL_GUID, 7, loadOption(NETWORK)],
  ["BootOrder", GLOBAL_GUID, 7, "00000100"],
  ["BootNext", GLOBAL_GUID, 7, "0100"],
  ["Key0000", GLOBAL_GUID, 7, "000000400000000000000a000000"],
  ["ConOut", GLOBAL_GUID, 7, `${DISK}03010e13000000000000c201000000000801017fff0400`.replace("03010e13", "030e1300")],
  ["PK", GLOBAL_GUID, 0x27, CERTIFICATE],
  ["db", IMAGE_SECURITY_GUID, 0x27, HASHES],
  ["dbx", IMAGE_SECURITY_GUID, 0x27, HASHES + CERTIFICATE],
  ["SignatureSupport", GLOBAL_GUID, 6, "2616c4c14c509240aca941f936934328a159c0a5e494a74a87b5ab155c2bf072"],
  ["SecureBoot", GLOBAL_GUID, 6, "01"],
  ["SetupMode", GLOBAL_GUID, 6, "00"],
  ["SecureBootEnable", GUID_NAMES.secureboot as string, 3, "01"],
  ["CustomMode", GUID_NAMES.custommode as string, 3, "00"],
  ["OsIndications", GLOBAL_GUID, 7, "0100000000000000"],
  ["BootOptionSupport", GLOBAL_GUID, 6, "01030000"],
  ["PlatformLang", GLOBAL_GUID, 7, "656e2d555300"],
  ["PlatformLangCodes", GLOBAL_GUID, 6, "656e2d55533b66722d465200"],
  ["LangCodes", GLOBAL_GUID, 6, "656e6766726100"],
  ["Timeout", GLOBAL_GUID, 7, "0500"],
  ["MTC", GUID_NAMES.mtc as string, 7, "03000000"],
  ["MokListRT", GUID_NAMES.shim as string, 6, CERTIFICATE],
  ["SbatLevelRT", GUID_NAMES.shim as string, 6, hexOf("sbat,1,2022052400\nshim,2\ngrub,2\n")],
  ["MemoryTypeInformation", GUID_NAMES.memorytype as string, 7, "0a000000080000000e000000000000000000"],
  ["CapsuleUpdateData", CAPSULE_VENDOR_GUID, 7, "0000004000000000"],
  ["certdb", CERT_DB_GUID, 0x27, "04000000"],
  ["Private", OURS, 0x27, "cafe"],
  ["Plain", OURS, 7, "00".repeat(40)],
  ["Ünï\u{1f4a9}", OURS, 7, hexOf("text")],
  ["Volatile", OURS, 6, "01020304"],
].map(([name, guid, attributes, data]) =>
  variable(name as string, guid as string, attributes as number, data as string),
);

function variable(name: string, guid: string, attributes: number, data: string): Variable {
  const stamp = (attributes & 0x20) === 0 ? {} : { stamp: STAMP };
  const digest = name === "Private" ? { digest: fromHex("33".repeat(32)) } : {};
  return { name, guid, attributes, data: fromHex(data), ...stamp, ...digest };
}

/** EFI_LOAD_OPTION (UEFI 2.10, 3.1.3), active, with optional data. */
function loadOption(path: string): string {
  const whole = `${path}${PATH_END}`;
  const length = (whole.length / 2).toString(16).padStart(4, "0");
  const description = toUcs2("Xen\0");
  const text = Array.from(description, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `01000000${length.slice(2)}${length.slice(0, 2)}${text}${whole}01020304`;
}

function hexOf(text: string): string {
  return Array.from(new TextEncoder().encode(text), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
