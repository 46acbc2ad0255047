import { describe, expect, test } from "vitest";
import { sha256 } from "../../src/files/bytes.ts";
import { checkVolume } from "../../src/formats/edk2-check.ts";
import { edk2Format } from "../../src/formats/edk2-format.ts";
import { AAVMF, findVolume, formatVolume, OVMF_2M, OVMF_4M } from "../../src/formats/edk2-store.ts";
import type { FormatOptions } from "../../src/formats/format.ts";
import type { Variable } from "../../src/formats/variable-set.ts";
import { toHex } from "../../src/hex.ts";
import { Machine } from "../../src/machine.ts";
import { toUcs2 } from "../../src/ucs2.ts";
import { fixtureBytes } from "../support/fixtures.ts";

interface Listed {
  name?: string;
  nameHex?: string;
  guid: string;
  attr: number;
  size: number;
  sha256: string;
  time?: string;
}

const manifest: { files: { file: string; kind: string; variables: Listed[] }[] } = JSON.parse(
  new TextDecoder().decode(fixtureBytes("stores/manifest.json")),
);
const samples = manifest.files.filter(({ kind }) => kind === "edk2-fv");

const GUID = "11111111-2222-3333-4444-555555555555";
const one = (changes: Partial<Variable> = {}): Variable => ({
  name: "One",
  guid: GUID,
  attributes: 7,
  data: Uint8Array.of(1, 2, 3),
  ...changes,
});

/** What a set holds, for comparison: absent and zero are the same. */
function plain(variables: readonly Variable[]) {
  return variables.map(({ name, guid, attributes, data, stamp, count, keyIndex }) => ({
    name: toHex(toUcs2(name)),
    guid,
    attributes,
    data: toHex(data),
    stamp: toHex(stamp ?? new Uint8Array(16)),
    count: count ?? 0n,
    keyIndex: keyIndex ?? 0,
  }));
}

describe.each(samples)("$file", ({ file, variables }) => {
  const bytes = fixtureBytes(`stores/${file}`);
  const parsed = edk2Format.parse(bytes);

  test("lists exactly the manifest's variables, in order", () => {
    const got = parsed.map(({ name, guid, attributes, data, stamp }) => ({
      name: toHex(toUcs2(name)),
      guid,
      attr: attributes,
      size: data.length,
      sha256: sha256(data),
      time: toHex(stamp ?? new Uint8Array(16)),
    }));
    const wanted = variables.map(({ name, nameHex, guid, attr, size, sha256, time }) => ({
      name: nameHex ?? toHex(toUcs2(name as string)),
      guid,
      attr,
      size,
      sha256,
      time: time ?? "00".repeat(16),
    }));
    expect(got).toEqual(wanted);
  });

  test("is detected, and has nothing to find fault with", () => {
    expect(edk2Format.detects(bytes)).toBe(true);
    expect(checkVolume(bytes)).toEqual([]);
  });

  test("loses nothing, and is the same for reader and core when written anew", () => {
    const { geometry } = findVolume(bytes);
    expect(edk2Format.losses(parsed)).toEqual([]);
    const anew = edk2Format.serialize(parsed, { geometry });
    expect(anew.length).toBe(bytes.length);
    expect(plain(edk2Format.parse(anew))).toEqual(plain(parsed));
    expect(checkVolume(anew)).toEqual([]);
    const stored = new Machine({ store: anew, start: "attach" }).variables().filter(({ attributes }) => attributes & 1);
    expect(plain(stored)).toEqual(plain(parsed));
  });

  test("stays the same to the byte when its variables are written back", () => {
    expect(sha256(edk2Format.edit(bytes, parsed))).toBe(sha256(bytes));
  });
});

describe("a new volume without variables", () => {
  test.each([
    ["ovmf-4m-stock.fd.gz", {}],
    ["ovmf-2m-stock.fd.gz", { geometry: OVMF_2M }],
  ])("is Debian's %s to the byte", (file, options) => {
    expect(sha256(edk2Format.serialize([], options))).toBe(sha256(fixtureBytes(`stores/${file}`)));
  });

  test("of ArmVirtQemu's layout has the shipped headers, work and spare area, and zeros up to 64 MiB", () => {
    const anew = edk2Format.serialize([], { geometry: AAVMF });
    const shipped = fixtureBytes("stores/aavmf-snakeoil.fd.gz");
    expect(anew.length).toBe(shipped.length);
    for (const [start, end] of [
      [0, 100],
      [AAVMF.storeEnd, anew.length],
    ]) {
      expect(sha256(anew.subarray(start, end))).toBe(sha256(shipped.subarray(start, end)));
    }
  });
});

