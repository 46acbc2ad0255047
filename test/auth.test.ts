import { describe, expect, test } from "vitest";
import { Client } from "../src/client.ts";
import { findVolume, formatVolume, liveEntries, OVMF_4M, readLog, writeRecords } from "../src/formats/edk2-store.ts";
import { GLOBAL_GUID, IMAGE_SECURITY_GUID } from "../src/guid.ts";
import { toHex } from "../src/hex.ts";
import { Machine } from "../src/machine.ts";
import { POLICIES } from "../src/policies/index.ts";
import type { Policy } from "../src/policies/policy.ts";
import type { EfiTime } from "../src/time.ts";
import {
  certificateList,
  hashList,
  type Identity,
  makeIdentity,
  type SigningOptions,
  signatureList,
  signedData,
  stampOf,
  withDescriptor,
} from "./support/signer.ts";
import { APPEND, AT, edk2, exchange, GUID, guidOf, other, ovmf, platform, Writer } from "./support/writer.ts";

const CERT_DB = "d9bee56e-75dc-49d9-b4d7-b534210f637a";

const below = makeIdentity("Below the Exchange Key", exchange);
const elliptic = makeIdentity("No RSA", undefined, "ec");

/** A list of one digest with another u32 in its header. */
function patched(offset: number, value: number): Uint8Array {
  const list = hashList(1);
  new DataView(list.buffer).setUint32(offset, value, true);
  return list;
}

/** certdb of one node, whose digest is some bytes longer. */
function longerDigest(certDb: Uint8Array, added: number): Uint8Array {
  const longer = new Uint8Array(certDb.length + added);
  longer.set(certDb);
  const view = new DataView(longer.buffer);
  for (const field of [0, 4 + 16, 4 + 24]) view.setUint32(field, view.getUint32(field, true) + added, true);
  return longer;
}

const bytes = (...values: number[]) => Uint8Array.from(values);
const NONE = new Uint8Array(0);

