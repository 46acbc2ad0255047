import { describe, expect, test } from "vitest";
import { Reason } from "../../src/index.ts";
import { Dom0, guidOf, refusal } from "./support/dom0.ts";
import { file, fresh, type Key, type KeyOptions, keyOf, need, output, read, run, ToolError } from "./support/tools.ts";

need("openssl");

/** The certificates of these tests, each made at first use. */
const HOLDERS: Record<string, Omit<KeyOptions, "issuer"> & { issuer?: string }> = {
  "Somebody Else": {},
  "Platform Key": {},
  Trusted: { extensions: "identifier" },
  Below: { issuer: "Trusted" },
  "Two Below": { issuer: "Below" },
  End: { issuer: "Trusted", extensions: "no authority" },
  "Below End": { issuer: "End" },
  "Signs No Certificates": { issuer: "Trusted", extensions: "no certificate signing" },
  "Below That": { issuer: "Signs No Certificates" },
  "Signs Certificates": { issuer: "Trusted", extensions: "certificate signing" },
  "Usage Alone": { extensions: "certificate signing alone" },
  "Below Usage": { issuer: "Usage Alone" },
  "Other Usage Alone": { extensions: "digital signature alone" },
  "Below Other Usage": { issuer: "Other Usage Alone" },
  "Over Ends": { issuer: "Trusted", extensions: "authority over ends" },
  "Below Over Ends": { issuer: "Over Ends" },
  "Two Below Over Ends": { issuer: "Below Over Ends" },
  Critical: { issuer: "Trusted", extensions: "unknown, critical" },
  "Below Critical": { issuer: "Critical" },
  "Critical Root": { extensions: "unknown, critical" },
  "Below Critical Root": { issuer: "Critical Root" },
  Unknown: { issuer: "Trusted", extensions: "unknown" },
  Server: { issuer: "Trusted", extensions: "for servers" },
  "Below Server": { issuer: "Server" },
  "Early Root": { subject: "R" },
  "Early Key": { issuer: "Early Root" },
  "Below Early Key": { issuer: "Early Key" },
  "Late Root": { subject: "A root whose name makes a signer's description a long one" },
  "Late Key": { issuer: "Late Root" },
  "Below Late Key": { issuer: "Late Key" },
};

function holder(name: string): Key {
  const { issuer, ...options } = HOLDERS[name] ?? {};
  return keyOf(name, { ...options, issuer: issuer === undefined ? undefined : holder(issuer) });
}

const pathOf = (name: string) => holder(name).certificate;

/** A message over a bundle that `openssl cms -sign` makes. */
function cms(bundle: string, signers: string[], ...options: string[]): Uint8Array {
  const by = signers.flatMap((name) => ["-signer", pathOf(name), "-inkey", holder(name).key]);
  const form = ["-binary", "-outform", "DER", "-in", bundle];
  return output("openssl", "cms", "-sign", "-md", "sha256", ...form, ...by, ...options, "-out");
}

/** A message without its ContentInfo, whose headers of 4 and 4 bytes and OID of 11 stand before the SignedData. */
function bare(message: Uint8Array): Uint8Array {
  const what = ["-inform", "DER", "-in", file(message), "-strparse", "19", "-noout"];
  return output("openssl", "asn1parse", ...what, "-out");
}

/** A ContentInfo around bytes, as edk2 makes it (CryptPkcs7VerifyCommon.c, WrapPkcs7Data). */
function wrapped(signedData: Uint8Array): Uint8Array {
  const word = (value: number) => [value >> 8, value & 0xff];
  const type = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
  const header = [0x30, 0x82, ...word(signedData.length + 15), ...type, 0xa0, 0x82, ...word(signedData.length)];
  return Uint8Array.from([...header, ...signedData]);
}

function followed(message: Uint8Array, ...bytes: number[]): Uint8Array {
  return Uint8Array.from([...message, ...bytes]);
}

/** The message with another last byte in the OID of the digest that it announces: 1, 2, 3 are SHA-256, -384, -512. */
function announcing(message: Uint8Array, digest: number): Uint8Array {
  return message.with(32 + 8, digest);
}

/** What PKCS7_verify says, asked as edk2 does: chains end at the one trusted certificate, no dates, any purpose. */
function isTakenByOpenssl(message: Uint8Array, bundle: string, trusted: string): boolean {
  const store = ["-CAfile", pathOf(trusted), "-no-CApath", "-no-CAstore", "-partial_chain", "-no_check_time"];
  const whole = file(message[4] === 0x06 ? message : wrapped(message));
  const what = ["-binary", "-inform", "DER", "-in", whole, "-content", bundle, "-out", fresh()];
  try {
    run("openssl", "smime", "-verify", ...store, "-purpose", "any", ...what);
    return true;
  } catch (error) {
    if (error instanceof ToolError) return false;
    throw error;
  }
}

