import { createHash, verify as verifySignature, X509Certificate } from "node:crypto";
import {
  Attribute,
  type CertificateSet,
  ContentInfo,
  id_messageDigest,
  id_signedData,
  SignedData,
  type SignerInfo,
} from "@peculiar/asn1-cms";
import { AsnArray, AsnConvert, AsnType, AsnTypeTypes, OctetString } from "@peculiar/asn1-schema";
import { BasicConstraints, Certificate, KeyUsage } from "@peculiar/asn1-x509";
import type { Signed, Verifier } from "./verifier.ts";

/** Digest algorithms by OID, as node:crypto names them. */
const DIGESTS: Readonly<Record<string, string>> = {
  "2.16.840.1.101.3.4.2.1": "sha256",
  "2.16.840.1.101.3.4.2.2": "sha384",
  "2.16.840.1.101.3.4.2.3": "sha512",
};

const COMMON_NAME = "2.5.4.3";
const BASIC_CONSTRAINTS = "2.5.29.19";
const KEY_USAGE = "2.5.29.15";

/** Extensions that may be critical (OpenSSL, X509_supported_extension), but proxy certificates, which edk2 refuses. */
const KNOWN_EXTENSIONS: ReadonlySet<string> = new Set([
  BASIC_CONSTRAINTS,
  KEY_USAGE,
  "2.16.840.1.113730.1.1", // Netscape certificate type
  "2.5.29.14", // subject key identifier
  "2.5.29.17", // alternative name
  "2.5.29.30", // name constraints
  "2.5.29.31", // CRL distribution points
  "2.5.29.32", // policies
  "2.5.29.33", // policy mappings
  "2.5.29.35", // authority key identifier
  "2.5.29.36", // policy constraints
  "2.5.29.37", // extended key usage
  "2.5.29.54", // inhibit any policy
]);

/**
 * Checks CMS signatures with node:crypto, as OpenSSL's PKCS7_verify does for edk2: every signer must be valid, dates and
 * purposes are not looked at, and a chain may end at any trusted certificate (BaseCryptLib, CryptPkcs7VerifyCommon.c).
 */
export const nodeVerifier: Verifier = {
  verify(signature, message, trusted) {
    try {
      return check(parseSignedData(signature), message, trusted);
    } catch {
      // Malformed DER, or a key that node:crypto does not take.
      return undefined;
    }
  },

  hasRsaKey(certificate) {
    try {
      return new X509Certificate(certificate).publicKey.asymmetricKeyType === "rsa";
    } catch {
      return false;
    }
  },
};

/** A SignedData, bare or within a ContentInfo. */
function parseSignedData(der: Uint8Array): SignedData {
  // A ContentInfo begins with an OBJECT IDENTIFIER, a SignedData with its version, an INTEGER.
  const lengthBytes = (der[1] as number) & 0x80 ? (der[1] as number) & 0x7f : 0;
  const headerBytes = 2 + lengthBytes;
  if (der[headerBytes] !== 0x06) {
    // edk2 puts a ContentInfo around all the bytes, and then these must be the SignedData exactly (WrapPkcs7Data).
    const length = der.subarray(2, headerBytes).reduce((sum, byte) => sum * 256 + byte, 0);
    if (headerBytes + length !== der.length) throw new TypeError("bytes behind the SignedData");
    return AsnConvert.parse(der, SignedData);
  }
  const info = AsnConvert.parse(der, ContentInfo);
  if (info.contentType !== id_signedData) throw new TypeError(`content type ${info.contentType}`);
  return AsnConvert.parse(info.content, SignedData);
}

/** A certificate, for node:crypto and field by field. */
interface Party {
  x509: X509Certificate;
  certificate: Certificate;
}

function party(der: Uint8Array): Party {
  const x509 = new X509Certificate(der);
  return { x509, certificate: AsnConvert.parse(x509.raw, Certificate) };
}

