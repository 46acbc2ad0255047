import { SCRATCH, STAGE } from "../abi/layout";
import { TIME_BYTES, TIME_DAYLIGHT, TIME_NANOSECOND, TIME_PAD1, TIME_PAD2, TIME_ZONE } from "../abi/op";
import { ANY_DIGEST, PHYSICAL_PRESENCE, SELF_SIGNED_PK } from "../abi/policy";
import { EfiCode, Reason } from "../abi/status";
import {
  APPEND_WRITE,
  AUTHENTICATED_WRITE_ACCESS,
  NON_VOLATILE,
  TIME_BASED_AUTHENTICATED_WRITE_ACCESS,
} from "../abi/variable";
import { verify } from "../host";
import { has } from "../policy";
import { Draft, keyDraft, VALUE_BUFFER, VERDICT } from "../state";
import { program } from "../store/flash";
import { attributesOf, dataBytesOf, dataOf, stampOf } from "../store/record";
import { find } from "../store/store";
import { findNode, hasDigest, insertNode, removeNode } from "./cert-db";
import { DB, DBT, DBX, GLOBAL_GUID, IMAGE_SECURITY_GUID, isVariable, KEK, PK, SETUP_MODE, setName } from "./names";
import { refuse } from "./refusal";
import { certificateBytes, copyNewSignatures, isSignatureLists, nextCertificate } from "./signature-list";
import { isLater, update } from "./update";

/**
 * Authenticated writes (UEFI 2.10, 8.2.6 and 32.3; edk2 AuthVariableLib).
 *
 * EFI_VARIABLE_AUTHENTICATION_2 stands in front of the data: EFI_TIME 16, then WIN_CERTIFICATE_UEFI_GUID: dwLength u32
 * (counted from here), revision u16, type u16, GUID 16, CMS SignedData; the payload follows.
 */
const CERTIFICATE_LENGTH = 16;
const CERTIFICATE_TYPE = 22;
const CERTIFICATE_GUID = 24;
const SIGNED_DATA = 40;
/** Bytes of a descriptor without SignedData. */
const DESCRIPTOR_BYTES: u32 = 40;
const CERTIFICATE_HEADER_BYTES: u32 = 24;
const WIN_CERT_TYPE_EFI_GUID: u16 = 0x0ef1;

/** 4aafd29d-68df-49ee-8aa9-347d375665a7, EFI_CERT_TYPE_PKCS7_GUID, as two little-endian words. */
const PKCS7_GUID_LOW: u64 = 0x49ee68df4aafd29d;
const PKCS7_GUID_HIGH: u64 = 0xa76556377d34a98a;

const AUTHENTICATED: u32 = AUTHENTICATED_WRITE_ACCESS | TIME_BASED_AUTHENTICATED_WRITE_ACCESS;

/** What host.verify says of a signer: u32, 1 if the trusted certificate is its own; u32 bytes of the digest; digest. */
const VERDICT_IS_SIGNER = 0;
const VERDICT_DIGEST_BYTES = 4;
const VERDICT_DIGEST = 8;

/** A descriptor must lie within the data. */
export function checkDescriptor(d: Draft): EfiCode {
  const bytes = d.dataBytes;
  if (bytes >= DESCRIPTOR_BYTES) {
    const length = load<u32>(d.data, CERTIFICATE_LENGTH);
    if (length >= CERTIFICATE_HEADER_BYTES && length <= bytes - CERTIFICATE_LENGTH) return EfiCode.Success;
  }
  return refuse(EfiCode.SecurityViolation, Reason.DescriptorMalformed);
}

/** Bytes of the descriptor in front of the payload; 0 for a plain write. checkDescriptor has passed. */
export function descriptorBytes(d: Draft): u32 {
  if ((d.attributes & TIME_BASED_AUTHENTICATED_WRITE_ACCESS) === 0) return 0;
  return CERTIFICATE_LENGTH + load<u32>(d.data, CERTIFICATE_LENGTH);
}

/**
 * Decides who may write the variable and updates it (AuthVariableLibProcessVariable). `record` stands for it, or is 0.
 */
export function processAuthenticated(d: Draft, record: usize): EfiCode {
  d.stamp = 0;
  if (isVariable(d, GLOBAL_GUID, PK)) return writeKeys(d, record, true);
  if (isVariable(d, GLOBAL_GUID, KEK)) return writeKeys(d, record, false);
  if (isDatabase(d)) return writeDatabase(d, record);
  if ((d.attributes & TIME_BASED_AUTHENTICATED_WRITE_ACCESS) !== 0) return writePrivate(d, record);
  if (record !== 0 && (attributesOf(record) & AUTHENTICATED) !== 0) {
    return refuse(EfiCode.WriteProtected, Reason.AuthenticatedVariable);
  }
  return update(d, record);
}

