import { createPrivateKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { describe, expect, test } from "vitest";
import { identityOf, isCertificate, readCertificateFile, readIdentity, readKey } from "../src/crypto/identity.ts";
import { FormatError } from "../src/formats/variable-set.ts";
import { makeIdentity } from "./support/signer.ts";
import { other, platform } from "./support/writer.ts";

const PASSPHRASE = "correct horse";
const utf8 = (text: string) => new TextEncoder().encode(text);
const bytes = (made: string | Buffer) => (typeof made === "string" ? utf8(made) : Uint8Array.from(made));
const pemOf = (der: Uint8Array) =>
  `-----BEGIN CERTIFICATE-----\n${Buffer.from(der).toString("base64")}\n-----END CERTIFICATE-----\n`;
const elliptic = makeIdentity("No RSA", undefined, "ec");
const hidden = { cipher: "aes-256-cbc", passphrase: PASSPHRASE };

/** The platform key's private half in a form. */
function keyFile(options: Record<string, string>, key: KeyObject = platform.key): Uint8Array {
  return bytes(key.export(options as never) as string | Buffer);
}

const KEYS: [string, Uint8Array][] = [
  ["PKCS#8, PEM", keyFile({ type: "pkcs8", format: "pem" })],
  ["PKCS#8, DER", keyFile({ type: "pkcs8", format: "der" })],
  ["PKCS#1, PEM", keyFile({ type: "pkcs1", format: "pem" })],
  ["PKCS#1, DER", keyFile({ type: "pkcs1", format: "der" })],
];
const ENCRYPTED: [string, Uint8Array][] = [
  ["PKCS#8, PEM", keyFile({ type: "pkcs8", format: "pem", ...hidden })],
  ["PKCS#8, DER", keyFile({ type: "pkcs8", format: "der", ...hidden })],
  ["PKCS#1, PEM", keyFile({ type: "pkcs1", format: "pem", ...hidden })],
];

describe("a certificate", () => {
  test.each([
    ["PEM", utf8(pemOf(other.certificate))],
    ["PEM behind a text", utf8(`subject=CN = Somebody Else\n${pemOf(other.certificate)}`)],
    ["DER", other.certificate],
  ])("is read from %s", (_, file) => {
    expect(isCertificate(file)).toBe(true);
    expect(readCertificateFile(file)).toEqual(other.certificate);
  });

  test.each([
    ["several certificates", utf8(pemOf(other.certificate) + pemOf(platform.certificate)), "one certificate, not 2"],
    ["a private key", KEYS[0]?.[1] as Uint8Array, "one certificate, not 0"],
    ["a damaged one", other.certificate.subarray(0, 100), "an X.509 certificate, PEM or DER"],
    ["bytes behind one", Uint8Array.from([...other.certificate, 0]), "an X.509 certificate, PEM or DER"],
    ["nothing", new Uint8Array(0), "an X.509 certificate, PEM or DER"],
    ["an elliptic key", elliptic.certificate, "an RSA key, which firmware takes, not ec"],
  ])("is not read from a file with %s", (_, file, expectation) => {
    expect(() => readCertificateFile(file)).toThrow(new FormatError("certificate", expectation));
  });
});

describe("a private key", () => {
  test.each(KEYS)("is read from %s", (_, file) => {
    expect(readKey(file).equals(platform.key)).toBe(true);
    expect(readKey(file, PASSPHRASE).equals(platform.key)).toBe(true);
  });

  test.each(ENCRYPTED)("encrypted, %s, is read with its passphrase", (_, file) => {
    expect(readKey(file, PASSPHRASE).equals(platform.key)).toBe(true);
  });

  test.each(ENCRYPTED)("encrypted, %s, is not read without it, or with another", (_, file) => {
    expect(() => readKey(file)).toThrow(/^key: .*passphrase/);
    expect(() => readKey(file, "wrong")).toThrow(/^key: .*passphrase/);
  });

  test.each([
    ["a certificate", utf8(pemOf(other.certificate)), "a private key in the PEM text"],
    ["a certificate in DER", other.certificate, "a private key, PEM or DER; an encrypted one with its passphrase"],
    ["nothing", new Uint8Array(0), "a private key, PEM or DER; an encrypted one with its passphrase"],
    [
      "a damaged key",
      utf8("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
      "a private key that can be read",
    ],
    [
      "an elliptic key",
      keyFile({ type: "pkcs8", format: "pem" }, elliptic.key),
      "an RSA key, which firmware takes, not ec",
    ],
    [
      "an RSA-PSS key",
      keyFile({ type: "pkcs8", format: "der" }, generateKeyPairSync("rsa-pss", { modulusLength: 1024 }).privateKey),
      "an RSA key, which firmware takes, not rsa-pss",
    ],
  ])("is not read from a file with %s", (_, file, expectation) => {
    expect(() => readKey(file)).toThrow(new FormatError("key", expectation));
  });
});

describe("an identity", () => {
  const key = KEYS[0]?.[1] as Uint8Array;

  test("is a key with its certificate", () => {
    const { certificate, key: read } = readIdentity(utf8(pemOf(platform.certificate)), key);
    expect(certificate).toEqual(platform.certificate);
    expect(read.equals(platform.key)).toBe(true);
    expect(readIdentity(platform.certificate, ENCRYPTED[0]?.[1] as Uint8Array, PASSPHRASE).certificate).toEqual(
      platform.certificate,
    );
  });

  test("does not come of a key and another's certificate", () => {
    const wrong = new FormatError("key", "the private key of the certificate of CN=Somebody Else");
    expect(() => readIdentity(other.certificate, key)).toThrow(wrong);
  });

  test("is found among certificates, whatever else is there", () => {
    const candidates = [Uint8Array.of(1), elliptic.certificate, other.certificate, platform.certificate];
    const found = identityOf(createPrivateKey(Buffer.from(key)), candidates);
    expect(found?.certificate).toEqual(platform.certificate);
    expect(identityOf(platform.key, candidates.slice(0, 3))).toBeUndefined();
  });
});
