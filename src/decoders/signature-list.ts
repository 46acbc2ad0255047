import { FormatError, offsetText } from "../formats/variable-set.ts";
import { guidBytes, guidText } from "../guid.ts";

/** Signature types by GUID (UEFI 2.10, 32.4.1). */
export const SIGNATURE_TYPES: Readonly<Record<string, string>> = {
  "a5c059a1-94e4-4aa7-87b5-ab155c2bf072": "X.509",
  "c1c41626-504c-4092-aca9-41f936934328": "SHA-256",
  "826ca512-cf10-4ac9-b187-be01496631bd": "SHA-1",
  "0b6e5233-a65c-44c9-9407-d9ab83bfc8bd": "SHA-224",
  "ff3e5307-9fd0-48c9-85f1-8ad56c701e01": "SHA-384",
  "093e0fae-a6c4-4f50-9f1b-d41e2b89c19a": "SHA-512",
  "3bd2a492-96c0-4079-b420-fcf98ef103ed": "X.509 SHA-256",
  "7076876e-80c2-4ee6-aad2-28b349a6865b": "X.509 SHA-384",
  "446dbf63-2502-4cda-bcfa-2465d2b0fe9d": "X.509 SHA-512",
  "3c5766e8-269c-4e34-aa14-ed776e85b3b6": "RSA-2048",
  "67f8444f-8743-48f1-a328-1eaab8736080": "RSA-2048 SHA-1",
  "e2b36190-879b-4a3d-ad8d-f2e7bba32784": "RSA-2048 SHA-256",
  "452e8ced-dfff-4b8c-ae01-5118862e682c": "external management",
  "4aafd29d-68df-49ee-8aa9-347d375665a7": "PKCS #7",
};

/** Who puts signatures into the databases. */
const OWNERS: Readonly<Record<string, string>> = {
  "77fa9abd-0359-4d32-bd60-28f4e78f784b": "Microsoft",
  "605dab50-e046-4300-abb6-3dd810dd8b23": "shim",
  // edk2 OvmfPkg/EnrollDefaultKeys.
  "a0baa8a3-041d-48a8-bc87-c36d121b5e3d": "OVMF EnrollDefaultKeys",
};

/** "Microsoft", or the GUID. */
export function ownerName(guid: string): string {
  return OWNERS[guid] ?? guid;
}

/** "SHA-256", or the GUID. */
export function signatureTypeName(guid: string): string {
  return SIGNATURE_TYPES[guid] ?? guid;
}

export interface Signature {
  owner: string;
  /** A view of the value. */
  data: Uint8Array;
}

export interface SignatureList {
  /** GUID of the signatures' type. */
  type: string;
  /** The type's own header; empty for all types that are defined. */
  header: Uint8Array;
  signatures: Signature[];
}

/**
 * EFI_SIGNATURE_LIST (UEFI 2.10, 32.4.1), little-endian: type GUID, then u32 each the bytes of the list, of its own
 * header and of one signature; the header; signatures of an owner GUID and data.
 */
const HEADER_BYTES = 28;
const OWNER_BYTES = 16;

/** The lists that a value consists of, and what stopped the reading before its end. Never throws. */
export function readSignatureLists(data: Uint8Array): { lists: SignatureList[]; fault?: FormatError } {
  const lists: SignatureList[] = [];
  for (let at = 0; at < data.length; ) {
    const fault = faultAt(data, at);
    if (fault !== undefined) return { lists, fault };
    const { listBytes, headerBytes, signatureBytes } = sizesAt(data, at);
    const begin = at + HEADER_BYTES + headerBytes;
    const signatures: Signature[] = [];
    for (let next = begin; next < at + listBytes; next += signatureBytes) {
      signatures.push({ owner: guidText(data, next), data: data.subarray(next + OWNER_BYTES, next + signatureBytes) });
    }
    lists.push({ type: guidText(data, at), header: data.subarray(at + HEADER_BYTES, begin), signatures });
    at += listBytes;
  }
  return { lists };
}

function sizesAt(data: Uint8Array, at: number) {
  const view = new DataView(data.buffer, data.byteOffset + at, HEADER_BYTES);
  return {
    listBytes: view.getUint32(16, true),
    headerBytes: view.getUint32(20, true),
    signatureBytes: view.getUint32(24, true),
  };
}

function faultAt(data: Uint8Array, at: number): FormatError | undefined {
  const left = data.length - at;
  const wrong = (offset: number, expectation: string) => new FormatError(offsetText(at + offset), expectation);
  if (left < HEADER_BYTES) return wrong(0, `a signature list's header of ${HEADER_BYTES} bytes, not ${left}`);
  const { listBytes, headerBytes, signatureBytes } = sizesAt(data, at);
  if (listBytes < HEADER_BYTES || listBytes > left) {
    return wrong(16, `a list size from ${HEADER_BYTES} to ${left}, not ${listBytes}`);
  }
  const rest = listBytes - HEADER_BYTES - headerBytes;
  if (rest < 0) return wrong(20, `a header size up to ${listBytes - HEADER_BYTES}, not ${headerBytes}`);
  if (signatureBytes < OWNER_BYTES || rest % signatureBytes !== 0) {
    return wrong(24, `a signature size from ${OWNER_BYTES} that divides ${rest}, not ${signatureBytes}`);
  }
  return undefined;
}

/**
 * One list without a header of its own. Type and owner are GUIDs; all data must have the same size. Throws a
 * RangeError otherwise, and a SyntaxError for what is no GUID.
 */
export function writeSignatureList(type: string, owner: string, data: readonly Uint8Array[]): Uint8Array {
  const signatureBytes = OWNER_BYTES + (data[0]?.length ?? 0);
  if (data.some(({ length }) => length !== signatureBytes - OWNER_BYTES)) {
    throw new RangeError("the signatures of a list have one size");
  }
  const list = new Uint8Array(HEADER_BYTES + data.length * signatureBytes);
  const view = new DataView(list.buffer);
  list.set(guidBytes(type));
  view.setUint32(16, list.length, true);
  view.setUint32(24, signatureBytes, true);
  for (const [i, signature] of data.entries()) {
    const at = HEADER_BYTES + i * signatureBytes;
    list.set(guidBytes(owner), at);
    list.set(signature, at + OWNER_BYTES);
  }
  return list;
}
