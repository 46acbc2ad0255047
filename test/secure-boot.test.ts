import { describe, expect, test } from "vitest";
import { parseSignedFile, type Signer } from "../src/crypto/authenticated-write.ts";
import { nodeVerifier } from "../src/crypto/node-verifier.ts";
import { FormatError } from "../src/formats/variable-set.ts";
import { GLOBAL_GUID, IMAGE_SECURITY_GUID } from "../src/guid.ts";
import { toHex } from "../src/hex.ts";
import { Machine } from "../src/machine.ts";
import { POLICIES } from "../src/policies/index.ts";
import type { Policy } from "../src/policies/policy.ts";
import { certificatesOf, digestList, NO_OWNER, readContent } from "../src/secure-boot/content.ts";
import { enroll } from "../src/secure-boot/enroll.ts";
import { type Change, type PlanOptions, planEnrolment } from "../src/secure-boot/plan.ts";
import { nextBootStatus, secureBootLine, secureBootStatus } from "../src/secure-boot/status.ts";
import type { EfiTime } from "../src/time.ts";
import { fixtureBytes } from "./support/fixtures.ts";
import { certificateList, hashList, type Identity, makeIdentity, signedData, stampOf } from "./support/signer.ts";
import { APPEND, AT, edk2, exchange, guidOf, other, ovmf, platform, Writer } from "./support/writer.ts";

const signerOf =
  (identity: Identity): Signer =>
  (write) =>
    signedData(write, identity);
const byPlatform = { platform: signerOf(platform) };
const byBoth = { ...byPlatform, exchange: signerOf(exchange) };
const NONE = new Uint8Array(0);

/** A plan with a stamp of January 2025. */
function plan(changes: Change[], options: Partial<PlanOptions> & { at?: Partial<EfiTime> } = {}) {
  const time = stampOf({ year: 2025, ...options.at });
  return planEnrolment(changes, { time, verifier: nodeVerifier, ...options });
}

/** What the calls of a plan got: status names, and the reason of a refusal. */
function answers(dom0: Writer, changes: Change[], options: Parameters<typeof plan>[1] = {}): string[] {
  return enroll(dom0.client, plan(changes, options)).map(({ statusName, reason }) =>
    reason === "" ? statusName : `${statusName} - ${reason}`,
  );
}

const KEYS: Change[] = [
  { name: "PK", lists: certificateList(platform) },
  { name: "KEK", lists: certificateList(exchange) },
  { name: "db", lists: certificateList(other) },
];

/** A signed file for db. */
function fileFor(attributes: number, payload: Uint8Array, signer = exchange, options = {}): Uint8Array {
  return signedData(
    { name: "db", guid: IMAGE_SECURITY_GUID, attributes, time: stampOf({ year: 2025 }), payload },
    signer,
    options,
  );
}

