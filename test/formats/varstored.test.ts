import { describe, expect, test } from "vitest";
import { decodeBase64, encodeBase64 } from "../../src/formats/base64.ts";
import { varstored } from "../../src/formats/varstored.ts";
import { lengthened, patched, shortened } from "../support/bytes.ts";
import { sampleBytes } from "../support/store-samples.ts";
import { variable } from "../support/variables.ts";

const SAMPLE = sampleBytes("varstored-firstboot.b64");
/** Version 2, binary; its variable is behind header, MOR key and PPI block. */
const FILE = decodeBase64(varstored.serialize([variable()]));
const FIRST = 24 + 8 + 0x104;
/** The same in version 1. */
const VERSION_1 = patched(Uint8Array.of(...FILE.subarray(0, 24), ...FILE.subarray(FIRST)), 4, [1]);

test("the sample is written byte for byte but for its line feed", () => {
  expect(varstored.serialize(varstored.parse(SAMPLE))).toEqual(shortened(SAMPLE, SAMPLE.at(-1) === 0x0a ? 1 : 0));
});

test.each([
  ["version 2", FILE],
  ["version 1", VERSION_1],
  ["base64 text of version 2", encodeBase64(FILE)],
  ["base64 text of version 1", encodeBase64(VERSION_1)],
])("%s is read", (_, bytes) => {
  expect(varstored.detects(bytes)).toBe(true);
  expect(varstored.parse(bytes)).toEqual([variable()]);
});

test.each([
  ["a magic of another", patched(FILE, 0, [0x57]), "offset 0x4: base64 text, not byte 0x2"],
  ["version 3", patched(FILE, 4, [3]), "offset 0x4: version 1 or 2, not 3"],
  ["more variables than bytes", patched(FILE, 8, Array(8).fill(0xff)), "offset 0x8: a count of variables of at most"],
  ["a second variable that is not there", patched(FILE, 8, [2]), "name length in 8 bytes; 0 are left"],
  [
    "bytes that no variable takes",
    patched(FILE, 8, [0]),
    `offset 0x124: the end of the variables, not ${FILE.length - FIRST} more bytes`,
  ],
  [
    "a length of the variables that is not so",
    patched(FILE, 16, [1]),
    "offset 0x10: 103 bytes of variables (the file's rest), not 1",
  ],
  ["trailing bytes", lengthened(FILE), "offset 0x10: 104 bytes of variables (the file's rest), not 103"],
  ["an empty name", patched(FILE, FIRST, [0]), "offset 0x124: name of 1 to 4096 bytes, not 0"],
  ["half a unit of a name", patched(FILE, FIRST, [15]), "offset 0x124: a name in whole UCS-2 units without NUL"],
  ["a NUL in the name", patched(FILE, FIRST + 8, [0, 0]), "offset 0x124: a name in whole UCS-2 units without NUL"],
  [
    "a name past the end",
    patched(FILE, FIRST, [200]),
    "offset 0x124: name length of at most 95 (the bytes left), not 200",
  ],
  ["no data", patched(FILE, FIRST + 24, [0]), "offset 0x13c: data of 1 to 57344 bytes, not 0"],
])("%s is refused", (_, bytes, message) => {
  expect(() => varstored.parse(bytes)).toThrow(message);
});

test("a variable twice is refused", () => {
  const twice = patched(patched(Uint8Array.of(...FILE, ...FILE.subarray(FIRST)), 8, [2]), 16, [206]);
  expect(() => varstored.parse(twice)).toThrow("offset 0x18b: a variable that is not in the file yet");
});

