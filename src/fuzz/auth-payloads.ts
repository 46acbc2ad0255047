import { decodeBase64 } from "../formats/base64.ts";
import { inflate } from "../formats/zlib.ts";
import { fromHex } from "../hex.ts";
import { AUTH_DATA } from "./auth-data.ts";

/** Data of an authenticated write, with the variable that it was made for. */
export interface AuthPayload {
  /** What it is, for a reader. */
  title: string;
  name: string;
  /** Vendor GUID. */
  guid: string;
  attributes: number;
  /** Who signed it: a name of `certificates`; undefined where no valid signature is in it. */
  signer?: string;
  data: Uint8Array;
}

/** Payloads, the certificates (DER) of their signers by name, and the signature lists that stand for enrolled keys. */
export interface AuthData {
  certificates: Readonly<Record<string, Uint8Array>>;
  lists: Readonly<Record<string, Uint8Array>>;
  payloads: readonly AuthPayload[];
}

/** Room for what the package ships, unpacked. */
const JSON_BYTES_MAX = 1 << 20;

/** What scripts/make-auth-payloads.mjs has made; unpacked once a process. */
export function authData(): AuthData {
  data ??= unpack();
  return data;
}

let data: AuthData | undefined;

function unpack(): AuthData {
  const bytes = inflate(decodeBase64(new TextEncoder().encode(AUTH_DATA)), JSON_BYTES_MAX);
  const isBytes = (key: string, holder: object) => key === "data" || !("payloads" in holder || "title" in holder);
  return JSON.parse(new TextDecoder().decode(bytes), function (this: object, key: string, value: unknown) {
    return typeof value === "string" && isBytes(key, this) ? fromHex(value) : value;
  });
}
