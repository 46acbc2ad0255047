import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { basename, join as joinPath } from "node:path";
import { setTimeout } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { Reason } from "../../src/index.ts";
import { AT, Dom0, FIRMWARES, type Firmware, guidOf, join, OWNER, refusal } from "./support/dom0.ts";
import { file, fresh, type Key, keyOf, need, read, run, shapeOf } from "./support/tools.ts";

need("openssl", "sbsigntool");

/** What sbvarsign is asked to sign. */
interface Update {
  name: string;
  payload: Uint8Array;
  by: Key;
  /** Without them sbvarsign takes all that it knows, APPEND_WRITE among them. */
  attributes?: string;
}

const REPLACE = "NON_VOLATILE,BOOTSERVICE_ACCESS,RUNTIME_ACCESS";
const NOTHING = new Uint8Array(0);
const KEY_VARIABLES = ["PK", "KEK", "db", "dbx"];

const platform = () => keyOf("Platform Key");
const exchange = () => keyOf("Key Exchange Key");
const vendor = () => keyOf("Vendor");
const stranger = () => keyOf("Somebody Else");

/** The update as sbvarsign makes it for efivarfs: attributes in front. Its time stamp is the present second. */
function signed({ name, payload, by, attributes }: Update): Uint8Array {
  const update = fresh();
  const options = ["--key", by.key, "--cert", by.certificate, "--include-attrs", "--output", update];
  if (attributes !== undefined) options.push("--attr", attributes);
  if (name === "Private") options.push("--guid", guidOf(name));
  run("sbvarsign", ...options, name, file(payload));
  return read(update);
}

/** From then on sbvarsign's time stamps are later than those before. */
async function nextSecond(): Promise<void> {
  const before = Math.trunc(Date.now() / 1000);
  while (Math.trunc(Date.now() / 1000) === before) await setTimeout(20);
}

/** Writes a variable as efivarfs does with the bytes that are written to its file. */
function write(dom0: Dom0, name: string, update: Uint8Array): string {
  const attributes = new DataView(update.buffer, update.byteOffset).getUint32(0, true);
  return dom0.write(name, update.subarray(4), attributes);
}

function signatureList(type: "x509" | "sha256", signature: Uint8Array): Uint8Array {
  const list = fresh();
  run("sbsiglist", "--owner", OWNER, "--type", type, "--output", list, file(signature));
  return read(list);
}

const certificateList = (key: Key) => signatureList("x509", key.der);

/** A list of the SHA-256 digest of a text. */
function hashList(text: string): Uint8Array {
  return signatureList("sha256", Buffer.from(digest(text), "hex"));
}

function digest(text: string): string {
  return run("openssl", "dgst", "-sha256", "-r", file(text)).split(" ")[0] as string;
}

/** A machine in user mode: PK, KEK and one certificate in db. */
function enrolled(firmware: Firmware): Dom0 {
  const dom0 = new Dom0(firmware);
  for (const [name, holder] of [
    ["db", vendor()],
    ["KEK", exchange()],
    ["PK", platform()],
  ] as const) {
    const update = signed({ name, payload: certificateList(holder), by: platform(), attributes: REPLACE });
    expect([name, write(dom0, name, update)]).toEqual([name, "SUCCESS"]);
  }
  return dom0;
}

test("sbvarsign makes a bare SignedData over signed attributes, and takes all attributes unless told", () => {
  const update = signed({ name: "db", payload: hashList("a"), by: exchange() });
  expect(shapeOf(update.subarray(4))).toEqual({ outer: "SignedData", signs: "signed attributes" });
  expect(update[0]).toBe(0x67);
  expect(signed({ name: "db", payload: hashList("a"), by: exchange(), attributes: REPLACE })[0]).toBe(AT);
});

