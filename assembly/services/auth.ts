import { SCRATCH, STAGE, STAGE_BYTES } from "../abi/layout";
import { TIME_BYTES, TIME_DAYLIGHT, TIME_NANOSECOND, TIME_PAD1, TIME_PAD2, TIME_ZONE } from "../abi/op";
import {
  ANY_KEY_DATA,
  ANY_STAMP_FIELDS,
  BARE_COUNTER_DELETES,
  CHECK_DESCRIPTOR_IN_SETUP,
  CHECK_REVISION,
  CHECK_STAMP_IN_SETUP,
  CONTENT_INFO,
  DATABASES_BY_KEK_ONLY,
  EQUAL_STAMP,
  FILTER_KEK,
  LONGER_DIGESTS,
  MERGE_LISTS,
  NO_PRIVATE_VARIABLES,
  PHYSICAL_PRESENCE,
  POLICY_APPEND_PLAIN,
  POLICY_DESCRIPTOR,
  POLICY_NO_KEK,
  POLICY_PK_APPEND,
  POLICY_PLAIN_WRITE,
  SECURE_BOOT_AT_ONCE,
  SELF_SIGNED_PK,
} from "../abi/policy";
import { EfiCode, Reason } from "../abi/status";
import {
  APPEND_WRITE,
  AUTHENTICATED_WRITE_ACCESS,
  NON_VOLATILE,
  TIME_BASED_AUTHENTICATED_WRITE_ACCESS,
} from "../abi/variable";
import { sameGuid } from "../bytes";
import { verify } from "../host";
import { has, statusOf } from "../policy";
import { Draft, keyDraft, VALUE_BUFFER, VERDICT } from "../state";
import { program } from "../store/flash";
import { attributesOf, dataBytesOf, dataOf, stampOf } from "../store/record";
import { find } from "../store/store";
import { findNode, hasDigest, insertNode, removeNode } from "./cert-db";
import {
  DB,
  DBT,
  DBX,
  GLOBAL_GUID,
  hasName,
  IMAGE_SECURITY_GUID,
  KEK,
  PK,
  SECURE_BOOT,
  SECURE_BOOT_ENABLE,
  SECURE_BOOT_ENABLE_GUID,
  SETUP_MODE,
  setName,
} from "./names";
import { refuse } from "./refusal";
import { certificateBytes, copyNewSignatures, isSignatureLists, mergeLists, nextCertificate } from "./signature-list";
import { isLater, update } from "./update";

/**
 * Authenticated writes (UEFI 2.10, 8.2.6 and 32.3; edk2 AuthVariableLib).
 *
 * EFI_VARIABLE_AUTHENTICATION_2 stands in front of the data: EFI_TIME 16, then WIN_CERTIFICATE_UEFI_GUID: dwLength u32
 * (counted from here), revision u16, type u16, GUID 16, CMS SignedData; the payload follows.
 */
const CERTIFICATE_LENGTH = 16;
const CERTIFICATE_REVISION = 20;
const CERTIFICATE_TYPE = 22;
const CERTIFICATE_GUID = 24;
const SIGNED_DATA = 40;
/** Bytes of a descriptor without SignedData. */
const DESCRIPTOR_BYTES: u32 = 40;
const CERTIFICATE_HEADER_BYTES: u32 = 24;
const WIN_CERT_REVISION: u16 = 0x0200;
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
  // A counter's descriptor gets here only without payload.
  if ((d.attributes & AUTHENTICATED_WRITE_ACCESS) !== 0) return d.dataBytes;
  if ((d.attributes & TIME_BASED_AUTHENTICATED_WRITE_ACCESS) === 0) return 0;
  return CERTIFICATE_LENGTH + load<u32>(d.data, CERTIFICATE_LENGTH);
}

/**
 * Decides who may write the variable and updates it (AuthVariableLibProcessVariable). `record` stands for it, or is 0.
 */
export function processAuthenticated(d: Draft, record: usize): EfiCode {
  d.stamp = 0;
  if (sameGuid(d.guid, GLOBAL_GUID)) {
    if (hasName(d, PK)) return writeKey(d, record, Key.Platform);
    if (hasName(d, KEK)) return writeKey(d, record, Key.Exchange);
  }
  if (isDatabase(d)) return writeDatabase(d, record);
  if ((d.attributes & TIME_BASED_AUTHENTICATED_WRITE_ACCESS) !== 0) return writePrivate(d, record);
  if ((d.attributes & AUTHENTICATED_WRITE_ACCESS) !== 0 && has(BARE_COUNTER_DELETES)) {
    return refuse(EfiCode.Unsupported, Reason.CounterAuthentication);
  }
  if (record !== 0) {
    const status = checkPlain(d, attributesOf(record));
    if (status !== EfiCode.Success) return status;
  }
  return update(d, record);
}

/** What a write without authentication of an existing variable gets. */
function checkPlain(d: Draft, stored: u32): EfiCode {
  if ((stored & AUTHENTICATED) !== 0) {
    const status = statusOf(POLICY_PLAIN_WRITE);
    if (status !== EfiCode.Success) return refuse(status, Reason.AuthenticatedVariable);
  }
  return (d.attributes & APPEND_WRITE) !== 0 ? checkAppend() : EfiCode.Success;
}

