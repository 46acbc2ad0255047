import fc from "fast-check";
import { expect, test } from "vitest";
import { crc32 } from "../../src/formats/crc.ts";
import { efivar } from "../../src/formats/efivar-export.ts";
import { le32, lengthened, patched, shortened } from "../support/bytes.ts";
import { anyVariables, variable, withoutLost } from "../support/variables.ts";

const FILE = efivar.serialize([variable()]);

function sealed(bytes: Uint8Array): Uint8Array {
  return patched(bytes, bytes.length - 4, le32(crc32(shortened(bytes, 4))));
}

test("any variable comes back but for the losses that are named", () => {
  fc.assert(
    fc.property(anyVariables, (variables) => {
      const one = variables.slice(0, 1);
      const kept = withoutLost(one, efivar.losses);
      fc.pre(kept.length === 1);
      expect(efivar.parse(efivar.serialize(one))).toEqual(kept);
    }),
  );
});

test.each([
  ["a magic of another", patched(FILE, 0, [0x98]), "offset 0x0: the magic 0xf3df1597"],
  ["version 2", patched(FILE, 4, [2]), "offset 0x4: version 1, not 2"],
  ["attributes of 33 bits", patched(FILE, 12, [1]), "offset 0x8: attributes of 32 bits, not 0x100000007"],
  ["no data", patched(FILE, 36, [0]), "offset 0x24: data of at least 1 byte"],
  [
    "a name without NUL",
    patched(FILE, 32, [16]),
    "offset 0x28: a name in UCS-2 with its only NUL at the end of 16 bytes",
  ],
  [
    "a name of odd size",
    patched(FILE, 32, [17]),
    "offset 0x28: a name in UCS-2 with its only NUL at the end of 17 bytes",
  ],
  ["no name", patched(FILE, 32, [2]), "offset 0x28: a name in UCS-2 with its only NUL at the end of 2 bytes"],
  ["a name past the end", patched(FILE, 32, [0, 1]), "offset 0x28: a name in 256 bytes; 25 are left"],
  ["data past the end", patched(FILE, 36, [200]), "offset 0x3a: data in 200 bytes; 7 are left"],
  ["a changed byte", patched(FILE, 58, [9]), "offset 0x3d: CRC-32 0x"],
  ["bytes behind its end", lengthened(FILE), "offset 0x41: the end of the export, not 1 more bytes"],
])("%s is refused", (_, bytes, message) => {
  expect(() => efivar.parse(bytes)).toThrow(message);
});

test("a NUL within the name is refused though the CRC is right", () => {
  expect(() => efivar.parse(sealed(patched(FILE, 44, [0, 0])))).toThrow("offset 0x28: a name in UCS-2");
});

test.each([0, 2])("%i variables are no export", (count) => {
  const variables = ["A", "B"].slice(0, count).map((name) => variable({ name }));
  const expected = new RangeError(`variables: an efivar export holds 1, not ${count}`);
  expect(() => efivar.serialize(variables)).toThrow(expected);
  expect(() => efivar.edit(FILE, variables)).toThrow(expected);
});

test.each([
  ["no data", { data: new Uint8Array() }, "the variable: it has no data"],
  ["a time stamp", { stamp: new Uint8Array(16).fill(1) }, "time stamp"],
  ["a signer digest", { digest: new Uint8Array(32).fill(1) }, "signer digest"],
  ["U-Boot's mark", { attributes: 0x80000007 }, "attribute bit 31, U-Boot's read-only mark"],
])("%s is a loss", (_, fields, what) => {
  expect(efivar.losses([variable(fields)]).map((loss) => loss.what)).toEqual([what]);
});

test("an edit writes the file anew, one of equal variables returns the base", () => {
  expect(efivar.edit(FILE, [variable()])).toBe(FILE);
  expect(efivar.parse(efivar.edit(FILE, [variable({ attributes: 6 })]))).toEqual([variable({ attributes: 6 })]);
});
