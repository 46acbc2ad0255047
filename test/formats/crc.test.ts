import { inflateSync, crc32 as nodeCrc32 } from "node:zlib";
import { expect, test } from "vitest";
import { crc32, crc32c } from "../../src/formats/crc.ts";
import { adler32, deflate } from "../../src/formats/zlib.ts";
import { utf8 } from "../support/bytes.ts";

/** Check values of "123456789" (RFC 3720, B.4, for CRC-32C; the usual catalogue's "check" for the others). */
test.each([
  ["CRC-32", crc32, 0xcbf43926],
  ["CRC-32C", crc32c, 0xe3069283],
  ["Adler-32", adler32, 0x091e01de],
])("%s has its check value", (_, sum, check) => {
  expect(sum(utf8("123456789"))).toBe(check);
});

test("CRC-32C of 32 zero bytes and of 32 of all ones is RFC 3720's", () => {
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
});

test("CRC-32 and zlib streams are those of Node's zlib", () => {
  const bytes = Uint8Array.from({ length: 5000 }, (_, n) => (n * n) >> 3);
  if (nodeCrc32 !== undefined) expect(crc32(bytes)).toBe(nodeCrc32(bytes));
  expect(new Uint8Array(inflateSync(deflate(bytes)))).toEqual(bytes);
});
