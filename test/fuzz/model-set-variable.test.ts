import { describe, expect, test } from "vitest";
import { unsigned, withDescriptor } from "../../src/crypto/authenticated-write.ts";
import { writeSignatureList } from "../../src/decoders/signature-list.ts";
import { GLOBAL_GUID, HARDWARE_ERROR_GUID, IMAGE_SECURITY_GUID } from "../../src/guid.ts";
import { fromHex } from "../../src/hex.ts";
import type { MachineOptions } from "../../src/machine.ts";
import { timeOfSeconds } from "../../src/time.ts";
import { le32, lengthened, patched, utf8 } from "../support/bytes.ts";
import { ModelClient } from "../support/model-client.ts";

const OURS = "11111111-2222-3333-4444-555555555555";
const VAR_ERROR_GUID = "04b37fe8-f6ae-480b-bdd5-37d98c5e89aa";
const MTC_GUID = "eb704011-1402-11d3-8e77-00a0c969723b";
const SHA256 = "c1c41626-504c-4092-aca9-41f936934328";
const X509 = "a5c059a1-94e4-4aa7-87b5-ab155c2bf072";
/** Name and data of the largest variable: 0x8400 less the record's header. */
const LARGEST = 0x8400 - 60;

const bytes = (count: number, value = 1) => new Uint8Array(count).fill(value);

/** A Dom0 whose store has so many bytes left. */
function nearlyFull(roomBytes: number, options: MachineOptions = {}): ModelClient {
  const dom0 = new ModelClient(options);
  dom0.leaveRoom(roomBytes);
  dom0.model.mark();
  return dom0;
}

/** What attributes get where the variable is missing and where NV+BS+RT is stored, with data and without. */
const ATTRIBUTES = [
  [0x00, "NOT_FOUND", "NOT_FOUND", "SUCCESS", "SUCCESS"],
  [0x01, "INVALID_PARAMETER", "INVALID_PARAMETER", "INVALID_PARAMETER", "INVALID_PARAMETER"],
  [0x02, "INVALID_PARAMETER", "NOT_FOUND", "INVALID_PARAMETER", "INVALID_PARAMETER"],
  [0x03, "INVALID_PARAMETER", "NOT_FOUND", "INVALID_PARAMETER", "INVALID_PARAMETER"],
  [0x04, "INVALID_PARAMETER", "INVALID_PARAMETER", "INVALID_PARAMETER", "INVALID_PARAMETER"],
  [0x06, "INVALID_PARAMETER", "NOT_FOUND", "INVALID_PARAMETER", "INVALID_PARAMETER"],
  [0x07, "SUCCESS", "NOT_FOUND", "SUCCESS", "SUCCESS"],
  [0x0f, "INVALID_PARAMETER", "INVALID_PARAMETER", "INVALID_PARAMETER", "INVALID_PARAMETER"],
  [0x10, "UNSUPPORTED", "UNSUPPORTED", "UNSUPPORTED", "UNSUPPORTED"],
  [0x11, "INVALID_PARAMETER", "INVALID_PARAMETER", "INVALID_PARAMETER", "INVALID_PARAMETER"],
  [0x14, "UNSUPPORTED", "UNSUPPORTED", "UNSUPPORTED", "UNSUPPORTED"],
  [0x37, "UNSUPPORTED", "UNSUPPORTED", "UNSUPPORTED", "UNSUPPORTED"],
  [0x27, "SECURITY_VIOLATION", "SECURITY_VIOLATION", "SECURITY_VIOLATION", "SECURITY_VIOLATION"],
  [0x40, "NOT_FOUND", "SUCCESS", "INVALID_PARAMETER", "INVALID_PARAMETER"],
  [0x41, "NOT_FOUND", "SUCCESS", "INVALID_PARAMETER", "INVALID_PARAMETER"],
  [0x46, "INVALID_PARAMETER", "SUCCESS", "INVALID_PARAMETER", "INVALID_PARAMETER"],
  [0x47, "SUCCESS", "SUCCESS", "SUCCESS", "SUCCESS"],
  [0x80, "INVALID_PARAMETER", "INVALID_PARAMETER", "INVALID_PARAMETER", "INVALID_PARAMETER"],
  [0x100, "INVALID_PARAMETER", "INVALID_PARAMETER", "INVALID_PARAMETER", "INVALID_PARAMETER"],
] as const;