describe("a private authenticated variable", () => {
  // hw/uefi/var-service-vars.c keeps the signer with the variable.
  test("that QEMU deletes unsigned can be made anew by another signer", () => {
    const dom0 = new Writer(POLICIES["qemu-uefi-vars"] as Policy);
    expect(dom0.write("Private", bytes(1), other)).toBe("SUCCESS");
    expect(dom0.write("Private", bytes(2), exchange, { time: { hour: 1 } })).toBe("SECURITY_VIOLATION");
    expect(dom0.client.setVariable("Private", GUID, 0).statusName).toBe("SUCCESS");
    expect(dom0.write("Private", bytes(2), exchange)).toBe("SUCCESS");
    expect(dom0.read("Private")).toBe("02");
  });

  test.each<[string, SigningOptions]>([
    ["over the message (efitools)", {}],
    ["over signed attributes (sbsigntool)", { signedAttributes: true }],
    ["in a ContentInfo", { wrapped: true }],
    ["in a ContentInfo, over signed attributes", { wrapped: true, signedAttributes: true }],
    ["with SHA-384", { digest: "sha384" }],
    ["with SHA-512", { digest: "sha512" }],
  ])("is created by a signature %s", (_, options) => {
    const dom0 = new Writer();
    expect(dom0.write("Private", bytes(1), other, options)).toBe("SUCCESS");
    expect(dom0.read("Private")).toBe("01");
  });

  test.each<[string, SigningOptions, string]>([
    ["bare, SHA-256", {}, "SUCCESS"],
    ["signed attributes", { signedAttributes: true }, "SUCCESS"],
    ["ContentInfo", { wrapped: true }, "SECURITY_VIOLATION"],
    ["SHA-384", { digest: "sha384" }, "SECURITY_VIOLATION"],
  ])("OVMF 2022.11 takes only a bare SHA-256 signature: %s is %s", (_, options, status) => {
    expect(new Writer(ovmf).write("Private", bytes(1), other, options)).toBe(status);
  });

  test.each<[string, Partial<EfiTime>, string]>([
    ["a later second", { sec: 1 }, "SUCCESS"],
    ["a later year, month 13", { year: 2025, month: 13 }, "SUCCESS"],
    ["the same stamp", {}, "SECURITY_VIOLATION"],
    ["an earlier day of a later month", { month: 0 }, "SECURITY_VIOLATION"],
    ["nanoseconds", { sec: 1, ns: 1 }, "SECURITY_VIOLATION"],
    ["a zone", { sec: 1, tz: 1 }, "SECURITY_VIOLATION"],
    ["daylight", { sec: 1, daylight: 1 }, "SECURITY_VIOLATION"],
  ])("is replaced with %s: %j is %s", (_, time, status) => {
    const dom0 = new Writer();
    dom0.write("Private", bytes(1), other);
    expect(dom0.write("Private", bytes(2), other, { time })).toBe(status);
    expect(dom0.read("Private")).toBe(status === "SUCCESS" ? "02" : "01");
  });

  test("belongs to its first signer, until it is deleted", () => {
    const dom0 = new Writer();
    dom0.write("Private", bytes(1), other);
    expect(dom0.write("Private", bytes(2), platform, { time: { sec: 1 } })).toBe("SECURITY_VIOLATION");
    expect(dom0.write("Private", NONE, platform, { time: { sec: 1 } })).toBe("SECURITY_VIOLATION");
    expect(dom0.write("Private", NONE, other, { time: { sec: 1 } })).toBe("SUCCESS");
    expect(dom0.machine.variable("certdb", CERT_DB)?.data).toEqual(bytes(4, 0, 0, 0));
    expect(dom0.write("Private", bytes(2), platform)).toBe("SUCCESS");
  });

  test("belongs to nobody whose digest is only the beginning of the kept one (A.c, VerifyCertsInDb: the sizes must agree)", () => {
    const created = new Writer();
    created.write("Private", bytes(1), other);
    const flash = created.machine.flash();
    const records = liveEntries(readLog(flash, findVolume(flash)));
    const withDigestBytes = (added: number) => {
      const store = formatVolume(OVMF_4M);
      writeRecords(
        store,
        OVMF_4M,
        records.map((record) =>
          record.name === "certdb" ? { ...record, data: longerDigest(record.data, added) } : record,
        ),
      );
      return new Writer(edk2, { store });
    };
    const later = { time: { sec: 1 } };
    expect(withDigestBytes(0).write("Private", bytes(2), other, later)).toBe("SUCCESS");
    expect(withDigestBytes(16).write("Private", bytes(2), other, later)).toBe("SECURITY_VIOLATION");
  });

  test("an append with an older stamp is taken and keeps the stored one (CVE-2018-3613)", () => {
    const dom0 = new Writer();
    dom0.write("Private", bytes(1), other, { time: { sec: 10 } });
    expect(dom0.write("Private", bytes(2), other, { time: { sec: 5 }, attributes: APPEND })).toBe("SUCCESS");
    expect(dom0.read("Private")).toBe("0102");
    expect(dom0.write("Private", bytes(3), other, { time: { sec: 7 } })).toBe("SECURITY_VIOLATION");
    expect(dom0.write("Private", NONE, other, { time: { sec: 20 }, attributes: APPEND })).toBe("SUCCESS");
    expect(dom0.write("Private", bytes(3), other, { time: { sec: 15 } })).toBe("SECURITY_VIOLATION");
  });

  test("made by an append it has no stamp", () => {
    const dom0 = new Writer();
    dom0.write("Private", bytes(1), other, { attributes: APPEND });
    expect(dom0.machine.variable("Private", GUID)?.stamp).toEqual(new Uint8Array(16));
    expect(dom0.machine.variable("Private", GUID)?.attributes).toBe(AT);
  });

  test("changed bytes, another name and other attributes spoil the signature", () => {
    const dom0 = new Writer();
    const data = signedData(
      { name: "Private", guid: GUID, attributes: AT, time: stampOf({}), payload: bytes(1) },
      other,
    );
    const spoilt = data.slice();
    spoilt[data.length - 1] = 2;
    expect(dom0.client.setVariable("Private", GUID, AT, spoilt).statusName).toBe("SECURITY_VIOLATION");
    expect(dom0.client.setVariable("Privat", GUID, AT, data).statusName).toBe("SECURITY_VIOLATION");
    expect(dom0.client.setVariable("Private", GUID, APPEND, data).statusName).toBe("SECURITY_VIOLATION");
    expect(dom0.client.setVariable("Private", GUID, AT, data).statusName).toBe("SUCCESS");
  });

  test("plain writes cannot touch it, and it cannot replace a plain one", () => {
    const dom0 = new Writer();
    dom0.write("Private", bytes(1), other);
    expect(dom0.client.setVariable("Private", GUID, 7, bytes(2)).statusName).toBe("INVALID_PARAMETER");
    expect(dom0.client.setVariable("Private", GUID, 0).statusName).toBe("WRITE_PROTECTED");
    dom0.client.setVariable("Plain", GUID, 7, bytes(1));
    expect(dom0.write("Plain", bytes(2), other)).toBe("INVALID_PARAMETER");
  });

  test("without RUNTIME_ACCESS it is refused, and its certdb entry stays until the next boot", () => {
    const dom0 = new Writer();
    expect(dom0.write("Private", bytes(1), other, { attributes: 0x23 })).toBe("INVALID_PARAMETER");
    expect(dom0.write("Private", bytes(1), other)).toBe("SECURITY_VIOLATION");
    dom0.machine.reboot();
    expect(dom0.write("Private", bytes(1), other)).toBe("SUCCESS");
  });

  test("a volatile one cannot be made at run time", () => {
    expect(new Writer().write("Private", bytes(1), other, { attributes: 0x26 })).toBe("SECURITY_VIOLATION");
  });

  test("deleting a missing one is NOT_FOUND once the signature holds", () => {
    expect(new Writer().write("Private", NONE, other)).toBe("NOT_FOUND");
  });

  test("physical presence deletes it with a bare descriptor, whoever asks (observed on OVMF)", () => {
    for (const [policy, status] of [
      [ovmf, "SUCCESS"],
      [edk2, "SECURITY_VIOLATION"],
    ] as const) {
      const dom0 = new Writer(policy);
      dom0.write("Private", bytes(1), other);
      const bare = withDescriptor(new Uint8Array(16), NONE, NONE);
      expect(dom0.client.setVariable("Private", GUID, AT, bare).statusName).toBe(status);
    }
  });

  test("without a verifier nothing signed is accepted", () => {
    const { NO_VERIFIER: verifier } = { NO_VERIFIER: { verify: () => undefined, hasRsaKey: () => false } };
    expect(new Writer(edk2, { verifier }).write("Private", bytes(1), other)).toBe("SECURITY_VIOLATION");
    expect(
      new Client(new Machine()).setVariable("Private", GUID, AT, withDescriptor(new Uint8Array(16), NONE, bytes(1)))
        .statusName,
    ).toBe("SECURITY_VIOLATION");
  });
});

