import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import * as cms from "@peculiar/asn1-cms";
import { AsnConvert, OctetString } from "@peculiar/asn1-schema";
import * as x509 from "@peculiar/asn1-x509";
import { signedAttributes } from "../../src/crypto/node-verifier.ts";
import { guidBytes } from "../../src/guid.ts";
import { type EfiTime, writeTime } from "../../src/time.ts";
import { toUcs2 } from "../../src/ucs2.ts";

const OIDS = {
  sha256: "2.16.840.1.101.3.4.2.1",
  sha384: "2.16.840.1.101.3.4.2.2",
  sha512: "2.16.840.1.101.3.4.2.3",
  rsa: "1.2.840.113549.1.1.1",
  sha256Rsa: "1.2.840.113549.1.1.11",
};

/** A throw-away key with its certificate. */
export interface Identity {
  key: KeyObject;
  certificate: Uint8Array;
  name: x509.Name;
}

/** Makes a certificate authority's or an end's certificate, signed by `issuer` or by itself. */
export function makeIdentity(commonName: string, issuer?: Identity, type: "rsa" | "ec" = "rsa"): Identity {
  const pair =
    type === "rsa"
      ? generateKeyPairSync("rsa", { modulusLength: 2048 })
      : generateKeyPairSync("ec", { namedCurve: "P-256" });
  const value = new x509.AttributeValue({ utf8String: commonName });
  const name = new x509.Name([
    new x509.RelativeDistinguishedName([new x509.AttributeTypeAndValue({ type: "2.5.4.3", value })]),
  ]);
  const signer = issuer ?? { key: pair.privateKey, name };
  const tbs = new x509.TBSCertificate({
    version: x509.Version.v3,
    serialNumber: new Uint8Array([1, ...createHash("sha256").update(commonName).digest().subarray(0, 7)]).buffer,
    signature: new x509.AlgorithmIdentifier({ algorithm: OIDS.sha256Rsa, parameters: null }),
    issuer: signer.name,
    validity: new x509.Validity({ notBefore: new Date("2020-01-01"), notAfter: new Date("2021-01-01") }),
    subject: name,
    subjectPublicKeyInfo: AsnConvert.parse(
      pair.publicKey.export({ type: "spki", format: "der" }),
      x509.SubjectPublicKeyInfo,
    ),
    extensions: new x509.Extensions([
      new x509.Extension({
        extnID: "2.5.29.19",
        critical: true,
        extnValue: new OctetString(AsnConvert.serialize(new x509.BasicConstraints({ cA: true }))),
      }),
    ]),
  });
  const certificate = new x509.Certificate({
    tbsCertificate: tbs,
    signatureAlgorithm: tbs.signature,
    signatureValue: toArrayBuffer(sign("sha256", Buffer.from(AsnConvert.serialize(tbs)), signer.key)),
  });
  return { key: pair.privateKey, certificate: new Uint8Array(AsnConvert.serialize(certificate)), name };
}

export interface SigningOptions {
  digest?: "sha256" | "sha384" | "sha512";
  /** Puts the SignedData into a ContentInfo. */
  wrapped?: boolean;
  /** Signs attributes that hold the digest, as sbsigntool does; else the message itself, as efitools does. */
  signedAttributes?: boolean;
  /** Certificates beside the signer's. */
  others?: Identity[];
}

