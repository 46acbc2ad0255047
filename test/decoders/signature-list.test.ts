import { expect, test } from "vitest";
import { readCertificate } from "../../src/decoders/certificate.ts";
import { decode } from "../../src/decoders/index.ts";
import { readSignatureLists, writeSignatureList } from "../../src/decoders/signature-list.ts";
import { GLOBAL_GUID, IMAGE_SECURITY_GUID } from "../../src/guid.ts";
import { fromHex, toHex } from "../../src/hex.ts";
import { makeIdentity, signatureList } from "../support/signer.ts";

const NOWHERE = { find: () => undefined };
const X509 = "a5c059a1-94e4-4aa7-87b5-ab155c2bf072";
const SHA256 = "c1c41626-504c-4092-aca9-41f936934328";
const X509_SHA256 = "3bd2a492-96c0-4079-b420-fcf98ef103ed";
const MICROSOFT = "77fa9abd-0359-4d32-bd60-28f4e78f784b";
const OURS = "11111111-2222-3333-4444-555555555555";
const DIGEST = new Uint8Array(32).fill(0xab);

function decoded(data: Uint8Array, name = "dbx", guid = IMAGE_SECURITY_GUID) {
  return decode({ name, guid, attributes: 0x27, data }, NOWHERE);
}

function joined(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

test.each([
  ["no signature", []],
  ["one", [DIGEST]],
  ["two", [DIGEST, new Uint8Array(32)]],
])("a list of %s is written as another writer does, and read back", (_, data) => {
  const list = writeSignatureList(SHA256, OURS, data);
  expect(list).toEqual(signatureList(SHA256, data, OURS));
  const signatures = data.map((digest) => ({ owner: OURS, data: digest }));
  expect(readSignatureLists(list)).toEqual({ lists: [{ type: SHA256, header: new Uint8Array(0), signatures }] });
});

test("signatures of two sizes are not written into one list", () => {
  expect(() => writeSignatureList(SHA256, OURS, [DIGEST, new Uint8Array(31)])).toThrow(RangeError);
});

/** A list's bytes with one of its sizes, at 16, 20 or 24, made another. */
function withSize(at: number, size: number): Uint8Array {
  const list = writeSignatureList(SHA256, OURS, [DIGEST]);
  new DataView(list.buffer).setUint32(at, size, true);
  return list;
}

test.each([
  ["a list size of 0", withSize(16, 0), "offset 0x5c: a list size from 28 to 76, not 0"],
  ["a list beyond the end", withSize(16, 77), "offset 0x5c: a list size from 28 to 76, not 77"],
  ["a huge list", withSize(16, 0xffffffff), "offset 0x5c: a list size from 28 to 76, not 4294967295"],
  ["a huge header", withSize(20, 0xffffffff), "offset 0x60: a header size up to 48, not 4294967295"],
  ["a header that is one byte too long", withSize(20, 49), "offset 0x60: a header size up to 48, not 49"],
  ["a signature size of 0", withSize(24, 0), "offset 0x64: a signature size from 16 that divides 48, not 0"],
  ["a signature size of 1", withSize(24, 1), "offset 0x64: a signature size from 16 that divides 48, not 1"],
  ["a size that leaves a rest", withSize(24, 47), "offset 0x64: a signature size from 16 that divides 48, not 47"],
  ["half a header", new Uint8Array(27), "offset 0x4c: a signature list's header of 28 bytes, not 27"],
])("behind a good list, %s is a fault with its offset, and the good list stays", (_, second, message) => {
  const good = writeSignatureList(SHA256, OURS, [DIGEST]);
  const { lists, fault } = readSignatureLists(joined(good, second));
  expect(lists).toHaveLength(1);
  expect(fault?.message).toBe(message);
  expect(decoded(joined(good, second)).summary).toBe(`1 SHA-256; malformed: ${message}`);
});

test("a list's own header is told from its signatures", () => {
  const list = withSize(20, 16);
  new DataView(list.buffer).setUint32(24, 32, true);
  const { lists } = readSignatureLists(list);
  expect(lists[0]?.header).toEqual(list.subarray(28, 44));
  expect(lists[0]?.signatures).toEqual([{ owner: "abababab-abab-abab-abab-abababababab", data: DIGEST.subarray(16) }]);
});

test("a certificate is described", () => {
  const { certificate } = makeIdentity("Platform Key");
  const read = readCertificate(certificate);
  expect(read).toMatchObject({
    subject: "CN=Platform Key",
    issuer: "CN=Platform Key",
    notBefore: "2020-01-01T00:00:00Z",
    notAfter: "2021-01-01T00:00:00Z",
    key: "RSA 2048",
  });
  const { summary, lines } = decoded(writeSignatureList(X509, MICROSOFT, [certificate]), "PK", GLOBAL_GUID);
  expect(summary).toBe("1 certificate (Platform Key)");
  expect(lines).toEqual([
    "X.509: 1 signature",
    "  CN=Platform Key  owner Microsoft",
    "    issuer   CN=Platform Key",
    "    valid    2020-01-01T00:00:00Z to 2021-01-01T00:00:00Z",
    "    key      RSA 2048",
    `    SHA-256  ${read?.thumbprint}`,
  ]);
});

test("the issuer is another's name, and a curve is named", () => {
  const read = readCertificate(makeIdentity("Leaf", makeIdentity("Root"), "ec").certificate);
  expect(read).toMatchObject({ subject: "CN=Leaf", issuer: "CN=Root", key: "EC prime256v1" });
});

/** What X509Certificate would take as well. */
function pem(der: Uint8Array): string {
  const text = Buffer.from(der).toString("base64").replaceAll(/.{64}/g, "$&\n");
  return `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`;
}

test.each([
  ["nothing", new Uint8Array(0)],
  ["a SEQUENCE that holds nothing", fromHex("3000")],
  ["text in PEM form", new TextEncoder().encode(pem(makeIdentity("PEM").certificate))],
  ["a certificate cut short", makeIdentity("Cut").certificate.subarray(0, 300)],
])("%s is no certificate, and is told by its size", (_, der) => {
  expect(readCertificate(der)).toBeUndefined();
  const { summary, lines } = decoded(writeSignatureList(X509, OURS, [der]), "db");
  expect(summary).toBe("1 certificate (<unreadable>)");
  expect(lines[1]).toBe(`  no readable certificate, ${der.length} bytes  owner ${OURS}`);
});

test("digests are counted over all lists of their type, and shown in full", () => {
  const data = joined(
    writeSignatureList(SHA256, MICROSOFT, [DIGEST, new Uint8Array(32)]),
    writeSignatureList(OURS, OURS, [fromHex("0102")]),
    writeSignatureList(SHA256, OURS, [DIGEST]),
  );
  const { summary, lines } = decoded(data);
  expect(summary).toBe(`3 SHA-256; 1 ${OURS}`);
  expect(lines).toEqual([
    "SHA-256: 2 signatures",
    `  ${toHex(DIGEST)}  owner Microsoft`,
    `  ${"00".repeat(32)}  owner Microsoft`,
    `${OURS}: 1 signature`,
    `  0102  owner ${OURS}`,
    "SHA-256: 1 signature",
    `  ${toHex(DIGEST)}  owner ${OURS}`,
  ]);
});

test.each([
  ["00".repeat(16), "revoked"],
  ["e807010f0c000f000000000000000000", "revoked from 2024-01-15T12:00:15 tz 0"],
])("a certificate's digest has its time of revocation, %s", (time, text) => {
  const { lines } = decoded(writeSignatureList(X509_SHA256, OURS, [joined(DIGEST, fromHex(time))]));
  expect(lines[1]).toBe(`  ${toHex(DIGEST)} ${text}  owner ${OURS}`);
});

test("lists have a stable form for programs", () => {
  expect(decoded(writeSignatureList(SHA256, MICROSOFT, [DIGEST])).value).toEqual({
    lists: [
      {
        type: SHA256,
        typeName: "SHA-256",
        header: "",
        signatures: [{ owner: MICROSOFT, ownerName: "Microsoft", data: toHex(DIGEST) }],
      },
    ],
    fault: null,
  });
});