describe("a descriptor", () => {
  const good = signedData({ name: "Private", guid: GUID, attributes: AT, time: stampOf({}), payload: bytes(1) }, other);
  const changed = (offset: number, ...values: number[]) => {
    const data = good.slice();
    data.set(values, offset);
    return data;
  };

  test.each([
    ["of 39 bytes", good.slice(0, 39)],
    ["whose length is below the header's", changed(16, 23, 0, 0, 0)],
    ["whose length passes the data", changed(16, 0xff, 0xff, 0xff, 0xff)],
    ["of another certificate type", changed(22, 0xf0)],
    ["of another certificate GUID", changed(24, 0)],
    ["with pad byte 1", changed(7, 1)],
    ["with pad byte 2", changed(15, 1)],
    ["with another digest algorithm", changed(40 + 13 + 8, 4)],
    ["with a signature that is no DER", changed(40, 0xff)],
    ["cut off", good.slice(0, -10)],
  ])("%s is SECURITY_VIOLATION", (_, data) => {
    expect(new Writer().client.setVariable("Private", GUID, AT, data).statusName).toBe("SECURITY_VIOLATION");
  });

  test("wRevision is not looked at", () => {
    expect(new Writer().client.setVariable("Private", GUID, AT, changed(20, 0, 1)).statusName).toBe("SUCCESS");
  });

  test("any size from 0 to 80 is answered", () => {
    const dom0 = new Writer();
    for (let size = 1; size < 80; size++) {
      expect(dom0.client.setVariable("Private", GUID, AT, good.slice(0, size)).statusName).toBe("SECURITY_VIOLATION");
    }
  });
});

