// What the authentication fuzzer writes: signed and unsigned updates of keys and private variables, right and wrong ones.
// Keys and certificates come from auth-identities.json, which are nobody's but the fuzzer's. PKCS#1 signatures hold nothing
// random, so the same list is made each time.

import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { stampBytes } from "../dist/src/crypto/authenticated-write.js";
import { signedMessage, signMessage, signVariable, unsigned, withDescriptor } from "../dist/src/crypto/index.js";
import { writeSignatureList } from "../dist/src/decoders/signature-list.js";
import { GLOBAL_GUID, IMAGE_SECURITY_GUID } from "../dist/src/guid.js";
import { certificateList, digestList } from "../dist/src/secure-boot/content.js";

const OURS = "11111111-2222-3333-4444-555555555555";
const OWNER = "11111111-1111-1111-1111-111111111111";
const OTHER_OWNER = "22222222-2222-2222-2222-222222222222";
const RSA2048_GUID = "3c5766e8-269c-4e34-aa14-ed776e85b3b6";
const X509_SHA256_GUID = "3bd2a492-96c0-4079-b420-fcf98ef103ed";
const SHA256_GUID = "c1c41626-504c-4092-aca9-41f936934328";
const SHA1_GUID = "826ca512-cf10-4ac9-b187-be01496631bd";
const UNKNOWN_GUID = OURS;
/** NV+BS+RT, with time-based authentication; counter-based; an append. */
const TIMED = 0x27;
const COUNTED = 0x17;
const APPEND = 0x40;
const SIGNED_DATA = 40;

const identities = Object.fromEntries(
  Object.entries(JSON.parse(readFileSync(new URL("auth-identities.json", import.meta.url), "utf8"))).map(
    ([name, { certificate, key }]) => [
      name,
      { certificate: new Uint8Array(new X509Certificate(certificate).raw), key: key && createPrivateKey(key) },
    ],
  ),
);
const { platform, exchange, below, owner, stranger, elliptic } = identities;

const bytes = (...values) => Uint8Array.from(values);
const joined = (...parts) => new Uint8Array(Buffer.concat(parts));
const NONE = bytes();
const time = (day, rest) => ({
  year: 2024,
  month: 1,
  day,
  hour: 0,
  min: 0,
  sec: 0,
  ns: 0,
  tz: 0,
  daylight: 0,
  ...rest,
});
const guidOf = (name) => (name in LISTS ? (name.startsWith("db") ? IMAGE_SECURITY_GUID : GLOBAL_GUID) : OURS);
const digests = (...values) =>
  digestList(
    values.map((value) => new Uint8Array(32).fill(value)),
    OWNER,
  );
const list = (identity, by = OWNER) => certificateList(identity.certificate, by);
const LISTS = { PK: list(platform), KEK: list(exchange), db: list(owner), dbx: digests(1, 2), dbt: digests(3) };

const payloads = [];
function add(title, name, attributes, data, signer) {
  payloads.push({ title, name, guid: guidOf(name), attributes, signer, data });
}

/** A write that `signer` has signed; `how`: more time stamp, signing options. */
function signed(name, signer, day, payload, { attributes = TIMED, stamp = {}, ...how } = {}) {
  const write = { name, guid: guidOf(name), attributes, time: time(day, stamp), payload };
  const note = [attributes === TIMED ? "" : ` 0x${attributes.toString(16)}`, JSON.stringify({ ...stamp, ...how })];
  const what = payload.length === 0 ? "no data" : `${payload.length} bytes`;
  const title = `${name.slice(0, 8)} by ${signer}, day ${day}: ${what}${note.join(" ").replace(" {}", "")}`;
  const others = (how.others ?? []).map((other) => identities[other]);
  add(title, name, attributes, signVariable(write, identities[signer], { ...how, others }), signer);
}