/** The bundle of a write at a time of day, and the update that a message over it makes. */
function prepare(name: string, hour: string, lists: Uint8Array) {
  const request = ["-t", `2024-03-05 ${hour}:00:00`, "-g", guidOf(name), name, file(lists)];
  return {
    bundle: file(output("sign-efi-sig-list", "-o", ...request)),
    update: (message: Uint8Array) => output("sign-efi-sig-list", "-i", file(message), ...request),
  };
}

const NOTHING = new Uint8Array(0);
const certificateList = (name: string) => output("cert-to-efi-sig-list", pathOf(name));

/** Writes with a message that `make` makes over the bundle. */
function write(
  dom0: Dom0,
  name: string,
  hour: string,
  lists: Uint8Array,
  make: (bundle: string) => Uint8Array,
): string {
  const { bundle, update } = prepare(name, hour, lists);
  return dom0.write(name, update(make(bundle)));
}

/** edk2 of today with these certificates in KEK and PK. */
function enrolled(kek: string, pk: string): Dom0 {
  const dom0 = new Dom0("edk2");
  for (const [name, who] of [
    ["KEK", kek],
    ["PK", pk],
  ] as const) {
    expect(write(dom0, name, "01", certificateList(who), (bundle) => cms(bundle, [who]))).toBe("SUCCESS");
  }
  return dom0;
}

describe("by a certificate in KEK, edk2 and openssl take a message", () => {
  type Make = (bundle: string) => Uint8Array;

  test.each<[string, string, Make]>([
    ["over the message", "Trusted", (b) => cms(b, ["Trusted"], "-noattr")],
    ["over signed attributes", "Trusted", (b) => cms(b, ["Trusted"])],
    ["over signed attributes without S/MIME capabilities", "Trusted", (b) => cms(b, ["Trusted"], "-nosmimecap")],
    ["with its content inside", "Trusted", (b) => cms(b, ["Trusted"], "-nodetach")],
    ["bare, with its content inside", "Trusted", (b) => bare(cms(b, ["Trusted"], "-nodetach"))],
    ["with a further certificate", "Trusted", (b) => cms(b, ["Trusted"], "-certfile", pathOf("Platform Key"))],
    ["with bytes behind its ContentInfo", "Trusted", (b) => followed(cms(b, ["Trusted"]), 0, 0)],
    ["of two signers", "Trusted", (b) => cms(b, ["Trusted", "Below"])],
    ["by one below", "Trusted", (b) => cms(b, ["Below"])],
    ["by two below, with the one between", "Trusted", (b) => cms(b, ["Two Below"], "-certfile", pathOf("Below"))],
    ["by two below, if the one between is trusted", "Below", (b) => cms(b, ["Two Below"])],
    ["by one that is no authority", "Trusted", (b) => cms(b, ["End"])],
    ["by one that signs certificates only", "Trusted", (b) => cms(b, ["Signs Certificates"])],
    ["below one with that usage and no constraints", "Usage Alone", (b) => cms(b, ["Below Usage"])],
    ["below one that is over ends", "Trusted", (b) => cms(b, ["Below Over Ends"], "-certfile", pathOf("Over Ends"))],
    ["with an unknown extension", "Trusted", (b) => cms(b, ["Unknown"])],
    ["by a server", "Trusted", (b) => cms(b, ["Server"])],
    ["below a server", "Trusted", (b) => cms(b, ["Below Server"], "-certfile", pathOf("Server"))],
  ])("%s (in KEK: %s)", (_, trusted, make) => {
    const { bundle, update } = prepare("db", "02", certificateList("Somebody Else"));
    const message = make(bundle);
    expect(isTakenByOpenssl(message, bundle, trusted)).toBe(true);
    expect(enrolled(trusted, "Platform Key").write("db", update(message))).toBe("SUCCESS");
  });

  const overEnds = () => file(Buffer.concat(["Over Ends", "Below Over Ends"].map((name) => read(pathOf(name)))));

  test.each<[string, string, Make]>([
    ["without certificates", "Trusted", (b) => cms(b, ["Trusted"], "-nocerts")],
    ["that names its signer by key identifier", "Trusted", (b) => cms(b, ["Trusted"], "-keyid")],
    ["bare, that does so", "Trusted", (b) => bare(cms(b, ["Trusted"], "-keyid"))],
    ["bare, with bytes behind it", "Trusted", (b) => followed(bare(cms(b, ["Trusted"])), 0, 0)],
    ["with PSS padding", "Trusted", (b) => cms(b, ["Trusted"], "-keyopt", "rsa_padding_mode:pss")],
    ["that announces another digest", "Trusted", (b) => announcing(cms(b, ["Trusted"], "-noattr"), 3)],
    ["by a stranger", "Trusted", (b) => cms(b, ["Somebody Else"])],
    [
      "by a stranger, with the certificate",
      "Trusted",
      (b) => cms(b, ["Somebody Else"], "-certfile", pathOf("Trusted")),
    ],
    ["by both", "Trusted", (b) => cms(b, ["Trusted", "Somebody Else"])],
    ["by two below, without the one between", "Trusted", (b) => cms(b, ["Two Below"])],
    ["by the one above", "Below", (b) => cms(b, ["Trusted"])],
    ["below one that is no authority", "Trusted", (b) => cms(b, ["Below End"], "-certfile", pathOf("End"))],
    [
      "below one that signs no certificates",
      "Trusted",
      (b) => cms(b, ["Below That"], "-certfile", pathOf("Signs No Certificates")),
    ],
    ["below one with another usage and no constraints", "Other Usage Alone", (b) => cms(b, ["Below Other Usage"])],
    ["two below one that is over ends", "Trusted", (b) => cms(b, ["Two Below Over Ends"], "-certfile", overEnds())],
    ["with an unknown critical extension", "Trusted", (b) => cms(b, ["Critical"])],
    ["below such a one", "Trusted", (b) => cms(b, ["Below Critical"], "-certfile", pathOf("Critical"))],
    ["by such a one that is trusted", "Critical Root", (b) => cms(b, ["Critical Root"])],
    ["below such a one that is trusted", "Critical Root", (b) => cms(b, ["Below Critical Root"])],
  ])("not %s (in KEK: %s)", (_, trusted, make) => {
    const { bundle, update } = prepare("db", "02", certificateList("Somebody Else"));
    const message = make(bundle);
    expect(isTakenByOpenssl(message, bundle, trusted)).toBe(false);
    expect(enrolled(trusted, "Platform Key").write("db", update(message))).toBe(INVALID);
  });
});

