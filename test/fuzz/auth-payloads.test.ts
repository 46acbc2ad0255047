import { statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { isSignedFile, parseSignedFile, signedMessage } from "../../src/crypto/authenticated-write.ts";
import { nodeVerifier } from "../../src/crypto/node-verifier.ts";
import { readSignatureLists } from "../../src/decoders/signature-list.ts";
import { type AuthPayload, authData } from "../../src/fuzz/auth-payloads.ts";

const { certificates, lists, payloads } = authData();
const SIGNERS = Object.keys(certificates);

/** Names of the certificates whose owner has signed the payload, as the verifier says. */
function signersOf({ name, guid, attributes, data }: AuthPayload): string[] {
  const { stamp, signature, payload } = parseSignedFile(data);
  const message = signedMessage({ name, guid, attributes, payload }, stamp);
  return SIGNERS.filter((signer) => {
    const signed = nodeVerifier.verify(signature, message, certificates[signer]);
    return signed !== undefined && Buffer.from(signed.signer).equals(certificates[signer] as Uint8Array);
  });
}

const signed = payloads.filter(({ signer }) => signer !== undefined);
const others = payloads.filter(({ signer }) => signer === undefined);
/** Whose descriptor can be taken apart: the others are no signed writes at all. */
const described = others.filter(({ data }) => {
  try {
    return isSignedFile(data) && parseSignedFile(data).signature.length > 0;
  } catch {
    return false;
  }
});

test.each(signed.map((payload) => [payload.title, payload] as const))(
  "%s has this signer and no other",
  (_, payload) => {
    expect(signersOf(payload)).toEqual([payload.signer]);
  },
);

test.each(described.map((payload) => [payload.title, payload] as const))("%s has no signer", (_, payload) => {
  expect(signersOf(payload)).toEqual([]);
});

test("there are valid, invalid and unsigned ones of each variable that holds keys, and of private ones", () => {
  const names = (some: readonly AuthPayload[]) => [...new Set(some.map(({ name }) => name))].sort();
  expect(names(signed)).toEqual(expect.arrayContaining(["KEK", "PK", "a", "b", "c", "db", "dbt", "dbx"]));
  expect(names(others)).toEqual(expect.arrayContaining(["KEK", "PK", "a", "db", "dbt", "dbx"]));
  expect(described.length).toBeGreaterThan(10);
  expect(new Set(payloads.map(({ title }) => title)).size).toBe(payloads.length);
});

test("a chain that ends at a certificate of KEK is valid for it (A.c, VerifyTimeBasedPayload)", () => {
  const chained = payloads.find(({ name, signer }) => name === "db" && signer === "below") as AuthPayload;
  const { stamp, signature, payload } = parseSignedFile(chained.data);
  const message = signedMessage({ ...chained, payload }, stamp);
  expect(nodeVerifier.verify(signature, message, certificates.exchange)).toBeDefined();
  expect(nodeVerifier.verify(signature, message, certificates.platform)).toBeUndefined();
});

test("the keys of a machine in user mode are well-formed signature lists, with the certificates of the signers", () => {
  expect(Object.keys(lists)).toEqual(["PK", "KEK", "db", "dbx", "dbt"]);
  for (const value of Object.values(lists)) expect(readSignatureLists(value).fault).toBeUndefined();
  const holder = { PK: "platform", KEK: "exchange", db: "owner" };
  for (const [name, signer] of Object.entries(holder)) {
    const [list] = readSignatureLists(lists[name] as Uint8Array).lists;
    expect(list?.signatures.map(({ data }) => data)).toEqual([certificates[signer]]);
  }
});

test("the package ships less than 120 kB of it", () => {
  const file = fileURLToPath(new URL("../../src/fuzz/auth-data.ts", import.meta.url));
  expect(statSync(file).size).toBeLessThan(120_000);
});
