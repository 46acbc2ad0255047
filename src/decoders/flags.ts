import type { Variable } from "../formats/variable-set.ts";
import { counted, type Decoded, numberOf, viewOf } from "./decoded.ts";

/** OsIndications and OsIndicationsSupported (UEFI 2.10, 8.5.4), from bit 0. */
const OS_INDICATIONS = [
  "BOOT_TO_FW_UI",
  "TIMESTAMP_REVOCATION",
  "FILE_CAPSULE_DELIVERY_SUPPORTED",
  "FMP_CAPSULE_SUPPORTED",
  "CAPSULE_RESULT_VAR_SUPPORTED",
  "START_OS_RECOVERY",
  "START_PLATFORM_RECOVERY",
  "JSON_CONFIG_DATA_REFRESH",
];

/** BootOptionSupport (UEFI 2.10, 3.1.1): bits 0, 1 and 4, and in bits 8 and 9 how many keys an option can have. */
const BOOT_OPTION_SUPPORT = ["KEY", "APP", undefined, undefined, "SYSPREP"];
const KEY_COUNT_SHIFT = 8;
const KEY_COUNT_MASK = 0x300;

/** Names of the bits that are set; the others together as a number. */
export function namesOf(bits: bigint, names: readonly (string | undefined)[]): string[] {
  const isNamed = (bit: number) => names[bit] !== undefined && (bits & (1n << BigInt(bit))) !== 0n;
  const named = [...names.keys()].filter(isNamed);
  const rest = named.reduce((left, bit) => left & ~(1n << BigInt(bit)), bits);
  return [...named.map((bit) => names[bit] as string), ...(rest === 0n ? [] : [`0x${rest.toString(16)}`])];
}

/** `OsIndications`, `OsIndicationsSupported`: 64 bits. */
export function decodeOsIndications({ data }: Variable): Decoded {
  const bits = viewOf(data, 8).getBigUint64(0, true);
  const flags = namesOf(bits, OS_INDICATIONS);
  const lines = flags.length === 0 ? ["none"] : flags;
  return { kind: "OS indications", summary: lines.join(" "), lines, value: { flags, bits: `0x${bits.toString(16)}` } };
}

/** `BootOptionSupport`: 32 bits. */
export function decodeBootOptionSupport({ data }: Variable): Decoded {
  const bits = numberOf(data, 4);
  const keys = (bits & KEY_COUNT_MASK) >> KEY_COUNT_SHIFT;
  const flags = namesOf(BigInt((bits & ~KEY_COUNT_MASK) >>> 0), BOOT_OPTION_SUPPORT);
  const lines = [...flags, `${counted(keys, "key")} an option`];
  return { kind: "boot option support", summary: lines.join(", "), lines, value: { flags, keys, bits } };
}