test.each(ATTRIBUTES)("attributes 0x%s of a missing and a stored variable", (attributes, ...expected) => {
  const dom0 = new ModelClient({ preload: [{ name: "B", guid: OURS, attributes: 7, data: "02" }] });
  const statuses = ["A", "B"].flatMap((name) =>
    [bytes(1), bytes(0)].map((data) => {
      dom0.model.reset();
      return dom0.setVariable(name, OURS, attributes, data).statusName;
    }),
  );
  expect(statuses).toEqual(expected);
});

test.each([
  [0, 1, "WRITE_PROTECTED"],
  [0, 0, "WRITE_PROTECTED"],
  [7, 1, "INVALID_PARAMETER"],
  [0x27, 41, "SECURITY_VIOLATION"],
])("attributes %i with %i bytes do not change an authenticated variable: %s", (attributes, count, expected) => {
  const dom0 = new ModelClient({ preload: [{ name: "B", guid: OURS, attributes: 0x27, data: "02" }] });
  const data = setupWrite(bytes(Math.max(0, count - 40)));
  expect(dom0.setVariable("B", OURS, attributes, attributes === 0x27 ? data : bytes(count)).statusName).toBe(expected);
  expect(dom0.getVariable("B", OURS).data).toEqual(bytes(1, 2));
  if (attributes === 0x27) expect(() => dom0.setVariable("B", OURS, 0x27, setupWrite(bytes(0)))).toThrow("not cover");
});

/** What remains of counter-based authentication: 560 bytes are a descriptor around no data. */
const BARE_COUNTERS = [
  ["A", OURS, 0x17, "UNSUPPORTED"],
  ["A", OURS, 0x57, "UNSUPPORTED"],
  ["B", OURS, 0x17, "INVALID_PARAMETER"],
  ["A", OURS, 0x18, "UNSUPPORTED"],
  ["B", OURS, 0x18, "INVALID_PARAMETER"],
  ["A", OURS, 0x5b, "INVALID_PARAMETER"],
  ["HwErrRec0001", HARDWARE_ERROR_GUID, 0x5f, "INVALID_PARAMETER"],
  ["SetupMode", GLOBAL_GUID, 0x18, "WRITE_PROTECTED"],
  ["CustomMode", "c076ec0c-7028-4399-a072-71ee5c448b9f", 0x13, "WRITE_PROTECTED"],
  ["PK", GLOBAL_GUID, 0x17, "INVALID_PARAMETER"],
  ["Unknown", GLOBAL_GUID, 0x17, "UNSUPPORTED"],
  ["Unknown", GLOBAL_GUID, 0x57, "INVALID_PARAMETER"],
] as const;

test.each(BARE_COUNTERS)(
  "a bare counter descriptor for %s of %s with attributes 0x%s",
  (name, guid, attributes, expected) => {
    const dom0 = new ModelClient({ preload: [{ name: "B", guid: OURS, attributes: 7, data: "02" }] });
    expect(dom0.setVariable(name, guid, attributes, bytes(560)).statusName).toBe(expected);
  },
);

describe("sizes", () => {
  test.each([
    [7, 0, "SUCCESS"],
    [7, 1, "INVALID_PARAMETER"],
    [0x47, 0, "SUCCESS"],
    [0x47, 1, "INVALID_PARAMETER"],
    [0, 1, "NOT_FOUND"],
    [2, 1, "INVALID_PARAMETER"],
  ])("attributes %i with %i bytes more than the largest variable", (attributes, more, expected) => {
    expect(new ModelClient().setVariable("A", OURS, attributes, bytes(LARGEST - 4 + more)).statusName).toBe(expected);
  });

  test("an append is checked against the sum", () => {
    const dom0 = new ModelClient({ preload: [{ name: "B", guid: OURS, attributes: 7, data: "02" }] });
    expect(dom0.setVariable("B", OURS, 0x47, bytes(LARGEST - 4)).statusName).toBe("INVALID_PARAMETER");
    expect(dom0.setVariable("B", OURS, 0x47, bytes(LARGEST - 5)).statusName).toBe("SUCCESS");
  });

  test("a record counts rounded up to 4, and must fit unrounded", () => {
    const dom0 = nearlyFull(2 * 68);
    expect(dom0.setVariable("A", OURS, 7, bytes(1)).statusName).toBe("SUCCESS");
    expect(dom0.room()).toBe(68);
    expect(dom0.setVariable("B", OURS, 7, bytes(5)).statusName).toBe("OUT_OF_RESOURCES");
    expect(dom0.setVariable("B", OURS, 7, bytes(4)).statusName).toBe("SUCCESS");
    expect(dom0.room()).toBe(0);
  });
});

