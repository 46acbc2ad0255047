import { describe, expect, test } from "vitest";
import { sha256 } from "../../src/files/bytes.ts";
import { certDbValue, parseCertDb } from "../../src/formats/cert-db.ts";
import { edk2Format } from "../../src/formats/edk2-format.ts";
import type { Variable } from "../../src/formats/variable-set.ts";
import { CERT_DB_GUID, GLOBAL_GUID, IMAGE_SECURITY_GUID } from "../../src/guid.ts";
import { toHex } from "../../src/hex.ts";
import { certificateList } from "../support/signer.ts";
import { GUID, platform, Writer } from "../support/writer.ts";

const digest = (byte: number) => new Uint8Array(32).fill(byte);
const signed = (name: string, byte?: number): Variable => ({
  name,
  guid: GUID,
  attributes: 0x27,
  data: Uint8Array.of(1),
  ...(byte === undefined ? {} : { digest: digest(byte) }),
});
const certDb = (...nodes: [name: string, byte: number][]): Variable => ({
  name: "certdb",
  guid: CERT_DB_GUID,
  attributes: 0x27,
  data: certDbValue(nodes.map(([name, byte]) => ({ name, guid: GUID, digest: digest(byte) }))),
});

/** Names of certdb's nodes with the first digest byte, as a parsed set has them. */
function nodesOf(set: readonly Variable[]) {
  const found = set.find(({ name, guid }) => name === "certdb" && guid === CERT_DB_GUID);
  return found && parseCertDb(found.data)?.map((node) => [node.name, node.digest[0]]);
}
const digests = (set: readonly Variable[]) => set.map((variable) => [variable.name, variable.digest?.[0]]);

test("a signer that the core entered into certdb is found beside its variable", () => {
  const dom0 = new Writer();
  expect(dom0.write("Private", certificateList(platform), platform)).toBe("SUCCESS");
  const set = edk2Format.parse(dom0.machine.flash());
  const found = set.find(({ name }) => name === "Private");
  expect(found?.digest?.length).toBe(32);
  expect(toHex(set.find(({ name }) => name === "certdb")?.data as Uint8Array)).toContain(
    toHex(found?.digest as Uint8Array),
  );
});

describe("digests beside variables become certdb's nodes", () => {
  test.each<[string, Variable[], [string, number][] | undefined]>([
    ["none: no certdb", [signed("A")], undefined],
    ["zeros stand for none", [signed("A", 0)], undefined],
    [
      "a certdb is made",
      [signed("A", 1), signed("B", 2)],
      [
        ["A", 1],
        ["B", 2],
      ],
    ],
    ["an empty one is filled", [certDb(), signed("A", 1)], [["A", 1]]],
    [
      "one more is added at the end",
      [certDb(["B", 2]), signed("A", 1), signed("B", 2)],
      [
        ["B", 2],
        ["A", 1],
      ],
    ],
    [
      "another signer replaces the known one",
      [certDb(["A", 3], ["B", 2]), signed("A", 1)],
      [
        ["A", 1],
        ["B", 2],
      ],
    ],
    ["a known one stays without digest beside it", [certDb(["A", 3]), signed("A")], [["A", 3]]],
  ])("%s", (_, set, nodes) => {
    const store = edk2Format.serialize(set);
    expect(nodesOf(edk2Format.parse(store))).toEqual(nodes);
    const edited = edk2Format.edit(edk2Format.serialize([]), set);
    expect(toHex(edited.subarray(0, 0x1000))).toBe(toHex(store.subarray(0, 0x1000)));
  });

  test("and come back beside them, also in another format's order and names", () => {
    const set = [signed("B", 2), signed("\ud800", 1)];
    expect(digests(edk2Format.parse(edk2Format.serialize(set)))).toEqual([
      ["B", 2],
      ["\ud800", 1],
      ["certdb", undefined],
    ]);
  });

  test("a new certdb has attributes NV+BS+RT+AT and no time stamp", () => {
    const made = edk2Format.parse(edk2Format.serialize([signed("A", 1)])).at(-1);
    expect(made).toMatchObject({ name: "certdb", attributes: 0x27 });
    expect(made?.stamp).toBeUndefined();
  });
});

