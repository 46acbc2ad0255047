import { FormatError, type Variable } from "../formats/variable-set.ts";
import {
  CAPSULE_VENDOR_GUID,
  CERT_DB_GUID,
  GLOBAL_GUID,
  GUID_NAMES,
  HARDWARE_ERROR_GUID,
  IMAGE_SECURITY_GUID,
} from "../guid.ts";
import { toHex } from "../hex.ts";
import { printable } from "../printable.ts";
import { decodeOptionNumber, orderDecoder } from "./boot-order.ts";
import { decodeCertificateDatabase } from "./certificate-database.ts";
import { decodeConsole } from "./console.ts";
import type { Context, Decoded, Decoder, Json } from "./decoded.ts";
import { decodeBootOptionSupport, decodeOsIndications } from "./flags.ts";
import { decodeKeyOption } from "./key-option.ts";
import { decodeLoadOption } from "./load-option.ts";
import { decodeMemoryTypes } from "./memory-types.ts";
import * as numbers from "./numbers.ts";
import { decodePlain, hexLines } from "./plain.ts";
import { byteDecoder, decodeSecureBoot } from "./secure-boot.ts";
import { decodeSignatureDatabase, decodeSignatureSupport } from "./signature-database.ts";
import { decodeLanguage, decodeLanguages, decodeOldLanguages, decodeSbatLevel } from "./text.ts";

export type { Context, Decoded, Json } from "./decoded.ts";

const SHIM_GUID = GUID_NAMES.shim as string;
/** EFI_CAPSULE_REPORT_GUID */
const CAPSULE_REPORT_GUID = "39b68c46-f7fb-441b-b6ec-16b0f69821f3";

/** Whose values are known: the whole name, the vendor GUID, and the decoder. Option numbers are upper case. */
const DECODERS: readonly (readonly [name: RegExp, guid: string, decoder: Decoder])[] = [
  [/^(Boot|Driver|SysPrep|PlatformRecovery)[\dA-F]{4}$/, GLOBAL_GUID, decodeLoadOption],
  [/^BootOrder$/, GLOBAL_GUID, orderDecoder("Boot")],
  [/^DriverOrder$/, GLOBAL_GUID, orderDecoder("Driver")],
  [/^SysPrepOrder$/, GLOBAL_GUID, orderDecoder("SysPrep")],
  [/^Boot(Next|Current)$/, GLOBAL_GUID, decodeOptionNumber],
  [/^Key[\dA-F]{4}$/, GLOBAL_GUID, decodeKeyOption],
  [/^(ConIn|ConOut|ErrOut)(Dev)?$/, GLOBAL_GUID, decodeConsole],
  [/^(PK|KEK)(Default)?$|^db[xtr]?Default$/, GLOBAL_GUID, decodeSignatureDatabase],
  [/^db[xtr]?$/, IMAGE_SECURITY_GUID, decodeSignatureDatabase],
  [/^MokListX?(RT)?\d*$/, SHIM_GUID, decodeSignatureDatabase],
  [/^MokListTrusted(RT)?$/, SHIM_GUID, byteDecoder("trust", ["MokList not trusted", "MokList trusted"])],
  [/^MokSBState(RT)?$/, SHIM_GUID, byteDecoder("shim state", ["verification on", "verification off"])],
  [/^MokIgnoreDB(RT)?$/, SHIM_GUID, byteDecoder("shim state", ["db used", "db ignored"])],
  [/^SbatLevel(RT)?$/, SHIM_GUID, decodeSbatLevel],
  [/^SecureBoot$/, GLOBAL_GUID, decodeSecureBoot],
  [/^SetupMode$/, GLOBAL_GUID, byteDecoder("mode", ["not setup mode", "setup mode"])],
  [/^AuditMode$/, GLOBAL_GUID, byteDecoder("mode", ["not audit mode", "audit mode"])],
  [/^DeployedMode$/, GLOBAL_GUID, byteDecoder("mode", ["not deployed mode", "deployed mode"])],
  [/^VendorKeys$/, GLOBAL_GUID, byteDecoder("vendor keys", ["changed by the user", "the vendor's"])],
  [
    /^VendorKeysNv$/,
    GUID_NAMES.vendorkeys as string,
    byteDecoder("vendor keys", ["changed by the user", "the vendor's"]),
  ],
  [/^SecureBootEnable$/, GUID_NAMES.secureboot as string, byteDecoder("switch", ["disabled", "enabled"])],
  [/^CustomMode$/, GUID_NAMES.custommode as string, byteDecoder("mode", ["standard mode", "custom mode"])],
  [/^OsIndications(Supported)?$/, GLOBAL_GUID, decodeOsIndications],
  [/^BootOptionSupport$/, GLOBAL_GUID, decodeBootOptionSupport],
  [/^(Platform)?Lang$/, GLOBAL_GUID, decodeLanguage],
  [/^PlatformLangCodes$/, GLOBAL_GUID, decodeLanguages],
  [/^LangCodes$/, GLOBAL_GUID, decodeOldLanguages],
  [/^Timeout$/, GLOBAL_GUID, numbers.decodeTimeout],
  [/^SignatureSupport$/, GLOBAL_GUID, decodeSignatureSupport],
  [/^HwErrRecSupport$/, GLOBAL_GUID, numbers.decodeErrorRecordSupport],
  [/^HwErrRec[\dA-F]{4}$/, HARDWARE_ERROR_GUID, numbers.decodeErrorRecord],
  [/^certdbv?$/, CERT_DB_GUID, decodeCertificateDatabase],
  [/^MTC$/, GUID_NAMES.mtc as string, numbers.decodeMonotonicCount],
  [/^VarErrorFlag$/, GUID_NAMES.varerror as string, numbers.decodeErrorFlag],
  [/^MemoryTypeInformation$/, GUID_NAMES.memorytype as string, decodeMemoryTypes],
  [/^CapsuleUpdateData\d*$/, CAPSULE_VENDOR_GUID, numbers.decodeCapsuleUpdateData],
  [/^Capsule(Max|Last)$/, CAPSULE_REPORT_GUID, numbers.decodeVariableName],
];

/** Characters of the longest summary. */
const MAX_SUMMARY = 300;

/** What a variable's value says; for one that is not what its name promises, why, and its bytes. Never throws. */
export function decode(variable: Variable, context: Context): Decoded {
  const decoder = DECODERS.find((entry) => entry[1] === variable.guid && entry[0].test(variable.name))?.[2];
  if (decoder === undefined) return safe(decodePlain(variable.data));
  try {
    return safe(decoder(variable, context));
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return safe(malformed(variable.data, error));
  }
}

function malformed(data: Uint8Array, { message }: FormatError): Decoded {
  const summary = `malformed: ${message}`;
  return {
    kind: "malformed",
    summary,
    lines: [summary, ...hexLines(data)],
    value: { error: message, data: toHex(data) },
    faults: [message],
  };
}

/** The same with all text printable, and the summary in bounds. What is long is made when it is asked for. */
function safe(decoded: Decoded): Decoded {
  const { kind, summary, faults = [] } = decoded;
  const short = summary.length > MAX_SUMMARY ? `${summary.slice(0, MAX_SUMMARY - 1)}…` : summary;
  return {
    kind,
    summary: printable(short),
    faults: faults.map(printable),
    get lines() {
      return decoded.lines.map(printable);
    },
    get value() {
      return safeJson(decoded.value);
    },
  };
}

function safeJson(value: Json): Json {
  if (typeof value === "string") return printable(value);
  if (Array.isArray(value)) return value.map(safeJson);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, safeJson(inner)]));
}