/** A detached CMS SignedData over the message. */
export function signMessage(message: Uint8Array, signer: Identity, options: SigningOptions = {}): Uint8Array {
  const digest = options.digest ?? "sha256";
  const digestAlgorithm = new cms.DigestAlgorithmIdentifier({ algorithm: OIDS[digest], parameters: null });
  const { tbsCertificate } = AsnConvert.parse(signer.certificate, x509.Certificate);
  const info = new cms.SignerInfo({
    version: cms.CMSVersion.v1,
    sid: new cms.SignerIdentifier({
      issuerAndSerialNumber: new cms.IssuerAndSerialNumber({
        issuer: tbsCertificate.issuer,
        serialNumber: tbsCertificate.serialNumber,
      }),
    }),
    digestAlgorithm,
    signatureAlgorithm: new cms.SignatureAlgorithmIdentifier({ algorithm: OIDS.rsa, parameters: null }),
  });
  let content = message;
  if (options.signedAttributes === true) {
    const attribute = (attrType: string, value: ArrayBuffer) => new cms.Attribute({ attrType, attrValues: [value] });
    const held = new OctetString(createHash(digest).update(message).digest());
    info.signedAttrs = [
      attribute(cms.id_contentType, Uint8Array.from(DATA_TYPE).buffer),
      attribute(cms.id_messageDigest, AsnConvert.serialize(held)),
    ];
    content = signedAttributes(info.signedAttrs);
  }
  info.signature = new OctetString(sign(digest, content, signer.key));
  const certificates = [signer, ...(options.others ?? [])].map(
    ({ certificate }) => new cms.CertificateChoices({ certificate: AsnConvert.parse(certificate, x509.Certificate) }),
  );
  const signed = new cms.SignedData({
    version: cms.CMSVersion.v1,
    digestAlgorithms: new cms.DigestAlgorithmIdentifiers([digestAlgorithm]),
    encapContentInfo: new cms.EncapsulatedContentInfo({ eContentType: cms.id_data }),
    certificates: new cms.CertificateSet(certificates),
    signerInfos: new cms.SignerInfos([info]),
  });
  const der = AsnConvert.serialize(signed);
  if (options.wrapped !== true) return new Uint8Array(der);
  return new Uint8Array(AsnConvert.serialize(new cms.ContentInfo({ contentType: cms.id_signedData, content: der })));
}

/** A write to be signed. */
export interface Write {
  name: string;
  guid: string;
  attributes: number;
  time: EfiTime;
  payload: Uint8Array;
}

/** A time stamp; only what is given is not zero. */
export function stampOf(time: Partial<EfiTime>): EfiTime {
  return { year: 2024, month: 1, day: 1, hour: 0, min: 0, sec: 0, ns: 0, tz: 0, daylight: 0, ...time };
}

/** EFI_VARIABLE_AUTHENTICATION_2 and the payload: the data of an authenticated SetVariable. */
export function signedData(write: Write, signer: Identity, options: SigningOptions = {}): Uint8Array {
  const stamp = new Uint8Array(16);
  writeTime(new DataView(stamp.buffer), 0, write.time);
  const attributes = new Uint8Array(4);
  new DataView(attributes.buffer).setUint32(0, write.attributes, true);
  const message = Buffer.concat([toUcs2(write.name), guidBytes(write.guid), attributes, stamp, write.payload]);
  return withDescriptor(stamp, signMessage(message, signer, options), write.payload);
}

/** A descriptor around any signature. */
export function withDescriptor(stamp: Uint8Array, signature: Uint8Array, payload: Uint8Array): Uint8Array {
  const header = new Uint8Array(24);
  const view = new DataView(header.buffer);
  view.setUint32(0, 24 + signature.length, true);
  view.setUint16(4, 0x0200, true);
  view.setUint16(6, 0x0ef1, true);
  header.set(guidBytes("4aafd29d-68df-49ee-8aa9-347d375665a7"), 8);
  return Uint8Array.from(Buffer.concat([stamp, header, signature, payload]));
}

/** DER of the OBJECT IDENTIFIER 1.2.840.113549.1.7.1, data. */
const DATA_TYPE = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];

const X509_GUID = "a5c059a1-94e4-4aa7-87b5-ab155c2bf072";
const SHA256_GUID = "c1c41626-504c-4092-aca9-41f936934328";

/** An EFI_SIGNATURE_LIST of one type; all signatures have the same size. */
export function signatureList(
  type: string,
  signatures: readonly Uint8Array[],
  owner = "00000000-0000-0000-0000-000000000001",
): Uint8Array {
  const size = 16 + (signatures[0]?.length ?? 0);
  const header = new Uint8Array(28);
  header.set(guidBytes(type));
  const view = new DataView(header.buffer);
  view.setUint32(16, 28 + signatures.length * size, true);
  view.setUint32(24, size, true);
  return Uint8Array.from(Buffer.concat([header, ...signatures.flatMap((data) => [guidBytes(owner), data])]));
}

/** A list with one certificate. */
export function certificateList(identity: Identity): Uint8Array {
  return signatureList(X509_GUID, [identity.certificate]);
}

/** A list of SHA-256 digests, each of one byte's repetition. */
export function hashList(...bytes: number[]): Uint8Array {
  return signatureList(
    SHA256_GUID,
    bytes.map((byte) => new Uint8Array(32).fill(byte)),
  );
}

function toArrayBuffer(bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer;
}
