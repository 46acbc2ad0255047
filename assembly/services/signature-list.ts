import { hasRsaKey } from "../host";
import { sameBytes, sameGuid } from "../name";

/**
 * EFI_SIGNATURE_LIST (UEFI 2.10, 32.4.1): type GUID 16, list bytes u32, header bytes u32, signature bytes u32, header,
 * then signatures of equal size: owner GUID 16, data. Lists follow each other and fill the value.
 */
const LIST_BYTES = 16;
const LIST_HEADER_BYTES = 20;
const LIST_SIGNATURE_BYTES = 24;
const LIST_FIRST: u32 = 28;
const OWNER_BYTES: u32 = 16;

/** a5c059a1-94e4-4aa7-87b5-ab155c2bf072, EFI_CERT_X509_GUID */
const X509 = memory.data<u8>([
  0xa1, 0x59, 0xc0, 0xa5, 0xe4, 0x94, 0xa7, 0x4a, 0x87, 0xb5, 0xab, 0x15, 0x5c, 0x2b, 0xf0, 0x72,
]);

/**
 * The other known types, each GUID with the u32 bytes of its data (AuthService.c, mSupportSigItem): SHA-256, RSA-2048,
 * RSA-2048 with SHA-256, SHA-1, RSA-2048 with SHA-1, SHA-224, SHA-384, SHA-512, X.509 with SHA-256, SHA-384, SHA-512.
 */
const FIXED_TYPE_COUNT = 11;
const FIXED_TYPE_BYTES = 20;
const FIXED_TYPES = memory.data<u8>([
  0x26,
  0x16,
  0xc4,
  0xc1,
  0x4c,
  0x50,
  0x92,
  0x40,
  0xac,
  0xa9,
  0x41,
  0xf9,
  0x36,
  0x93,
  0x43,
  0x28,
  0x20,
  0x00,
  0x00,
  0x00, // c1c41626-504c-4092-aca9-41f936934328
  0xe8,
  0x66,
  0x57,
  0x3c,
  0x9c,
  0x26,
  0x34,
  0x4e,
  0xaa,
  0x14,
  0xed,
  0x77,
  0x6e,
  0x85,
  0xb3,
  0xb6,
  0x00,
  0x01,
  0x00,
  0x00, // 3c5766e8-269c-4e34-aa14-ed776e85b3b6
  0x90,
  0x61,
  0xb3,
  0xe2,
  0x9b,
  0x87,
  0x3d,
  0x4a,
  0xad,
  0x8d,
  0xf2,
  0xe7,
  0xbb,
  0xa3,
  0x27,
  0x84,
  0x00,
  0x01,
  0x00,
  0x00, // e2b36190-879b-4a3d-ad8d-f2e7bba32784
  0x12,
  0xa5,
  0x6c,
  0x82,
  0x10,
  0xcf,
  0xc9,
  0x4a,
  0xb1,
  0x87,
  0xbe,
  0x01,
  0x49,
  0x66,
  0x31,
  0xbd,
  0x14,
  0x00,
  0x00,
  0x00, // 826ca512-cf10-4ac9-b187-be01496631bd
  0x4f,
  0x44,
  0xf8,
  0x67,
  0x43,
  0x87,
  0xf1,
  0x48,
  0xa3,
  0x28,
  0x1e,
  0xaa,
  0xb8,
  0x73,
  0x60,
  0x80,
  0x00,
  0x01,
  0x00,
  0x00, // 67f8444f-8743-48f1-a328-1eaab8736080
  0x33,
  0x52,
  0x6e,
  0x0b,
  0x5c,
  0xa6,
  0xc9,
  0x44,
  0x94,
  0x07,
  0xd9,
  0xab,
  0x83,
  0xbf,
  0xc8,
  0xbd,
  0x1c,
  0x00,
  0x00,
  0x00, // 0b6e5233-a65c-44c9-9407-d9ab83bfc8bd
  0x07,
  0x53,
  0x3e,
  0xff,
  0xd0,
  0x9f,
  0xc9,
  0x48,
  0x85,
  0xf1,
  0x8a,
  0xd5,
  0x6c,
  0x70,
  0x1e,
  0x01,
  0x30,
  0x00,
  0x00,
  0x00, // ff3e5307-9fd0-48c9-85f1-8ad56c701e01
  0xae,
  0x0f,
  0x3e,
  0x09,
  0xc4,
  0xa6,
  0x50,
  0x4f,
  0x9f,
  0x1b,
  0xd4,
  0x1e,
  0x2b,
  0x89,
  0xc1,
  0x9a,
  0x40,
  0x00,
  0x00,
  0x00, // 093e0fae-a6c4-4f50-9f1b-d41e2b89c19a
  0x92,
  0xa4,
  0xd2,
  0x3b,
  0xc0,
  0x96,
  0x79,
  0x40,
  0xb4,
  0x20,
  0xfc,
  0xf9,
  0x8e,
  0xf1,
  0x03,
  0xed,
  0x30,
  0x00,
  0x00,
  0x00, // 3bd2a492-96c0-4079-b420-fcf98ef103ed
  0x6e,
  0x87,
  0x76,
  0x70,
  0xc2,
  0x80,
  0xe6,
  0x4e,
  0xaa,
  0xd2,
  0x28,
  0xb3,
  0x49,
  0xa6,
  0x86,
  0x5b,
  0x40,
  0x00,
  0x00,
  0x00, // 7076876e-80c2-4ee6-aad2-28b349a6865b
  0x63,
  0xbf,
  0x6d,
  0x44,
  0x02,
  0x25,
  0xda,
  0x4c,
  0xbc,
  0xfa,
  0x24,
  0x65,
  0xd2,
  0xb0,
  0xfe,
  0x9d,
  0x50,
  0x00,
  0x00,
  0x00, // 446dbf63-2502-4cda-bcfa-2465d2b0fe9d
]);

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
 * FilterSignatureList). Gives the bytes written. Both have passed isSignatureLists.
 */
export function copyNewSignatures(to: usize, value: usize, valueBytes: u32, added: usize, addedBytes: u32): u32 {
  let tail = to;
  for (let at: u32 = 0; at < addedBytes; ) {
    const list = added + at;
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
    at += load<u32>(list, LIST_BYTES);
  }
  return <u32>(tail - to);
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
 * or be 0 (edk2 4f475ba542).
 */
function listBytesAt(list: usize, room: u32): u32 {
  if (room < LIST_FIRST) return 0;
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