describe.each(FIRMWARES)("sbsigntool on %s", (firmware) => {
  test("enrolls db, KEK and PK in setup mode", () => {
    const dom0 = enrolled(firmware);
    expect(dom0.modes()).toBe("SetupMode 0, SecureBoot 0");
    dom0.machine.reboot();
    expect(dom0.modes()).toBe("SetupMode 0, SecureBoot 1");
    expect(dom0.read("db")).toEqual(certificateList(vendor()));
    expect(dom0.read("KEK")).toEqual(certificateList(exchange()));
    expect(dom0.read("PK")).toEqual(certificateList(platform()));
  });

  test("appends to db and dbx by KEK what is not there yet", () => {
    const dom0 = enrolled(firmware);
    const append = (name: string, ...lists: Uint8Array[]) =>
      write(dom0, name, signed({ name, payload: join(...lists), by: exchange() }));
    expect(append("db", certificateList(vendor()), hashList("a"))).toBe("SUCCESS");
    expect(dom0.read("db")).toEqual(join(certificateList(vendor()), hashList("a")));
    expect(append("dbx", hashList("a"), hashList("b"))).toBe("SUCCESS");
    expect(append("dbx", hashList("b"))).toBe("SUCCESS");
    expect(append("dbx", hashList("b"), hashList("c"), hashList("a"))).toBe("SUCCESS");
    expect(dom0.read("dbx")).toEqual(join(hashList("a"), hashList("b"), hashList("c")));
  });

  test("is refused for keys that may not sign", async () => {
    const dom0 = enrolled(firmware);
    await nextSecond();
    const invalid = refusal("SECURITY_VIOLATION", Reason.SignatureInvalid);
    for (const [name, by] of [
      ["db", vendor()],
      ["dbx", stranger()],
      ["KEK", exchange()],
      ["PK", exchange()],
      ["PK", stranger()],
    ] as const) {
      const before = dom0.read(name);
      const update = { name, payload: certificateList(stranger()), by };
      expect([name, write(dom0, name, signed({ ...update, attributes: REPLACE }))]).toEqual([name, invalid]);
      expect([name, write(dom0, name, signed(update))]).toEqual([name, invalid]);
      expect(dom0.read(name)).toEqual(before);
    }
  });

  test("cannot replay an update, nor bring an older one", async () => {
    const dom0 = enrolled(firmware);
    await nextSecond();
    const older = signed({ name: "db", payload: hashList("older"), by: exchange(), attributes: REPLACE });
    await nextSecond();
    const newer = signed({ name: "db", payload: hashList("newer"), by: exchange(), attributes: REPLACE });
    const stale = refusal("SECURITY_VIOLATION", Reason.StampNotLater);
    expect(write(dom0, "db", newer)).toBe("SUCCESS");
    expect(write(dom0, "db", newer)).toBe(stale);
    expect(write(dom0, "db", older)).toBe(stale);
    expect(dom0.read("db")).toEqual(hashList("newer"));
  });

  test("deletes PK with an empty payload that PK signed", async () => {
    const dom0 = enrolled(firmware);
    await nextSecond();
    const remove = (by: Key) => write(dom0, "PK", signed({ name: "PK", payload: NOTHING, by, attributes: REPLACE }));
    expect(remove(exchange())).toBe(refusal("SECURITY_VIOLATION", Reason.SignatureInvalid));
    expect(remove(platform())).toBe("SUCCESS");
    expect(dom0.read("PK")).toBeUndefined();
    expect(dom0.modes()).toBe("SetupMode 1, SecureBoot 0");
  });

  test("creates, updates, appends to and deletes a private variable", async () => {
    const dom0 = new Dom0(firmware);
    const make = (text: string, by: Key, attributes?: string) =>
      signed({ name: "Private", payload: Buffer.from(text), by, ...(attributes && { attributes }) });
    const text = () => Buffer.from(dom0.read("Private") ?? NOTHING).toString();
    const [first, older] = [make("first", vendor(), REPLACE), make("older", vendor(), REPLACE)];

    expect(write(dom0, "Private", first)).toBe("SUCCESS");
    expect(text()).toBe("first");
    expect(write(dom0, "Private", first)).toBe(refusal("SECURITY_VIOLATION", Reason.StampNotLater));
    await nextSecond();
    expect(write(dom0, "Private", make("theirs", stranger(), REPLACE))).toBe(
      refusal("SECURITY_VIOLATION", Reason.SignerDiffers),
    );
    expect(text()).toBe("first");
    expect(write(dom0, "Private", make("second", vendor(), REPLACE))).toBe("SUCCESS");
    expect(text()).toBe("second");
    expect(write(dom0, "Private", older)).toBe(refusal("SECURITY_VIOLATION", Reason.StampNotLater));
    expect(write(dom0, "Private", make(" more", vendor()))).toBe("SUCCESS");
    expect(text()).toBe("second more");
    expect(write(dom0, "Private", make(" theirs", stranger()))).toBe(
      refusal("SECURITY_VIOLATION", Reason.SignerDiffers),
    );
    dom0.machine.reboot();
    expect(text()).toBe("second more");
    await nextSecond();
    const remove = make("", vendor(), REPLACE);
    expect(write(dom0, "Private", remove)).toBe("SUCCESS");
    expect(dom0.read("Private")).toBeUndefined();
    // Its maker is forgotten: the name is free, time stamps too.
    expect(write(dom0, "Private", older)).toBe("SUCCESS");
  });

  test("a stranger's deletion of a private variable stands only where a user counts as present", async () => {
    const dom0 = new Dom0(firmware);
    const make = (payload: Uint8Array, by: Key) => signed({ name: "Private", payload, by, attributes: REPLACE });
    expect(write(dom0, "Private", make(Buffer.from("text"), vendor()))).toBe("SUCCESS");
    await nextSecond();
    expect(write(dom0, "Private", make(NOTHING, stranger()))).toBe(
      firmware === "ovmf-4m" ? "SUCCESS" : refusal("SECURITY_VIOLATION", Reason.SignerDiffers),
    );
  });

  test("a payload with a byte changed is refused", () => {
    const dom0 = new Dom0(firmware);
    const update = signed({ name: "Private", payload: Buffer.from("text"), by: vendor(), attributes: REPLACE });
    const spoilt = update.slice();
    spoilt.set(Buffer.from("T"), update.length - 4);
    expect(write(dom0, "Private", spoilt)).toBe(refusal("SECURITY_VIOLATION", Reason.SignatureInvalid));
    expect(write(dom0, "Private", update)).toBe("SUCCESS");
  });

  test("sbkeysync reads the keys, and what it writes brings them up to date", () => {
    const dom0 = enrolled(firmware);
    const keystore = fresh();
    for (const name of KEY_VARIABLES) mkdirSync(joinPath(keystore, name), { recursive: true });
    const keep = (name: string, as: string, payload: Uint8Array, by: Key) =>
      writeFileSync(joinPath(keystore, name, as), signed({ name, payload, by }).subarray(4));
    keep("db", "known", certificateList(vendor()), exchange());
    keep("db", "new", certificateList(stranger()), exchange());
    keep("dbx", "new", hashList("a"), exchange());
    keep("KEK", "new", certificateList(stranger()), platform());

    const said = sync(dom0, keystore);
    expect(section(said, "firmware keys")).toEqual({
      PK: ["/CN=Platform Key"],
      KEK: ["/CN=Key Exchange Key"],
      db: ["/CN=Vendor"],
      dbx: [],
    });
    expect(inserted(said)).toEqual(["KEK/new", "db/new", "dbx/new"]);

    const after = sync(dom0, keystore);
    expect(section(after, "firmware keys")).toEqual({
      PK: ["/CN=Platform Key"],
      KEK: ["/CN=Key Exchange Key", "/CN=Somebody Else"],
      db: ["/CN=Somebody Else", "/CN=Vendor"],
      dbx: [digest("a")],
    });
    expect(inserted(after)).toEqual([]);
  });
});

