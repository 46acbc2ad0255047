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
import { Certificate } from "@peculiar/asn1-x509";
import type { Signed, Verifier } from "./verifier.ts";

/** Digest algorithms by OID, as node:crypto names them. */
const DIGESTS: Readonly<Record<string, string>> = {
  "2.16.840.1.101.3.4.2.1": "sha256",
  "2.16.840.1.101.3.4.2.2": "sha384",
  "2.16.840.1.101.3.4.2.3": "sha512",
};

const COMMON_NAME = "2.5.4.3";

/**
 * Checks CMS signatures with node:crypto, as OpenSSL's PKCS7_verify does for edk2: every signer must be valid, dates are
 * not looked at, and a chain may end at any trusted certificate (BaseCryptLib, CryptPkcs7VerifyCommon.c).
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
  const headerBytes = (der[1] as number) & 0x80 ? 2 + ((der[1] as number) & 0x7f) : 2;
  if (der[headerBytes] !== 0x06) return AsnConvert.parse(der, SignedData);
  const info = AsnConvert.parse(der, ContentInfo);
  if (info.contentType !== id_signedData) throw new TypeError(`content type ${info.contentType}`);
  return AsnConvert.parse(info.content, SignedData);
}

function check(signed: SignedData, message: Uint8Array, trusted: Uint8Array | undefined): Signed | undefined {
  // A signer whose certificate is not in the message is unknown, even where it is the trusted one.
  const embedded = certificatesOf(signed.certificates);
  const anchor = trusted === undefined ? undefined : new X509Certificate(trusted);
  let last: Signed | undefined;
  for (const info of signed.signerInfos) {
    const signer = findSigner(info, embedded);
    if (signer === undefined || !isSigner(info, signer, message)) return undefined;
    if (anchor !== undefined && !reaches(signer, anchor, embedded)) return undefined;
    last = { signer: new Uint8Array(signer.raw), digest: signerDigest(signer, info) };
  }
  return last;
}

function certificatesOf(set: CertificateSet | undefined): X509Certificate[] {
  const certificates: X509Certificate[] = [];
  for (const choice of set ?? []) {
    if (choice.certificate !== undefined)
      certificates.push(new X509Certificate(Buffer.from(AsnConvert.serialize(choice.certificate))));
  }
  return certificates;
}

/** The certificate that a signer names by issuer and serial number, or by its key identifier. */
function findSigner(info: SignerInfo, among: X509Certificate[]): X509Certificate | undefined {
  return among.find((certificate) => {
    const { tbsCertificate } = AsnConvert.parse(certificate.raw, Certificate);
    const { issuerAndSerialNumber, subjectKeyIdentifier } = info.sid;
    if (issuerAndSerialNumber !== undefined) {
      const issuer = Buffer.from(AsnConvert.serialize(issuerAndSerialNumber.issuer));
      const serial = Buffer.from(issuerAndSerialNumber.serialNumber);
      const own = Buffer.from(AsnConvert.serialize(tbsCertificate.issuer));
      return own.equals(issuer) && Buffer.from(tbsCertificate.serialNumber).equals(serial);
    }
    const extension = tbsCertificate.extensions?.find(({ extnID }) => extnID === "2.5.29.14");
    const identifier = extension && AsnConvert.parse(extension.extnValue.buffer, OctetString);
    return (
      identifier !== undefined &&
      subjectKeyIdentifier !== undefined &&
      Buffer.from(identifier.buffer).equals(Buffer.from(subjectKeyIdentifier.buffer))
    );
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
function reaches(certificate: X509Certificate, anchor: X509Certificate, others: X509Certificate[]): boolean {
  let at = certificate;
  // Each step takes another certificate, so a loop of issuers ends.
  for (const left = new Set(others); ; ) {
    if (Buffer.from(at.raw).equals(Buffer.from(anchor.raw))) return true;
    if (at.checkIssued(anchor) && at.verify(anchor.publicKey)) return anchor.ca;
    const issuer = [...left].find((other) => other.ca && at.checkIssued(other) && at.verify(other.publicKey));
    if (issuer === undefined) return false;
    left.delete(issuer);
    at = issuer;
  }
}

/** Digest over the common name's characters alone, then the TBSCertificate's DER (A.c, CalculatePrivAuthVarSignChain…). */
function signerDigest(signer: X509Certificate, info: SignerInfo): Uint8Array {
  const { tbsCertificate, tbsCertificateRaw } = AsnConvert.parse(signer.raw, Certificate);
  const names = tbsCertificate.subject.flatMap((parts) => parts.filter(({ type }) => type === COMMON_NAME));
  const digest = DIGESTS[info.digestAlgorithm.algorithm] as string;
  const tbs = Buffer.from(tbsCertificateRaw ?? AsnConvert.serialize(tbsCertificate));
  return createHash(digest)
    .update(names[0]?.value.toString() ?? "", "utf8")
    .update(tbs)
    .digest();
}