/** A write that nobody has signed. */
function bare(title, name, payload, { attributes = TIMED, day = 1, stamp = {} } = {}) {
  const write = { name, guid: guidOf(name), attributes, time: time(day, stamp), payload };
  add(`${name} unsigned, day ${day}: ${title}`, name, attributes, unsigned(write));
}

/** A write that the stranger has signed, with something wrong in it; `signer` where that is not the signature. */
function broken(title, change, { name = "a", payload = bytes(9), signer } = {}) {
  const stamp = stampBytes(time(1));
  const message = signedMessage({ name, guid: guidOf(name), attributes: TIMED, payload }, stamp);
  const signature = signMessage(message, stranger);
  add(`${name} broken: ${title}`, name, TIMED, change({ stamp, signature, payload, message }), signer);
}

/** The list with a u32 of its header changed. */
function patched(offset, value, from = digests(1)) {
  const changed = from.slice();
  new DataView(changed.buffer).setUint32(offset, value, true);
  return changed;
}

function changed(data, offset, ...values) {
  const copy = data.slice();
  copy.set(values, offset);
  return copy;
}

// Keys while there is no PK.
for (const [name, lists] of Object.entries(LISTS)) bare("its lists", name, lists);
for (const name of ["PK", "KEK", "db"]) bare("no data", name, NONE, { day: 2 });
bare("two certificates", "PK", joined(list(platform), list(owner)));
bare("a zone in the stamp", "KEK", LISTS.KEK, { stamp: { tz: 60 } });
bare("an append of another", "KEK", joined(list(exchange), list(below)), { attributes: TIMED | APPEND, day: 3 });
bare("an append of certificates", "db", joined(list(owner, OTHER_OWNER), list(stranger)), {
  attributes: TIMED | APPEND,
});
bare("an append of digests", "dbx", joined(digests(2, 3), digests(4)), { attributes: TIMED | APPEND });
bare("an append of nothing new", "dbx", digests(1), { attributes: TIMED | APPEND });
bare("not time-based", "db", LISTS.db, { attributes: 7 });
bare("volatile", "dbx", LISTS.dbx, { attributes: 0x26 });

// Signature lists of every shape.
const SHAPES = {
  "a type of one size": writeSignatureList(SHA1_GUID, OWNER, [new Uint8Array(20)]),
  "a type of the wrong size": writeSignatureList(SHA1_GUID, OWNER, [new Uint8Array(21)]),
  "an RSA-2048 key": writeSignatureList(RSA2048_GUID, OWNER, [new Uint8Array(256).fill(5)]),
  "a certificate's digest with its time": writeSignatureList(X509_SHA256_GUID, OWNER, [new Uint8Array(48)]),
  "a type that nobody knows": writeSignatureList(UNKNOWN_GUID, OWNER, [new Uint8Array(8)]),
  "an elliptic curve's certificate": list(elliptic),
  "a certificate that is none": certificateList(new Uint8Array(64).fill(0x30), OWNER),
  "certificates without one": patched(16, 28, list(owner).slice(0, 28)),
  "no signature": patched(16, 28, digests(1).slice(0, 28)),
  "list bytes 0": patched(16, 0),
  "list bytes past the end": patched(16, 77),
  "list bytes cut": patched(16, 60),
  "list bytes that wrap": patched(16, 0xffffffff),
  "header bytes 4": patched(20, 4),
  "a header of a whole signature": patched(20, 48),
  "header bytes past the list": patched(20, 0x100),
  "signature bytes 0": patched(24, 0),
  "signature bytes 15": patched(24, 15),
  "signature bytes 16": patched(24, 16),
  "digests of 31 bytes": writeSignatureList(SHA256_GUID, OWNER, [new Uint8Array(31)]),
  "half a header": digests(1).slice(0, 14),
  "a byte behind the list": joined(digests(1), bytes(0)),
  "a second list cut off": joined(digests(1), digests(2).slice(0, 40)),
  "several types": joined(digests(7), list(owner), writeSignatureList(SHA1_GUID, OWNER, [new Uint8Array(20)])),
};
for (const [title, lists] of Object.entries(SHAPES)) bare(title, "db", lists, { attributes: TIMED | APPEND, day: 4 });
for (const title of [
  "list bytes 0",
  "several types",
  "a certificate that is none",
  "header bytes 4",
  "half a header",
]) {
  bare(title, "db", SHAPES[title], { day: 5 });
}
bare("a certificate that is none", "PK", SHAPES["a certificate that is none"]);
bare("digests", "PK", digests(1));

