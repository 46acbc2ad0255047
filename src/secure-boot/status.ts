import { NON_VOLATILE } from "../../assembly/abi/variable.ts";
import { readSignatureLists, signatureTypeName } from "../decoders/signature-list.ts";
import { keyOf, type Variable } from "../formats/variable-set.ts";
import { GLOBAL_GUID, GUID_NAMES, SECURE_BOOT_ENABLE_GUID } from "../guid.ts";
import { KEY_GUIDS, KEY_NAMES, type KeyName } from "./keys.ts";

/** What of Secure Boot shows in one-byte variables, with their GUIDs. */
const MODE_GUIDS = {
  SecureBoot: GLOBAL_GUID,
  SetupMode: GLOBAL_GUID,
  AuditMode: GLOBAL_GUID,
  DeployedMode: GLOBAL_GUID,
  SecureBootEnable: SECURE_BOOT_ENABLE_GUID,
  CustomMode: GUID_NAMES.custommode as string,
} as const;

type ModeName = keyof typeof MODE_GUIDS;

/** What a variable of keys holds. */
export interface KeyCounts {
  certificates: number;
  /** SHA-256 digests of images. */
  digests: number;
  /** Signatures of other types. */
  others: number;
  /** What ends the count before the value's end, where signature lists do not fill it. */
  fault?: string;
}

/** The state of Secure Boot; plain data. */
export interface SecureBootStatus {
  /** Images are checked. */
  enabled: boolean;
  /** UEFI 2.10, 32.3. */
  mode: "setup" | "user" | "audit" | "deployed";
  /** The one-byte variables that are there. */
  variables: Partial<Record<ModeName, number>>;
  /** The variables of keys that are there. */
  keys: Partial<Record<KeyName, KeyCounts>>;
}

/**
 * The state that variables show, a machine's or a store's. Setup mode is the lack of a PK (UEFI 2.10, 32.3). A store lacks the
 * volatile SecureBoot: then it is what the next boot makes of the keys (AuthVariableLibInitialize).
 */
export function secureBootStatus(all: Iterable<Variable>): SecureBootStatus {
  const byKey = new Map([...all].map((variable) => [keyOf(variable), variable.data]));
  const variables: SecureBootStatus["variables"] = {};
  for (const [name, guid] of Object.entries(MODE_GUIDS) as [ModeName, string][]) {
    const value = byKey.get(keyOf({ name, guid }))?.[0];
    if (value !== undefined) variables[name] = value;
  }
  const keys: SecureBootStatus["keys"] = {};
  for (const name of KEY_NAMES) {
    const data = byKey.get(keyOf({ name, guid: KEY_GUIDS[name] }));
    if (data !== undefined) keys[name] = countKeys(data);
  }
  const isSetup = keys.PK === undefined;
  const derived = isSetup || variables.SecureBootEnable === 0 ? 0 : 1;
  const enabled = (variables.SecureBoot ?? derived) === 1;
  return { enabled, mode: modeOf(variables, isSetup), variables, keys };
}

/** The state after the next boot, which finds the non-volatile variables alone. */
export function nextBootStatus(all: readonly Variable[]): SecureBootStatus {
  return secureBootStatus(all.filter(({ attributes }) => (attributes & NON_VOLATILE) !== 0));
}

function modeOf({ AuditMode, DeployedMode }: SecureBootStatus["variables"], isSetup: boolean) {
  if (AuditMode === 1) return "audit";
  if (DeployedMode === 1) return "deployed";
  return isSetup ? "setup" : "user";
}

function countKeys(data: Uint8Array): KeyCounts {
  const { lists, fault } = readSignatureLists(data);
  const counts: KeyCounts = { certificates: 0, digests: 0, others: 0 };
  for (const { type, signatures } of lists) counts[KINDS[signatureTypeName(type)] ?? "others"] += signatures.length;
  return fault === undefined ? counts : { ...counts, fault: fault.message };
}

const KINDS: Readonly<Record<string, "certificates" | "digests">> = { "X.509": "certificates", "SHA-256": "digests" };

/** "Secure Boot: on, user mode" */
export function secureBootLine({ enabled, mode }: SecureBootStatus): string {
  return `Secure Boot: ${enabled ? "on" : "off"}, ${mode} mode`;
}
