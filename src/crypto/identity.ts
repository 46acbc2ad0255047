import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { FormatError } from "../formats/variable-set.ts";
import type { Identity } from "./signer.ts";

const PEM_BEGIN = "-----BEGIN ";
const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/** True if the bytes begin like a certificate: PEM text, or a DER SEQUENCE. */
export function isCertificate(bytes: Uint8Array): boolean {
  return bytes[0] === 0x30 || latin1(bytes).includes(PEM_BEGIN);
}

/**
 * DER of the one certificate in a file, PEM or DER. Throws a FormatError for none, for several, and for one whose key is
 * not RSA: edk2 takes no other into signature lists, and no other's signature (AuthService.c, CheckSignatureListFormat).
 */
export function readCertificateFile(bytes: Uint8Array): Uint8Array {
  const { raw, publicKey } = parseCertificate(onlyCertificate(bytes));
  const type = publicKey.asymmetricKeyType;
  if (type !== "rsa") throw new FormatError("certificate", `an RSA key, which firmware takes, not ${type}`);
  return new Uint8Array(raw);
}

function onlyCertificate(bytes: Uint8Array): Uint8Array | string {
  const text = latin1(bytes);
  if (!text.includes(PEM_BEGIN)) return bytes;
  const found = text.match(PEM_CERTIFICATE) ?? [];
  if (found.length !== 1) throw new FormatError("certificate", `one certificate, not ${found.length}`);
  return found[0] as string;
}

function parseCertificate(source: Uint8Array | string): X509Certificate {
  const x509 = attempt(() => new X509Certificate(source));
  // OpenSSL looks at no byte behind a DER certificate, and firmware would.
  if (x509 === undefined || (typeof source !== "string" && x509.raw.length !== source.length)) {
    throw new FormatError("certificate", "an X.509 certificate, PEM or DER");
  }
  return x509;
}

/**
 * A private key, PEM or DER (PKCS#8 or PKCS#1), encrypted ones with their passphrase. Throws a FormatError for what is no
 * key or no RSA key, and for an encrypted one without the right passphrase.
 */
export function readKey(bytes: Uint8Array, passphrase?: string): KeyObject {
  const key = isPem(bytes) ? pemKey(bytes, passphrase) : derKey(bytes, passphrase);
  const type = key.asymmetricKeyType;
  if (type !== "rsa") throw new FormatError("key", `an RSA key, which firmware takes, not ${type}`);
  return key;
}

function pemKey(bytes: Uint8Array, passphrase?: string): KeyObject {
  const text = latin1(bytes);
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) throw new FormatError("key", "a private key in the PEM text");
  const isEncrypted = /BEGIN ENCRYPTED PRIVATE KEY|^Proc-Type: 4,ENCRYPTED/m.test(text);
  if (isEncrypted && passphrase === undefined) throw new FormatError("key", "a passphrase: the key is encrypted");
  const key = attempt(() => createPrivateKey({ key: text, ...passphraseOf(passphrase) }));
  if (key !== undefined) return key;
  throw new FormatError("key", isEncrypted ? "the key's own passphrase" : "a private key that can be read");
}

function derKey(bytes: Uint8Array, passphrase?: string): KeyObject {
  for (const type of ["pkcs8", "pkcs1"] as const) {
    const key = attempt(() =>
      createPrivateKey({ key: Buffer.from(bytes), format: "der", type, ...passphraseOf(passphrase) }),
    );
    if (key !== undefined) return key;
  }
  throw new FormatError("key", "a private key, PEM or DER; an encrypted one with its passphrase");
}

function passphraseOf(passphrase: string | undefined): { passphrase?: string } {
  return passphrase === undefined ? {} : { passphrase };
}

/** A key with the first of the certificates (DER) that is its own, if one is. */
export function identityOf(key: KeyObject, certificates: readonly Uint8Array[]): Identity | undefined {
  const certificate = certificates.find((der) => attempt(() => new X509Certificate(der).checkPrivateKey(key)));
  return certificate && { key, certificate };
}

/**
 * Who signs: certificate and private key from the bytes of their files, PEM or DER. Throws a FormatError as readCertificateFile
 * and readKey do, and if the two do not belong together.
 */
export function readIdentity(certificate: Uint8Array, key: Uint8Array, passphrase?: string): Identity {
  const der = readCertificateFile(certificate);
  const identity = identityOf(readKey(key, passphrase), [der]);
  if (identity !== undefined) return identity;
  throw new FormatError("key", `the private key of the certificate of ${oneLine(parseCertificate(der).subject)}`);
}

function oneLine(subject: string): string {
  return subject.replaceAll("\n", ", ");
}

function isPem(bytes: Uint8Array): boolean {
  return latin1(bytes).includes(PEM_BEGIN);
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