/** Who must have signed a write. */
enum Signer {
  /** The owner of the certificate in PK. */
  PlatformKey,
  /** The owner of a certificate in KEK, or one below it. */
  KeyExchangeKey,
  /** The owner of the certificate in the payload: a PK signed by itself. */
  Payload,
  /** Whoever signed the variable first. */
  Creator,
}

/** PK exists: writes of keys need signatures (UEFI 2.10, 32.3). */
function isUserMode(): bool {
  setName(keyDraft, GLOBAL_GUID, PK);
  return find(keyDraft) !== 0;
}

/** PK and KEK: signed by PK; in setup mode by nobody, or a PK by itself. */
function writeKeys(d: Draft, record: usize, isPk: bool): EfiCode {
  if (!hasKeyAttributes(d)) return refuse(EfiCode.InvalidParameter, Reason.KeyVariableAttributes);
  let status = EfiCode.Success;
  if (isUserMode()) status = checkSigned(d, record, Signer.PlatformKey);
  else if (isPk && has(SELF_SIGNED_PK)) status = checkSigned(d, record, Signer.Payload);
  if (status === EfiCode.Success) status = checkLists(d, isPk ? 1 : u32.MAX_VALUE);
  if (status === EfiCode.Success) status = writePayload(d, record, !isPk);
  if (status === EfiCode.Success && isPk) showMode();
  return status;
}

/** db, dbx, dbt: signed by PK, else by a certificate of KEK; in setup mode by nobody. */
function writeDatabase(d: Draft, record: usize): EfiCode {
  const attributes = d.attributes;
  const data = d.data;
  const dataBytes = d.dataBytes;
  const status = writeKeys(d, record, false);
  if (status === EfiCode.Success || !isUserMode() || !hasKeyAttributes(d)) return status;
  d.attributes = attributes;
  d.data = data;
  d.dataBytes = dataBytes;
  let second = checkSigned(d, find(d), Signer.KeyExchangeKey);
  if (second === EfiCode.Success) second = checkLists(d, u32.MAX_VALUE);
  return second === EfiCode.Success ? writePayload(d, find(d), true) : second;
}

/**
 * Any other time-based authenticated variable: certdb keeps who signed it first. Whoever is physically present may
 * delete it without a signature.
 */
function writePrivate(d: Draft, record: usize): EfiCode {
  const payloadBytes = d.dataBytes - descriptorBytes(d);
  if (record !== 0 && payloadBytes === 0 && d.attributes === attributesOf(record) && has(PHYSICAL_PRESENCE)) {
    d.attributes = 0;
    d.dataBytes = 0;
    const deleted = update(d, record);
    return deleted === EfiCode.Success ? removeNode(d) : deleted;
  }
  const signed = checkSigned(d, record, Signer.Creator);
  if (signed !== EfiCode.Success) return signed;
  if (record === 0 && payloadBytes !== 0 && !keepSigner(d)) {
    return refuse(EfiCode.SecurityViolation, Reason.SignerNotKept);
  }
  const deletes = record !== 0 && payloadBytes === 0 && (d.attributes & APPEND_WRITE) === 0;
  // certdb's own record may have moved this one.
  const status = writePayload(d, find(d), false);
  return deletes && status === EfiCode.Success ? removeNode(d) : status;
}

/** Enters the signer into certdb; its volatile twin cannot be written at run time. */
function keepSigner(d: Draft): bool {
  if ((d.attributes & NON_VOLATILE) === 0) return false;
  return insertNode(d, VERDICT + VERDICT_DIGEST, load<u32>(VERDICT, VERDICT_DIGEST_BYTES)) === EfiCode.Success;
}

/** Takes the descriptor off the draft and updates the variable with the descriptor's time stamp. */
function writePayload(d: Draft, record: usize, isFiltered: bool): EfiCode {
  const bytes = descriptorBytes(d);
  d.stamp = d.data;
  d.data += bytes;
  d.dataBytes -= bytes;
  if (isFiltered && record !== 0 && (d.attributes & APPEND_WRITE) !== 0) {
    d.dataBytes = copyNewSignatures(STAGE, dataOf(record), dataBytesOf(record), d.data, d.dataBytes);
    d.data = STAGE;
  }
  return update(d, record);
}

