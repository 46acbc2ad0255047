import { sameBytes, sameGuid } from "../bytes";
import { hasRsaKey } from "../host";

/**
 * EFI_SIGNATURE_LIST (UEFI 2.10, 32.4.1): type GUID 16, list bytes u32, header bytes u32, signature bytes u32, header,
 * then signatures of equal size: owner GUID 16, data. Lists follow each other and fill the value.
 */
const LIST_BYTES = 16;
const LIST_HEADER_BYTES = 20;
const LIST_SIGNATURE_BYTES = 24;
const LIST_FIRST: u32 = 28;
const OWNER_BYTES: u32 = 16;

/** EFI_CERT_X509_GUID a5c059a1-94e4-4aa7-87b5-ab155c2bf072, as two little-endian words. */
const X509 = memory.data<u64>([0x4aa794e4a5c059a1, 0x72f02b5c15abb587]);

/**
 * The other known types (AuthService.c, mSupportSigItem): GUID as two little-endian words, then the bytes of its data.
 * In order: SHA-256, RSA-2048, RSA-2048 with SHA-256, SHA-1, RSA-2048 with SHA-1, SHA-224, SHA-384, SHA-512, and the
 * digests of X.509 certificates with a revocation time: SHA-256, SHA-384, SHA-512.
 */
const FIXED_TYPES = memory.data<u64>([
  0x4092504cc1c41626, 0x28439336f941a9ac, 32, 0x4e34269c3c5766e8, 0xb6b3856e77ed14aa, 256, 0x4a3d879be2b36190,
  0x8427a3bbe7f28dad, 256, 0x4ac9cf10826ca512, 0xbd31664901be87b1, 20, 0x48f1874367f8444f, 0x806073b8aa1e28a3, 256,
  0x44c9a65c0b6e5233, 0xbdc8bf83abd90794, 28, 0x48c99fd0ff3e5307, 0x011e706cd58af185, 48, 0x4f50a6c4093e0fae,
  0x9ac1892b1ed41b9f, 64, 0x407996c03bd2a492, 0xed03f18ef9fc20b4, 48, 0x4ee680c27076876e, 0x5b86a649b328d2aa, 64,
  0x4cda2502446dbf63, 0x9dfeb0d26524fabc, 80,
]);
const FIXED_TYPE_COUNT = 11;
const FIXED_TYPE_BYTES = 24;

/**
 * True for lists that fill the value exactly, each of a known type and of whole signatures, an X.509 one with an RSA
 * key; `most` signatures in all (AuthService.c, CheckSignatureListFormat). An empty value is well-formed.
 */
export function isSignatureLists(value: usize, bytes: u32, most: u32): bool {
  let count: u32 = 0;
  let at: u32 = 0;
  while (at < bytes) {
    const listBytes = listBytesAt(value + at, bytes - at);
    if (listBytes === 0 || !isKnownType(value + at)) return false;
    count += signatureCount(value + at);
    at += listBytes;
  }
  return count <= most;
}

/**
 * Copies to `to` what lists of `added` are not in lists of `value` yet: same type, size, owner and data (AuthService.c,
 * FilterSignatureList). What is no list ends either value. Gives the bytes written.
 */
export function copyNewSignatures(to: usize, value: usize, valueBytes: u32, added: usize, addedBytes: u32): u32 {
  let tail = to;
  for (let at: u32 = 0; at < addedBytes; ) {
    const list = added + at;
    const listBytes = listBytesAt(list, addedBytes - at);
    if (listBytes === 0) break;
    const signatureBytes = load<u32>(list, LIST_SIGNATURE_BYTES);
    const firstBytes = LIST_FIRST + load<u32>(list, LIST_HEADER_BYTES);
    const kept = tail;
    const count = signatureCount(list);
    for (let i: u32 = 0; i < count; i++) {
      const signature = list + firstBytes + i * signatureBytes;
      if (contains(value, valueBytes, list, signature)) continue;
      if (tail === kept) {
        memory.copy(tail, list, firstBytes);
        tail += firstBytes;
      }
      memory.copy(tail, signature, signatureBytes);
      tail += signatureBytes;
    }
    if (tail !== kept) store<u32>(kept, <u32>(tail - kept), LIST_BYTES);
    at += listBytes;
  }
  return <u32>(tail - to);
}

