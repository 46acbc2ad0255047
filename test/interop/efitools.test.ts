import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Reason } from "../../src/index.ts";
import { APPEND, Dom0, FIRMWARES, type Firmware, guidOf, join, OWNER, refusal } from "./support/dom0.ts";
import { file, fresh, type Key, keyOf, need, output, read, run, type Shape, shapeOf } from "./support/tools.ts";

need("efitools", "openssl");

/** What sign-efi-sig-list is asked to sign. */
interface Update {
  name: string;
  lists: Uint8Array;
  by: Key;
  /** The time stamp. */
  at?: string;
  append?: boolean;
}

const NOON = "2024-03-05 12:00:00";
const LATER = "2024-03-05 12:00:01";
const NOTHING = new Uint8Array(0);

const platform = () => keyOf("Platform Key");
const exchange = () => keyOf("Key Exchange Key");
const vendor = () => keyOf("Vendor");
const stranger = () => keyOf("Somebody Else");

/** The update as sign-efi-sig-list makes it. */
function signed(update: Update): Uint8Array {
  const { key, certificate } = update.by;
  return output("sign-efi-sig-list", "-k", key, "-c", certificate, ...request(update));
}

/** The update with a CMS message that openssl makes over sign-efi-sig-list's bundle. */
function signedByOpenssl(update: Update, how: string, bare: boolean): Uint8Array {
  const { key, certificate } = update.by;
  const bundle = file(output("sign-efi-sig-list", "-o", ...request(update)));
  const form = ["-binary", "-outform", "DER", "-signer", certificate, "-inkey", key, "-in", bundle, "-out"];
  const cms = file(output("openssl", ...how.split(" "), ...form));
  // The SignedData lies behind two headers of 4 bytes and the OID of 11.
  const stripped = () =>
    file(output("openssl", "asn1parse", "-inform", "DER", "-in", cms, ..."-strparse 19 -noout -out".split(" ")));
  return output("sign-efi-sig-list", "-i", bare ? stripped() : cms, ...request(update));
}

function request({ name, lists, at = NOON, append = false }: Update): string[] {
  const options = ["-t", at];
  if (append) options.push("-a");
  // The tool knows the vendor GUIDs of PK, KEK, db and dbx.
  if (name === "Private" || name === "dbt") options.push("-g", guidOf(name));
  return [...options, name, file(lists)];
}

/** A signature list of one certificate. */
function certificateList(key: Key): Uint8Array {
  return output("cert-to-efi-sig-list", "-g", OWNER, key.certificate);
}

const PROGRAMS = "/usr/lib/efitools";

/** A signature list of the digests of programs that efitools brings along. */
function hashList(...programs: string[]): Uint8Array {
  const [architecture] = readdirSync(PROGRAMS);
  return output("hash-to-efi-sig-list", ...programs.map((program) => `${PROGRAMS}/${architecture}/${program}.efi`));
}

/** The signatures of a variable as sig-list-to-certs takes them apart: certificates and digests. */
function signatures(value: Uint8Array | undefined): Uint8Array[] {
  const base = fresh();
  const said = run("sig-list-to-certs", file(value ?? NOTHING), base);
  return [...said.matchAll(/^file (.*): Guid/gm)].map((match) => read(`${match[1]}`));
}

/** A machine in user mode: PK, KEK and one certificate in db. */
function enrolled(firmware: Firmware): Dom0 {
  const dom0 = new Dom0(firmware);
  for (const [name, holder] of [
    ["db", vendor()],
    ["KEK", exchange()],
    ["PK", platform()],
  ] as const) {
    expect(dom0.write(name, signed({ name, lists: certificateList(holder), by: platform() }))).toBe("SUCCESS");
  }
  return dom0;
}

test("sign-efi-sig-list makes a bare SignedData over the message", () => {
  const update = signed({ name: "db", lists: certificateList(vendor()), by: exchange() });
  expect(shapeOf(update)).toEqual({ outer: "SignedData", signs: "the message" });
});

