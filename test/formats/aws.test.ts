import { randomBytes } from "node:crypto";
import { deflateSync, inflateSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { AWS_FILE_BYTES_MAX, AWS_INFLATED_BYTES_MAX, aws } from "../../src/formats/aws.ts";
import { decodeBase64, encodeBase64 } from "../../src/formats/base64.ts";
import { FormatError } from "../../src/formats/variable-set.ts";
import { lengthened, patched, shortened, utf8 } from "../support/bytes.ts";
import { sampleBytes } from "../support/store-samples.ts";
import { DICTIONARY, packedUefiData, uefiData } from "../support/uefi-data.ts";
import { variable } from "../support/variables.ts";

const SAMPLE = sampleBytes("virt-fw-vars-firstboot.aws");
const STAMP = new Uint8Array(16).fill(1);
const DIGEST = new Uint8Array(32).fill(2);

/** Base64 text that we wrote, its bytes, and what its stream holds. */
const TEXT = aws.serialize([variable()]);
const FILE = decodeBase64(TEXT);
const CONTENT = new Uint8Array(inflateSync(FILE.subarray(16)));
/** Offsets in it: count, name length, name, data length, data, GUID, attributes. */
const NAME = 16;
const DATA = NAME + 8 + 8;
const ATTRIBUTES = DATA + 3 + 16;

/** The content of an authenticated variable: time stamp and digest behind the attributes. */
const STAMPED = decodeBase64(aws.serialize([variable({ attributes: 0x27, stamp: STAMP, digest: DIGEST })]));
const STAMPED_CONTENT = new Uint8Array(inflateSync(STAMPED.subarray(16)));
const DIGEST_LENGTH = ATTRIBUTES + 4 + 16;

describe("the preset dictionary", () => {
  const file = packedUefiData(CONTENT, DICTIONARY);

  test("the sample needs EC2's, and says what it is called and where it is", () => {
    const parse = () => aws.parse(SAMPLE);
    expect(aws.detects(SAMPLE)).toBe(true);
    expect(parse).toThrow(FormatError);
    for (const part of ["offset 0x12", "0x6bb7d9f7", "--dictionary FILE", "dict.v0", "python3-virt-firmware"]) {
      expect(parse).toThrow(part);
    }
  });

  test("a stream with another dictionary is read with that", () => {
    expect(aws.parse(file, { dictionary: DICTIONARY })).toEqual([variable()]);
    expect(aws.parse(encodeBase64(file), { dictionary: DICTIONARY })).toEqual([variable()]);
  });

  test("a dictionary that the stream does not name is refused with both sums", () => {
    const parse = () => aws.parse(file, { dictionary: utf8("another") });
    expect(parse).toThrow(/^offset 0x12: the preset dictionary with Adler-32 0x[0-9a-f]{8}, not 0x0bb102f2/);
  });

  test("a stream that names none is read though one is given", () => {
    expect(aws.parse(FILE, { dictionary: DICTIONARY })).toEqual([variable()]);
  });

  test("an edit reads with it and writes without", () => {
    const other = variable({ attributes: 3 });
    expect(aws.edit(file, [variable()], { dictionary: DICTIONARY })).toBe(file);
    expect(aws.parse(aws.edit(file, [other], { dictionary: DICTIONARY }))).toEqual([other]);
    expect(() => aws.edit(file, [other])).toThrow("the preset dictionary");
  });
});

test("what we write is what Node's zlib reads, and it is packed", () => {
  expect(FILE.subarray(0, 8)).toEqual(utf8("AMZNUEFI"));
  const large = decodeBase64(aws.serialize([variable({ data: new Uint8Array(5000) })]));
  expect(large.length).toBeLessThan(120);
});

test.each([
  ["a CRC-32C that is wrong", patched(FILE, 8, [(FILE[8] as number) ^ 1]), "offset 0x8: CRC-32C 0x"],
  ["a changed byte", patched(FILE, 30, [(FILE[30] as number) ^ 1]), "offset 0x8: CRC-32C 0x"],
  ["a cut file", shortened(FILE, 1), "offset 0x8: CRC-32C 0x"],
  ["version 1", uefiData(FILE.subarray(16), 1), "offset 0xc: version 0, not 1"],
  ["no stream", uefiData(new Uint8Array()), "offset 0x10: a whole zlib stream; it is too short"],
  ["a stream of another kind", uefiData(utf8("no zlib stream")), "offset 0x10: a whole zlib stream; invalid zlib data"],
  ["a cut stream", uefiData(FILE.subarray(16, -8)), "offset 0x10: a whole zlib stream; "],
  [
    "a stream whose Adler-32 is another",
    uefiData(patched(FILE.subarray(16), FILE.length - 17, [(FILE.at(-1) as number) ^ 1])),
    "offset 0x10: a whole zlib stream; its content has Adler-32 0x",
  ],
  [
    "more variables than bytes",
    packedUefiData(patched(CONTENT, 7, [1])),
    "inflated offset 0x0: a count of variables of at",
  ],
  ["a variable that is not there", packedUefiData(patched(CONTENT, 0, [2])), "name length in 8 bytes; 0 are left"],
  ["bytes behind the variables", packedUefiData(lengthened(CONTENT)), "the end of the variables, not 1 more bytes"],
  ["a name past the end", packedUefiData(patched(CONTENT, 8, [200])), "inflated offset 0x8: name length of at most"],
  ["an empty name", packedUefiData(patched(CONTENT, 8, [0])), "inflated offset 0x8: a name that is not empty"],
  ["a NUL in a name", packedUefiData(patched(CONTENT, NAME + 1, [0])), "inflated offset 0x8: a name that is not empty"],
  [
    "a name that is no UTF-8",
    packedUefiData(patched(CONTENT, NAME + 2, [0xff])),
    "inflated offset 0x12: a name in UTF-8",
  ],
  [
    "a cut UTF-8 character",
    packedUefiData(patched(CONTENT, NAME + 7, [0xe2])),
    "inflated offset 0x18: a name in UTF-8",
  ],
  [
    "a digest of 31 bytes",
    packedUefiData(patched(shortened(STAMPED_CONTENT, 1), DIGEST_LENGTH, [31])),
    "inflated offset 0x47: a digest of 32 bytes or none, not 31",
  ],
  [
    "a variable twice",
    packedUefiData(patched(Uint8Array.of(...CONTENT, ...CONTENT.subarray(8)), 0, [2])),
    "inflated offset 0x37: a variable that is not in the file yet",
  ],
])("%s is refused", (_, bytes, message) => {
  expect(() => aws.parse(bytes)).toThrow(message);
});

test("a digest of no bytes, which some writers leave, is none", () => {
  const content = patched(shortened(STAMPED_CONTENT, 32), DIGEST_LENGTH, [0]);
  expect(aws.parse(packedUefiData(content))).toEqual([variable({ attributes: 0x27, stamp: STAMP })]);
});

describe("limits", () => {
  test("a stream that unpacks to more is refused, and takes no more memory than that", () => {
    const bomb = (bytes: number) => packedUefiData(new Uint8Array(bytes));
    expect(() => aws.parse(bomb(AWS_INFLATED_BYTES_MAX + 1))).toThrow("it unpacks to more than 16777216 bytes");
    expect(() => aws.parse(bomb(3 * AWS_INFLATED_BYTES_MAX))).toThrow("it unpacks to more than 16777216 bytes");
    expect(() => aws.parse(bomb(AWS_INFLATED_BYTES_MAX))).toThrow("the end of the variables");
  });

  test("so is one that is stored and not packed", () => {
    const stored = deflateSync(new Uint8Array(AWS_INFLATED_BYTES_MAX + 1), { level: 0 });
    expect(() => aws.parse(uefiData(stored))).toThrow(`at most ${AWS_FILE_BYTES_MAX} bytes of uefi-data`);
  });

  test("a larger file is refused, in base64 too", () => {
    const large = lengthened(FILE, AWS_FILE_BYTES_MAX);
    const message = `offset 0x0: at most 1048576 bytes of uefi-data, not ${large.length}`;
    expect(() => aws.parse(large)).toThrow(message);
    expect(() => aws.parse(encodeBase64(large))).toThrow(message);
  });

  test("what would be larger is not written", () => {
    expect(() => aws.serialize([variable({ data: new Uint8Array(AWS_INFLATED_BYTES_MAX) })])).toThrow(
      new RangeError("variables: 16777268 bytes, more than the 16777216 of uefi-data"),
    );
    const random = new Uint8Array(randomBytes(AWS_FILE_BYTES_MAX));
    expect(() => aws.serialize([variable({ data: random })])).toThrow(
      / bytes packed, more than the 1048576 of uefi-data$/,
    );
  });
});

test("an edit keeps the binary form, or the lines of base64 text", () => {
  const other = [variable({ attributes: 3 })];
  expect(aws.edit(TEXT, [variable()])).toBe(TEXT);
  expect(aws.edit(FILE, other).subarray(0, 8)).toEqual(utf8("AMZNUEFI"));
  const lines = utf8(`${Buffer.from(TEXT).toString().replaceAll(/.{20}/g, "$&\n")}\n`);
  expect(Buffer.from(aws.edit(lines, other)).toString()).toMatch(/^([A-Za-z0-9+/]{20}\n)+[A-Za-z0-9+/=]{1,20}\n$/);
});

test.each([
  ["a volatile variable", { attributes: 6 }, ["the variable: it is volatile"]],
  ["no data", { data: new Uint8Array() }, []],
  ["time stamp and digest of an authenticated variable", { attributes: 0x27, stamp: STAMP, digest: DIGEST }, []],
  [
    "time stamp and digest of another",
    { stamp: STAMP, digest: DIGEST },
    ["time stamp, without attribute bit 0x20", "signer digest, without attribute bit 0x20"],
  ],
  ["a lone surrogate", { name: "\ud800" }, ["the variable: its name is no Unicode text (a lone surrogate)"]],
  ["U-Boot's mark", { attributes: 0x80000007 }, ["attribute bit 31, U-Boot's read-only mark"]],
])("losses of %s", (_, fields, causes) => {
  expect(aws.losses([variable(fields)]).map(({ what }) => what)).toEqual(causes);
});
