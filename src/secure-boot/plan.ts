import {
  APPEND_WRITE,
  BOOTSERVICE_ACCESS,
  NON_VOLATILE,
  RUNTIME_ACCESS,
  TIME_BASED_AUTHENTICATED_WRITE_ACCESS,
} from "../../assembly/abi/variable.ts";
import { type SignedFile, type Signer, signedMessage, unsigned } from "../crypto/authenticated-write.ts";
import type { Verifier } from "../crypto/verifier.ts";
import type { EfiTime } from "../time.ts";
import type { Content } from "./content.ts";
import { KEY_GUIDS, KEY_NAMES, type KeyName } from "./keys.ts";

/** Attributes of every variable of keys (UEFI 2.10, 3.3). */
export const KEY_ATTRIBUTES =
  NON_VOLATILE | BOOTSERVICE_ACCESS | RUNTIME_ACCESS | TIME_BASED_AUTHENTICATED_WRITE_ACCESS;

/** What is to become of a variable of keys; empty lists delete it. */
export type Change = Content & { name: KeyName };

/** Who signs updates that are not signed yet. */
export interface Signers {
  /** The holder of PK: signs PK and KEK; the databases too where there is no other. */
  platform?: Signer | undefined;
  /** A holder of KEK: signs db, dbx and dbt. */
  exchange?: Signer | undefined;
}

export interface PlanOptions {
  /** Time stamp of what is signed here; only date and time of day may be set. */
  time: EfiTime;
  /** Adds to KEK and the databases in place of replacing them. PK holds one certificate and is replaced in any case. */
  append?: boolean;
  signers?: Signers;
  /** Tells for which attributes a signed update was made. */
  verifier: Verifier;
}

/** One SetVariable call. */
export interface Update {
  name: KeyName;
  guid: string;
  attributes: number;
  /** Descriptor and payload. */
  data: Uint8Array;
  /** Somebody signed it; else it stands only while there is no PK. */
  isSigned: boolean;
}

/**
 * The calls that make the changes, in an order that works in setup mode and in user mode: databases, KEK, and PK, which ends
 * the one and changes who may sign in the other, last. Lists of one variable become one call, signed updates stay as they are.
 */
export function planEnrolment(changes: readonly Change[], options: PlanOptions): Update[] {
  return KEY_NAMES.flatMap((name) => {
    const own = changes.filter((change) => change.name === name);
    const lists = own.flatMap((change) => ("lists" in change ? [change.lists] : []));
    const updates = lists.length === 0 ? [] : [listsUpdate(name, lists, options)];
    const signed = own.flatMap((change) => ("signed" in change ? [signedUpdate(name, change.signed, options)] : []));
    return [...updates, ...signed];
  });
}

function listsUpdate(name: KeyName, lists: readonly Uint8Array[], options: PlanOptions): Update {
  const payload = Uint8Array.from(lists.flatMap((bytes) => [...bytes]));
  const { platform, exchange } = options.signers ?? {};
  const signer = name === "PK" || name === "KEK" ? platform : (exchange ?? platform);
  const guid = KEY_GUIDS[name];
  const attributes = attributesFor(name, options);
  const data = (signer ?? unsigned)({ name, guid, attributes, time: options.time, payload });
  return { name, guid, attributes, data, isSigned: signer !== undefined };
}

function attributesFor(name: KeyName, { append = false }: PlanOptions): number {
  return append && name !== "PK" ? KEY_ATTRIBUTES | APPEND_WRITE : KEY_ATTRIBUTES;
}

/** The file does not say whether it replaces or appends, but its signature covers that. */
function signedUpdate(name: KeyName, file: SignedFile, options: PlanOptions): Update {
  const guid = KEY_GUIDS[name];
  const { stamp, signature, payload, data } = file;
  const isFor = (attributes: number) => {
    const message = signedMessage({ name, guid, attributes, payload }, stamp);
    return options.verifier.verify(signature, message, undefined) !== undefined;
  };
  const covered = [KEY_ATTRIBUTES, KEY_ATTRIBUTES | APPEND_WRITE].find(isFor);
  const attributes = file.attributes ?? covered ?? attributesFor(name, options);
  return { name, guid, attributes, data, isSigned: signature.length > 0 };
}
