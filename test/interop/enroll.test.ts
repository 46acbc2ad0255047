import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Client } from "../../src/client.ts";
import { parseSignedFile, signedMessage } from "../../src/crypto/authenticated-write.ts";
import { readIdentity } from "../../src/crypto/identity.ts";
import { imageDigest } from "../../src/crypto/image-digest.ts";
import { nodeVerifier } from "../../src/crypto/node-verifier.ts";
import { type SigningOptions, signVariable } from "../../src/crypto/signer.ts";
import { GUID_NAMES, IMAGE_SECURITY_GUID } from "../../src/guid.ts";
import { Machine } from "../../src/machine.ts";
import { POLICIES } from "../../src/policies/index.ts";
import type { Policy } from "../../src/policies/policy.ts";
import { certificateList, digestList, readContent } from "../../src/secure-boot/content.ts";
import { enroll } from "../../src/secure-boot/enroll.ts";
import type { KeyName } from "../../src/secure-boot/keys.ts";
import { planEnrolment } from "../../src/secure-boot/plan.ts";
import { secureBootLine, secureBootStatus } from "../../src/secure-boot/status.ts";
import type { EfiTime } from "../../src/time.ts";
import { xenefi } from "../support/cli.ts";
import { APPEND, AT, FIRMWARES, join, OWNER } from "./support/dom0.ts";
import { enrolledStore, HOLDERS, identityOf } from "./support/enrolled.ts";
import { file, fresh, type Key, keyOf, need, output, read, run, ToolError } from "./support/tools.ts";

need("efitools", "openssl", "sbsigntool");

const NOON: EfiTime = { year: 2025, month: 3, day: 5, hour: 12, min: 0, sec: 0, ns: 0, tz: 0, daylight: 0 };
const NOON_TEXT = "2025-03-05 12:00:00";

/** Whom hash-to-efi-sig-list makes the owner. */
const SHIM = GUID_NAMES.shim as string;

const platform = () => keyOf(HOLDERS.PK);
const exchange = () => keyOf(HOLDERS.KEK);
const vendor = () => keyOf(HOLDERS.db);
const stranger = () => keyOf("Somebody Else");

/** A signed update for db by sign-efi-sig-list. */
function efitools(lists: Uint8Array, by: Key, ...options: string[]): Uint8Array {
  return output(
    "sign-efi-sig-list",
    "-t",
    NOON_TEXT,
    ...options,
    "-k",
    by.key,
    "-c",
    by.certificate,
    "db",
    file(lists),
  );
}

/** The same by sbvarsign, which appends unless told otherwise. */
function sbsigntool(lists: Uint8Array, by: Key, ...options: string[]): Uint8Array {
  const update = fresh();
  run("sbvarsign", "--key", by.key, "--cert", by.certificate, ...options, "--output", update, "db", file(lists));
  return read(update);
}

const REPLACE = ["--attr", "NON_VOLATILE,BOOTSERVICE_ACCESS,RUNTIME_ACCESS"];

/** A machine in user mode with the enrolled store's keys. */
function userMode(firmware: string): Machine {
  const policy = POLICIES[firmware] as Policy;
  return new Machine({ policy, verifier: nodeVerifier, store: enrolledStore(), start: "attach" });
}

/** Enrols a file in db, and tells what the firmware said and with which attributes it was asked. */
function enrollFile(machine: Machine, bytes: Uint8Array, name: KeyName = "db") {
  const plan = planEnrolment([{ name, ...readContent(bytes) }], { time: NOON, verifier: nodeVerifier });
  const [reply] = enroll(new Client(machine), plan);
  return [reply?.statusName, plan[0]?.attributes];
}

const db = (machine: Machine) => machine.variable("db", IMAGE_SECURITY_GUID)?.data;

describe("a key that openssl made is read", () => {
  const convert = (...options: string[]) => output("openssl", ...options, "-in", platform().key, "-out");

  test.each<[string, () => Uint8Array, string | undefined]>([
    ["from PEM", () => read(platform().key), undefined],
    ["from PKCS#8 DER", () => convert("pkcs8", "-topk8", "-nocrypt", "-outform", "DER"), undefined],
    ["from PKCS#1 PEM", () => convert("rsa", "-traditional"), undefined],
    ["from PKCS#1 DER", () => convert("rsa", "-traditional", "-outform", "DER"), undefined],
    ["from encrypted PKCS#8", () => convert("pkcs8", "-topk8", "-passout", "pass:secret"), "secret"],
    [
      "from encrypted PKCS#8 DER",
      () => convert("pkcs8", "-topk8", "-passout", "pass:secret", "-outform", "DER"),
      "secret",
    ],
    ["from encrypted PKCS#1", () => convert("rsa", "-traditional", "-aes256", "-passout", "pass:secret"), "secret"],
  ])("%s", (_, key, passphrase) => {
    for (const certificate of [read(platform().certificate), platform().der]) {
      expect(readIdentity(certificate, key(), passphrase).certificate).toEqual(platform().der);
    }
  });
});

describe("efitools reads and makes the same lists", () => {
  test("of a certificate", () => {
    const lists = certificateList(vendor().der, OWNER);
    expect(lists).toEqual(output("cert-to-efi-sig-list", "-g", OWNER, vendor().certificate));
    const base = fresh();
    expect(run("sig-list-to-certs", file(lists), base)).toContain(`Guid ${OWNER}`);
    expect(read(`${base}-0.der`)).toEqual(vendor().der);
  });

  test("of a certificate without owner", () => {
    expect(certificateList(vendor().der)).toEqual(output("cert-to-efi-sig-list", vendor().certificate));
  });

  test("of images' digests, but that it takes an image as if it were filled up to a multiple of 8 bytes", () => {
    const images = imagePaths();
    expect(images.length).toBeGreaterThan(3);
    const digests = images.map((path) => imageDigest(filled(read(path))));
    expect(digestList(digests, SHIM)).toEqual(output("hash-to-efi-sig-list", ...images));
  });
});