describe("counter-based authentication", () => {
  const preload = [
    { name: "Plain", guid: GUID, attributes: 7, data: "01" },
    { name: "Hidden", guid: GUID, attributes: 3, data: "01" },
  ];
  const long = "N".repeat(0x4200);

  test.each([
    ["of a missing variable", "New", GUID, 0x17, 560, "UNSUPPORTED"],
    ["one byte too short", "Plain", GUID, 0x17, 559, "UNSUPPORTED"],
    ["with one byte of payload", "Plain", GUID, 0x17, 561, "UNSUPPORTED"],
    ["of a variable with other attributes", "Plain", GUID, 0x17, 560, "INVALID_PARAMETER"],
    ["of a variable for boot services", "Hidden", GUID, 0x17, 560, "WRITE_PROTECTED"],
    ["of a read-only variable", "SecureBoot", GLOBAL_GUID, 0x17, 560, "WRITE_PROTECTED"],
    ["of a locked variable", "HwErrRecSupport", GLOBAL_GUID, 0x17, 560, "WRITE_PROTECTED"],
    ["of a missing key", "PK", GLOBAL_GUID, 0x17, 560, "INVALID_PARAMETER"],
    ["of too long a name", long, GUID, 0x17, 560, "INVALID_PARAMETER"],
    ["both ways", "Plain", GUID, 0x37, 560, "UNSUPPORTED"],
    ["for RT without BS", "Plain", GUID, 0x15, 560, "UNSUPPORTED"],
    ["with another bit", "Plain", GUID, 0x97, 560, "INVALID_PARAMETER"],
  ])("is refused; a descriptor alone, first as a deletion would be: %s", (_, name, guid, attributes, size, status) => {
    for (const policy of [edk2, ovmf]) {
      const dom0 = new Client(new Machine({ policy, preload }));
      expect(dom0.setVariable(name, guid, attributes, new Uint8Array(size)).statusName).toBe(status);
      expect(dom0.getVariable("Plain", GUID).data).toEqual(bytes(1));
    }
  });
});

