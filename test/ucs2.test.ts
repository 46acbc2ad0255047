import { expect, test } from "vitest";
import { fromUcs2, toUcs2, writeUcs2 } from "../src/ucs2.ts";

const TEXT = "Ü\u4e00\ud800";
const BYTES = Uint8Array.of(0xdc, 0, 0, 0x4e, 0, 0xd8);

test("a unit is two bytes, the low one first, a lone surrogate too", () => {
  expect(toUcs2(TEXT)).toEqual(BYTES);
  expect(fromUcs2(BYTES)).toBe(TEXT);
});

test("is written where it is wanted, and what does not fit is an error", () => {
  const bytes = new Uint8Array(9).fill(0xee);
  const view = new DataView(bytes.buffer);
  writeUcs2(view, 2, TEXT);
  expect(bytes).toEqual(Uint8Array.of(0xee, 0xee, ...BYTES, 0xee));
  expect(() => writeUcs2(view, 6, "abc")).toThrow(RangeError);
});
