import { isSignedFile, parseSignedFile, type SignedFile } from "../crypto/authenticated-write.ts";
import { isCertificate, readCertificateFile } from "../crypto/identity.ts";
import { readSignatureLists, signatureTypeName, writeSignatureList } from "../decoders/signature-list.ts";
import { FormatError, offsetText } from "../formats/variable-set.ts";

/** Owner of signatures for which none is named: the one that efitools' cert-to-efi-sig-list takes then. */
export const NO_OWNER = "00000000-0000-0000-0000-000000000000";

/** EFI_CERT_X509_GUID, EFI_CERT_SHA256_GUID */
const X509_GUID = "a5c059a1-94e4-4aa7-87b5-ab155c2bf072";
const SHA256_GUID = "c1c41626-504c-4092-aca9-41f936934328";

/** What a file brings for a variable of keys: signature lists to be signed, or an update that somebody has signed. */
export type Content = { lists: Uint8Array } | { signed: SignedFile };

/**
 * Reads an X.509 certificate (PEM or DER), signature lists (`.esl`) or a signed update (`.auth`, also with the attributes
 * in front of it), by what the bytes begin with. Throws a FormatError.
 */
export function readContent(bytes: Uint8Array, owner = NO_OWNER): Content {
  if (isSignedFile(bytes)) return { signed: parseSignedFile(bytes) };
  if (isCertificate(bytes)) return { lists: certificateList(readCertificateFile(bytes), owner) };
  const { lists, fault } = readSignatureLists(bytes);
  if (lists.length > 0 && fault === undefined) return { lists: bytes };
  throw fault ?? new FormatError(offsetText(0), "a certificate, signature lists or a signed update, not an empty file");
}

/** A signature list of one certificate (DER). */
export function certificateList(der: Uint8Array, owner = NO_OWNER): Uint8Array {
  return writeSignatureList(X509_GUID, owner, [der]);
}

/** A signature list of SHA-256 digests. Throws a FormatError for one that has not 32 bytes. */
export function digestList(digests: readonly Uint8Array[], owner = NO_OWNER): Uint8Array {
  const short = digests.find((digest) => digest.length !== 32);
  if (short !== undefined) throw new FormatError("digest", `32 bytes, not ${short.length}`);
  return writeSignatureList(SHA256_GUID, owner, digests);
}

/** The certificates (DER) in the signature lists of a value, as far as they can be read. */
export function certificatesOf(value: Uint8Array): Uint8Array[] {
  const { lists } = readSignatureLists(value);
  return lists
    .filter(({ type }) => signatureTypeName(type) === "X.509")
    .flatMap(({ signatures }) => signatures.map(({ data }) => data));
}