/**
 * Merges two values into one at `to`: every X.509 certificate in a list of its own, then all SHA-256 digests in one; of
 * equal data the first owner's stays, other types are dropped (QEMU hw/uefi, var-service-siglist.c). Gives the bytes;
 * u32.MAX_VALUE if they are more than `room`.
 */
export function mergeLists(to: usize, room: u32, value: usize, valueBytes: u32, added: usize, addedBytes: u32): u32 {
  const end = to + room;
  let tail = mergeType(to, to, end, X509, value, valueBytes);
  tail = mergeType(to, tail, end, X509, added, addedBytes);
  const digests = tail;
  tail = mergeType(digests, tail, end, FIXED_TYPES, value, valueBytes);
  tail = mergeType(digests, tail, end, FIXED_TYPES, added, addedBytes);
  return tail > end ? u32.MAX_VALUE : <u32>(tail - to);
}

/**
 * Adds a value's signatures of one type behind the lists from `merged` to `tail`, which are all of that type, unless they
 * are there. Certificates get a list each, digests go into one. Gives the new tail; one behind `end`: they do not fit.
 */
function mergeType(merged: usize, tail: usize, end: usize, type: usize, value: usize, bytes: u32): usize {
  const single = type === X509;
  for (let at: u32 = 0; at < bytes && tail <= end; ) {
    const list = value + at;
    const listBytes = listBytesAt(list, bytes - at);
    if (listBytes === 0) return tail;
    at += listBytes;
    const signatureBytes = load<u32>(list, LIST_SIGNATURE_BYTES);
    if (!sameGuid(list, type) || signatureBytes <= OWNER_BYTES) continue;
    if (!single && signatureBytes !== OWNER_BYTES + load<u32>(type, 16)) return tail;
    const first = list + LIST_FIRST + load<u32>(list, LIST_HEADER_BYTES);
    const count = signatureCount(list);
    for (let i: u32 = 0; i < count; i++) {
      const signature = first + i * signatureBytes;
      if (holds(merged, <u32>(tail - merged), signature, signatureBytes)) continue;
      if (tail + LIST_FIRST + signatureBytes > end) return end + 1;
      if (single || tail === merged) tail = beginList(tail, type, signatureBytes);
      memory.copy(tail, signature, signatureBytes);
      tail += signatureBytes;
      const open = single ? tail - signatureBytes - LIST_FIRST : merged;
      store<u32>(open, <u32>(tail - open), LIST_BYTES);
    }
  }
  return tail;
}

/** Writes the header of an empty list and gives where its first signature goes. */
function beginList(at: usize, type: usize, signatureBytes: u32): usize {
  memory.copy(at, type, 16);
  store<u32>(at, LIST_FIRST, LIST_BYTES);
  store<u32>(at, 0, LIST_HEADER_BYTES);
  store<u32>(at, signatureBytes, LIST_SIGNATURE_BYTES);
  return at + LIST_FIRST;
}

/** True if a signature of the lists has these data, whoever owns it. */
function holds(lists: usize, bytes: u32, signature: usize, signatureBytes: u32): bool {
  for (let at: u32 = 0; at < bytes; at += load<u32>(lists + at, LIST_BYTES)) {
    const list = lists + at;
    if (load<u32>(list, LIST_SIGNATURE_BYTES) !== signatureBytes) continue;
    const count = signatureCount(list);
    for (let i: u32 = 0; i < count; i++) {
      const other = list + LIST_FIRST + i * signatureBytes;
      if (sameBytes(other + OWNER_BYTES, signature + OWNER_BYTES, signatureBytes - OWNER_BYTES)) return true;
    }
  }
  return false;
}