describe("a store without room", () => {
  const full = () => nearlyFull(0, { preload: [{ name: "A", guid: OURS, attributes: 7, data: "01" }] });

  test("forgets a VarErrorFlag that was deleted", () => {
    const dom0 = full();
    expect(dom0.setVariable("VarErrorFlag", VAR_ERROR_GUID, 0).statusName).toBe("SUCCESS");
    expect(dom0.setVariable("A", OURS, 7, bytes(9)).statusName).toBe("OUT_OF_RESOURCES");
    expect(dom0.names()).not.toContain("VarErrorFlag");
  });

  test("keeps the old value where it is, and takes the same data", () => {
    const dom0 = full();
    const before = dom0.names();
    expect(dom0.setVariable("A", OURS, 7, bytes(1, 2)).statusName).toBe("OUT_OF_RESOURCES");
    expect(dom0.setVariable("A", OURS, 0x47).statusName).toBe("OUT_OF_RESOURCES");
    expect(dom0.setVariable("A", OURS, 7, bytes(1)).statusName).toBe("SUCCESS");
    expect(dom0.names()).toEqual(before);
    expect(dom0.setVariable("A", OURS, 7).statusName).toBe("SUCCESS");
    expect(dom0.names()).not.toContain("A");
  });

  test.each([
    ["ff", "ef"],
    ["10", "00"],
    ["ffff", "efff"],
  ])("clears a bit of VarErrorFlag %s in place", (data, expected) => {
    const flag = { name: "VarErrorFlag", guid: VAR_ERROR_GUID, attributes: 7, data };
    const dom0 = nearlyFull(0, { preload: [flag] });
    const before = dom0.names();
    expect(dom0.setVariable("A", OURS, 7, bytes(100)).statusName).toBe("OUT_OF_RESOURCES");
    expect(dom0.getVariable("VarErrorFlag", VAR_ERROR_GUID).data).toEqual(fromHex(expected));
    expect(dom0.names()).toEqual(before);
    dom0.model.reset();
    expect(dom0.getVariable("VarErrorFlag", VAR_ERROR_GUID).data).toEqual(fromHex(data));
  });

  test("the monotonic count goes on in memory", () => {
    const dom0 = full();
    expect(dom0.getNextHighMonotonicCount()).toMatchObject({ statusName: "OUT_OF_RESOURCES", high: 2 });
    expect(dom0.getNextHighMonotonicCount()).toMatchObject({ statusName: "OUT_OF_RESOURCES", high: 3 });
    expect(dom0.getVariable("MTC", MTC_GUID).data).toEqual(Uint8Array.of(1, 0, 0, 0));
  });
});

/** A value, the languages that are then stored, and how many records were written. */
const LANGUAGES = [
  ["PlatformLang", "fr\0", "fra\0", "fr\0", 2],
  ["PlatformLang", "fr-CA;en\0", "fra\0", "fr-CA;en\0", 2],
  ["PlatformLang", "f\0", "fra\0", "f\0", 2],
  ["PlatformLang", "enx\0", "eng\0", "enx\0", 1],
  ["PlatformLang", "en-\0", "eng\0", "en-\0", 1],
  ["PlatformLang", "xx\0", "eng\0", "xx\0", 1],
  ["PlatformLang", "en\0", "eng\0", "en\0", 0],
  ["Lang", "fra\0", "fra\0", "fr\0", 2],
  ["Lang", "fr\0", "fr\0", "fr\0", 2],
  ["Lang", "frax\0", "frax\0", "fr\0", 2],
  ["Lang", "xxx\0", "xxx\0", "en\0", 1],
  ["Lang", "\0eng", "\0eng", "en\0", 1],
] as const;

