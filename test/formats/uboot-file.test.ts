import { describe, expect, test } from "vitest";
import { crc32 } from "../../src/formats/crc.ts";
import { uboot } from "../../src/formats/uboot-file.ts";
import { le32, lengthened, patched, shortened } from "../support/bytes.ts";
import { sampleBytes } from "../support/store-samples.ts";
import { variable } from "../support/variables.ts";

/** Offsets of include/efi_variable.h, struct efi_var_file; the first entry is behind the header. */
const LENGTH = 16;
const CRC = 20;
const ENTRY = 24;
const TIME = ENTRY + 8;
const NAME = ENTRY + 32;

/** The file with length and CRC made right. */
function sealed(bytes: Uint8Array): Uint8Array {
  return patched(patched(bytes, LENGTH, le32(bytes.length)), CRC, le32(crc32(bytes.subarray(ENTRY))));
}

/** EFI_TIME 2024-01-15T12:00:15, zone 0. */
const STAMP = Uint8Array.of(0xe8, 7, 1, 15, 12, 0, 15, 0, 0, 0, 0, 0, 0, 0, 0, 0);
const SECONDS = Date.UTC(2024, 0, 15, 12, 0, 15) / 1000;

const FILE = uboot.serialize([variable()]);

test("a file is 8 zero bytes, magic, its length, and the CRC-32 of what follows", () => {
  expect([...FILE.subarray(0, 16)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, ...Buffer.from("UbEfiVa"), 1]);
  expect(sealed(FILE)).toEqual(FILE);
  expect(FILE.length % 8).toBe(0);
});

test.each([
  ["a magic of another", patched(FILE, 8, [0x56]), "offset 0x0: 8 zero bytes and the magic"],
  ["reserved bytes that are not zero", patched(FILE, 0, [1]), "offset 0x0: 8 zero bytes and the magic"],
  ["a longer file than its length", lengthened(FILE), "offset 0x10: a length of 81 bytes, not 80"],
  ["a shorter file than its length", shortened(FILE, 1), "offset 0x10: a length of 79 bytes, not 80"],
  ["a changed byte", patched(FILE, NAME, [0x43]), "offset 0x14: CRC-32 0x"],
  ["a header only in part", FILE.slice(0, 18), "offset 0x10: file length in 4 bytes; 2 are left"],
  ["data behind the end", sealed(patched(FILE, ENTRY, le32(100))), "offset 0x4a: data in 100 bytes; 6 are left"],
  ["a name without NUL", sealed(FILE.slice(0, NAME + 16)), "offset 0x48: the NUL of a name in 2 bytes; 0 are left"],
  ["an empty name", sealed(patched(FILE, NAME, [0, 0])), "offset 0x38: a name that is not empty"],
  ["an entry without padding", sealed(shortened(FILE, 1)), "offset 0x4d: padding to 8 bytes in 3 bytes; 2 are left"],
  ["half an entry header", sealed(lengthened(FILE, 8)), "offset 0x58: time in 8 bytes; 0 are left"],
  ["a time past year 9999", sealed(patched(FILE, TIME + 7, [1])), "offset 0x20: a time up to 253402300799 seconds"],
])("%s is refused", (_, bytes, message) => {
  expect(() => uboot.parse(bytes)).toThrow(message);
});

test("padding means nothing: garbage in it is read over", () => {
  expect(uboot.parse(sealed(patched(FILE, FILE.length - 3, [0x6c, 0x65, 0x65])))).toEqual([variable()]);
});

describe("entries that U-Boot passes over when it loads the file", () => {
  const second = uboot.serialize([variable({ data: Uint8Array.of(9) })]).subarray(ENTRY);

  test("a second one of the same name and GUID", () => {
    expect(uboot.parse(sealed(Uint8Array.of(...FILE, ...second)))).toEqual([variable()]);
  });

  test("one without data, even before another of its name", () => {
    const empty = patched(FILE, ENTRY, le32(0));
    const aligned = sealed(Uint8Array.of(...empty, ...second));
    expect(uboot.parse(aligned)).toEqual([variable({ data: Uint8Array.of(9) })]);
  });
});