/** The first X.509 certificate at or behind offset `from` of the value, as its offset; u32.MAX_VALUE if there is none. */
export function nextCertificate(value: usize, bytes: u32, from: u32): u32 {
  for (let at: u32 = 0; at < bytes; ) {
    const list = value + at;
    const listBytes = listBytesAt(list, bytes - at);
    if (listBytes === 0) return u32.MAX_VALUE;
    if (sameGuid(list, X509)) {
      const signatureBytes = load<u32>(list, LIST_SIGNATURE_BYTES);
      const first = at + LIST_FIRST + load<u32>(list, LIST_HEADER_BYTES) + OWNER_BYTES;
      const count = signatureCount(list);
      for (let i: u32 = 0; i < count; i++) {
        if (first + i * signatureBytes >= from) return first + i * signatureBytes;
      }
    }
    at += listBytes;
  }
  return u32.MAX_VALUE;
}

/** Bytes of the certificate at an offset that nextCertificate gave. */
export function certificateBytes(value: usize, bytes: u32, certificate: u32): u32 {
  for (let at: u32 = 0; at < bytes; ) {
    const list = value + at;
    const listBytes = listBytesAt(list, bytes - at);
    if (listBytes === 0) return 0;
    if (certificate < at + listBytes) return load<u32>(list, LIST_SIGNATURE_BYTES) - OWNER_BYTES;
    at += listBytes;
  }
  return 0;
}

/**
 * Bytes of the list, if it lies within `room` and holds whole signatures; else 0. Sizes are the guest's: none may wrap
 * or be 0 (edk2 4f475ba542). Where `room` is less than a header, memory behind it is read and no size will do.
 */
function listBytesAt(list: usize, room: u32): u32 {
  const listBytes = load<u32>(list, LIST_BYTES);
  const headerBytes = load<u32>(list, LIST_HEADER_BYTES);
  const signatureBytes = load<u32>(list, LIST_SIGNATURE_BYTES);
  if (listBytes > room || listBytes < LIST_FIRST || headerBytes > listBytes - LIST_FIRST) return 0;
  if (signatureBytes < OWNER_BYTES || (listBytes - LIST_FIRST - headerBytes) % signatureBytes !== 0) return 0;
  return listBytes;
}

function signatureCount(list: usize): u32 {
  const bytes = load<u32>(list, LIST_BYTES) - LIST_FIRST - load<u32>(list, LIST_HEADER_BYTES);
  return bytes / load<u32>(list, LIST_SIGNATURE_BYTES);
}

/** Every known type has no header and, but for X.509, data of one size. */
function isKnownType(list: usize): bool {
  if (load<u32>(list, LIST_HEADER_BYTES) !== 0) return false;
  const dataBytes = load<u32>(list, LIST_SIGNATURE_BYTES) - OWNER_BYTES;
  if (sameGuid(list, X509)) {
    return signatureCount(list) !== 0 && hasRsaKey(list + LIST_FIRST + OWNER_BYTES, dataBytes) !== 0;
  }
  for (let i = 0; i < FIXED_TYPE_COUNT; i++) {
    const type = FIXED_TYPES + i * FIXED_TYPE_BYTES;
    if (sameGuid(list, type)) return load<u32>(type, 16) === dataBytes;
  }
  return false;
}

function contains(value: usize, valueBytes: u32, like: usize, signature: usize): bool {
  const signatureBytes = load<u32>(like, LIST_SIGNATURE_BYTES);
  for (let at: u32 = 0; at < valueBytes; ) {
    const list = value + at;
    const listBytes = listBytesAt(list, valueBytes - at);
    if (listBytes === 0) return false;
    if (sameGuid(list, like) && load<u32>(list, LIST_SIGNATURE_BYTES) === signatureBytes) {
      const first = list + LIST_FIRST + load<u32>(list, LIST_HEADER_BYTES);
      const count = signatureCount(list);
      for (let i: u32 = 0; i < count; i++) {
        if (sameBytes(first + i * signatureBytes, signature, signatureBytes)) return true;
      }
    }
    at += listBytes;
  }
  return false;
}