describe("a plan", () => {
  test("writes databases, KEK and PK in this order, whatever order they are given in", () => {
    const rest: Change[] = [
      { name: "dbx", lists: hashList(1) },
      { name: "dbt", lists: certificateList(other) },
    ];
    expect(plan([...KEYS, ...rest]).map(({ name, guid }) => [name, guid])).toEqual([
      ["dbt", IMAGE_SECURITY_GUID],
      ["dbx", IMAGE_SECURITY_GUID],
      ["db", IMAGE_SECURITY_GUID],
      ["KEK", GLOBAL_GUID],
      ["PK", GLOBAL_GUID],
    ]);
  });

  test("makes one call of all lists for a variable", () => {
    const [update, ...others] = plan([
      { name: "db", lists: certificateList(other) },
      { name: "db", lists: hashList(1, 2) },
    ]);
    expect(others).toEqual([]);
    expect(parseSignedFile(update?.data as Uint8Array).payload).toEqual(
      Uint8Array.from([...certificateList(other), ...hashList(1, 2)]),
    );
  });

  test.each([
    ["db", "exchange"],
    ["dbx", "exchange"],
    ["dbt", "exchange"],
    ["KEK", "platform"],
    ["PK", "platform"],
  ] as const)("lets %s be signed by the %s key", (name, signer) => {
    const named =
      (text: string): Signer =>
      () =>
        new TextEncoder().encode(text);
    const signers = { platform: named("platform"), exchange: named("exchange") };
    const [update] = plan([{ name, lists: NONE }], { signers });
    expect(new TextDecoder().decode(update?.data)).toBe(signer);
    const [alone] = plan([{ name, lists: NONE }], { signers: { platform: signers.platform } });
    expect(new TextDecoder().decode(alone?.data)).toBe("platform");
  });

  test("without a key has descriptors without signature", () => {
    const [update] = plan([{ name: "db", lists: hashList(1) }]);
    expect(update?.isSigned).toBe(false);
    expect(parseSignedFile(update?.data as Uint8Array).signature).toHaveLength(0);
  });

  test("appends to all but PK", () => {
    const bits = plan(KEYS, { append: true }).map(({ name, attributes }) => [name, attributes]);
    expect(bits).toEqual([
      ["db", APPEND],
      ["KEK", APPEND],
      ["PK", AT],
    ]);
  });

  test.each([
    ["replaces", AT, {}],
    ["appends", APPEND, {}],
    ["replaces, over signed attributes", AT, { signedAttributes: true }],
    ["appends, over signed attributes", APPEND, { signedAttributes: true }],
  ])("finds by the signature that a signed file %s", (_, attributes, options) => {
    const signed = parseSignedFile(fileFor(attributes, hashList(1), exchange, options));
    for (const append of [false, true]) {
      expect(plan([{ name: "db", signed }], { append })[0]).toMatchObject({
        attributes,
        data: signed.data,
        isSigned: true,
      });
    }
  });

  test("takes a signed file's own attributes, where it has them", () => {
    const bytes = Uint8Array.from([0x67, 0, 0, 0, ...fileFor(AT, hashList(1))]);
    const signed = parseSignedFile(bytes);
    expect(signed.attributes).toBe(APPEND);
    expect(plan([{ name: "db", signed }])[0]).toMatchObject({ attributes: APPEND, data: bytes.subarray(4) });
  });

  test("knows a signed file that nobody signed", () => {
    const [update] = plan([{ name: "db", lists: hashList(1) }]);
    const signed = parseSignedFile(update?.data as Uint8Array);
    expect(plan([{ name: "db", signed }])[0]?.isSigned).toBe(false);
  });

  test("believes the caller where no signature tells the attributes", () => {
    const signed = parseSignedFile(fileFor(0x7, hashList(1)));
    expect(plan([{ name: "db", signed }])[0]?.attributes).toBe(AT);
    expect(plan([{ name: "db", signed }], { append: true })[0]?.attributes).toBe(APPEND);
  });
});