test("a signed image has the digest that it had before", () => {
  const { key, certificate } = vendor();
  for (const path of imagePaths()) {
    const signed = output("sbsign", "--key", key, "--cert", certificate, path, "--output");
    expect(signed.length).toBeGreaterThan(read(path).length + 1000);
    expect(imageDigest(signed)).toEqual(imageDigest(filled(read(path))));
  }
});

/** The image as it would be signed. */
function filled(image: Uint8Array): Uint8Array {
  return join(image, new Uint8Array(-image.length & 7));
}

function imagePaths(): string[] {
  const [architecture] = readdirSync("/usr/lib/efitools");
  const folder = `/usr/lib/efitools/${architecture}`;
  return readdirSync(folder).map((name) => `${folder}/${name}`);
}

describe("openssl verifies what was signed", () => {
  const shapes: [string, SigningOptions][] = [
    ["over the message", {}],
    ["over signed attributes", { signedAttributes: true }],
    ["with SHA-512", { digest: "sha512" }],
  ];

  test.each(shapes)("%s", (_, options) => {
    const payload = certificateList(vendor().der);
    const write = { name: "db", guid: IMAGE_SECURITY_GUID, attributes: APPEND, time: NOON, payload };
    const update = signVariable(write, identityOf(exchange()), { ...options, wrapped: true });
    const { signature, stamp } = parseSignedFile(update);
    // efitools' own idea of the bytes that are to be signed.
    const bundle = output("sign-efi-sig-list", "-a", "-t", NOON_TEXT, "-o", "db", file(payload));
    expect(signedMessage(write, stamp)).toEqual(bundle);
    expect(isVerified(signature, bundle)).toBe(true);
    expect(isVerified(signature, join(bundle, Uint8Array.of(0)))).toBe(false);
  });
});

function isVerified(signature: Uint8Array, message: Uint8Array): boolean {
  const trust = ["-CAfile", exchange().certificate, "-no-CApath", "-no-CAstore", "-purpose", "any"];
  const what = ["-binary", "-inform", "DER", "-in", file(signature), "-content", file(message), "-out", fresh()];
  try {
    run("openssl", "cms", "-verify", ...trust, ...what);
    return true;
  } catch (error) {
    if (error instanceof ToolError) return false;
    throw error;
  }
}

test("an enrolled store boots with Secure Boot on", () => {
  const machine = new Machine({ verifier: nodeVerifier, store: enrolledStore() });
  expect(secureBootLine(secureBootStatus(machine.variables()))).toBe("Secure Boot: on, user mode");
});

test("a PK is renewed by its own key, under the certificate that it had", async () => {
  const [store, renewed] = [file(enrolledStore()), fresh()];
  run("openssl", "req", "-new", "-x509", "-key", platform().key, "-subj", "/CN=Renewed/", "-out", renewed);
  const { exit, err } = await xenefi("sb", "enroll", "-i", store, "--pk", renewed, "--pk-key", platform().key);
  expect([exit, err]).toEqual([0, expect.stringContaining("on, user mode")]);
  expect((await xenefi("sb", "certs", store)).out).toMatch(/^PK .* CN=Renewed$/m);
});

describe.each(FIRMWARES)("%s takes a signed file", (firmware) => {
  const present = () => certificateList(vendor().der, OWNER);
  const more = () => certificateList(stranger().der);

  test.each<[string, () => Uint8Array, number]>([
    ["of sign-efi-sig-list that replaces", () => efitools(more(), exchange()), AT],
    ["of sign-efi-sig-list that appends", () => efitools(more(), exchange(), "-a"), APPEND],
    ["of sign-efi-sig-list, signed by PK", () => efitools(more(), platform()), AT],
    ["of sbvarsign that replaces", () => sbsigntool(more(), exchange(), ...REPLACE), AT],
    ["of sbvarsign that appends", () => sbsigntool(more(), exchange()), APPEND],
    ["of sbvarsign with attributes in front", () => sbsigntool(more(), exchange(), "--include-attrs"), APPEND],
    ["of sbvarsign with others", () => sbsigntool(more(), exchange(), "--include-attrs", ...REPLACE), AT],
  ])("%s", (_, update, attributes) => {
    const machine = userMode(firmware);
    expect(enrollFile(machine, update())).toEqual(["SUCCESS", attributes]);
    expect(db(machine)).toEqual(attributes === AT ? more() : join(present(), more()));
  });

  test("in setup mode, of whoever signed it", () => {
    const machine = new Machine({ policy: POLICIES[firmware] as Policy, verifier: nodeVerifier });
    expect(enrollFile(machine, efitools(more(), stranger()))).toEqual(["SUCCESS", AT]);
    expect(db(machine)).toEqual(more());
  });

  test("not of a stranger in user mode", () => {
    const machine = userMode(firmware);
    expect(enrollFile(machine, efitools(more(), stranger()))).toEqual(["SECURITY_VIOLATION", AT]);
    expect(db(machine)).toEqual(present());
  });

  test("not for another variable than it was signed for", () => {
    const machine = userMode(firmware);
    expect(enrollFile(machine, efitools(more(), exchange()), "dbx")[0]).toBe("SECURITY_VIOLATION");
  });
});
