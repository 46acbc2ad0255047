import { expect, test } from "vitest";
import { dmpstore } from "../../src/formats/dmpstore.ts";
import { lengthened, patched } from "../support/bytes.ts";
import { sampleBytes } from "../support/store-samples.ts";
import { variable } from "../support/variables.ts";

const FILE = dmpstore.serialize([variable()]);
const SHELL = sampleBytes("ovmf-4m-firstboot.dmpstore");

test("what the Shell wrote is written byte for byte", () => {
  expect(dmpstore.serialize(dmpstore.parse(SHELL))).toEqual(SHELL);
});

test("a file without records has no variables", () => {
  expect(dmpstore.parse(new Uint8Array())).toEqual([]);
  expect(dmpstore.serialize([])).toEqual(new Uint8Array());
});

test.each([
  ["a name past the end", patched(FILE, 0, [0, 1]), "offset 0x8: a name in 256 bytes; 45 are left"],
  ["a name of odd size", patched(FILE, 0, [17]), "offset 0x8: a name in UCS-2"],
  ["no name", patched(FILE, 0, [2]), "offset 0x8: a name in UCS-2"],
  ["data past the end", patched(FILE, 4, [200]), "offset 0x2e: data in 200 bytes; 7 are left"],
  ["sizes of all ones", patched(FILE, 0, Array(8).fill(0xff)), "offset 0x8: a name in 4294967295 bytes; 45 are left"],
  ["a changed byte", patched(FILE, 47, [9]), "offset 0x31: CRC-32 0x"],
  ["a byte behind the records", lengthened(FILE), "offset 0x35: name size in 4 bytes; 1 are left"],
  [
    "a variable twice",
    Uint8Array.of(...FILE, ...FILE),
    "offset 0x35: a variable that is not in the file yet, not a second Boot0001-8be4df61",
  ],
])("%s is refused", (_, bytes, message) => {
  expect(() => dmpstore.parse(bytes)).toThrow(message);
});

test.each([
  ["a volatile variable", { attributes: 6 }, []],
  ["no data", { data: new Uint8Array() }, []],
  ["a time stamp", { stamp: new Uint8Array(16).fill(1) }, ["time stamp"]],
  ["a signer digest", { digest: new Uint8Array(32).fill(1) }, ["signer digest"]],
  ["U-Boot's mark", { attributes: 0x80000007 }, ["attribute bit 31, U-Boot's read-only mark"]],
])("losses of %s", (_, fields, causes) => {
  expect(dmpstore.losses([variable(fields)]).map(({ what }) => what)).toEqual(causes);
});

test("detection looks at the first record only, whose CRC must be right", () => {
  expect(dmpstore.detects(lengthened(FILE))).toBe(true);
  expect(dmpstore.detects(patched(FILE, 47, [9]))).toBe(false);
});