describe("Lang and PlatformLang", () => {
  test.each(LANGUAGES)("%s %j leaves %j and %j with %i records", (name, value, lang, platformLang, records) => {
    const dom0 = new ModelClient();
    const room = dom0.room();
    expect(dom0.setVariable(name, GLOBAL_GUID, 7, utf8(value)).statusName).toBe("SUCCESS");
    expect(dom0.getVariable("Lang", GLOBAL_GUID).data).toEqual(utf8(lang));
    expect(dom0.getVariable("PlatformLang", GLOBAL_GUID).data).toEqual(utf8(platformLang));
    expect(Math.round((room - dom0.room()) / 84)).toBe(records);
  });

  test("the partner is written first, also for a name of another GUID", () => {
    const dom0 = new ModelClient();
    dom0.setVariable("Lang", OURS, 7, utf8("fra"));
    expect([...dom0.variableNames()].slice(-2)).toEqual([
      { name: "PlatformLang", guid: GLOBAL_GUID },
      { name: "Lang", guid: OURS },
    ]);
  });

  test("no room for both refuses even the same data", () => {
    const dom0 = nearlyFull(76 + 92 - 4);
    expect(dom0.setVariable("Lang", GLOBAL_GUID, 7, utf8("eng\0")).statusName).toBe("OUT_OF_RESOURCES");
    expect(dom0.getVariable("VarErrorFlag", VAR_ERROR_GUID).data).toEqual(bytes(1, 0xff));
    const enough = nearlyFull(76 + 92);
    expect(enough.setVariable("Lang", GLOBAL_GUID, 7, utf8("eng\0")).statusName).toBe("SUCCESS");
  });

  test.each(["LangCodes", "PlatformLangCodes"])("%s of any GUID cannot be written", (name) => {
    const dom0 = new ModelClient();
    expect(dom0.setVariable(name, OURS, 7, utf8("en\0")).statusName).toBe("WRITE_PROTECTED");
    expect(dom0.setVariable(name, OURS, 7).statusName).toBe("NOT_FOUND");
  });
});

/** Sets with data, sets of no data and attributes 0. */
const DEFINED = [
  ["SecureBoot", 6, 1, "WRITE_PROTECTED"],
  ["dbxDefault", 6, 0, "WRITE_PROTECTED"],
  ["HwErrRecSupport", 7, 2, "WRITE_PROTECTED"],
  ["HwErrRecSupport", 7, 3, "INVALID_PARAMETER"],
  ["BootOptionSupport", 7, 4, "INVALID_PARAMETER"],
  ["BootOptionSupport", 7, 0, "WRITE_PROTECTED"],
  ["PlatformRecovery0000", 0, 0, "WRITE_PROTECTED"],
  ["PlatformRecovery0001", 0, 0, "NOT_FOUND"],
  ["OsIndications", 7, 8, "SUCCESS"],
  ["OsIndications", 7, 7, "INVALID_PARAMETER"],
  ["OsIndications", 6, 8, "INVALID_PARAMETER"],
  ["Unknown", 7, 1, "INVALID_PARAMETER"],
  ["Unknown", 7, 0, "NOT_FOUND"],
  ["Boot00ff", 7, 20, "INVALID_PARAMETER"],
  ["BootOrder", 7, 3, "INVALID_PARAMETER"],
  ["DriverOrder", 0x47, 0, "SUCCESS"],
  ["Key0001", 7, 14, "SUCCESS"],
  ["Key0001", 7, 13, "INVALID_PARAMETER"],
  ["Key0001", 7, 26, "INVALID_PARAMETER"],
  ["KEK", 7, 1, "INVALID_PARAMETER"],
  ["KEK", 7, 0, "INVALID_PARAMETER"],
] as const;

test.each(DEFINED)("%s with attributes %i and %i bytes", (name, attributes, count, expected) => {
  expect(new ModelClient().setVariable(name, GLOBAL_GUID, attributes, bytes(count)).statusName).toBe(expected);
});

/** Boot0001 with this path in a load option of no description. */
const PATHS = [
  ["7fff0400", "SUCCESS"],
  ["7fff0500", "INVALID_PARAMETER"],
  ["7f010400" + "7fff0400", "SUCCESS"],
  ["7f010400", "INVALID_PARAMETER"],
  ["010103007fff0400", "INVALID_PARAMETER"],
  ["0404080041000000" + "7fff0400", "SUCCESS"],
  ["0404060041007fff0400", "INVALID_PARAMETER"],
] as const;

test.each(PATHS)("a load option with the path %s", (path, expected) => {
  const option = fromHex(`01000000${(path.length / 2).toString(16).padStart(2, "0")}000000${path}`);
  expect(new ModelClient().setVariable("Boot0001", GLOBAL_GUID, 7, option).statusName).toBe(expected);
});

