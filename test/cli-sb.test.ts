import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { Exit } from "../src/cli/io.ts";
import { formatVolume, OVMF_2M, OVMF_4M } from "../src/formats/edk2-store.ts";
import { IMAGE_SECURITY_GUID } from "../src/guid.ts";
import { xenefi } from "./support/cli.ts";
import { fixturePath } from "./support/fixtures.ts";
import { hashList, type Identity, signedData, stampOf } from "./support/signer.ts";
import { APPEND, exchange, other, platform } from "./support/writer.ts";

const folder = mkdtempSync(join(tmpdir(), "xenefi-cli-sb-"));
afterAll(() => rmSync(folder, { recursive: true }));

const MICROSOFT = fixturePath("stores/ovmf-4m-ms.fd.gz");
const OWNER = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";
const DIGEST = "0123456789abcdef".repeat(4);

let count = 0;
function file(bytes: Uint8Array | string): string {
  const path = join(folder, String(count++));
  writeFileSync(path, bytes);
  return path;
}

/** Files of a certificate (DER) and its key (PEM). */
function filesOf({ certificate, key }: Identity, passphrase?: string) {
  const hidden = passphrase === undefined ? {} : { cipher: "aes-256-cbc", passphrase };
  return { crt: file(certificate), key: file(key.export({ type: "pkcs8", format: "pem", ...hidden }) as string) };
}

const pk = filesOf(platform);
const kek = filesOf(exchange);
const vendor = filesOf(other);

/** A blank store with PK, KEK and db enrolled in January 2025. */
async function enrolled(): Promise<string> {
  const path = file(formatVolume(OVMF_4M));
  const keys = ["--pk", pk.crt, "--pk-key", pk.key, "--kek", kek.crt, "--db", vendor.crt];
  expect(await xenefi("sb", "enroll", "-i", path, ...keys, "--time", "2025-01-01T00:00:00")).toMatchObject({
    exit: Exit.Done,
  });
  return path;
}

async function status(path: string) {
  return JSON.parse((await xenefi("sb", "status", "--json", path)).out);
}

describe("sb status", () => {
  test("says whether Secure Boot is on, and counts keys", async () => {
    const { exit, out } = await xenefi("sb", "status", MICROSOFT);
    expect(exit).toBe(Exit.Done);
    expect(out.split("\n")).toEqual([
      "Secure Boot: on, user mode",
      "SecureBoot        1",
      "SetupMode         0",
      "SecureBootEnable  1",
      "CustomMode        0",
      "PK                1 certificate",
      "KEK               2 certificates",
      "db                2 certificates",
      "dbx               1 digest",
      "dbt               absent",
      "",
    ]);
  });

  test("--json is one document", async () => {
    expect(await status(MICROSOFT)).toMatchObject({
      schema: "xenefi.sb-status/1",
      enabled: true,
      mode: "user",
      variables: { SecureBoot: 1, SetupMode: 0 },
      keys: { KEK: { certificates: 2 } },
    });
  });
});

describe("sb certs", () => {
  test("shows certificates, and digests on request", async () => {
    const { out } = await xenefi("sb", "certs", MICROSOFT);
    expect(out).toMatch(
      /^db +X\.509 +Microsoft +48e99b99\w+ +2011-06-27 to 2026-06-27 +RSA 2048 .*CN=Microsoft Corporation UEFI CA 2011$/m,
    );
    expect(out).toMatch(/^dbx: digests left out: 1 \(--all shows them\)$/m);
    const all = (await xenefi("sb", "certs", "--all", MICROSOFT)).out;
    expect(all).toMatch(/^dbx +SHA-256 .* [0-9a-f]{64}$/m);
    expect(all).not.toContain("left out");
  });

  test("--json has every signature", async () => {
    const { schema, signatures } = JSON.parse((await xenefi("sb", "certs", "--json", MICROSOFT)).out);
    expect(schema).toBe("xenefi.sb-certs/1");
    expect(signatures.map((entry: { variable: string }) => entry.variable)).toEqual([
      ..."PK KEK KEK db db dbx".split(" "),
    ]);
    expect(signatures[5]).toMatchObject({ type: "SHA-256", data: expect.stringMatching(/^[0-9a-f]{64}$/) });
  });

  test("a store without keys has none", async () => {
    expect((await xenefi("sb", "certs", fixturePath("stores/ovmf-4m-stock.fd.gz"))).out).toBe("no keys\n");
  });
});