describe("a new volume", () => {
  const everything = one({ stamp: new Uint8Array(16).fill(7), count: 0x1122334455667788n, keyIndex: 9 });

  test("keeps stamp, monotonic count and public key index", () => {
    const [read] = edk2Format.parse(edk2Format.serialize([everything]));
    expect(read).toEqual(everything);
  });

  test("keeps all name units, lone surrogates included, and the order", () => {
    const set = ["\ud800", "b", "B", "a b", "\ufeff\u0001"].map((name) => one({ name }));
    expect(plain(edk2Format.parse(edk2Format.serialize(set)))).toEqual(plain(set));
  });

  test("has no monotonic count and key index where they are 0", () => {
    const [read] = edk2Format.parse(edk2Format.serialize([one({ count: 0n, keyIndex: 0 })]));
    expect(Object.keys(read as Variable)).not.toContain("count");
    expect(Object.keys(read as Variable)).not.toContain("keyIndex");
  });

  test("has the older records on request, without what they have no field for", () => {
    const options = { plainRecords: true };
    const store = edk2Format.serialize([everything, one({ name: "Two" })], options);
    expect(toHex(store.subarray(0x48, 0x58))).toBe(
      "16 36 cf dd 75 32 64 41 98 b6 fe 85 70 7f fe 7d".replaceAll(" ", ""),
    );
    expect(findVolume(store).authenticated).toBe(false);
    expect(plain(edk2Format.parse(store))).toEqual(plain([one(), one({ name: "Two" })]));
    expect(edk2Format.losses([everything], options).map(({ what }) => what)).toEqual([
      "monotonic count",
      "public key index",
      "time stamp",
    ]);
  });

  test("takes what fits to the byte, and says both figures for more", () => {
    const room = OVMF_2M.storeEnd - 100;
    const full = one({ data: new Uint8Array(room - 68) });
    const store = edk2Format.serialize([full], { geometry: OVMF_2M });
    expect(edk2Format.parse(store)[0]?.data.length).toBe(room - 68);
    const more = () => edk2Format.serialize([{ ...full, data: new Uint8Array(room - 67) }], { geometry: OVMF_2M });
    expect(more).toThrow(new RangeError(`variables: ${room + 4} bytes of records, and the store has room for ${room}`));
  });
});

describe("losses name, and a new volume leaves out,", () => {
  test.each<[string, Variable, string, Variable[]]>([
    ["volatile variables", one({ attributes: 6 }), "the variable: it is volatile", []],
    ["empty names", one({ name: "" }), "the variable: its name is empty", []],
    ["names with a NUL", one({ name: "a\0b" }), "the variable: its name has a NUL", []],
    ["variables without data", one({ data: new Uint8Array(0) }), "the variable: it has no data", []],
    ["U-Boot's mark", one({ attributes: 0x80000007 }), "attribute bit 31, U-Boot's read-only mark", [one()]],
  ])("%s", (_, variable, what, left) => {
    expect(edk2Format.losses([variable])).toEqual([{ variable: { name: variable.name, guid: GUID }, what }]);
    expect(plain(edk2Format.parse(edk2Format.serialize([variable])))).toEqual(plain(left));
    expect(plain(edk2Format.parse(edk2Format.edit(formatVolume(OVMF_4M), [variable])))).toEqual(plain(left));
  });
});

describe("files are detected by what they hold", () => {
  const store = edk2Format.serialize([one()]);
  const combined = new Uint8Array(0x3000 + store.length);
  combined.set(store, 0x3000);
  const damaged = store.slice();
  damaged[0x50] = 0;
  test.each<[string, Uint8Array, boolean]>([
    ["a volume", store, true],
    ["a volume on a 4 KiB border of an image", combined, true],
    ["a damaged volume", damaged, true],
    ["blank flash", new Uint8Array(0x1000), true],
    ["erased flash", new Uint8Array(0x1000).fill(0xff), true],
    ["a qcow2 image", Uint8Array.of(0x51, 0x46, 0x49, 0xfb), true],
    ["an empty file", new Uint8Array(0), false],
    ["a few zeros", new Uint8Array(24), false],
    ["text", new TextEncoder().encode("{}"), false],
  ])("%s", (_, bytes, isFlash) => {
    expect(edk2Format.detects(bytes)).toBe(isFlash);
  });
});

test.each<[string, FormatOptions]>([
  ["authenticated", {}],
  ["plain", { plainRecords: true }],
])("a volume behind other parts of an image is read and edited there, records %s", (_, options) => {
  const store = edk2Format.serialize([one()], options);
  const image = new Uint8Array(0x5000 + store.length + 0x1000).fill(0x5a);
  image.set(store, 0x5000);
  expect(plain(edk2Format.parse(image))).toEqual(plain([one()]));
  const changed = [one({ data: Uint8Array.of(4) }), one({ name: "Two" })];
  const edited = edk2Format.edit(image, changed);
  expect(toHex(edited.subarray(0x5000, 0x5000 + store.length))).toBe(toHex(edk2Format.edit(store, changed)));
  expect(sha256(edited.subarray(0, 0x5000))).toBe(sha256(image.subarray(0, 0x5000)));
  expect(sha256(edited.subarray(-0x1000))).toBe(sha256(image.subarray(-0x1000)));
  expect(plain(edk2Format.parse(edited))).toEqual(plain(changed));
});

test("a live record whose header was never completed is no variable", () => {
  const store = edk2Format.serialize([one()]);
  store.fill(0xff, 100 + 36, 100 + 40);
  expect(() => edk2Format.parse(store)).toThrow("offset 0x64: a live record whose header was completed");
});
