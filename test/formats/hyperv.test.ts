import { expect, test } from "vitest";
import { hyperv } from "../../src/formats/hyperv.ts";
import { le32, lengthened, patched, shortened } from "../support/bytes.ts";
import { sampleBytes } from "../support/store-samples.ts";
import { variable } from "../support/variables.ts";

const FILE = hyperv.serialize([variable()]);
const SAMPLE = sampleBytes("hyperv-nvram-firstboot.bin");

test("the sample is written byte for byte", () => {
  expect(hyperv.serialize(hyperv.parse(SAMPLE))).toEqual(SAMPLE);
});

test("a file without entries has no variables", () => {
  expect(hyperv.parse(new Uint8Array())).toEqual([]);
  expect(hyperv.detects(new Uint8Array())).toBe(false);
});

test.each([
  ["an entry of another type", patched(FILE, 0, [1]), "offset 0x0: an entry of type 0, not 1"],
  ["a length that the sizes do not make", patched(FILE, 4, [70]), "offset 0x4: an entry of 69 bytes, not 70"],
  ["a name without NUL", patched(FILE, 48 + 16, [1]), "offset 0x30: a name in UCS-2 with its only NUL at the end"],
  ["a NUL in the name", patched(FILE, 50, [0, 0]), "offset 0x30: a name in UCS-2 with its only NUL at the end"],
  ["no data", patched(patched(FILE, 46, [0]), 4, [66]), "offset 0x2e: data of 1 to 32768 bytes, not 0"],
  ["an entry that is cut", shortened(FILE, 1), "offset 0x42: data in 3 bytes; 2 are left"],
  ["trailing bytes", lengthened(FILE, 4), "offset 0x49: entry length in 4 bytes; 0 are left"],
  ["a variable twice", Uint8Array.of(...FILE, ...FILE), "offset 0x45: a variable that is not in the file yet"],
  [
    "a name past the limit",
    patched(patched(FILE, 44, [2, 8]), 4, le32(48 + 2050 + 3)),
    "offset 0x2c: a name of at most 2048 bytes, not 2050",
  ],
  [
    "data past the limit",
    patched(patched(FILE, 46, [1, 0x80]), 4, le32(48 + 18 + 32769)),
    "offset 0x2e: data of 1 to 32768 bytes, not 32769",
  ],
  ["a file past the limit", new Uint8Array(131073), "offset 0x20000: a file of at most 131072 bytes, not 131073"],
])("%s is refused", (_, bytes, message) => {
  expect(() => hyperv.parse(bytes)).toThrow(message);
});

test("names, data and the file can be as large as Hyper-V takes them, and no larger", () => {
  const name = "n".repeat(1023);
  const largest = variable({ name, data: new Uint8Array(32768) });
  expect(hyperv.parse(hyperv.serialize([largest]))).toEqual([largest]);
  expect(() => hyperv.serialize([variable({ name: `${name}n` })])).toThrow(
    new RangeError(`"${"n".repeat(40)}": 2050 bytes of name and 3 of data; Hyper-V's NVRAM takes 2048 and 32768`),
  );
  expect(() => hyperv.serialize([variable({ data: new Uint8Array(32769) })])).toThrow("32769 of data");
  const rest = 131072 - 4 * (48 + 4) - 3 * 32768;
  const four = [32768, 32768, 32768, rest].map((bytes, n) => variable({ name: `${n}`, data: new Uint8Array(bytes) }));
  expect(hyperv.serialize(four)).toHaveLength(131072);
  const more = [...four.slice(0, 3), variable({ name: "3", data: new Uint8Array(rest + 1) })];
  expect(() => hyperv.serialize(more)).toThrow(new RangeError("variables: 131073 bytes; Hyper-V's NVRAM takes 131072"));
});

test.each([
  ["a volatile variable", { attributes: 6 }, ["the variable: it is volatile"]],
  ["no data", { data: new Uint8Array() }, ["the variable: it has no data"]],
  ["a time stamp", { stamp: new Uint8Array(16).fill(1) }, []],
  ["a signer digest", { digest: new Uint8Array(32).fill(1) }, ["signer digest"]],
  ["U-Boot's mark", { attributes: 0x80000007 }, ["attribute bit 31, U-Boot's read-only mark"]],
])("losses of %s", (_, fields, causes) => {
  expect(hyperv.losses([variable(fields)]).map(({ what }) => what)).toEqual(causes);
});