/**
 * Runs sbkeysync on a folder that stands for efivarfs; what it writes there goes to the machine. Its report. The tool
 * writes over a file's beginning: an update must be longer than the value, and the only one of its variable.
 */
function sync(dom0: Dom0, keystore: string): string {
  const efivars = fresh();
  mkdirSync(efivars);
  const pathOf = (name: string) => joinPath(efivars, `${name}-${guidOf(name)}`);
  const files = new Map<string, Buffer>();
  for (const name of KEY_VARIABLES) {
    const value = dom0.read(name);
    if (value !== undefined) files.set(name, Buffer.from([AT, 0, 0, 0, ...value]));
  }
  for (const [name, bytes] of files) writeFileSync(pathOf(name), bytes);
  const options = ["--efivars-path", efivars, "--no-default-keystores", "--keystore", keystore, "--verbose"];
  const said = run("sbkeysync", ...options);
  for (const entry of readdirSync(efivars)) {
    const name = entry.slice(0, entry.indexOf("-"));
    const update = read(joinPath(efivars, entry));
    if (files.get(name)?.equals(update)) continue;
    expect([name, write(dom0, name, update)]).toEqual([name, "SUCCESS"]);
  }
  return said;
}

/** The keys of each variable in a part of sbkeysync's report, sorted. */
function section(said: string, title: string): Record<string, string[]> {
  const keys: Record<string, string[]> = {};
  let name = "";
  for (const line of said.slice(said.indexOf(`${title}:\n`) + title.length + 2).split("\n")) {
    const [, variable] = /^ {2}(\w+):$/.exec(line) ?? [];
    const [, key] = /^ {4}(.+)$/.exec(line) ?? [];
    if (variable !== undefined) {
      name = variable;
      keys[name] = [];
    } else if (key !== undefined) {
      keys[name]?.push(key);
      keys[name]?.sort();
    } else {
      break;
    }
  }
  return keys;
}

/** The files of the keystore from which sbkeysync made updates. */
function inserted(said: string): string[] {
  const paths = [...said.matchAll(/^Inserting key update (\S+) into/gm)].map((match) => match[1] as string);
  return paths.map((path) => joinPath(basename(joinPath(path, "..")), basename(path))).sort();
}
