import {
  CERT_DB_GUID,
  GLOBAL_GUID,
  HARDWARE_ERROR_GUID,
  IMAGE_SECURITY_GUID,
  SECURE_BOOT_ENABLE_GUID,
} from "../../guid.ts";
import { hasNul, isDevicePath, isKeyOption, isLoadOption, isOrder } from "./content.ts";
import { VariableKey } from "./key.ts";

/** What a write of a defined variable must keep to; sizes in bytes of payload, both inclusive. */
export interface Definition {
  attributes: number;
  least: number;
  most: number;
  readOnly: boolean;
  content?: (payload: Uint8Array) => boolean;
}

type Row = readonly [
  guid: string,
  names: string,
  attributes: number,
  least: number,
  most: number,
  content?: Definition["content"],
];

const VENDOR_KEYS_GUID = "9073e4e0-60ec-4b6e-9903-4c223c260f3c";
const CUSTOM_MODE_GUID = "c076ec0c-7028-4399-a072-71ee5c448b9f";
const ANY = Number.MAX_SAFE_INTEGER;

/** Names in which # is one upper-case hexadecimal digit, and all others (MdeModulePkg/Library/VarCheckUefiLib). */
const WRITABLE: readonly Row[] = [
  [GLOBAL_GUID, "Lang PlatformLang", 7, 1, ANY, hasNul],
  [GLOBAL_GUID, "LangCodes PlatformLangCodes", 6, 1, ANY, hasNul],
  [GLOBAL_GUID, "Timeout BootNext HwErrRecSupport", 7, 2, 2],
  [GLOBAL_GUID, "BootCurrent", 6, 2, 2],
  [GLOBAL_GUID, "BootOptionSupport", 6, 4, 4],
  [GLOBAL_GUID, "OsIndications", 7, 8, 8],
  [GLOBAL_GUID, "OsIndicationsSupported", 6, 8, 8],
  [GLOBAL_GUID, "BootOrder DriverOrder SysPrepOrder", 7, 2, ANY, isOrder],
  [GLOBAL_GUID, "ConIn ConOut ErrOut", 7, 4, ANY, isDevicePath],
  [GLOBAL_GUID, "ConInDev ConOutDev ErrOutDev", 6, 4, ANY, isDevicePath],
  [GLOBAL_GUID, "Boot#### Driver#### SysPrep####", 7, 6, ANY, isLoadOption],
  [GLOBAL_GUID, "PlatformRecovery####", 6, 6, ANY, isLoadOption],
  [GLOBAL_GUID, "Key####", 7, 10, 22, isKeyOption],
  [GLOBAL_GUID, "PK KEK", 0x27, 1, ANY],
  [IMAGE_SECURITY_GUID, "db dbx dbt", 0x27, 1, ANY],
  [HARDWARE_ERROR_GUID, "HwErrRec####", 0x0f, 1, ANY],
  [SECURE_BOOT_ENABLE_GUID, "SecureBootEnable", 3, 1, 1],
  [CUSTOM_MODE_GUID, "CustomMode", 3, 1, 1],
];

/** Those that no SetVariable can write or delete. */
const READ_ONLY: readonly Row[] = [
  [GLOBAL_GUID, "SetupMode SecureBoot VendorKeys", 6, 1, 1],
  [GLOBAL_GUID, "SignatureSupport", 6, 16, ANY],
  [GLOBAL_GUID, "PKDefault KEKDefault dbDefault dbxDefault dbtDefault", 6, 1, ANY],
  [CERT_DB_GUID, "certdb", 0x27, 4, ANY],
  [CERT_DB_GUID, "certdbv", 0x26, 4, ANY],
  [VENDOR_KEYS_GUID, "VendorKeysNv", 0x27, 1, 1],
];

/** Their namespaces take no other names. */
const CLOSED = [GLOBAL_GUID, IMAGE_SECURITY_GUID, HARDWARE_ERROR_GUID].map((guid) => VariableKey.of("", guid));

interface Named {
  key: VariableKey;
  definition: Definition;
}

const exact = new Map<number, Named>();
const patterns: Named[] = [];

for (const [rows, readOnly] of [
  [WRITABLE, false],
  [READ_ONLY, true],
] as const) {
  for (const [guid, names, attributes, least, most, content] of rows) {
    for (const name of names.split(" ")) {
      const definition: Definition = { attributes, least, most, readOnly, ...(content && { content }) };
      const named = { key: VariableKey.of(name, guid), definition };
      if (name.endsWith("#")) patterns.push(named);
      else exact.set(named.key.hash, named);
    }
  }
}

/** First words of the GUIDs that occur above: most variables are of none of them. */
const FIRST_WORDS = new Set([...exact.values(), ...patterns].map(({ key }) => key.word0));

/** The definition of a variable, undefined if it has none. */
export function definitionOf(key: VariableKey): Definition | undefined {
  if (!FIRST_WORDS.has(key.word0)) return undefined;
  const named = exact.get(key.hash);
  if (named?.key.equals(key)) return named.definition;
  for (const { key: pattern, definition } of patterns)
    if (pattern.isOf(key) && matches(pattern, key)) return definition;
  return undefined;
}

/** True in a namespace that takes defined names only. */
export function isClosed(key: VariableKey): boolean {
  for (const namespace of CLOSED) if (namespace.isOf(key)) return true;
  return false;
}

/** True for a record of HwErrRec####, the only variables that the hardware error bit is for. */
export function isErrorRecord(key: VariableKey): boolean {
  const named = patterns[patterns.length - 1] as Named;
  return named.key.isOf(key) && matches(named.key, key);
}

function matches(pattern: VariableKey, key: VariableKey): boolean {
  if (pattern.length !== key.length) return false;
  for (let i = 0; i < key.length; i++) {
    const wanted = pattern.units[i] as number;
    const unit = key.units[i] as number;
    if (wanted === HASH ? !isUpperHex(unit) : unit !== wanted) return false;
  }
  return true;
}

const HASH = "#".charCodeAt(0);

function isUpperHex(unit: number): boolean {
  return (unit >= 0x30 && unit <= 0x39) || (unit >= 0x41 && unit <= 0x46);
}

/** What tells key variables from private ones: PK by itself, the others together. */
export const PK = VariableKey.of("PK", GLOBAL_GUID);
export const OTHER_KEYS = [
  VariableKey.of("KEK", GLOBAL_GUID),
  ...["db", "dbx", "dbt"].map((name) => VariableKey.of(name, IMAGE_SECURITY_GUID)),
];