/** What an append to a variable without signature lists gets. */
function checkAppend(): EfiCode {
  const status = statusOf(POLICY_APPEND_PLAIN);
  return status === EfiCode.Success ? status : refuse(status, Reason.AppendToPlain);
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

/** The variables that hold keys. */
enum Key {
  Platform,
  Exchange,
  Database,
}

/** PK and KEK: signed by PK; in setup mode by nobody, or a PK by itself. */
function writeKey(d: Draft, record: usize, key: Key): EfiCode {
  if (!hasKeyAttributes(d)) return refuse(EfiCode.InvalidParameter, Reason.KeyVariableAttributes);
  let status = key === Key.Platform ? checkPlatformKeyAppend(d, record) : EfiCode.Success;
  if (status === EfiCode.Success) {
    if (isUserMode()) status = checkSigned(d, record, Signer.PlatformKey);
    else if (key === Key.Platform && has(SELF_SIGNED_PK)) status = checkSigned(d, record, Signer.Payload);
    else status = checkUnsigned(d, record);
  }
  return status === EfiCode.Success ? writeLists(d, record, key) : status;
}

/** Writes signature lists that may be written; an append leaves out what is there. */
function writeLists(d: Draft, record: usize, key: Key): EfiCode {
  const isFiltered = key === Key.Database || has(MERGE_LISTS) || (key === Key.Exchange && has(FILTER_KEK));
  let status = checkLists(d, key === Key.Platform ? 1 : u32.MAX_VALUE);
  if (status === EfiCode.Success) status = writePayload(d, record, isFiltered);
  if (status === EfiCode.Success && key === Key.Platform) showMode();
  return status;
}

function checkPlatformKeyAppend(d: Draft, record: usize): EfiCode {
  if (record === 0 || (d.attributes & APPEND_WRITE) === 0) return EfiCode.Success;
  const status = statusOf(POLICY_PK_APPEND);
  return status === EfiCode.Success ? status : refuse(status, Reason.PlatformKeyAppend);
}

/** In setup mode no signature is looked at; some firmware looks at what stands around it. */
function checkUnsigned(d: Draft, record: usize): EfiCode {
  if (has(CHECK_DESCRIPTOR_IN_SETUP)) {
    let status = checkCertificate(d.data);
    if (status === EfiCode.Success) status = checkStampFields(d.data);
    if (status !== EfiCode.Success) return status;
  }
  return has(CHECK_STAMP_IN_SETUP) ? checkStamp(d, record) : EfiCode.Success;
}

/** db, dbx, dbt: signed by PK, else by a certificate of KEK; in setup mode by nobody. */
function writeDatabase(d: Draft, record: usize): EfiCode {
  if (!isUserMode() || !hasKeyAttributes(d)) return writeKey(d, record, Key.Database);
  const attributes = d.attributes;
  const data = d.data;
  const dataBytes = d.dataBytes;
  if (!has(DATABASES_BY_KEK_ONLY)) {
    let first = checkSigned(d, record, Signer.PlatformKey);
    if (first === EfiCode.Success) first = writeLists(d, record, Key.Database);
    if (first === EfiCode.Success) return first;
  }
  d.attributes = attributes;
  d.data = data;
  d.dataBytes = dataBytes;
  const second = checkSigned(d, record, Signer.KeyExchangeKey);
  return second === EfiCode.Success ? writeLists(d, record, Key.Database) : second;
}

/**
 * Any other time-based authenticated variable: certdb keeps who signed it first. Whoever is physically present may
 * delete it without a signature.
 */
function writePrivate(d: Draft, record: usize): EfiCode {
  if (has(NO_PRIVATE_VARIABLES)) {
    if (isUserMode()) return refuse(EfiCode.SecurityViolation, Reason.PrivateVariable);
    const status = checkUnsigned(d, record);
    return status === EfiCode.Success ? writePayload(d, record, true) : status;
  }
  const payloadBytes = d.dataBytes - descriptorBytes(d);
  if (record !== 0 && payloadBytes === 0 && d.attributes === attributesOf(record) && has(PHYSICAL_PRESENCE)) {
    d.attributes = 0;
    d.dataBytes = 0;
    const deleted = update(d, record);
    return deleted === EfiCode.Success ? removeNode(d) : deleted;
  }
  let signed = checkSigned(d, record, Signer.Creator);
  if (signed === EfiCode.Success && record !== 0 && (d.attributes & APPEND_WRITE) !== 0) signed = checkAppend();
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
    const status = has(MERGE_LISTS) ? mergePayload(d, record) : filterPayload(d, record);
    if (status !== EfiCode.Success) return status;
  }
  return update(d, record);
}

