import { X509Certificate } from "node:crypto";

/** What people ask of a certificate. */
export interface Certificate {
  /** Distinguished names in the certificate's order: "C=US, O=…, CN=…". */
  subject: string;
  issuer: string;
  /** ISO 8601, UTC. */
  notBefore: string;
  notAfter: string;
  /** SHA-256 of the DER, lower-case hexadecimal digits. */
  thumbprint: string;
  /** "RSA 2048", "EC prime256v1". */
  key: string;
}

/** First byte of DER: a SEQUENCE. PEM would be taken, too. */
const SEQUENCE = 0x30;

/** Reads an X.509 certificate in DER; undefined if it is none. */
export function readCertificate(der: Uint8Array): Certificate | undefined {
  if (der[0] !== SEQUENCE) return undefined;
  try {
    const certificate = new X509Certificate(der);
    return {
      subject: nameText(certificate.subject),
      issuer: nameText(certificate.issuer),
      notBefore: dateText(certificate.validFrom),
      notAfter: dateText(certificate.validTo),
      thumbprint: certificate.fingerprint256.replaceAll(":", "").toLowerCase(),
      key: keyText(certificate),
    };
  } catch {
    return undefined;
  }
}

/** Node writes an attribute a line; there is none in an empty name. */
function nameText(lines: string | undefined): string {
  return lines === undefined || lines === "" ? "<no name>" : lines.split("\n").join(", ");
}

/** OpenSSL's "Jun 24 20:41:29 2011 GMT"; what is no date stays. */
function dateText(text: string): string {
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? text : date.toISOString().replace(".000Z", "Z");
}

/** A key of a kind that Node does not know has no details. */
function keyText(certificate: X509Certificate): string {
  try {
    const { asymmetricKeyType, asymmetricKeyDetails } = certificate.publicKey;
    const detail = asymmetricKeyDetails?.modulusLength ?? asymmetricKeyDetails?.namedCurve;
    const kind = (asymmetricKeyType ?? "unknown").toUpperCase();
    return detail === undefined ? kind : `${kind} ${detail}`;
  } catch {
    return "unknown";
  }
}