function check(signed: SignedData, message: Uint8Array, trusted: Uint8Array | undefined): Signed | undefined {
  // A signer whose certificate is not in the message is unknown, even where it is the trusted one.
  const embedded = certificatesOf(signed.certificates);
  const signers = signed.signerInfos.map((info) => findSigner(info, embedded));
  const [first, last] = [signers[0], signers.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  // Where nobody is trusted yet, the first signer is (Pkcs7GetSigners calls it so; it takes them from behind).
  const anchor = trusted === undefined ? first : party(trusted);
  const algorithms = signed.digestAlgorithms.map(({ algorithm }) => algorithm);
  for (const [i, info] of signed.signerInfos.entries()) {
    const signer = signers[i];
    // OpenSSL has no digest at hand but those that the message announces.
    if (signer === undefined || !algorithms.includes(info.digestAlgorithm.algorithm)) return undefined;
    if (!isSigner(info, signer.x509, message) || !reaches(signer, anchor, embedded)) return undefined;
  }
  const digest = DIGESTS[algorithms[0] as string];
  if (digest === undefined) return undefined;
  return { signer: new Uint8Array(first.x509.raw), digest: signerDigest(last, first, digest) };
}

function certificatesOf(set: CertificateSet | undefined): Party[] {
  const parties: Party[] = [];
  for (const { certificate } of set ?? []) {
    if (certificate !== undefined) parties.push(party(new Uint8Array(AsnConvert.serialize(certificate))));
  }
  return parties;
}

/** The certificate that a signer names by issuer and serial number; PKCS#7 knows no key identifiers. */
function findSigner({ sid }: SignerInfo, among: Party[]): Party | undefined {
  const named = sid.issuerAndSerialNumber;
  if (named === undefined) return undefined;
  const issuer = Buffer.from(AsnConvert.serialize(named.issuer));
  const serial = Buffer.from(named.serialNumber);
  return among.find(({ certificate: { tbsCertificate } }) => {
    const own = Buffer.from(AsnConvert.serialize(tbsCertificate.issuer));
    return own.equals(issuer) && Buffer.from(tbsCertificate.serialNumber).equals(serial);
  });
}

/** True if the signer's key made the signature: over the signed attributes, which hold the message's digest, or over it. */
function isSigner(info: SignerInfo, signer: X509Certificate, message: Uint8Array): boolean {
  const digest = DIGESTS[info.digestAlgorithm.algorithm];
  if (digest === undefined) return false;
  let content = message;
  if (info.signedAttrs !== undefined && info.signedAttrs.length > 0) {
    const held = info.signedAttrs.find(({ attrType }) => attrType === id_messageDigest)?.attrValues[0];
    if (held === undefined) return false;
    const wanted = createHash(digest).update(message).digest();
    if (!wanted.equals(Buffer.from(AsnConvert.parse(held, OctetString).buffer))) return false;
    content = signedAttributes(info.signedAttrs);
  }
  return verifySignature(digest, content, signer.publicKey, Buffer.from(info.signature.buffer));
}

/** Attributes with the tag of a SET: what is signed, while the message holds them with an implicit tag (RFC 5652, 5.4). */
class AttributeSet extends AsnArray<Attribute> {
  constructor(items?: Attribute[]) {
    super(items);
    Object.setPrototypeOf(this, AttributeSet.prototype);
  }
}
AsnType({ type: AsnTypeTypes.Set, itemType: Attribute })(AttributeSet);

/** DER of attributes as they are signed. */
export function signedAttributes(attributes: readonly Attribute[]): Uint8Array {
  return new Uint8Array(AsnConvert.serialize(new AttributeSet([...attributes])));
}

/** True if the certificate is the anchor, or others of the message lead from it to the anchor. */
function reaches(certificate: Party, anchor: Party, others: Party[]): boolean {
  const chain = [certificate];
  // Each step takes another certificate, so a loop of issuers ends.
  for (const left = new Set(others); ; ) {
    const at = chain.at(-1) as Party;
    if (Buffer.from(at.x509.raw).equals(Buffer.from(anchor.x509.raw))) return isSound(chain);
    if (isIssuedBy(at, anchor)) return isSound([...chain, anchor]);
    const issuer = [...left].find((other) => isIssuedBy(at, other));
    if (issuer === undefined) return false;
    left.delete(issuer);
    chain.push(issuer);
  }
}

function isIssuedBy({ x509 }: Party, issuer: Party): boolean {
  return x509.checkIssued(issuer.x509) && x509.verify(issuer.x509.publicKey);
}

/** What OpenSSL asks of a chain's extensions, the signer's certificate first (check_chain for any purpose). */
function isSound(chain: Party[]): boolean {
  let authorities = 0;
  for (const [i, { x509, certificate }] of chain.entries()) {
    const { extensions = [] } = certificate.tbsCertificate;
    if (extensions.some(({ critical, extnID }) => critical && !KNOWN_EXTENSIONS.has(extnID))) return false;
    if (i === 0) continue;
    if (!isAuthority(certificate, x509)) return false;
    const pathLength = constraintsOf(certificate)?.pathLenConstraint;
    if (pathLength !== undefined && authorities > pathLength) return false;
    if (x509.subject !== x509.issuer) authorities++;
  }
  return true;
}

/** True if the certificate may issue others: it says so, or it is too old to say (OpenSSL, check_ca). */
function isAuthority(certificate: Certificate, x509: X509Certificate): boolean {
  const usage = extensionOf(certificate, KEY_USAGE);
  const signsCertificates = usage && AsnConvert.parse(usage, KeyUsage).toJSON().includes("keyCertSign");
  if (signsCertificates === false) return false;
  const constraints = constraintsOf(certificate);
  if (constraints !== undefined) return constraints.cA;
  const isFirstVersion = certificate.tbsCertificate.version === 0;
  return signsCertificates === true || (isFirstVersion && x509.subject === x509.issuer);
}

function constraintsOf(certificate: Certificate): BasicConstraints | undefined {
  const value = extensionOf(certificate, BASIC_CONSTRAINTS);
  return value && AsnConvert.parse(value, BasicConstraints);
}

function extensionOf({ tbsCertificate }: Certificate, id: string): ArrayBuffer | undefined {
  return tbsCertificate.extensions?.find(({ extnID }) => extnID === id)?.extnValue.buffer;
}

/**
 * Digest over the characters of the last signer's common name, then the first one's TBSCertificate in DER
 * (AuthService.c, CalculatePrivAuthVarSignChain…; they are one but in messages of several signers).
 */
function signerDigest(named: Party, top: Party, digest: string): Uint8Array {
  const { subject } = named.certificate.tbsCertificate;
  const names = subject.flatMap((parts) => parts.filter(({ type }) => type === COMMON_NAME));
  const { tbsCertificate, tbsCertificateRaw } = top.certificate;
  const tbs = Buffer.from(tbsCertificateRaw ?? AsnConvert.serialize(tbsCertificate));
  return createHash(digest)
    .update(names[0]?.value.toString() ?? "", "utf8")
    .update(tbs)
    .digest();
}