const INVALID = refusal("SECURITY_VIOLATION", Reason.SignatureInvalid);
const DIFFERS = refusal("SECURITY_VIOLATION", Reason.SignerDiffers);

/** Of several signers the first is who signed (CryptPkcs7VerifyCommon.c, Pkcs7GetSigners); DER puts short ones first. */
describe("a message of two signers", () => {
  const both = (key: string) => (bundle: string) => cms(bundle, [key, `Below ${key}`]);

  test.each(["Early Key", "Late Key"])("openssl puts %s where its name says", (key) => {
    const { bundle } = prepare("db", "02", certificateList(key));
    const signers = fresh();
    const store = ["-CAfile", pathOf(key), "-no-CApath", "-no-CAstore", "-partial_chain", "-no_check_time"];
    const what = ["-binary", "-inform", "DER", "-in", file(both(key)(bundle)), "-content", bundle, "-out", fresh()];
    run("openssl", "smime", "-verify", ...store, "-purpose", "any", ...what, "-signer", signers);
    const first = run("openssl", "x509", "-in", signers, "-noout", "-subject", "-nameopt", "multiline");
    expect(first).toMatch(key === "Early Key" ? /= Early Key$/m : /= Below Late Key$/m);
  });

  test("deletes PK if PK's owner comes first", () => {
    for (const [key, answer] of [
      ["Early Key", "SUCCESS"],
      ["Late Key", INVALID],
    ] as const) {
      const dom0 = enrolled("Trusted", key);
      expect([key, write(dom0, "PK", "02", NOTHING, both(key))]).toEqual([key, answer]);
    }
  });

  test("makes a private variable of the two, if the second is below the first", () => {
    const dom0 = new Dom0("edk2");
    const make = (hour: string, ...signers: string[]) =>
      write(dom0, "Private", hour, certificateList("Trusted"), (bundle) => cms(bundle, signers));
    expect(make("01", "Late Key", "Below Late Key")).toBe(INVALID);
    expect(make("01", "Early Key", "Somebody Else")).toBe(INVALID);
    expect(make("01", "Early Key", "Below Early Key")).toBe("SUCCESS");
    expect(make("02", "Early Key")).toBe(DIFFERS);
    expect(make("02", "Below Early Key")).toBe(DIFFERS);
    expect(make("02", "Early Key", "Below Early Key")).toBe("SUCCESS");
  });
});
