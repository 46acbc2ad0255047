import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { AsnConvert, OctetString } from "@peculiar/asn1-schema";
import * as x509 from "@peculiar/asn1-x509";
import type { Identity as Signer } from "../../src/crypto/signer.ts";
import { guidBytes } from "../../src/guid.ts";
import type { EfiTime } from "../../src/time.ts";

export { withDescriptor } from "../../src/crypto/authenticated-write.ts";
export { type SigningOptions, signVariable as signedData } from "../../src/crypto/signer.ts";

const SHA256_RSA = "1.2.840.113549.1.1.11";

/** A throw-away key with its certificate. */
export interface Identity extends Signer {
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
    signature: new x509.AlgorithmIdentifier({ algorithm: SHA256_RSA, parameters: null }),
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

/** A time stamp; only what is given is not zero. */
export function stampOf(time: Partial<EfiTime>): EfiTime {
  return { year: 2024, month: 1, day: 1, hour: 0, min: 0, sec: 0, ns: 0, tz: 0, daylight: 0, ...time };
}

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
export function certificateList(identity: Identity, owner?: string): Uint8Array {
  return signatureList(X509_GUID, [identity.certificate], owner);
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