/** The checks of A.c VerifyTimeBasedPayload in their order; each failure but a missing KEK is a SecurityViolation. */
function checkSigned(d: Draft, record: usize, signer: Signer): EfiCode {
  const stamp = d.data;
  if (!isPlainStamp(stamp)) return refuse(EfiCode.SecurityViolation, Reason.StampFields);
  if (record !== 0 && (d.attributes & APPEND_WRITE) === 0 && !isLater(stamp, stampOf(record))) {
    return refuse(EfiCode.SecurityViolation, Reason.StampNotLater);
  }
  if (!isPkcs7(d.data)) return refuse(EfiCode.SecurityViolation, Reason.CertificateType);
  const signatureBytes = descriptorBytes(d) - SIGNED_DATA;
  if (!hasKnownDigest(d.data + SIGNED_DATA, signatureBytes)) {
    return refuse(EfiCode.SecurityViolation, Reason.DigestAlgorithm);
  }
  const messageBytes = buildMessage(d);
  switch (signer) {
    case Signer.PlatformKey:
      return signedByPlatformKey(d, messageBytes);
    case Signer.KeyExchangeKey:
      return signedByKeyExchangeKey(d, messageBytes);
    case Signer.Payload:
      return signedByPayload(d, messageBytes);
    default:
      return signedByCreator(d, record, messageBytes);
  }
}

/** No chain: the signer's own certificate is the one in PK. */
function signedByPlatformKey(d: Draft, messageBytes: u32): EfiCode {
  setName(keyDraft, GLOBAL_GUID, PK);
  const key = find(keyDraft);
  if (isSignedBy(d, messageBytes, dataOf(key), dataBytesOf(key), 0) && load<u32>(VERDICT, VERDICT_IS_SIGNER) !== 0) {
    return EfiCode.Success;
  }
  return refuse(EfiCode.SecurityViolation, Reason.SignatureInvalid);
}

/** Any X.509 certificate of KEK will do. */
function signedByKeyExchangeKey(d: Draft, messageBytes: u32): EfiCode {
  setName(keyDraft, GLOBAL_GUID, KEK);
  const keys = find(keyDraft);
  if (keys === 0) return refuse(EfiCode.NotFound, Reason.NoKeyExchangeKey);
  const value = dataOf(keys);
  const bytes = dataBytesOf(keys);
  for (let at = nextCertificate(value, bytes, 0); at !== u32.MAX_VALUE; at = nextCertificate(value, bytes, at + 1)) {
    if (isSignedBy(d, messageBytes, value, bytes, at)) return EfiCode.Success;
  }
  return refuse(EfiCode.SecurityViolation, Reason.SignatureInvalid);
}

function signedByPayload(d: Draft, messageBytes: u32): EfiCode {
  const bytes = descriptorBytes(d);
  if (isSignedBy(d, messageBytes, d.data + bytes, d.dataBytes - bytes, 0)) return EfiCode.Success;
  return refuse(EfiCode.SecurityViolation, Reason.SignatureInvalid);
}

function signedByCreator(d: Draft, record: usize, messageBytes: u32): EfiCode {
  const signatureBytes = descriptorBytes(d) - SIGNED_DATA;
  if (verify(SCRATCH, messageBytes, d.data + SIGNED_DATA, signatureBytes, 0, 0, VERDICT) === 0) {
    return refuse(EfiCode.SecurityViolation, Reason.SignatureInvalid);
  }
  if (record === 0) return EfiCode.Success;
  const node = findNode(d);
  const known = node !== 0 && hasDigest(node, VERDICT + VERDICT_DIGEST, load<u32>(VERDICT, VERDICT_DIGEST_BYTES));
  return known ? EfiCode.Success : refuse(EfiCode.SecurityViolation, Reason.SignerDiffers);
}

/** True if the first certificate of the lists, at or behind offset `from`, leads to the signature. */
function isSignedBy(d: Draft, messageBytes: u32, lists: usize, bytes: u32, from: u32): bool {
  const certificate = nextCertificate(lists, bytes, from);
  if (certificate === u32.MAX_VALUE) return false;
  const trusted = lists + certificate;
  const trustedBytes = certificateBytes(lists, bytes, certificate);
  const signatureBytes = descriptorBytes(d) - SIGNED_DATA;
  return verify(SCRATCH, messageBytes, d.data + SIGNED_DATA, signatureBytes, trusted, trustedBytes, VERDICT) !== 0;
}