describe("Secure Boot keys", () => {
  test("in setup mode KEK and db need a descriptor only, PK too, or its own signature (OVMF 2022.11)", () => {
    const modern = new Writer(edk2);
    expect(modern.write("db", hashList(1), other)).toBe("SUCCESS");
    expect(modern.write("KEK", certificateList(exchange), other)).toBe("SUCCESS");
    expect(modern.write("PK", certificateList(platform), other)).toBe("SUCCESS");
    const older = new Writer(ovmf);
    expect(older.write("PK", certificateList(platform), other)).toBe("SECURITY_VIOLATION");
    expect(older.write("PK", certificateList(platform), platform)).toBe("SUCCESS");
  });

  test("PK switches SetupMode at once and SecureBoot at the next boot; deleting it switches back", () => {
    const dom0 = Writer.enrolled();
    expect([dom0.read("SetupMode"), dom0.read("SecureBoot")]).toEqual(["00", "00"]);
    dom0.machine.reboot();
    expect([dom0.read("SetupMode"), dom0.read("SecureBoot")]).toEqual(["00", "01"]);
    expect(dom0.write("PK", NONE, exchange, { time: { sec: 1 } })).toBe("SECURITY_VIOLATION");
    expect(dom0.write("PK", NONE, platform, { time: { sec: 1 } })).toBe("SUCCESS");
    expect([dom0.read("SetupMode"), dom0.read("SecureBoot")]).toEqual(["01", "01"]);
    dom0.machine.reboot();
    expect([dom0.read("SetupMode"), dom0.read("SecureBoot")]).toEqual(["01", "00"]);
  });

  test.each<[string, Identity, string]>([
    ["db", platform, "SUCCESS"],
    ["db", exchange, "SUCCESS"],
    ["db", other, "SECURITY_VIOLATION"],
    ["dbx", exchange, "SUCCESS"],
    ["dbt", platform, "SUCCESS"],
    ["KEK", platform, "SUCCESS"],
    ["KEK", exchange, "SECURITY_VIOLATION"],
    ["PK", platform, "SUCCESS"],
    ["PK", exchange, "SECURITY_VIOLATION"],
  ])("in user mode %s by %o is %s", (name, signer, status) => {
    const dom0 = Writer.enrolled();
    const payload = name.startsWith("db") ? hashList(1) : certificateList(name === "PK" ? platform : exchange);
    expect(dom0.write(name, payload, signer, { time: { sec: 1 } })).toBe(status);
  });

  test("a chain to a certificate in KEK signs db; one to PK signs nothing", () => {
    const dom0 = Writer.enrolled();
    expect(dom0.write("db", hashList(1), below)).toBe("SUCCESS");
    const underPlatform = makeIdentity("Below the Platform Key", platform);
    expect(dom0.write("KEK", certificateList(exchange), underPlatform, { time: { sec: 1 } })).toBe(
      "SECURITY_VIOLATION",
    );
  });

  test("a chain through a second certificate in the message", () => {
    const dom0 = Writer.enrolled();
    const leaf = makeIdentity("Two below", below);
    expect(dom0.write("db", hashList(1), leaf)).toBe("SECURITY_VIOLATION");
    expect(dom0.write("db", hashList(1), leaf, { others: [below] })).toBe("SUCCESS");
  });

  test("without KEK db is NOT_FOUND unless PK signed it", () => {
    const dom0 = new Writer();
    dom0.write("PK", certificateList(platform), platform);
    expect(dom0.write("db", hashList(1), exchange)).toBe("NOT_FOUND");
    expect(dom0.write("db", hashList(1), platform)).toBe("SUCCESS");
  });

  test.each(["PK", "KEK", "db", "dbx"])(
    "attr 0, size 0 and a plain deletion do not delete %s (OpenVMM a723554aa, QEMU)",
    (name) => {
      const dom0 = Writer.enrolled();
      if (name.startsWith("db")) dom0.write(name, hashList(1), platform);
      const guid = guidOf(name);
      expect(dom0.client.setVariable(name, guid, 0).statusName).toBe("INVALID_PARAMETER");
      expect(dom0.client.setVariable(name, guid, 7).statusName).toBe("INVALID_PARAMETER");
      expect(dom0.client.setVariable(name, guid, AT).statusName).toBe("SECURITY_VIOLATION");
      expect(dom0.read(name)).toBeDefined();
    },
  );

  test("an append drops signatures that are there already, whatever their order", () => {
    const dom0 = new Writer();
    dom0.write("db", hashList(1, 2), other);
    const before = dom0.read("db");
    expect(dom0.write("db", hashList(2, 1), other, { attributes: APPEND, time: { sec: 1 } })).toBe("SUCCESS");
    expect(dom0.read("db")).toBe(before);
    expect(dom0.write("db", hashList(2, 3), other, { attributes: APPEND, time: { sec: 2 } })).toBe("SUCCESS");
    expect(dom0.read("db")).toBe(before + toHex(hashList(3)));
  });

  test.each([
    ["no list", bytes(1, 2, 3)],
    ["a list cut short", hashList(1).slice(0, -1)],
    ["a byte behind the lists", Uint8Array.from([...hashList(1), 0])],
    ["an unknown type", signatureList("11111111-1111-1111-1111-111111111111", [bytes(1)])],
    ["a digest of another size", signatureList("c1c41626-504c-4092-aca9-41f936934328", [new Uint8Array(31)])],
    ["a certificate that is none", signatureList("a5c059a1-94e4-4aa7-87b5-ab155c2bf072", [new Uint8Array(100)])],
    ["a certificate without RSA key", certificateList(elliptic)],
    ["a list of size 0", patched(16, 0)],
    ["a list size below its header", patched(16, 27)],
    ["a list size past the end", patched(16, 0x7fffffff)],
    ["a list size that wraps", patched(16, 0xffffffff)],
    ["a signature size of 0", patched(24, 0)],
    ["a signature size below an owner's", patched(24, 15)],
    ["a header size", patched(20, 1)],
    ["a header in the place of its signature", patched(20, 48)],
    ["a header size that wraps", patched(20, 0xffffffe4)],
  ])("a db of %s is INVALID_PARAMETER (edk2 4f475ba542)", (_, payload) => {
    expect(new Writer().write("db", payload, other)).toBe("INVALID_PARAMETER");
  });

  test("PK holds one certificate at most", () => {
    const two = Uint8Array.from([...certificateList(platform), ...certificateList(exchange)]);
    expect(new Writer().write("PK", two, platform)).toBe("INVALID_PARAMETER");
    expect(new Writer().write("KEK", two, platform)).toBe("SUCCESS");
  });

  test("many PK writes leave memory as it is (edk2 fce142fd31)", () => {
    const dom0 = new Writer();
    const size = dom0.machine.memory.buffer.byteLength;
    for (let sec = 0; sec < 30; sec++) dom0.write("PK", certificateList(platform), platform, { time: { sec } });
    expect(dom0.machine.memory.buffer.byteLength).toBe(size);
  });
});

