import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { directoryLosses, efivarfs, parseDirectory, serializeDirectory } from "../../src/formats/efivarfs.ts";
import { readTar } from "../../src/formats/tar-reader.ts";
import { FormatError } from "../../src/formats/variable-set.ts";
import { GLOBAL_GUID } from "../../src/guid.ts";
import { sampleBytes } from "../support/store-samples.ts";
import { anyVariables, ODD_NAMES, variable, withoutLost } from "../support/variables.ts";

const FILE = Uint8Array.of(7, 0, 0, 0, 1, 2, 3);

function directory(...names: string[]): Map<string, Uint8Array> {
  return new Map(names.map((name) => [name, FILE]));
}

test("a file is attributes and data, called Name-GUID", () => {
  expect([...serializeDirectory([variable()])]).toEqual([[`Boot0001-${GLOBAL_GUID}`, FILE]]);
});

test("what is written is read back but for the losses that are named", () => {
  fc.assert(
    fc.property(anyVariables, (variables) => {
      expect(parseDirectory(serializeDirectory(variables))).toEqual(withoutLost(variables, directoryLosses));
    }),
  );
});

test("no name, hostile as it may be, gives a file outside the directory", () => {
  fc.assert(
    fc.property(anyVariables, (variables) => {
      const odd = ODD_NAMES.map((name) => variable({ name }));
      for (const fileName of serializeDirectory([...odd, ...variables]).keys()) {
        expect(fileName).not.toMatch(/[/\0]|^\.{0,2}$/);
        expect(Buffer.byteLength(fileName)).toBeLessThanOrEqual(255);
        expect(Buffer.from(fileName).toString()).toBe(fileName);
      }
    }),
  );
});

test.each([
  ["..", []],
  [".", []],
  ["cd\\", []],
  ["Attempt 1", []],
  ["n".repeat(218), []],
  ["\u20ac".repeat(72), []],
  ["a/b", ["the variable: its name has a slash"]],
  ["/", ["the variable: its name has a slash"]],
  ["../../etc/x", ["the variable: its name has a slash"]],
  ["n".repeat(219), ["the variable: its file name is longer than 255 bytes"]],
  ["\u20ac".repeat(73), ["the variable: its file name is longer than 255 bytes"]],
  ["n".repeat(300), ["the variable: its file name is longer than 255 bytes"]],
  ["\udc00", ["the variable: its name is no Unicode text (a lone surrogate)"]],
  ["a\0", ["the variable: its name has a NUL"]],
])("losses of the name %j", (name, causes) => {
  expect(directoryLosses([variable({ name })]).map(({ what }) => what)).toEqual(causes);
  expect([...serializeDirectory([variable({ name })]).keys()]).toEqual(
    causes.length > 0 ? [] : [`${name}-${GLOBAL_GUID}`],
  );
});

test.each([
  ["a volatile variable", { attributes: 6 }, []],
  ["a boot-only one", { attributes: 3 }, ["the variable: it has no runtime access"]],
  ["a time stamp", { stamp: new Uint8Array(16).fill(1) }, ["time stamp"]],
  ["a signer digest", { digest: new Uint8Array(32).fill(1) }, ["signer digest"]],
  ["U-Boot's mark", { attributes: 0x80000007 }, ["attribute bit 31, U-Boot's read-only mark"]],
])("losses of %s", (_, fields, causes) => {
  expect(directoryLosses([variable(fields)]).map(({ what }) => what)).toEqual(causes);
});

test.each([
  ["names with hyphens and GUIDs in them", `A-${GLOBAL_GUID}-${GLOBAL_GUID}`, `A-${GLOBAL_GUID}`],
  ["names with line feeds", `A\nB-${GLOBAL_GUID}`, "A\nB"],
  ["GUIDs in upper case", `A-${GLOBAL_GUID.toUpperCase()}`, "A"],
])("%s are read", (_, fileName, name) => {
  expect(parseDirectory(directory(fileName))).toEqual([variable({ name })]);
});

test.each([
  "README",
  GLOBAL_GUID,
  `-${GLOBAL_GUID}`,
  `A${GLOBAL_GUID}`,
  `A-${GLOBAL_GUID}0`,
  `a/b-${GLOBAL_GUID}`,
  "",
  "..",
])("the file %j is refused by its name", (fileName) => {
  expect(() => parseDirectory(directory(fileName))).toThrow(FormatError);
  expect(() => parseDirectory(directory(fileName))).toThrow(
    `file ${JSON.stringify(fileName)}: a file that is called Name-GUID`,
  );
});

test("a file of fewer than 4 bytes is refused, one of 4 has no data", () => {
  const files = (bytes: number) => new Map([[`A-${GLOBAL_GUID}`, FILE.subarray(0, bytes)]]);
  expect(() => parseDirectory(files(3))).toThrow(
    `file "A-${GLOBAL_GUID}": 4 bytes of attributes, then data; it has 3 bytes`,
  );
  expect(parseDirectory(files(4))).toEqual([variable({ name: "A", data: new Uint8Array() })]);
});

test("two files of one variable are refused", () => {
  const files = directory(`A-${GLOBAL_GUID}`, `A-${GLOBAL_GUID.toUpperCase()}`);
  expect(() => parseDirectory(files)).toThrow(`file "A-${GLOBAL_GUID.toUpperCase()}": a variable that is not in`);
});

describe("the archive of a directory", () => {
  const sample = sampleBytes("efivarfs-firstboot.tar.gz");

  test("an edit writes all files anew, one of equal variables returns the base", () => {
    const variables = efivarfs.parse(sample);
    const changed = [...variables.slice(1), variable({ name: "New" })];
    expect(efivarfs.edit(sample, variables)).toBe(sample);
    expect(efivarfs.parse(efivarfs.edit(sample, changed))).toEqual(changed);
  });

  test("its files are those of the directory", () => {
    expect([...readTar(sample)]).toEqual([...serializeDirectory(efivarfs.parse(sample))]);
  });
});
