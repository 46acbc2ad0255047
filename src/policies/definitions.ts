import { NO_LIMIT } from "../../assembly/abi/policy.ts";
import {
  CONTENT_ANY,
  CONTENT_ASCII_STRING,
  CONTENT_DEVICE_PATH,
  CONTENT_KEY_OPTION,
  CONTENT_LOAD_OPTION,
  CONTENT_ORDER,
  RULE_CLOSED_NAMESPACE,
  RULE_DEFINED,
  RULE_READ_ONLY,
  RULE_WILDCARD,
} from "../../assembly/abi/rules.ts";
import {
  CERT_DB_GUID,
  GLOBAL_GUID,
  HARDWARE_ERROR_GUID,
  IMAGE_SECURITY_GUID,
  SECURE_BOOT_ENABLE_GUID,
} from "../guid.ts";
import { locked, type VariablePolicy } from "./variable-policy.ts";

/** One rule about a variable or a namespace (assembly/abi/rules.ts). */
export interface Definition {
  guid: string;
  kind: number;
  /** A # stands for an upper-case hexadecimal digit where RULE_WILDCARD is set. Empty for a namespace. */
  name: string;
  flags: number;
  attributes: number;
  /** Payload bytes, both inclusive. */
  minBytes: number;
  maxBytes: number;
  content: number;
}

/** Attributes as they are mostly met: NV+BS+RT, BS+RT, and with time-based authentication. */
export const NV_BS_RT = 0x07;
export const BS_RT = 0x06;
export const NV_BS_RT_AT = 0x27;

/** The five variables that edk2's boot manager locks (MdeModulePkg/Universal/BdsDxe/BdsEntry.c). */
export const BOOT_MANAGER_LOCKS: VariablePolicy[] = locked(
  GLOBAL_GUID,
  "PlatformLangCodes LangCodes BootOptionSupport HwErrRecSupport OsIndicationsSupported",
);

/** The variables that UEFI defines (UEFI 2.10, table 3-1, as MdeModulePkg/Library/VarCheckUefiLib has it). */
export const UEFI_DEFINITIONS: Definition[] = [
  closed(GLOBAL_GUID),
  ...defined(GLOBAL_GUID, NV_BS_RT, 1, NO_LIMIT, CONTENT_ASCII_STRING, "Lang PlatformLang"),
  ...defined(GLOBAL_GUID, BS_RT, 1, NO_LIMIT, CONTENT_ASCII_STRING, "LangCodes PlatformLangCodes"),
  ...defined(GLOBAL_GUID, NV_BS_RT, 2, 2, CONTENT_ANY, "Timeout BootNext HwErrRecSupport"),
  ...defined(GLOBAL_GUID, BS_RT, 2, 2, CONTENT_ANY, "BootCurrent"),
  ...defined(GLOBAL_GUID, BS_RT, 4, 4, CONTENT_ANY, "BootOptionSupport"),
  ...defined(GLOBAL_GUID, NV_BS_RT, 8, 8, CONTENT_ANY, "OsIndications"),
  ...defined(GLOBAL_GUID, BS_RT, 8, 8, CONTENT_ANY, "OsIndicationsSupported"),
  ...defined(GLOBAL_GUID, NV_BS_RT, 2, NO_LIMIT, CONTENT_ORDER, "BootOrder DriverOrder SysPrepOrder"),
  ...defined(GLOBAL_GUID, NV_BS_RT, 4, NO_LIMIT, CONTENT_DEVICE_PATH, "ConIn ConOut ErrOut"),
  ...defined(GLOBAL_GUID, BS_RT, 4, NO_LIMIT, CONTENT_DEVICE_PATH, "ConInDev ConOutDev ErrOutDev"),
  ...defined(GLOBAL_GUID, NV_BS_RT, 6, NO_LIMIT, CONTENT_LOAD_OPTION, "Boot#### Driver#### SysPrep####"),
  ...defined(GLOBAL_GUID, BS_RT, 6, NO_LIMIT, CONTENT_LOAD_OPTION, "PlatformRecovery####"),
  ...defined(GLOBAL_GUID, NV_BS_RT, 10, 22, CONTENT_KEY_OPTION, "Key####"),
  ...defined(GLOBAL_GUID, NV_BS_RT_AT, 1, NO_LIMIT, CONTENT_ANY, "PK KEK"),
  ...readOnly(GLOBAL_GUID, BS_RT, 1, 1, "SetupMode SecureBoot VendorKeys"),
  ...readOnly(GLOBAL_GUID, BS_RT, 16, NO_LIMIT, "SignatureSupport"),
  ...readOnly(GLOBAL_GUID, BS_RT, 1, NO_LIMIT, "PKDefault KEKDefault dbDefault dbxDefault dbtDefault"),
  closed(IMAGE_SECURITY_GUID),
  ...defined(IMAGE_SECURITY_GUID, NV_BS_RT_AT, 1, NO_LIMIT, CONTENT_ANY, "db dbx dbt"),
  closed(HARDWARE_ERROR_GUID),
  ...defined(HARDWARE_ERROR_GUID, 0x0f, 1, NO_LIMIT, CONTENT_ANY, "HwErrRec####"),
];

/** The same, and edk2's own. */
export const EDK2_DEFINITIONS: Definition[] = [
  ...UEFI_DEFINITIONS,
  ...readOnly(CERT_DB_GUID, NV_BS_RT_AT, 4, NO_LIMIT, "certdb"),
  ...readOnly(CERT_DB_GUID, 0x26, 4, NO_LIMIT, "certdbv"),
  ...readOnly("9073e4e0-60ec-4b6e-9903-4c223c260f3c", NV_BS_RT_AT, 1, 1, "VendorKeysNv"),
  ...defined(SECURE_BOOT_ENABLE_GUID, 0x03, 1, 1, CONTENT_ANY, "SecureBootEnable"),
  ...defined("c076ec0c-7028-4399-a072-71ee5c448b9f", 0x03, 1, 1, CONTENT_ANY, "CustomMode"),
];

function closed(guid: string): Definition {
  return { guid, kind: RULE_CLOSED_NAMESPACE, name: "", flags: 0, attributes: 0, minBytes: 0, maxBytes: 0, content: 0 };
}

/** Rules of variables, `names` divided by blanks; sizes are payload bytes, both inclusive. */
export function defined(
  guid: string,
  attributes: number,
  minBytes: number,
  maxBytes: number,
  content: number,
  names: string,
): Definition[] {
  return names.split(" ").map((name) => {
    const flags = name.includes("#") ? RULE_WILDCARD : 0;
    return { guid, kind: RULE_DEFINED, name, flags, attributes, minBytes, maxBytes, content };
  });
}

/** The same for variables that no SetVariable can write. */
export function readOnly(
  guid: string,
  attributes: number,
  minBytes: number,
  maxBytes: number,
  names: string,
): Definition[] {
  const definitions = defined(guid, attributes, minBytes, maxBytes, CONTENT_ANY, names);
  return definitions.map((definition) => ({ ...definition, flags: RULE_READ_ONLY }));
}
