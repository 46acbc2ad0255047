import { guidText } from "../../guid.ts";

/** EFI_SIGNATURE_LIST: type GUID, bytes of the list, of its header and of each signature, u32 each; then they. */
const LIST_BYTES = 28;
const LIST_SIZE = 16;
const HEADER_SIZE = 20;
const SIGNATURE_SIZE = 24;
/** Each signature begins with its owner's GUID. */
const OWNER_BYTES = 16;

/** Bytes of a signature's data by type (AuthService.c, mSupportSigItem); certificates have any size. */
const DATA_BYTES: Readonly<Record<string, number>> = {
  "c1c41626-504c-4092-aca9-41f936934328": 32,
  "3c5766e8-269c-4e34-aa14-ed776e85b3b6": 256,
  "e2b36190-879b-4a3d-ad8d-f2e7bba32784": 256,
  "826ca512-cf10-4ac9-b187-be01496631bd": 20,
  "67f8444f-8743-48f1-a328-1eaab8736080": 256,
  "0b6e5233-a65c-44c9-9407-d9ab83bfc8bd": 28,
  "ff3e5307-9fd0-48c9-85f1-8ad56c701e01": 48,
  "093e0fae-a6c4-4f50-9f1b-d41e2b89c19a": 64,
  "3bd2a492-96c0-4079-b420-fcf98ef103ed": 48,
  "7076876e-80c2-4ee6-aad2-28b349a6865b": 64,
  "446dbf63-2502-4cda-bcfa-2465d2b0fe9d": 80,
};
const X509 = "a5c059a1-94e4-4aa7-87b5-ab155c2bf072";

/** One list within a value. */
interface List {
  type: string;
  at: number;
  bytes: number;
  signatureBytes: number;
}

/**
 * Whether a payload is made of signature lists that fill it. Undefined if that hangs on a certificate, which this model
 * cannot read.
 */
export function areSignatureLists(payload: Uint8Array): boolean | undefined {
  const view = viewOf(payload);
  let hasCertificate = false;
  let at = 0;
  while (at < payload.length) {
    if (at + LIST_BYTES > payload.length) return false;
    const type = guidText(payload, at);
    const bytes = view.getUint32(at + LIST_SIZE, true);
    const signatureBytes = view.getUint32(at + SIGNATURE_SIZE, true);
    const dataBytes = type === X509 ? signatureBytes - OWNER_BYTES : DATA_BYTES[type];
    if (bytes < LIST_BYTES || bytes > payload.length - at || view.getUint32(at + HEADER_SIZE, true) !== 0) return false;
    if (dataBytes === undefined || dataBytes <= 0 || signatureBytes !== OWNER_BYTES + dataBytes) return false;
    if ((bytes - LIST_BYTES) % signatureBytes !== 0) return false;
    hasCertificate ||= type === X509;
    at += bytes;
  }
  return hasCertificate ? undefined : true;
}

/** What of the new lists the old ones do not hold: signatures of the same type, size, owner and data are left out. */
export function newSignatures(old: Uint8Array, added: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const list of listsOf(added)) {
    const signatures = signaturesOf(added, list).filter((signature) => !holds(old, list, signature));
    if (signatures.length === 0) continue;
    const header = added.slice(list.at, list.at + LIST_BYTES);
    viewOf(header).setUint32(LIST_SIZE, LIST_BYTES + signatures.length * list.signatureBytes, true);
    parts.push(header, ...signatures);
  }
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function holds(value: Uint8Array, { type, signatureBytes }: List, wanted: Uint8Array): boolean {
  const lists = listsOf(value).filter((list) => list.type === type && list.signatureBytes === signatureBytes);
  return lists.some((list) => signaturesOf(value, list).some((one) => one.every((byte, i) => byte === wanted[i])));
}

function listsOf(value: Uint8Array): List[] {
  const view = viewOf(value);
  const lists: List[] = [];
  for (let at = 0; at + LIST_BYTES <= value.length; ) {
    const bytes = view.getUint32(at + LIST_SIZE, true);
    lists.push({ type: guidText(value, at), at, bytes, signatureBytes: view.getUint32(at + SIGNATURE_SIZE, true) });
    at += Math.max(bytes, LIST_BYTES);
  }
  return lists;
}

function signaturesOf(value: Uint8Array, { at, bytes, signatureBytes }: List): Uint8Array[] {
  const count = Math.floor((bytes - LIST_BYTES) / signatureBytes);
  const first = at + LIST_BYTES;
  return Array.from({ length: count }, (_, n) =>
    value.subarray(first + n * signatureBytes, first + (n + 1) * signatureBytes),
  );
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
