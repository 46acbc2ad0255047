import { createHash, type KeyObject, sign } from "node:crypto";
import * as cms from "@peculiar/asn1-cms";
import { AsnConvert, OctetString } from "@peculiar/asn1-schema";
import { Certificate } from "@peculiar/asn1-x509";
import { type AuthenticatedWrite, signedMessage, stampBytes, withDescriptor } from "./authenticated-write.ts";
import { signedAttributes } from "./node-verifier.ts";

/** A private key and the certificate (DER) of its public half. */
export interface Identity {
  key: KeyObject;
  certificate: Uint8Array;
}

/** How a signature is made. The default is what efitools' sign-efi-sig-list makes, and what every firmware takes. */
export interface SigningOptions {
  /** Default sha256, the only one that edk2 took before January 2023. */
  digest?: keyof typeof DIGEST_OIDS;
  /** Puts the SignedData into a ContentInfo, which edk2 takes since January 2023. */
  wrapped?: boolean;
  /** Signs attributes that hold the digest, as sbsigntool's sbvarsign does; else the message itself. */
  signedAttributes?: boolean;
  /** Certificates that go along beside the signer's: its issuers. */
  others?: readonly Pick<Identity, "certificate">[];
}

const DIGEST_OIDS = {
  sha256: "2.16.840.1.101.3.4.2.1",
  sha384: "2.16.840.1.101.3.4.2.2",
  sha512: "2.16.840.1.101.3.4.2.3",
};
const RSA_OID = "1.2.840.113549.1.1.1";
/** DER of the OBJECT IDENTIFIER 1.2.840.113549.1.7.1, data. */
const DATA_TYPE = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];

/** EFI_VARIABLE_AUTHENTICATION_2 with the identity's signature, and the payload: the data of SetVariable. */
export function signVariable(write: AuthenticatedWrite, signer: Identity, options: SigningOptions = {}): Uint8Array {
  const stamp = stampBytes(write.time);
  return withDescriptor(stamp, signMessage(signedMessage(write, stamp), signer, options), write.payload);
}

/** A detached CMS SignedData (RFC 5652; DER) over the message, with the signer's certificate in it. */
export function signMessage(message: Uint8Array, signer: Identity, options: SigningOptions = {}): Uint8Array {
  const certificates = [signer, ...(options.others ?? [])].map(
    ({ certificate }) => new cms.CertificateChoices({ certificate: AsnConvert.parse(certificate, Certificate) }),
  );
  const info = signerInfo(message, signer, options);
  const signed = new cms.SignedData({
    version: cms.CMSVersion.v1,
    digestAlgorithms: new cms.DigestAlgorithmIdentifiers([info.digestAlgorithm]),
    encapContentInfo: new cms.EncapsulatedContentInfo({ eContentType: cms.id_data }),
    certificates: new cms.CertificateSet(certificates),
    signerInfos: new cms.SignerInfos([info]),
  });
  const der = AsnConvert.serialize(signed);
  if (options.wrapped !== true) return new Uint8Array(der);
  return new Uint8Array(AsnConvert.serialize(new cms.ContentInfo({ contentType: cms.id_signedData, content: der })));
}

function signerInfo(message: Uint8Array, signer: Identity, options: SigningOptions): cms.SignerInfo {
  const digest = options.digest ?? "sha256";
  const { tbsCertificate } = AsnConvert.parse(signer.certificate, Certificate);
  const info = new cms.SignerInfo({
    version: cms.CMSVersion.v1,
    sid: new cms.SignerIdentifier({
      issuerAndSerialNumber: new cms.IssuerAndSerialNumber({
        issuer: tbsCertificate.issuer,
        serialNumber: tbsCertificate.serialNumber,
      }),
    }),
    digestAlgorithm: new cms.DigestAlgorithmIdentifier({ algorithm: DIGEST_OIDS[digest], parameters: null }),
    signatureAlgorithm: new cms.SignatureAlgorithmIdentifier({ algorithm: RSA_OID, parameters: null }),
  });
  let content = message;
  if (options.signedAttributes === true) {
    info.signedAttrs = digestAttributes(createHash(digest).update(message).digest());
    content = signedAttributes(info.signedAttrs);
  }
  info.signature = new OctetString(sign(digest, content, signer.key));
  return info;
}

/** The attributes that RFC 5652, 11 asks for: content type and message digest. */
function digestAttributes(digest: Uint8Array): cms.Attribute[] {
  const attribute = (attrType: string, value: ArrayBuffer) => new cms.Attribute({ attrType, attrValues: [value] });
  return [
    attribute(cms.id_contentType, Uint8Array.from(DATA_TYPE).buffer),
    attribute(cms.id_messageDigest, AsnConvert.serialize(new OctetString(digest))),
  ];
}