describe("time stamps are seconds since 1970", () => {
  const authenticated = variable({ attributes: 0x27, stamp: STAMP });

  test("a date is written as its second and read back", () => {
    const bytes = uboot.serialize([authenticated]);
    expect(new DataView(bytes.buffer).getBigUint64(TIME, true)).toBe(BigInt(SECONDS));
    expect(uboot.losses([authenticated])).toEqual([]);
    expect(uboot.parse(bytes)).toEqual([authenticated]);
  });

  test.each([
    ["nanoseconds", 8, [1]],
    ["a first pad byte", 7, [1]],
    ["a second pad byte", 15, [1]],
    ["a zone", 12, [60]],
    ["no zone (2047)", 12, [0xff, 7]],
    ["daylight saving", 14, [1]],
    ["month 0", 2, [0]],
    ["February 30th", 2, [2, 30]],
    ["hour 24", 4, [24]],
    ["a year before 1970", 0, [0xb1, 7]],
    ["year 1 (one that dates would take for 1901)", 0, [1, 0]],
    ["a year past 9999", 0, [0x10, 0x27]],
    ["1970-01-01T00:00:00, which says none", 0, [0xb2, 7, 1, 1, 0, 0, 0]],
  ])("%s: the time stamp is a loss", (_, offset, values) => {
    const inexact = { ...authenticated, stamp: patched(STAMP, offset, values) };
    expect(uboot.losses([inexact]).map(({ what }) => what)).toEqual(["time stamp: more than seconds from 1970 on"]);
    expect(uboot.parse(uboot.serialize([inexact]))).toEqual([variable({ attributes: 0x27 })]);
  });
});

test.each([
  ["a volatile variable", { attributes: 6 }, "the variable: it is volatile"],
  ["one without data", { data: new Uint8Array() }, "the variable: it has no data"],
  ["a signer digest", { digest: new Uint8Array(32).fill(1) }, "signer digest"],
])("%s is a loss", (_, fields, what) => {
  expect(uboot.losses([variable(fields)]).map((loss) => loss.what)).toEqual([what]);
});

test("its own read-only mark, attribute bit 31, is kept", () => {
  const marked = variable({ attributes: 0x80000007 });
  expect(uboot.losses([marked])).toEqual([]);
  expect(uboot.parse(uboot.serialize([marked]))).toEqual([marked]);
});

test("the buffer of 131072 bytes can be full to the last, and no more", () => {
  const data = new Uint8Array(131072 - NAME - 18);
  expect(uboot.serialize([variable({ data })])).toHaveLength(131072);
  expect(() => uboot.serialize([variable({ data: lengthened(data) })])).toThrow(
    new RangeError("variables: 131080 bytes in U-Boot's file, more than the 131072 of its buffer"),
  );
});

describe("an edit", () => {
  const base = sampleBytes("ubootefi-1.var");
  const [lang, probe, odd] = uboot.parse(base);
  if (lang === undefined || probe === undefined || odd === undefined) throw new Error("the sample has three variables");

  test("keeps the padding of entries that stay, and makes length and CRC right", () => {
    const bytes = uboot.edit(base, [{ ...lang, data: Uint8Array.of(1) }, probe, odd]);
    expect([...bytes.subarray(-6)]).toEqual([0x6c, 0x65, 0x65, 0, 0, 0]);
    expect(sealed(bytes)).toEqual(bytes);
    expect(uboot.parse(bytes)).toEqual([{ ...lang, data: Uint8Array.of(1) }, probe, odd]);
  });

  test("writes zeros as padding of one that changes", () => {
    const bytes = uboot.edit(base, [lang, probe, { ...odd, attributes: 3 }]);
    expect([...bytes.subarray(-6)]).toEqual([0, 0, 0, 0, 0, 0]);
  });

  test("takes another order as a change", () => {
    expect(uboot.parse(uboot.edit(base, [odd, lang, probe]))).toEqual([odd, lang, probe]);
  });

  test("keeps a volatile entry that stays, but writes no new one", () => {
    const host = sampleBytes("ubootefi-host.var");
    const before = uboot.parse(host);
    const bytes = uboot.edit(host, [...before.slice(1), variable({ attributes: 6 })]);
    expect(uboot.parse(bytes)).toEqual(before.slice(1));
  });
});