/** A write of KEK that nobody signed, as setup mode takes it. */
function setupWrite(payload: Uint8Array): Uint8Array {
  return unsigned({ name: "KEK", guid: GLOBAL_GUID, attributes: 0x27, time: timeOfSeconds(0), payload }) as Uint8Array;
}

describe("keys in setup mode", () => {
  const lists = writeSignatureList(SHA256, OURS, [bytes(32, 1), bytes(32, 2)]);
  const fewer = writeSignatureList(SHA256, OURS, [bytes(32, 2), bytes(32, 3)]);

  test.each([
    ["KEK", GLOBAL_GUID],
    ["dbt", IMAGE_SECURITY_GUID],
  ])("%s takes lists without a signature, appends only what is new, and is deleted by no lists", (name, guid) => {
    const dom0 = new ModelClient();
    expect(dom0.setVariable(name, guid, 0x27, setupWrite(lists)).statusName).toBe("SUCCESS");
    const room = dom0.room();
    expect(dom0.setVariable(name, guid, 0x67, setupWrite(lists)).statusName).toBe("SUCCESS");
    expect(dom0.room()).toBeLessThan(room);
    expect(dom0.getVariable(name, guid).data).toEqual(lists);
    expect(dom0.setVariable(name, guid, 0x67, setupWrite(fewer)).statusName).toBe("SUCCESS");
    const added = writeSignatureList(SHA256, OURS, [bytes(32, 3)]);
    expect(dom0.getVariable(name, guid).data).toEqual(Uint8Array.of(...lists, ...added));
    expect(dom0.setVariable(name, guid, 0x27, setupWrite(bytes(0))).statusName).toBe("SUCCESS");
    expect(dom0.setVariable(name, guid, 0x27, setupWrite(bytes(0))).statusName).toBe("NOT_FOUND");
  });

  test.each([
    ["that do not fill it", Uint8Array.of(...lists, 0)],
    ["of an unknown type", writeSignatureList(OURS, OURS, [bytes(32)])],
    ["of a wrong size", writeSignatureList(SHA256, OURS, [bytes(31)])],
    ["cut", lists.slice(0, -1)],
    ["whose bodies are no whole signatures", patched(lengthened(lists), 16, le32(lists.length + 1))],
    ["with headers", patched(lists, 20, le32(1))],
    ["shorter than their heads", patched(lists, 16, le32(27))],
  ])("a payload of lists %s is refused", (_what, payload) => {
    expect(new ModelClient().setVariable("KEK", GLOBAL_GUID, 0x27, setupWrite(payload)).statusName).toBe(
      "INVALID_PARAMETER",
    );
  });

  test("PK wants a signature of its own", () => {
    expect(new ModelClient().setVariable("PK", GLOBAL_GUID, 0x27, setupWrite(lists)).statusName).toBe(
      "SECURITY_VIOLATION",
    );
  });

  test("certificates, and keys in custom mode, are not covered: nothing changes", () => {
    const dom0 = new ModelClient();
    const room = dom0.room();
    const certificates = writeSignatureList(X509, OURS, [bytes(40)]);
    expect(() => dom0.setVariable("KEK", GLOBAL_GUID, 0x27, setupWrite(certificates))).toThrow("not cover");
    expect(dom0.room()).toBe(room);
    const custom = { name: "CustomMode", guid: "c076ec0c-7028-4399-a072-71ee5c448b9f", attributes: 3, data: "01" };
    const customMode = new ModelClient({ preload: [custom] });
    expect(() => customMode.setVariable("KEK", GLOBAL_GUID, 0x27, setupWrite(lists))).toThrow("not cover");
  });

  test.each([
    ["shorter than its head", bytes(39), "SECURITY_VIOLATION"],
    ["whose length passes the data", withDescriptor(bytes(16), bytes(4), bytes(0)).slice(0, -1), "SECURITY_VIOLATION"],
    ["whose length is less than its head", bytes(60, 0), "SECURITY_VIOLATION"],
  ])("a descriptor %s is refused before the variable is looked at", (_what, data, expected) => {
    expect(new ModelClient().setVariable("SecureBoot", GLOBAL_GUID, 0x27, data).statusName).toBe(expected);
  });
});
