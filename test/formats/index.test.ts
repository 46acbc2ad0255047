import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { detectFormat, FORMATS } from "../../src/formats/index.ts";
import { FormatError } from "../../src/formats/variable-set.ts";
import { listed, sampleBytes, storeSamples } from "../support/store-samples.ts";
import { anyVariables, variable, withoutLost } from "../support/variables.ts";

/** What every format does alike. */

const KINDS: Record<string, string> = {
  dmpstore: "dmpstore",
  "efivar-export": "efivar",
  "efivarfs-dir": "efivarfs",
  "uboot-efi-var": "uboot",
  "json-v2": "json",
  "varstored-v2-base64": "varstored",
  "hyperv-nvram": "hyperv",
};
const SAMPLES = storeSamples(...Object.keys(KINDS));

/** An efivar export holds one variable only; see efivar-export.test.ts. */
const LISTS = FORMATS.filter(({ name }) => name !== "efivar");

describe("samples", () => {
  test("there are twelve with a reader here", () => expect(SAMPLES).toHaveLength(12));

  test.each(SAMPLES)("$file lists what the manifest says, in its order", ({ file, kind, variables }) => {
    const bytes = sampleBytes(file);
    const format = detectFormat(bytes);
    expect(format.name).toBe(KINDS[kind]);
    expect(listed(format.parse(bytes))).toEqual(variables);
  });

  test.each(SAMPLES)("$file is of one format only", ({ file }) => {
    const bytes = sampleBytes(file);
    expect(FORMATS.filter((format) => format.detects(bytes))).toHaveLength(1);
  });

  test.each(SAMPLES)("$file is left as it is when its variables are", ({ file }) => {
    const bytes = sampleBytes(file);
    const format = detectFormat(bytes);
    expect(format.edit(bytes, format.parse(bytes))).toEqual(bytes);
  });

  test.each(SAMPLES)("$file, written anew, has its variables but for the losses", ({ file }) => {
    const bytes = sampleBytes(file);
    const format = detectFormat(bytes);
    const variables = format.parse(bytes);
    const rest = withoutLost(variables, format.losses);
    expect(format.parse(format.serialize(variables))).toEqual(rest);
  });
});

// A signer's digest makes edk2 keep one variable more, certdb: cert-db.test.ts and edk2-edit.test.ts.
describe.each(LISTS.filter(({ name }) => name !== "edk2"))("$name", (format) => {
  test("any variables come back but for the losses that are named", () => {
    fc.assert(
      fc.property(anyVariables, (variables) => {
        const bytes = format.serialize(variables);
        expect(format.parse(bytes)).toEqual(withoutLost(variables, format.losses));
      }),
      { numRuns: 400 },
    );
  });

  test("an edit of any file into any other gives its variables, but for the losses of changed ones", () => {
    fc.assert(
      fc.property(anyVariables, anyVariables, (before, after) => {
        const base = format.serialize(before);
        const kept = withoutLost(after, format.losses);
        expect(format.parse(format.edit(base, kept))).toEqual(kept);
      }),
      { numRuns: 100 },
    );
  });
});

describe.each(LISTS)("$name", (format) => {
  test("a second variable of one name and GUID is a loss, and so is a name that cannot be", () => {
    const variables = [
      variable(),
      variable({ data: Uint8Array.of(9) }),
      variable({ name: "" }),
      variable({ name: "a\0" }),
    ];
    expect(format.losses(variables).map(({ what }) => what)).toEqual([
      "the variable: one of the same name and GUID is before it",
      "the variable: its name is empty",
      "the variable: its name has a NUL",
    ]);
    expect(format.parse(format.serialize(variables))).toEqual([variable()]);
  });

  test("count and key index are losses but for edk2's records, each named once", () => {
    const losses = format.losses([variable({ count: 1n, keyIndex: 2 })]);
    const lost = format.name === "edk2" ? [] : ["monotonic count", "public key index"];
    expect(losses.map(({ what }) => what)).toEqual(lost);
  });

  test("bytes that lie within larger ones are read", () => {
    const bytes = format.serialize([variable()]);
    const larger = new Uint8Array(bytes.length + 20).fill(0xaa);
    larger.set(bytes, 7);
    const within = larger.subarray(7, 7 + bytes.length);
    expect(detectFormat(within)).toBe(format);
    expect(format.parse(within)).toEqual([variable()]);
  });

  test("a variable that was read does not share the file's memory", () => {
    const bytes = Buffer.from(format.serialize([variable({ attributes: 0x27, stamp: new Uint8Array(16).fill(1) })]));
    const before = format.parse(new Uint8Array(bytes));
    const read = format.parse(bytes);
    bytes.fill(0xee);
    expect(read).toEqual(before);
  });
});

describe("detection", () => {
  test.each([
    ["an empty file", []],
    ["zeros", Array(64).fill(0)],
    ["erased flash", Array(64).fill(0xff)],
    ["text", [...Buffer.from("hello world, this is no store at all")]],
    ["base64 of something else", [...Buffer.from(Buffer.from("AMZNUEFJ and more text").toString("base64"))]],
    ["gzip", [0x1f, 0x8b, 8, 0, 0, 0, 0, 0]],
  ])("%s is refused with a list of the formats", (_, bytes) => {
    const detect = () => detectFormat(Uint8Array.from(bytes));
    expect(detect).toThrow(FormatError);
    for (const { name } of FORMATS) expect(detect).toThrow(name);
  });

  test("a dmpstore record that starts as JSON text does is told by its CRC", () => {
    const [dmpstore, json] = ["dmpstore", "json"].map((name) => FORMATS.find((format) => format.name === name));
    const bytes = dmpstore?.serialize([variable({ name: "n".repeat(0x7b20 / 2 - 1) })]) ?? new Uint8Array();
    expect(json?.detects(bytes)).toBe(true);
    expect(detectFormat(bytes)).toBe(dmpstore);
  });

  test("Hyper-V's blob is asked for last: its type and length are any zeros and small number", () => {
    expect(FORMATS.at(-1)?.name).toBe("hyperv");
  });

  test.each(["uboot", "efivar", "aws", "varstored", "hyperv", "dmpstore", "efivarfs", "json"])(
    "%s alone takes the file that it wrote",
    (name) => {
      const format = FORMATS.find((candidate) => candidate.name === name);
      const bytes = format?.serialize([variable()]) ?? new Uint8Array();
      expect(FORMATS.filter((candidate) => candidate.detects(bytes))).toEqual([format]);
    },
  );
});
