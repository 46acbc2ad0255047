import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeBase64, encodeBase64, encodeBase64Like } from "../../src/formats/base64.ts";
import { utf8 } from "../support/bytes.ts";

test("bytes come back, in lines of any length too", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.integer({ min: 1, max: 20 }), (bytes, width) => {
      const text = Buffer.from(encodeBase64(bytes)).toString();
      expect(text).toBe(Buffer.from(bytes).toString("base64"));
      expect(decodeBase64(utf8(` ${text.replaceAll(new RegExp(`.{${width}}`, "g"), "$&\r\n")}\n`))).toEqual(bytes);
    }),
  );
});

test.each([
  ["a character of none", "QUJD\nQU?D", "offset 0x7: base64 text, not byte 0x3f"],
  ["the alphabet of URLs", "QU-D", "offset 0x2: base64 text, not byte 0x2d"],
  ["a byte that is no ASCII", "QUJ\u00e4", "offset 0x3: base64 text, not byte 0xc3"],
  ["a group of 3", "QUJDQUJ", "offset 0x7: base64 text in groups of 4 characters"],
  ["padding within", "QQ==QUJD", "offset 0x2: base64 text in groups of 4 characters"],
  ["padding of 3", "Q===", "offset 0x1: base64 text in groups of 4 characters"],
  ["bits behind the last byte", "QR==", "offset 0x4: a last base64 group whose unused bits are 0"],
  ["bits behind the last two", "QUJ=", "offset 0x4: a last base64 group whose unused bits are 0"],
])("%s is refused", (_, text, message) => {
  expect(() => decodeBase64(utf8(text))).toThrow(message);
});

test.each([
  ["one line", "QUJD", "QUJDREVG"],
  ["one line with its end", "QUJD\n", "QUJDREVG\n"],
  ["lines", "QUJD\nQUJD\nQQ==", "QUJD\nREVG"],
  ["lines with an end", "QUJDR\r\nEVG\r\n", "QUJDR\r\nEVG\r\n"],
])("an edited text is laid out as its base: %s", (_, base, expected) => {
  expect(Buffer.from(encodeBase64Like(utf8(base), utf8("ABCDEF"))).toString()).toBe(expected);
});