describe("limits", () => {
  const name = "n".repeat(2048);

  test("names and data can be as large as varstored takes them, and no larger", () => {
    const largest = variable({ name, data: new Uint8Array(57344) });
    expect(varstored.parse(varstored.serialize([largest]))).toEqual([largest]);
    expect(() => varstored.serialize([variable({ name: `${name}n` })])).toThrow(RangeError);
    expect(() => varstored.serialize([variable({ data: new Uint8Array(57345) })])).toThrow(
      new RangeError('"Boot0001": 16 bytes of name and 57345 of data; varstored takes 4096 and 57344'),
    );
  });

  test("each variable counts 128 bytes towards the total of 131072", () => {
    const small = (count: number) =>
      Array.from({ length: count }, (_, n) =>
        variable({ name: String.fromCharCode(1 + n), data: new Uint8Array(126) }),
      );
    expect(varstored.parse(varstored.serialize(small(512)))).toHaveLength(512);
    expect(() => varstored.serialize(small(513))).toThrow(
      new RangeError("variables: 131328 bytes, each counted with 128; varstored takes 131072"),
    );
  });

  test("a file past the total is refused", () => {
    const half = [1, 2].map((n) =>
      decodeBase64(varstored.serialize([variable({ name: `${n}`, data: new Uint8Array(57344) })])),
    );
    const third = decodeBase64(varstored.serialize([variable({ name: "3", data: new Uint8Array(20000) })]));
    const body = Buffer.concat([...half, third].map((bytes) => bytes.subarray(FIRST)));
    const header = patched(FILE.subarray(0, FIRST), 8, [3]);
    new DataView(header.buffer).setBigUint64(16, BigInt(body.length), true);
    expect(() => varstored.parse(Buffer.concat([header, body]))).toThrow("variables of at most 131072 bytes");
  });

  test.each([
    ["a name", 0, "name of 1 to 4096 bytes, not 4098"],
    ["data", 24, "data of 1 to 57344 bytes, not 57346"],
  ])("%s past its limit is refused, though the file has the bytes", (_, offset, message) => {
    const room = lengthened(FILE, 60000);
    const view = new DataView(room.buffer);
    view.setBigUint64(16, BigInt(room.length - FIRST), true);
    view.setBigUint64(FIRST + offset, offset === 0 ? 4098n : 57346n, true);
    expect(() => varstored.parse(room)).toThrow(message);
  });
});

describe("an edit keeps", () => {
  const other = variable({ attributes: 3 });

  test("MOR key and PPI block", () => {
    const base = patched(
      FILE,
      24,
      Array.from({ length: 268 }, (_, n) => n & 0xff),
    );
    expect(varstored.edit(base, [other]).subarray(24, FIRST)).toEqual(base.subarray(24, FIRST));
    expect(varstored.parse(varstored.edit(base, [other]))).toEqual([other]);
  });

  test("version 1, and the binary form", () => {
    const bytes = varstored.edit(VERSION_1, [other]);
    expect([...bytes.subarray(0, 8)]).toEqual([...Buffer.from("VARS"), 1, 0, 0, 0]);
    expect(varstored.parse(bytes)).toEqual([other]);
  });

  test("base64 text and its lines", () => {
    const lines = new TextEncoder().encode(
      `${Buffer.from(FILE).toString("base64").replaceAll(/.{64}/g, "$&\r\n")}\r\n`,
    );
    const bytes = varstored.edit(lines, [other]);
    expect(varstored.parse(bytes)).toEqual([other]);
    expect(Buffer.from(bytes).toString()).toMatch(/^([A-Za-z0-9+/]{64}\r\n)+[A-Za-z0-9+/]+={0,2}\r\n$/);
  });
});

test.each([
  ["a volatile variable", { attributes: 6 }, []],
  ["a time stamp and digest", { stamp: new Uint8Array(16).fill(1), digest: new Uint8Array(32).fill(2) }, []],
  ["no data", { data: new Uint8Array() }, ["the variable: it has no data"]],
  ["U-Boot's mark", { attributes: 0x80000007 }, ["attribute bit 31, U-Boot's read-only mark"]],
])("losses of %s", (_, fields, causes) => {
  expect(varstored.losses([variable(fields)]).map(({ what }) => what)).toEqual(causes);
});
