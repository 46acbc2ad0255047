import { joined } from "../bytes.ts";
import { FormatError, offsetText } from "../formats/variable-set.ts";
import { guidBytes, guidText } from "../guid.ts";
import { type EfiTime, TIME_BYTES, writeTime } from "../time.ts";
import { toUcs2 } from "../ucs2.ts";

/** What a signature covers besides the descriptor that it stands in (UEFI 2.10, 8.2.2). */
export interface AuthenticatedWrite {
  name: string;
  /** Vendor GUID. */
  guid: string;
  /** As they are passed to SetVariable, APPEND_WRITE included. */
  attributes: number;
  time: EfiTime;
  /** The variable's new value; empty to delete. */
  payload: Uint8Array;
}

/** Makes the data of an authenticated SetVariable: the descriptor with a signature, and the payload. */
export type Signer = (write: AuthenticatedWrite) => Uint8Array;

/** EFI_CERT_TYPE_PKCS7_GUID */
const PKCS7_GUID = "4aafd29d-68df-49ee-8aa9-347d375665a7";
const WIN_CERT_REVISION = 0x0200;
const WIN_CERT_TYPE_EFI_GUID = 0x0ef1;
/** WIN_CERTIFICATE_UEFI_GUID without the signature: dwLength u32, revision u16, type u16, GUID 16. */
const CERTIFICATE_HEADER_BYTES = 24;
const DESCRIPTOR_BYTES = TIME_BYTES + CERTIFICATE_HEADER_BYTES;

/** The bytes to be signed: name without terminator, GUID, attributes, time stamp, payload (UEFI 2.10, 8.2.2). */
export function signedMessage(write: Omit<AuthenticatedWrite, "time">, stamp: Uint8Array): Uint8Array {
  const attributes = new Uint8Array(4);
  new DataView(attributes.buffer).setUint32(0, write.attributes, true);
  return joined([toUcs2(write.name), guidBytes(write.guid), attributes, stamp, write.payload]);
}

/**
 * EFI_VARIABLE_AUTHENTICATION_2 around a CMS SignedData (DER), and the payload: time stamp 16 bytes, dwLength u32 (from
 * itself to the signature's end), revision u16, type u16, GUID 16, signature.
 */
export function withDescriptor(stamp: Uint8Array, signature: Uint8Array, payload: Uint8Array): Uint8Array {
  const header = new Uint8Array(CERTIFICATE_HEADER_BYTES);
  const view = new DataView(header.buffer);
  view.setUint32(0, CERTIFICATE_HEADER_BYTES + signature.length, true);
  view.setUint16(4, WIN_CERT_REVISION, true);
  view.setUint16(6, WIN_CERT_TYPE_EFI_GUID, true);
  header.set(guidBytes(PKCS7_GUID), 8);
  return joined([stamp, header, signature, payload]);
}

/**
 * A write that nobody signed, as edk2's own setup menu makes it (SecureBootVariableLib, CreateTimeBasedPayload): firmware
 * looks at no signature while there is no PK.
 */
export const unsigned: Signer = ({ time, payload }) => withDescriptor(stampBytes(time), new Uint8Array(0), payload);

/** A file that holds an authenticated write, as other tools make it (`.auth`). */
export interface SignedFile {
  /** From a file in efivarfs' form, which begins with them; else undefined: the signature alone knows. */
  attributes: number | undefined;
  /** Descriptor and payload: the data of SetVariable. */
  data: Uint8Array;
  /** EFI_TIME, 16 bytes. */
  stamp: Uint8Array;
  /** CMS SignedData, DER. */
  signature: Uint8Array;
  payload: Uint8Array;
}

/** True if a PKCS#7 descriptor stands at the bytes' begin, or behind 4 bytes of attributes. */
export function isSignedFile(bytes: Uint8Array): boolean {
  return hasDescriptor(bytes, 0) || hasDescriptor(bytes, 4);
}

/** Takes an `.auth` file apart. Throws a FormatError with the offset for one that is none, or is cut off. */
export function parseSignedFile(bytes: Uint8Array): SignedFile {
  const start = hasDescriptor(bytes, 0) ? 0 : 4;
  if (!hasDescriptor(bytes, start)) {
    throw new FormatError(offsetText(24), `the GUID ${PKCS7_GUID} of a PKCS#7 signature`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const length = view.getUint32(start + TIME_BYTES, true);
  const most = bytes.length - start - TIME_BYTES;
  if (length < CERTIFICATE_HEADER_BYTES || length > most) {
    const place = offsetText(start + TIME_BYTES);
    throw new FormatError(place, `a certificate of ${CERTIFICATE_HEADER_BYTES} to ${most} bytes, not ${length}`);
  }
  const data = bytes.slice(start);
  return {
    attributes: start === 0 ? undefined : view.getUint32(0, true),
    data,
    stamp: data.slice(0, TIME_BYTES),
    signature: data.slice(DESCRIPTOR_BYTES, TIME_BYTES + length),
    payload: data.slice(TIME_BYTES + length),
  };
}

function hasDescriptor(bytes: Uint8Array, start: number): boolean {
  const guid = start + DESCRIPTOR_BYTES - 16;
  return bytes.length >= guid + 16 && guidText(bytes, guid) === PKCS7_GUID;
}

/** The 16 bytes of a time stamp. */
export function stampBytes(time: EfiTime): Uint8Array {
  const stamp = new Uint8Array(TIME_BYTES);
  writeTime(new DataView(stamp.buffer), 0, time);
  return stamp;
}