describe("a digest that certdb cannot hold is a loss", () => {
  const ofPrivate = "signer digest: certdb keeps those of private authenticated variables only";
  test.each<[string, Variable, string]>([
    ["of a variable that is not authenticated", { ...signed("A", 1), attributes: 7 }, ofPrivate],
    ["of PK", { ...signed("PK", 1), guid: GLOBAL_GUID }, ofPrivate],
    ["of dbx", { ...signed("dbx", 1), guid: IMAGE_SECURITY_GUID }, ofPrivate],
  ])("%s", (_, variable, what) => {
    expect(edk2Format.losses([variable])).toEqual([{ variable: { name: variable.name, guid: variable.guid }, what }]);
    expect(nodesOf(edk2Format.parse(edk2Format.serialize([variable])))).toBeUndefined();
  });

  test("beside a certdb that cannot be read, which stays as it is", () => {
    const broken = { ...certDb(), data: Uint8Array.of(5, 0, 0, 0) };
    const set = [broken, signed("A", 1)];
    expect(edk2Format.losses(set)).toEqual([
      { variable: { name: "A", guid: GUID }, what: "signer digest: the certdb that is there cannot be read" },
    ]);
    expect(edk2Format.parse(edk2Format.serialize(set))[0]?.data).toEqual(broken.data);
  });

  test("but not of one with a name of Secure Boot under a vendor's GUID", () => {
    expect(edk2Format.losses([signed("PK", 1)])).toEqual([]);
  });
});

describe("editing in place", () => {
  const base = edk2Format.serialize([certDb(["A", 1], ["B", 2], ["Gone", 9]), signed("A"), signed("B")]);

  test("drops the nodes of variables that are removed, and no others", () => {
    const left = edk2Format.parse(base).filter(({ name }) => name !== "A");
    expect(nodesOf(edk2Format.parse(edk2Format.edit(base, left)))).toEqual([
      ["B", 2],
      ["Gone", 9],
    ]);
  });

  test("leaves certdb's record alone where the set has no certdb and its digests are the same", () => {
    const store = edk2Format.serialize([certDb(["A", 1]), signed("A")]);
    expect(sha256(edk2Format.edit(store, [signed("A", 1)]))).toBe(sha256(store));
  });
});

describe("a certdb is read only if all its sizes agree", () => {
  const good = certDbValue([{ name: "AB", guid: GUID, digest: digest(1) }]);
  const changed = (offset: number, value: number) => {
    const value32 = good.slice();
    new DataView(value32.buffer).setUint32(offset, value, true);
    return value32;
  };
  test.each<[string, Uint8Array]>([
    ["total", changed(0, 67)],
    ["node", changed(20, 63)],
    ["name", changed(24, 3)],
    ["name, wrapping around 32 bits", changed(24, 0x80000002)],
    ["digest", changed(28, 31)],
    ["a short value", good.slice(0, 3)],
    ["a cut node", (() => Uint8Array.of(31, 0, 0, 0, ...good.subarray(4, 31)))()],
  ])("%s", (_, value) => {
    expect(parseCertDb(good)?.length).toBe(1);
    expect(parseCertDb(value)).toBeUndefined();
  });

  test("of nodes with the same name the first counts, and digests of other lengths stay in certdb alone", () => {
    const data = certDbValue([
      { name: "A", guid: GUID, digest: digest(1) },
      { name: "A", guid: GUID, digest: digest(2) },
      { name: "B", guid: GUID, digest: new Uint8Array(48).fill(3) },
    ]);
    const store = edk2Format.serialize([{ ...certDb(), data }, signed("A"), signed("B")]);
    const set = edk2Format.parse(store);
    expect(digests(set).slice(1)).toEqual([
      ["A", 1],
      ["B", undefined],
    ]);
    expect(sha256(edk2Format.edit(store, set))).toBe(sha256(store));
  });
});