/** Leaves of the appended lists what the variable does not have. */
function filterPayload(d: Draft, record: usize): EfiCode {
  if (has(ANY_KEY_DATA) && !isSignatureLists(d.data, d.dataBytes, u32.MAX_VALUE)) {
    return refuse(EfiCode.InvalidParameter, Reason.SignatureLists);
  }
  d.dataBytes = copyNewSignatures(STAGE, dataOf(record), dataBytesOf(record), d.data, d.dataBytes);
  d.data = STAGE;
  return EfiCode.Success;
}

/** Makes of the variable's and the appended lists the value to be written. No store has room for more than STAGE has. */
function mergePayload(d: Draft, record: usize): EfiCode {
  const bytes = mergeLists(STAGE, STAGE_BYTES, dataOf(record), dataBytesOf(record), d.data, d.dataBytes);
  if (bytes === u32.MAX_VALUE) return refuse(EfiCode.OutOfResources, Reason.StoreFull);
  d.attributes &= ~APPEND_WRITE;
  d.data = STAGE;
  d.dataBytes = bytes;
  return EfiCode.Success;
}

/** The checks of A.c VerifyTimeBasedPayload in their order; each failure but a missing KEK is a SecurityViolation. */
function checkSigned(d: Draft, record: usize, signer: Signer): EfiCode {
  let status = checkStampFields(d.data);
  if (status === EfiCode.Success) status = checkStamp(d, record);
  if (status === EfiCode.Success) status = checkCertificate(d.data);
  if (status !== EfiCode.Success) return status;
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

/** Only date and time of day may be set. */
function checkStampFields(descriptor: usize): EfiCode {
  if (isPlainStamp(descriptor) || has(ANY_STAMP_FIELDS)) return EfiCode.Success;
  return refuse(EfiCode.SecurityViolation, Reason.StampFields);
}

/** A write, not an append, must be later than the variable. */
function checkStamp(d: Draft, record: usize): EfiCode {
  if (record === 0 || (d.attributes & APPEND_WRITE) !== 0) return EfiCode.Success;
  const stored = stampOf(record);
  const fresh = has(EQUAL_STAMP) ? !isLater(stored, d.data) : isLater(d.data, stored);
  return fresh ? EfiCode.Success : refuse(EfiCode.SecurityViolation, Reason.StampNotLater);
}

/** The descriptor says that a PKCS#7 signature follows. */
function checkCertificate(descriptor: usize): EfiCode {
  if (isPkcs7(descriptor)) return EfiCode.Success;
  return refuse(statusOf(POLICY_DESCRIPTOR), Reason.CertificateType);
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
  if (keys === 0) return refuse(statusOf(POLICY_NO_KEK), Reason.NoKeyExchangeKey);
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
  if (has(ANY_KEY_DATA) || isSignatureLists(d.data + bytes, d.dataBytes - bytes, most)) return EfiCode.Success;
  return refuse(EfiCode.InvalidParameter, Reason.SignatureLists);
}

/** SetupMode follows PK at once, in place; SecureBoot waits for the next boot (UpdatePlatformMode), or does not. */
function showMode(): void {
  const isUser = isUserMode();
  showByte(SETUP_MODE, isUser ? 0 : 1);
  if (has(SECURE_BOOT_AT_ONCE)) showByte(SECURE_BOOT, isUser && isSecureBootEnabled() ? 1 : 0);
}

/** Changes the value of a variable of one byte in place. */
function showByte(name: usize, value: u8): void {
  setName(keyDraft, GLOBAL_GUID, name);
  const record = find(keyDraft);
  if (record === 0 || dataBytesOf(record) === 0) return;
  store<u8>(VALUE_BUFFER, value);
  program(dataOf(record), VALUE_BUFFER, 1);
}

/** Unless a user has switched it off. */
function isSecureBootEnabled(): bool {
  setName(keyDraft, SECURE_BOOT_ENABLE_GUID, SECURE_BOOT_ENABLE);
  const record = find(keyDraft);
  return record === 0 || dataBytesOf(record) === 0 || load<u8>(dataOf(record)) !== 0;
}

function hasKeyAttributes(d: Draft): bool {
  const both = NON_VOLATILE | TIME_BASED_AUTHENTICATED_WRITE_ACCESS;
  return (d.attributes & both) === both;
}

function isDatabase(d: Draft): bool {
  return sameGuid(d.guid, IMAGE_SECURITY_GUID) && (hasName(d, DB) || hasName(d, DBX) || hasName(d, DBT));
}

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
  if (has(CHECK_REVISION) && load<u16>(descriptor, CERTIFICATE_REVISION) !== WIN_CERT_REVISION) return false;
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
  if (bare || !has(CONTENT_INFO) || bytes < WRAPPED_OID + OID_BYTES) return bare;
  return (load<u8>(signature, 20) & 0x82) === 0x82 && isDigest(signature + WRAPPED_OID);
}

/** 2.16.840.1.101.3.4.2.1 (SHA-256), .2 (SHA-384) or .3 (SHA-512) at the address. */
function isDigest(oid: usize): bool {
  const last = load<u8>(oid, 8);
  if (load<u64>(oid) !== 0x0204036501488660) return false;
  return last === 1 || (has(LONGER_DIGESTS) && (last === 2 || last === 3));
}