describe.each(FIRMWARES)("efitools on %s", (firmware) => {
  test("enrolls db, KEK and PK in setup mode, and reads them back", () => {
    const dom0 = new Dom0(firmware);
    expect(dom0.modes()).toBe("SetupMode 1, SecureBoot 0");
    const [db, kek, pk] = [certificateList(vendor()), certificateList(exchange()), certificateList(platform())];
    expect(dom0.write("db", signed({ name: "db", lists: db, by: exchange() }))).toBe("SUCCESS");
    expect(dom0.write("KEK", signed({ name: "KEK", lists: kek, by: platform() }))).toBe("SUCCESS");
    expect(dom0.modes()).toBe("SetupMode 1, SecureBoot 0");
    expect(dom0.write("PK", signed({ name: "PK", lists: pk, by: platform() }))).toBe("SUCCESS");
    expect(dom0.modes()).toBe("SetupMode 0, SecureBoot 0");
    dom0.machine.reboot();
    expect(dom0.modes()).toBe("SetupMode 0, SecureBoot 1");
    expect([dom0.read("db"), dom0.read("KEK"), dom0.read("PK")]).toEqual([db, kek, pk]);
    expect(signatures(dom0.read("db"))).toEqual([vendor().der]);
    expect(signatures(dom0.read("KEK"))).toEqual([exchange().der]);
    expect(signatures(dom0.read("PK"))).toEqual([platform().der]);
  });

  test("sig-list-to-certs finds the owner that cert-to-efi-sig-list was told", () => {
    const dom0 = enrolled(firmware);
    expect(run("sig-list-to-certs", file(dom0.read("db") ?? NOTHING), fresh())).toContain(`Guid ${OWNER}`);
  });

  test("in setup mode db takes any signer, PK another's signature only on edk2 of today", () => {
    const dom0 = new Dom0(firmware);
    expect(dom0.write("db", signed({ name: "db", lists: certificateList(vendor()), by: stranger() }))).toBe("SUCCESS");
    expect(dom0.write("PK", signed({ name: "PK", lists: certificateList(platform()), by: stranger() }))).toBe(
      firmware === "edk2" ? "SUCCESS" : refusal("SECURITY_VIOLATION", Reason.SignatureInvalid),
    );
  });

  test("in setup mode what is no signature list is refused", () => {
    const dom0 = new Dom0(firmware);
    for (const name of ["db", "KEK", "PK"]) {
      const update = signed({ name, lists: platform().der, by: platform() });
      const reason = firmware === "ovmf-4m" && name === "PK" ? Reason.SignatureInvalid : Reason.SignatureLists;
      const status = reason === Reason.SignatureLists ? "INVALID_PARAMETER" : "SECURITY_VIOLATION";
      expect([name, dom0.write(name, update)]).toEqual([name, refusal(status, reason)]);
    }
  });

  test("an append by KEK adds to db", () => {
    const dom0 = enrolled(firmware);
    const lists = certificateList(stranger());
    const update = signed({ name: "db", lists, by: exchange(), at: LATER, append: true });
    expect(dom0.write("db", update, APPEND)).toBe("SUCCESS");
    expect(signatures(dom0.read("db"))).toEqual([vendor().der, stranger().der]);
    expect(dom0.read("db")).toEqual(join(certificateList(vendor()), lists));
  });

  test("an append to dbx leaves out the digests that are there", () => {
    const dom0 = enrolled(firmware);
    const append = (at: string, ...programs: string[]) => {
      const update = signed({ name: "dbx", lists: hashList(...programs), by: exchange(), at, append: true });
      return dom0.write("dbx", update, APPEND);
    };
    expect(append(NOON, "HelloWorld", "HashTool")).toBe("SUCCESS");
    const before = dom0.read("dbx");
    expect(before).toEqual(hashList("HelloWorld", "HashTool"));
    expect(append(LATER, "HashTool")).toBe("SUCCESS");
    expect(dom0.read("dbx")).toEqual(before);
    expect(append(LATER, "HashTool", "KeyTool", "HelloWorld")).toBe("SUCCESS");
    expect(dom0.read("dbx")).toEqual(join(before as Uint8Array, hashList("KeyTool")));
    expect(signatures(dom0.read("dbx"))).toEqual(signatures(hashList("HelloWorld", "HashTool", "KeyTool")));
  });

  test("a certificate's digest with its time of revocation goes into dbx", () => {
    const dom0 = enrolled(firmware);
    for (const [size, hour] of [
      ["256", "01"],
      ["384", "02"],
      ["512", "03"],
    ] as const) {
      const lists = output("cert-to-efi-hash-list", "-g", OWNER, "-t", NOON, "-s", size, vendor().certificate);
      const update = signed({ name: "dbx", lists, by: exchange(), at: `2025-01-01 ${hour}:00:00` });
      expect([size, dom0.write("dbx", update)]).toEqual([size, "SUCCESS"]);
      expect(dom0.read("dbx")).toEqual(lists);
    }
  });

  test("a replay, the same stamp and an older one are refused", () => {
    const dom0 = enrolled(firmware);
    const stale = refusal("SECURITY_VIOLATION", Reason.StampNotLater);
    const dbAt = (at: string, lists: Uint8Array) => signed({ name: "db", lists, by: exchange(), at });
    const update = dbAt(LATER, certificateList(stranger()));
    expect(dom0.write("db", update)).toBe("SUCCESS");
    expect(dom0.write("db", update)).toBe(stale);
    expect(dom0.write("db", dbAt(LATER, hashList("KeyTool")))).toBe(stale);
    expect(dom0.write("db", dbAt(NOON, hashList("KeyTool")))).toBe(stale);
    expect(dom0.write("db", dbAt("2024-03-04 23:59:59", hashList("KeyTool")))).toBe(stale);
    expect(dom0.read("db")).toEqual(certificateList(stranger()));
    expect(dom0.write("db", dbAt("2024-04-01 00:00:00", hashList("KeyTool")))).toBe("SUCCESS");
    expect(dom0.read("db")).toEqual(hashList("KeyTool"));
  });

  test("an append with an older stamp is taken, and the later one stays", () => {
    const dom0 = enrolled(firmware);
    const lists = hashList("KeyTool");
    const older = signed({ name: "db", lists, by: exchange(), at: "2023-01-01 00:00:00", append: true });
    expect(dom0.write("db", older, APPEND)).toBe("SUCCESS");
    expect(dom0.read("db")).toEqual(join(certificateList(vendor()), lists));
    expect(dom0.write("db", signed({ name: "db", lists, by: exchange(), at: "2023-06-01 00:00:00" }))).toBe(
      refusal("SECURITY_VIOLATION", Reason.StampNotLater),
    );
  });

  test.each([
    ["db", "Platform Key", true],
    ["db", "Key Exchange Key", true],
    ["db", "Vendor", false],
    ["db", "Somebody Else", false],
    ["dbx", "Key Exchange Key", true],
    ["dbx", "Vendor", false],
    ["dbt", "Key Exchange Key", true],
    ["KEK", "Platform Key", true],
    ["KEK", "Key Exchange Key", false],
    ["KEK", "Somebody Else", false],
    ["PK", "Platform Key", true],
    ["PK", "Key Exchange Key", false],
    ["PK", "Somebody Else", false],
  ])("in user mode %s by %s: %s", (name, signer, taken) => {
    const dom0 = enrolled(firmware);
    const before = dom0.read(name);
    const lists = certificateList(stranger());
    expect(dom0.write(name, signed({ name, lists, by: keyOf(signer), at: LATER }))).toBe(
      taken ? "SUCCESS" : refusal("SECURITY_VIOLATION", Reason.SignatureInvalid),
    );
    expect(dom0.read(name)).toEqual(taken ? lists : before);
  });

  test("another key under the name of the one in KEK does not sign", () => {
    const dom0 = enrolled(firmware);
    const forger = keyOf("Forger", { subject: "Key Exchange Key" });
    const update = signed({ name: "db", lists: hashList("KeyTool"), by: forger, at: LATER });
    expect(dom0.write("db", update)).toBe(refusal("SECURITY_VIOLATION", Reason.SignatureInvalid));
  });

  test("a certificate below one in KEK signs db, one below PK signs no KEK", () => {
    const dom0 = enrolled(firmware);
    const belowExchange = keyOf("Below KEK", { issuer: exchange() });
    const belowPlatform = keyOf("Below PK", { issuer: platform() });
    const lists = certificateList(stranger());
    expect(dom0.write("db", signed({ name: "db", lists, by: belowExchange, at: LATER }))).toBe("SUCCESS");
    expect(dom0.write("KEK", signed({ name: "KEK", lists, by: belowPlatform, at: LATER }))).toBe(
      refusal("SECURITY_VIOLATION", Reason.SignatureInvalid),
    );
  });

  test("what is signed as an append is no replacement, nor what is signed for dbx a db", () => {
    const dom0 = enrolled(firmware);
    const invalid = refusal("SECURITY_VIOLATION", Reason.SignatureInvalid);
    const lists = hashList("KeyTool");
    const append = signed({ name: "db", lists, by: exchange(), at: LATER, append: true });
    const replacement = signed({ name: "db", lists, by: exchange(), at: LATER });
    expect(dom0.write("db", append)).toBe(invalid);
    expect(dom0.write("db", replacement, APPEND)).toBe(invalid);
    expect(dom0.write("dbx", replacement)).toBe(invalid);
    expect(dom0.write("db", replacement)).toBe("SUCCESS");
  });

  test("an empty payload signed by PK deletes PK: setup mode", () => {
    const dom0 = enrolled(firmware);
    dom0.machine.reboot();
    const remove = (by: Key) => signed({ name: "PK", lists: NOTHING, by, at: LATER });
    expect(dom0.write("PK", remove(exchange()))).toBe(refusal("SECURITY_VIOLATION", Reason.SignatureInvalid));
    expect(dom0.modes()).toBe("SetupMode 0, SecureBoot 1");
    expect(dom0.write("PK", remove(platform()))).toBe("SUCCESS");
    expect(dom0.read("PK")).toBeUndefined();
    expect(dom0.modes()).toBe("SetupMode 1, SecureBoot 1");
    dom0.machine.reboot();
    expect(dom0.modes()).toBe("SetupMode 1, SecureBoot 0");
    expect(dom0.write("db", signed({ name: "db", lists: hashList("KeyTool"), by: stranger() }))).toBe("SUCCESS");
  });

  test("a private variable belongs to the one who made it", () => {
    const dom0 = new Dom0(firmware);
    const lists = certificateList(vendor());
    const write = (at: string, by: Key, payload = lists) =>
      dom0.write("Private", signed({ name: "Private", lists: payload, by, at }));
    expect(write(NOON, vendor())).toBe("SUCCESS");
    expect(dom0.read("Private")).toEqual(lists);
    expect(write(LATER, stranger())).toBe(refusal("SECURITY_VIOLATION", Reason.SignerDiffers));
    expect(write(LATER, vendor(), hashList("KeyTool"))).toBe("SUCCESS");
    expect(dom0.read("Private")).toEqual(hashList("KeyTool"));
    expect(write("2024-03-05 12:00:02", vendor(), NOTHING)).toBe("SUCCESS");
    expect(dom0.read("Private")).toBeUndefined();
  });

  const CMS = "cms -sign";
  const SMIME = "smime -sign";
  const BARE = true;
  const WRAPPED = false;
  const MESSAGE = "the message";
  const ATTRIBUTES = "signed attributes";
  const ANY = ["ovmf-4m", "edk2"];
  const TODAY = ["edk2"];

  describe.each<[string, boolean, Shape["signs"], string[]]>([
    [`${CMS} -md sha256 -noattr`, BARE, MESSAGE, ANY],
    [`${CMS} -md sha256`, BARE, ATTRIBUTES, ANY],
    [`${CMS} -md sha256 -noattr`, WRAPPED, MESSAGE, TODAY],
    [`${CMS} -md sha256`, WRAPPED, ATTRIBUTES, TODAY],
    [`${SMIME} -md sha256 -noattr`, BARE, MESSAGE, ANY],
    [`${SMIME} -md sha256`, BARE, ATTRIBUTES, ANY],
    [`${SMIME} -md sha256 -noattr`, WRAPPED, MESSAGE, TODAY],
    [`${SMIME} -md sha256`, WRAPPED, ATTRIBUTES, TODAY],
    [`${CMS} -md sha384 -noattr`, BARE, MESSAGE, TODAY],
    [`${CMS} -md sha384`, WRAPPED, ATTRIBUTES, TODAY],
    [`${SMIME} -md sha512 -noattr`, WRAPPED, MESSAGE, TODAY],
    [`${SMIME} -md sha512`, BARE, ATTRIBUTES, TODAY],
    [`${SMIME} -md sha1 -noattr`, BARE, MESSAGE, []],
    [`${CMS} -md sha1`, WRAPPED, ATTRIBUTES, []],
  ])("an openssl %s, bare: %s, over %s", (how, bare, signs, takers) => {
    const make = (update: Update) => signedByOpenssl(update, how, bare);
    const answer = takers.includes(firmware) ? "SUCCESS" : refusal("SECURITY_VIOLATION", Reason.DigestAlgorithm);
    const lists = () => certificateList(stranger());

    test("has the shape that it is to have", () => {
      const update = make({ name: "db", lists: lists(), by: exchange() });
      expect(shapeOf(update)).toEqual({ outer: bare ? "SignedData" : "ContentInfo", signs });
    });

    test("writes db by KEK", () => {
      const dom0 = enrolled(firmware);
      expect(dom0.write("db", make({ name: "db", lists: lists(), by: exchange(), at: LATER }))).toBe(answer);
      expect(signatures(dom0.read("db"))).toEqual([answer === "SUCCESS" ? stranger().der : vendor().der]);
    });

    test("by a stranger does not", () => {
      const wrong = refusal("SECURITY_VIOLATION", Reason.SignatureInvalid);
      const dom0 = enrolled(firmware);
      expect(dom0.write("db", make({ name: "db", lists: lists(), by: stranger(), at: LATER }))).toBe(
        answer === "SUCCESS" ? wrong : answer,
      );
    });

    test("deletes PK", () => {
      const dom0 = enrolled(firmware);
      expect(dom0.write("PK", make({ name: "PK", lists: NOTHING, by: platform(), at: LATER }))).toBe(answer);
      expect(dom0.read("PK") === undefined).toBe(answer === "SUCCESS");
    });

    test("makes a private variable", () => {
      const dom0 = new Dom0(firmware);
      expect(dom0.write("Private", make({ name: "Private", lists: lists(), by: vendor() }))).toBe(answer);
      expect(dom0.read("Private")).toEqual(answer === "SUCCESS" ? lists() : undefined);
    });

    test("enrolls db and KEK in setup mode, where nothing is checked, and PK if it is one that OVMF can check", () => {
      const dom0 = new Dom0(firmware);
      for (const name of ["db", "KEK"]) {
        expect([name, dom0.write(name, make({ name, lists: lists(), by: platform() }))]).toEqual([name, "SUCCESS"]);
      }
      const pk = make({ name: "PK", lists: certificateList(platform()), by: platform() });
      expect(dom0.write("PK", pk)).toBe(firmware === "edk2" ? "SUCCESS" : answer);
    });
  });
});