describe("what only some firmware looks at", () => {
  const policies = ["qemu-uefi-vars", "varstored"].map((name) => POLICIES[name] as Policy);
  const off = { name: "SecureBootEnable", guid: "f0a30bc7-af08-4556-99c4-001009c93a44", attributes: 3, data: "00" };

  test.each(policies)("$name: SecureBoot stays off where a user has switched it off", (policy) => {
    const dom0 = new Writer(policy, { preload: [off] });
    expect(dom0.write("PK", certificateList(platform), platform)).toBe("SUCCESS");
    expect([dom0.read("SetupMode"), dom0.read("SecureBoot")]).toEqual(["00", "00"]);
  });

  test("openvmm: an append of what is no signature list is refused, to plain bytes it is added", () => {
    const dom0 = new Writer(POLICIES.openvmm as Policy);
    expect(dom0.write("Private", bytes(1), other)).toBe("SUCCESS");
    expect(dom0.write("Private", bytes(2), other, { attributes: APPEND })).toBe("INVALID_PARAMETER");
    expect(dom0.write("Private", hashList(1), other, { attributes: APPEND })).toBe("SUCCESS");
    expect(dom0.read("Private")).toBe(`01${toHex(hashList(1))}`);
  });

  test("qemu-uefi-vars: a merge keeps certificates in lists of their own, digests in one, and drops other types", () => {
    const dom0 = Writer.enrolled(POLICIES["qemu-uefi-vars"] as Policy);
    const sha1 = signatureList("826ca512-cf10-4ac9-b187-be01496631bd", [new Uint8Array(20)]);
    const first = Uint8Array.from([...hashList(1), ...certificateList(other), ...sha1]);
    const second = Uint8Array.from([...certificateList(platform), ...hashList(1, 2)]);
    expect(dom0.write("db", first, exchange)).toBe("SUCCESS");
    expect(dom0.write("db", second, exchange, { attributes: APPEND })).toBe("SUCCESS");
    const merged = [...certificateList(other), ...certificateList(platform), ...hashList(1, 2)];
    expect(dom0.read("db")).toBe(toHex(Uint8Array.from(merged)));
  });

  test("qemu-uefi-vars: a certificate that another one begins with is another one", () => {
    const dom0 = Writer.enrolled(POLICIES["qemu-uefi-vars"] as Policy);
    const list = (...data: number[]) => signatureList("a5c059a1-94e4-4aa7-87b5-ab155c2bf072", [Uint8Array.from(data)]);
    const both = Uint8Array.from([...list(1, 2, 3), ...list(1, 2)]);
    expect(dom0.write("db", list(1, 2, 3), exchange)).toBe("SUCCESS");
    expect(dom0.write("db", both, exchange, { attributes: APPEND })).toBe("SUCCESS");
    expect(dom0.read("db")).toBe(toHex(both));
  });

  test("qemu-uefi-vars: a merge that outgrows the core's buffer is refused and changes nothing", () => {
    const dom0 = Writer.enrolled(POLICIES["qemu-uefi-vars"] as Policy);
    const tiny = (from: number) => {
      const data = Array.from({ length: 3600 }, (_, i) => Uint8Array.of((from + i) & 0xff, (from + i) >> 8));
      return signatureList("a5c059a1-94e4-4aa7-87b5-ab155c2bf072", data);
    };
    expect(dom0.write("db", tiny(0), exchange)).toBe("SUCCESS");
    expect(dom0.write("db", tiny(3600), exchange, { attributes: APPEND })).toBe("OUT_OF_RESOURCES");
    expect(dom0.machine.variable("db", IMAGE_SECURITY_GUID)?.data).toEqual(tiny(0));
  });

  test("a digest of another kind that ends alike is not taken", () => {
    const dom0 = new Writer();
    const write = { name: "Private", guid: GUID, attributes: AT, time: stampOf({}), payload: bytes(1) };
    const data = signedData(write, other);
    data[40 + 13 + 3] = 0;
    expect(dom0.client.setVariable("Private", GUID, AT, data).reason).toMatch(/digest algorithm/);
  });

  test.each(["edk2", "ovmf-4m"])("%s: a PK without a certificate signs nothing", (name) => {
    const dom0 = new Writer(POLICIES[name] as Policy);
    const setup = dom0.write("PK", hashList(1), platform);
    expect(setup).toBe(name === "edk2" ? "SUCCESS" : "SECURITY_VIOLATION");
    if (setup === "SUCCESS") expect(dom0.write("KEK", certificateList(exchange), platform)).toBe("SECURITY_VIOLATION");
  });
});