// Keys, signed.
signed("PK", "platform", 2, LISTS.PK);
signed("PK", "platform", 3, list(owner));
signed("PK", "platform", 4, NONE);
signed("PK", "platform", 5, LISTS.PK, { attributes: TIMED | APPEND });
signed("PK", "owner", 6, LISTS.PK);
signed("PK", "stranger", 6, list(stranger));
signed("KEK", "platform", 2, joined(LISTS.KEK, list(below)));
signed("KEK", "platform", 3, NONE);
signed("KEK", "platform", 4, list(below), { attributes: TIMED | APPEND });
signed("KEK", "platform", 5, digests(1));
signed("KEK", "exchange", 5, LISTS.KEK);
signed("db", "platform", 2, LISTS.db);
signed("db", "exchange", 3, joined(LISTS.db, digests(1)));
signed("db", "exchange", 4, NONE);
signed("db", "below", 4, LISTS.db, { others: ["exchange"] });
signed("db", "stranger", 5, list(stranger));
signed("db", "exchange", 6, list(elliptic));
signed("db", "exchange", 6, joined(list(owner), list(stranger)), { attributes: TIMED | APPEND });
signed("dbx", "exchange", 2, digests(1, 2));
signed("dbx", "exchange", 1, digests(2, 3), { attributes: TIMED | APPEND });
signed("dbx", "platform", 3, digests(5), { attributes: TIMED | APPEND });
signed("dbx", "exchange", 3, NONE);
signed("dbx", "exchange", 7, digests(1).slice(0, 60));
signed("dbt", "exchange", 2, LISTS.dbt);
signed("dbt", "platform", 3, NONE);
signed("db", "exchange", 7, SHAPES["list bytes 0"], { attributes: TIMED | APPEND });

// Private variables: time stamps that go up and down, two signers.
for (const name of ["a", "b"]) {
  signed(name, "stranger", 2, bytes(1, 2, 3));
  signed(name, "stranger", 3, bytes(4));
  signed(name, "stranger", 1, bytes(5));
  signed(name, "owner", 4, bytes(6, 6));
  signed(name, "stranger", 5, NONE);
}
signed("a", "owner", 6, NONE);
signed("a", "stranger", 7, bytes(7, 8), { attributes: TIMED | APPEND });
signed("a", "stranger", 7, NONE, { attributes: TIMED | APPEND });
signed("a", "stranger", 8, bytes(8), { stamp: { ns: 1 } });
signed("a", "stranger", 8, bytes(8), { stamp: { daylight: 1 } });
signed("c", "stranger", 2, bytes(1), { attributes: 0x26 });
signed("c", "stranger", 2, bytes(1), { digest: "sha384" });
signed("c", "stranger", 3, bytes(2), { digest: "sha512", wrapped: true });
signed("c", "stranger", 4, bytes(3), { wrapped: true });
signed("c", "stranger", 5, bytes(4), { signedAttributes: true });
signed("c", "below", 6, bytes(5), { others: ["exchange"] });
signed("d", "owner", 2, new Uint8Array(0x700));
for (const name of ["y".repeat(200), "z".repeat(511), "x".repeat(31)]) signed(name, "owner", 2, bytes(1));

// Descriptors and signatures that are none.
const rebuilt = (change) => (write) => withDescriptor(write.stamp, change(write), write.payload);
const described =
  (offset, ...values) =>
  (write) =>
    changed(withDescriptor(write.stamp, write.signature, write.payload), offset, ...values);
