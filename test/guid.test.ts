import { afterEach, expect, test, vi } from "vitest";
import { guidBytes, guidText, writeGuid } from "../src/guid.ts";

const TEXT = "00112233-4455-6677-8899-aabbccddeeff";
/** As UEFI stores it. */
const STORED = Uint8Array.of(
  0x33,
  0x22,
  0x11,
  0,
  0x55,
  0x44,
  0x77,
  0x66,
  0x88,
  0x99,
  0xaa,
  0xbb,
  0xcc,
  0xdd,
  0xee,
  0xff,
);

const numbered = (i: number) => `00112233-4455-6677-8899-aabbccdd${i.toString(16).padStart(4, "0")}`;

afterEach(() => vi.restoreAllMocks());

test("the first three groups are little-endian", () => {
  expect(guidBytes(TEXT)).toEqual(STORED);
  expect(guidText(Uint8Array.of(1, 2, ...STORED), 2)).toBe(TEXT);
});

test("the bytes of a text are the caller's own", () => {
  guidBytes(TEXT).fill(0);
  expect(guidBytes(TEXT)).toEqual(STORED);
});

test("is written where it is wanted, however often and whatever was written between", () => {
  const bytes = new Uint8Array(20);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < 3; i++) {
    bytes.fill(0xee);
    writeGuid(view, 2, TEXT.toUpperCase());
    expect(bytes).toEqual(Uint8Array.of(0xee, 0xee, ...STORED, 0xee, 0xee));
    for (let other = 0; other < 200; other++) {
      writeGuid(view, 2, numbered(other));
      expect(guidText(bytes, 2)).toBe(numbered(other));
    }
  }
});

test("texts that were written are not kept without end", () => {
  const set = vi.spyOn(Map.prototype, "set");
  const view = new DataView(new ArrayBuffer(16));
  const sizes: number[] = [];
  for (let i = 0; i < 1000; i++) {
    writeGuid(view, 0, numbered(1000 + i));
    sizes.push(...(set.mock.contexts as Map<unknown, unknown>[]).map(({ size }) => size));
    set.mockClear();
  }
  expect(sizes.length).toBe(1000);
  expect(Math.max(...sizes)).toBe(64);
});

test.each(["", TEXT.slice(1), `${TEXT}0`, TEXT.replace("-", "0"), TEXT.replace("f", "g")])(
  "%j is no GUID, the second time too",
  (text) => {
    const view = new DataView(new ArrayBuffer(16));
    for (let i = 0; i < 2; i++) expect(() => writeGuid(view, 0, text)).toThrow(SyntaxError);
  },
);