describe("sb enroll", () => {
  test("enrols in setup mode; the answer shows now and the next boot", async () => {
    const store = file(formatVolume(OVMF_2M));
    const keys = ["--pk", pk.crt, "--pk-key", pk.key, "--kek", kek.crt, "--db", vendor.crt, "--db-hash", DIGEST];
    const { exit, out } = await xenefi("sb", "enroll", "--json", "-i", store, ...keys, "--owner", OWNER);
    expect(exit).toBe(Exit.Done);
    const { schema, updates, now, nextBoot } = JSON.parse(out);
    expect(schema).toBe("xenefi.sb-enroll/1");
    expect(updates.map(({ name, attr, signed }: Record<string, unknown>) => [name, attr, signed])).toEqual([
      ["db", 0x27, true],
      ["KEK", 0x27, true],
      ["PK", 0x27, true],
    ]);
    expect([now.enabled, now.mode, nextBoot.enabled, nextBoot.mode]).toEqual([false, "user", true, "user"]);
    const { signatures } = JSON.parse((await xenefi("sb", "certs", "--json", store)).out);
    expect(signatures.map(({ owner }: { owner: string }) => owner)).toEqual(Array(4).fill(OWNER));
    expect(signatures[3]).toMatchObject({ variable: "db", data: DIGEST });
  });

  test("says what was written, in words", async () => {
    const store = file(formatVolume(OVMF_4M));
    const { err } = await xenefi("sb", "enroll", "-i", store, "--db", vendor.crt);
    expect(err).toMatch(
      /^db: NV\+BS\+RT\+AT, \d+ bytes, not signed\nSecure Boot: off, setup mode\nafter the next boot: Secure Boot: off, setup mode\n$/,
    );
    expect((await xenefi("sb", "enroll", "-q", "-i", store, "--db", vendor.crt)).err).toBe("");
  });

  test("in user mode the keys' certificates are found in the store", async () => {
    const store = await enrolled();
    const append = await xenefi("sb", "enroll", "-i", store, "--append", "--db-hash", DIGEST, "--kek-key", kek.key);
    expect(append.exit).toBe(Exit.Done);
    expect((await status(store)).keys.db).toEqual({ certificates: 1, digests: 1, others: 0 });
    const replace = await xenefi("sb", "enroll", "-i", store, "--kek", vendor.crt, "--pk-key", pk.key);
    expect(replace.exit).toBe(Exit.Done);
    const old = await xenefi("sb", "enroll", "-i", store, "--dbx-hash", DIGEST, "--kek-key", kek.key);
    expect(old).toMatchObject({ exit: Exit.Usage, err: expect.stringContaining("belongs to no certificate of KEK") });
  });

  test("--remove PK ends user mode", async () => {
    const store = await enrolled();
    expect(await xenefi("sb", "enroll", "-i", store, "--remove", "pk", "--pk-key", pk.key)).toMatchObject({
      exit: Exit.Done,
    });
    expect(await status(store)).toMatchObject({ enabled: false, mode: "setup" });
  });

  test("a signed update needs no key", async () => {
    const store = await enrolled();
    const write = {
      name: "dbx",
      guid: IMAGE_SECURITY_GUID,
      attributes: APPEND,
      time: stampOf({}),
      payload: hashList(1),
    };
    const { exit, err } = await xenefi("sb", "enroll", "-i", store, "--dbx", file(signedData(write, exchange)));
    expect([exit, err]).toEqual([Exit.Done, expect.stringMatching(/^dbx: NV\+BS\+RT\+AT\+AP, /)]);
  });

  test("an encrypted key wants its passphrase", async () => {
    const store = await enrolled();
    const { key } = filesOf(exchange, "correct horse");
    const enroll = ["sb", "enroll", "-i", store, "--db-hash", DIGEST, "--kek-key", key];
    expect(await xenefi(...enroll)).toMatchObject({
      exit: Exit.Unreadable,
      err: `xenefi: ${key}: key: expected a passphrase: the key is encrypted\n`,
    });
    expect((await xenefi(...enroll, "--passphrase-file", file("correct horse\n"))).exit).toBe(Exit.Done);
  });

  test("a refusal changes nothing and is explained", async () => {
    const store = await enrolled();
    const before = readFileSync(store);
    const older = ["--db-hash", DIGEST, "--kek-key", kek.key, "--time", "2024-12-31T23:59:59"];
    const { exit, err } = await xenefi("sb", "enroll", "-i", store, ...older);
    expect(exit).toBe(Exit.Refused);
    expect(err).toContain(
      "db: the time stamp is not later than the stored one (stored 2025-01-01T00:00:00, given 2024-12-31T23:59:59)",
    );
    // KEK's part of the two would have been taken, had PK's come first.
    const both = ["--db", vendor.crt, "--kek-key", kek.key, "--kek", vendor.crt, "-o", join(folder, "none")];
    expect((await xenefi("sb", "enroll", store, ...both)).err).toMatch(
      /SECURITY_VIOLATION .*: KEK: .*nobody has signed it/,
    );
    expect(readFileSync(store)).toEqual(before);
    expect(existsSync(join(folder, "none"))).toBe(false);
  });

  test.each<[string, string[], RegExp]>([
    ["nothing to enrol", [], /say what to enrol/],
    ["a short digest", ["--db-hash", "abcd"], /a digest has 64 hexadecimal digits: "abcd"/],
    ["an owner that is no GUID", ["--db-hash", DIGEST, "--owner", "me"], /--owner: "me" is no GUID/],
    ["a time that is none", ["--db-hash", DIGEST, "--time", "noon"], /--time: "noon" is not of the form/],
    ["a date that is none", ["--db-hash", DIGEST, "--time", "2025-02-29T00:00:00"], /--time: .* is no date/],
    ["a variable of another kind", ["--remove", "Boot0000"], /--remove: PK, KEK, db, dbx or dbt, not "Boot0000"/],
    ["both removed and written", ["--remove", "db", "--db-hash", DIGEST], /db cannot both be removed and written/],
    ["a key of nobody", ["--db-hash", DIGEST, "--pk-key", vendor.key], /belongs to no certificate of PK/],
  ])("%s is a wrong use", async (_, options, message) => {
    const store = file(formatVolume(OVMF_4M));
    expect(await xenefi("sb", "enroll", "-i", store, ...options)).toMatchObject({
      exit: Exit.Usage,
      err: expect.stringMatching(message),
    });
  });

  test.each<[string, (path: string) => string[], string]>([
    ["lists", (path) => ["--db", path], "offset 0x0: expected a signature list's header"],
    ["an image", (path) => ["--db-hash", `@${path}`], "offset 0x3c: expected 4 bytes more of the image"],
    ["a key", (path) => ["--db-hash", DIGEST, "--pk-key", path], "key: expected a private key, PEM or DER"],
  ])("a file that should hold %s but does not is named", async (_, options, message) => {
    const store = file(formatVolume(OVMF_4M));
    const path = file("MZ");
    const { exit, err } = await xenefi("sb", "enroll", "-i", store, ...options(path));
    expect([exit, err]).toEqual([Exit.Unreadable, expect.stringContaining(`${path}: ${message}`)]);
  });
});

test.each([
  [["sb"], "Usage: xenefi sb"],
  [["sb", "nope"], "unknown command 'nope'"],
  [["sb", "status"], "missing required argument 'store'"],
])("%j is a wrong use", async (args, message) => {
  expect(await xenefi(...args)).toMatchObject({ exit: Exit.Usage, err: expect.stringContaining(message) });
});