/** Puts what was signed into SCRATCH: name without terminator, GUID, attributes, time stamp, payload. Gives its bytes. */
function buildMessage(d: Draft): u32 {
  const nameBytes = d.nameBytes - 2;
  const headerBytes = descriptorBytes(d);
  const payloadBytes = d.dataBytes - headerBytes;
  let at: usize = SCRATCH;
  memory.copy(at, d.name, nameBytes);
  at += nameBytes;
  memory.copy(at, d.guid, 16);
  store<u32>(at, d.attributes, 16);
  memory.copy(at + 20, d.data, TIME_BYTES);
  at += 20 + TIME_BYTES;
  memory.copy(at, d.data + headerBytes, payloadBytes);
  return <u32>(at - SCRATCH) + payloadBytes;
}

function checkLists(d: Draft, most: u32): EfiCode {
  const bytes = descriptorBytes(d);
  if (isSignatureLists(d.data + bytes, d.dataBytes - bytes, most)) return EfiCode.Success;
  return refuse(EfiCode.InvalidParameter, Reason.SignatureLists);
}

/** SetupMode follows PK at once, in place; SecureBoot waits for the next boot (UpdatePlatformMode). */
function showMode(): void {
  const mode: u8 = isUserMode() ? 0 : 1;
  setName(keyDraft, GLOBAL_GUID, SETUP_MODE);
  const record = find(keyDraft);
  if (record === 0 || dataBytesOf(record) === 0) return;
  store<u8>(VALUE_BUFFER, mode);
  program(dataOf(record), VALUE_BUFFER, 1);
}

function hasKeyAttributes(d: Draft): bool {
  const both = NON_VOLATILE | TIME_BASED_AUTHENTICATED_WRITE_ACCESS;
  return (d.attributes & both) === both;
}

function isDatabase(d: Draft): bool {
  return (
    isVariable(d, IMAGE_SECURITY_GUID, DB) ||
    isVariable(d, IMAGE_SECURITY_GUID, DBX) ||
    isVariable(d, IMAGE_SECURITY_GUID, DBT)
  );
}

/** Only date and time of day may be set. */
function isPlainStamp(stamp: usize): bool {
  return (
    load<u8>(stamp, TIME_PAD1) === 0 &&
    load<u32>(stamp, TIME_NANOSECOND) === 0 &&
    load<i16>(stamp, TIME_ZONE) === 0 &&
    load<u8>(stamp, TIME_DAYLIGHT) === 0 &&
    load<u8>(stamp, TIME_PAD2) === 0
  );
}

function isPkcs7(descriptor: usize): bool {
  return (
    load<u16>(descriptor, CERTIFICATE_TYPE) === WIN_CERT_TYPE_EFI_GUID &&
    load<u64>(descriptor, CERTIFICATE_GUID) === PKCS7_GUID_LOW &&
    load<u64>(descriptor, CERTIFICATE_GUID + 8) === PKCS7_GUID_HIGH
  );
}

/** Offset of the digest algorithm's OID in a bare SignedData with two-byte lengths, and in one within ContentInfo. */
const BARE_OID: u32 = 13;
const WRAPPED_OID: u32 = 32;
const OID_BYTES: u32 = 9;

/**
 * edk2 takes SHA-256 in a bare SignedData; since 37d3eb026a also SHA-384 and SHA-512, and a ContentInfo around it. It
 * looks at fixed offsets. Shorter signatures fail in the check itself.
 */
function hasKnownDigest(signature: usize, bytes: u32): bool {
  if (bytes < BARE_OID + OID_BYTES) return true;
  const bare = (load<u8>(signature, 1) & 0x82) === 0x82 && isDigest(signature + BARE_OID);
  if (bare || !has(ANY_DIGEST) || bytes < WRAPPED_OID + OID_BYTES) return bare;
  return (load<u8>(signature, 20) & 0x82) === 0x82 && isDigest(signature + WRAPPED_OID);
}

/** 2.16.840.1.101.3.4.2.1 (SHA-256), .2 (SHA-384) or .3 (SHA-512) at the address. */
function isDigest(oid: usize): bool {
  const last = load<u8>(oid, 8);
  if (load<u64>(oid) !== 0x0204036501488660) return false;
  return last === 1 || (has(ANY_DIGEST) && (last === 2 || last === 3));
}