describe.each(["ovmf-4m", "edk2"])("on %s", (name) => {
  const policy = POLICIES[name] as Policy;
  const enrolled = () => {
    const dom0 = new Writer(policy);
    expect(answers(dom0, KEYS, { signers: byPlatform })).toEqual(["SUCCESS", "SUCCESS", "SUCCESS"]);
    return dom0;
  };

  test("PK, KEK and db are enrolled in setup mode; the next boot checks images", () => {
    const { machine } = enrolled();
    const line = () => secureBootLine(secureBootStatus(machine.variables()));
    expect(line()).toBe("Secure Boot: off, user mode");
    const next = secureBootLine(nextBootStatus(machine.variables()));
    machine.reboot();
    expect(line()).toBe("Secure Boot: on, user mode");
    expect(next).toBe(line());
  });

  test("KEK and db need no signature in setup mode", () => {
    expect(answers(new Writer(policy), KEYS.slice(1))).toEqual(["SUCCESS", "SUCCESS"]);
  });

  test("in user mode KEK is replaced by PK's signature, db by KEK's", () => {
    const dom0 = enrolled();
    const changes: Change[] = [
      { name: "KEK", lists: certificateList(other) },
      { name: "db", lists: hashList(1) },
    ];
    expect(answers(dom0, changes, { signers: byBoth, at: { day: 2 } })).toEqual(["SUCCESS", "SUCCESS"]);
    expect(dom0.read("KEK")).toBe(toHex(certificateList(other)));
    expect(dom0.read("db")).toBe(toHex(hashList(1)));
  });

  test("an append adds", () => {
    const dom0 = enrolled();
    const changes: Change[] = [{ name: "db", lists: hashList(1) }];
    expect(answers(dom0, changes, { signers: byBoth, append: true })).toEqual(["SUCCESS"]);
    expect(dom0.read("db")).toBe(toHex(certificateList(other)) + toHex(hashList(1)));
  });

  test("a new PK is signed by the old one, and KEK with it", () => {
    const dom0 = enrolled();
    const changes: Change[] = [
      { name: "PK", lists: certificateList(other) },
      { name: "KEK", lists: certificateList(other) },
    ];
    expect(answers(dom0, changes, { signers: byPlatform, at: { day: 2 } })).toEqual(["SUCCESS", "SUCCESS"]);
    expect(answers(dom0, changes, { signers: byPlatform, at: { day: 3 } })[0]).toMatch(/^SECURITY_VIOLATION - KEK: /);
  });

  test("PK is deleted by its own signature, which ends user mode", () => {
    const dom0 = enrolled();
    const changes: Change[] = [{ name: "PK", lists: NONE }];
    expect(answers(dom0, changes, { signers: byPlatform, at: { day: 2 } })).toEqual(["SUCCESS"]);
    expect(secureBootStatus(dom0.machine.variables())).toMatchObject({ mode: "setup", variables: { SetupMode: 1 } });
  });

  test.each([
    ["KEK", { platform: signerOf(other) }, /^SECURITY_VIOLATION - KEK: .*\(the certificate in PK must sign it\)$/],
    [
      "db",
      { exchange: signerOf(other) },
      /^SECURITY_VIOLATION - db: .*\(a certificate in KEK must sign it, or the one in PK\)$/,
    ],
    [
      "PK",
      { platform: signerOf(other) },
      /^SECURITY_VIOLATION - PK: .*\(the certificate in PK must sign it, or in setup mode/,
    ],
    ["dbx", {}, /^SECURITY_VIOLATION - dbx: .*\(nobody has signed it; a certificate in KEK must sign it/],
  ] as const)("a wrong key for %s is refused, and the answer says who may sign", (variable, signers, answer) => {
    const dom0 = enrolled();
    const changes: Change[] = [{ name: variable, lists: variable === "dbx" ? hashList(1) : certificateList(other) }];
    expect(answers(dom0, changes, { signers, at: { day: 2 } })[0]).toMatch(answer);
  });

  test("a stamp that is not later is refused with both stamps", () => {
    const dom0 = enrolled();
    const [answer] = answers(dom0, [{ name: "db", lists: hashList(1) }], { signers: byBoth, at: { year: 2023 } });
    expect(answer).toBe(
      "SECURITY_VIOLATION - db: the time stamp is not later than the stored one " +
        "(stored 2025-01-01T00:00:00, given 2023-01-01T00:00:00)",
    );
  });

  test("the first refusal ends the calls", () => {
    const dom0 = enrolled();
    const changes: Change[] = [
      { name: "db", lists: hashList(1) },
      { name: "KEK", lists: certificateList(other) },
      { name: "PK", lists: certificateList(other) },
    ];
    const signers = { platform: signerOf(other), exchange: signerOf(exchange) };
    const got = answers(dom0, changes, { signers, at: { day: 2 } });
    expect(got).toEqual(["SUCCESS", expect.stringMatching(/^SECURITY_VIOLATION - KEK/)]);
    expect(dom0.read("PK")).toBe(toHex(certificateList(platform)));
  });

  test("what is no signature list is refused by the firmware, without more words", () => {
    expect(answers(new Writer(policy), [{ name: "db", lists: Uint8Array.of(1) }])).toEqual([
      "INVALID_PARAMETER - db: the payload is not made of well-formed signature lists",
    ]);
  });
});

test("firmware that wants a self-signed PK says so of one without signature", () => {
  expect(answers(new Writer(edk2), KEYS.slice(0, 1))).toEqual(["SUCCESS"]);
  expect(answers(new Writer(ovmf), KEYS.slice(0, 1))[0]).toMatch(
    /^SECURITY_VIOLATION - PK: .*\(nobody has signed it; .* in setup mode the PK itself\)$/,
  );
});

describe("a file's content", () => {
  test.each([
    ["a certificate", other.certificate, certificateList(other, NO_OWNER)],
    ["signature lists", hashList(1, 2), hashList(1, 2)],
  ])("%s becomes lists", (_, bytes, lists) => {
    expect(readContent(bytes)).toEqual({ lists });
  });

  test("a certificate in PEM is owned by whoever is named", () => {
    const owner = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";
    const text = `-----BEGIN CERTIFICATE-----\n${Buffer.from(other.certificate).toString("base64")}\n-----END CERTIFICATE-----\n`;
    expect(readContent(new TextEncoder().encode(text), owner)).toEqual({ lists: certificateList(other, owner) });
  });

  test("a signed update is taken as it is, with and without attributes in front", () => {
    const bytes = fileFor(AT, hashList(1));
    expect(readContent(bytes)).toEqual({ signed: parseSignedFile(bytes) });
    const prefixed = Uint8Array.from([0x27, 0, 0, 0, ...bytes]);
    expect(readContent(prefixed)).toMatchObject({ signed: { attributes: AT, data: bytes } });
  });

  test.each([
    ["nothing", NONE, "offset 0x0"],
    ["text", new TextEncoder().encode("hello, world"), "offset 0x0"],
    ["half a list", hashList(1).subarray(0, 70), "offset 0x10"],
    ["a list with something behind it", Uint8Array.from([...hashList(1), 0]), "offset 0x4c"],
    ["a signed update whose certificate has no header", fileFor(AT, NONE).with(16, 23).with(17, 0), "offset 0x10"],
    ["a signed update that is cut off", fileFor(AT, NONE).subarray(0, 100), "offset 0x10"],
  ])("%s is refused with its place", (_, bytes, place) => {
    expect(() => readContent(bytes)).toThrow(expect.objectContaining({ constructor: FormatError, place }));
  });

  test("a certificate without RSA key is refused: firmware takes none", () => {
    const { certificate } = makeIdentity("No RSA", undefined, "ec");
    expect(() => readContent(certificate)).toThrow("certificate: an RSA key, which firmware takes, not ec");
  });

  test("digests are of 32 bytes each", () => {
    const digests = [1, 2].map((byte) => new Uint8Array(32).fill(byte));
    expect(digestList(digests, "00000000-0000-0000-0000-000000000001")).toEqual(hashList(1, 2));
    expect(() => digestList([new Uint8Array(20)])).toThrow("digest: 32 bytes, not 20");
  });

  test("certificates are found among other signatures, and before a malformed end", () => {
    const lists = Uint8Array.from([...hashList(1), ...certificateList(other), ...certificateList(platform), 0]);
    expect(certificatesOf(lists)).toEqual([other.certificate, platform.certificate]);
  });
});

describe("the status", () => {
  const variable = (name: string, data: Uint8Array, guid = guidOf(name), attributes = 7) => ({
    name,
    guid,
    attributes,
    data,
  });
  const flag = (name: string, value: number) => variable(name, Uint8Array.of(value), GLOBAL_GUID, 6);
  const enable = (value: number) =>
    variable("SecureBootEnable", Uint8Array.of(value), "f0a30bc7-af08-4556-99c4-001009c93a44", 3);
  const pk = variable("PK", certificateList(platform));

  test.each([
    ["nothing", [], "off, setup"],
    ["a PK", [pk], "on, user"],
    ["a PK, switched off", [pk, enable(0)], "off, user"],
    ["a PK, switched on", [pk, enable(1)], "on, user"],
    ["switched on, no PK", [enable(1)], "off, setup"],
    ["a PK that waits for a boot", [pk, flag("SetupMode", 0), flag("SecureBoot", 0)], "off, user"],
    ["a PK deleted since the boot", [flag("SetupMode", 1), flag("SecureBoot", 1)], "on, setup"],
    ["AuditMode", [flag("SetupMode", 1), flag("AuditMode", 1)], "off, audit"],
    ["DeployedMode", [pk, flag("SetupMode", 0), flag("SecureBoot", 1), flag("DeployedMode", 1)], "on, deployed"],
    ["modes that are off", [pk, flag("AuditMode", 0), flag("DeployedMode", 0)], "on, user"],
    ["PK in another namespace", [variable("PK", certificateList(platform), IMAGE_SECURITY_GUID)], "off, setup"],
  ])("of %s is %s", (_, variables, line) => {
    expect(secureBootLine(secureBootStatus(variables))).toBe(`Secure Boot: ${line} mode`);
  });

  test("counts certificates, digests and what else there is, up to a fault", () => {
    const otherType = hashList(3);
    otherType[0] = 0;
    const db = Uint8Array.from([...certificateList(other), ...hashList(1, 2), ...otherType]);
    const { keys } = secureBootStatus([variable("db", db), variable("dbx", Uint8Array.from([...hashList(1), 9]))]);
    expect(keys).toEqual({
      db: { certificates: 1, digests: 2, others: 1 },
      dbx: { certificates: 0, digests: 1, others: 0, fault: expect.stringMatching(/^offset 0x4c: /) },
    });
  });

  test("of the stored keys of a captured machine survives JSON", () => {
    const machine = new Machine({ store: fixtureBytes("stores/ovmf-4m-ms.fd.gz"), start: "attach" });
    const status = secureBootStatus(machine.variables());
    expect(JSON.parse(JSON.stringify(status))).toEqual({
      enabled: true,
      mode: "user",
      variables: { SecureBoot: 1, SetupMode: 0, SecureBootEnable: 1, CustomMode: 0 },
      keys: {
        PK: { certificates: 1, digests: 0, others: 0 },
        KEK: { certificates: 2, digests: 0, others: 0 },
        db: { certificates: 2, digests: 0, others: 0 },
        dbx: { certificates: 0, digests: 1, others: 0 },
      },
    });
  });
});