broken(
  "no signature",
  rebuilt(() => NONE),
);
broken(
  "a signature of a byte",
  rebuilt(() => bytes(0x30)),
);
broken(
  "a signature of 21 bytes",
  rebuilt(({ signature }) => signature.slice(0, 21)),
);
broken(
  "a signature of 30 bytes",
  rebuilt(({ signature }) => signature.slice(0, 30)),
);
broken(
  "half a signature",
  rebuilt(({ signature }) => signature.slice(0, signature.length / 2)),
);
broken(
  "a signature without its last byte",
  rebuilt(({ signature }) => signature.slice(0, -1)),
);
broken(
  "a byte behind the signature",
  rebuilt(({ signature }) => joined(signature, bytes(0))),
);
broken(
  "zeros in place of a signature",
  rebuilt(({ signature }) => new Uint8Array(signature.length)),
);
broken(
  "a last byte that differs",
  rebuilt(({ signature }) => changed(signature, signature.length - 1, 0)),
);
broken(
  "SHA-1 announced",
  rebuilt(({ signature }) => changed(signature, 13, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 9)),
);
broken(
  "no digest announced",
  rebuilt(({ signature }) => changed(signature, 7, 0x31, 0)),
);
broken(
  "a length of one byte",
  rebuilt(({ signature }) => changed(signature, 1, 0x20)),
);
broken(
  "indefinite length",
  rebuilt(({ signature }) => changed(signature, 1, 0x80)),
);
broken(
  "an enormous length",
  rebuilt(({ signature }) => changed(signature, 1, 0x84, 0xff, 0xff, 0xff, 0xff)),
);
broken(
  "wrapped, another content type",
  rebuilt(({ message }) => changed(signMessage(message, stranger, { wrapped: true }), 14, 1)),
);
broken("another payload", ({ stamp, signature }) => withDescriptor(stamp, signature, bytes(10)));
broken("dwLength 0", described(16, 0, 0, 0, 0));
broken("dwLength 23", described(16, 23, 0, 0, 0));
broken("dwLength 24", described(16, 24, 0, 0, 0));
broken("dwLength past the end", described(16, 0xff, 0xff, 0, 0));
broken("dwLength that wraps", described(16, 0xff, 0xff, 0xff, 0xff));
broken("revision 0x0100", described(20, 0, 1), { signer: "stranger" });
broken("certificate type 2", described(22, 2, 0), { signer: "stranger" });
broken("another certificate GUID", described(24, 0));
broken("39 bytes", ({ stamp }) => withDescriptor(stamp, NONE, NONE).slice(0, SIGNED_DATA - 1));
broken("a PK that another signed", ({ stamp, signature, payload }) => withDescriptor(stamp, signature, payload), {
  name: "PK",
  payload: LISTS.PK,
  signer: "stranger",
});

// Counters and enhanced descriptors, which firmware of today refuses.
const counter = changed(joined(new Uint8Array(8), withDescriptor(NONE, new Uint8Array(528), NONE)), 0, 1);
add("e: a counter", "e", COUNTED, counter);
add("e: a counter and data", "e", COUNTED, joined(counter, bytes(1)));
add("e: a counter and time", "e", COUNTED | TIMED, counter);
add("e: enhanced", "e", 0x87, counter);
add("a: plain over authenticated", "a", 7, bytes(1));
add("a: plain append over authenticated", "a", 7 | APPEND, bytes(1));
add("a: plain deletion of an authenticated one", "a", 0, NONE);
add("db: a plain append", "db", 7 | APPEND, digests(9));

/** The certificates by the names that `signer` has, and the payloads. */
export const AUTH_DATA = {
  certificates: Object.fromEntries(Object.entries(identities).map(([name, { certificate }]) => [name, certificate])),
  lists: LISTS,
  payloads,
};
