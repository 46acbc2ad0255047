import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { imageDigest } from "../src/crypto/image-digest.ts";
import { FormatError } from "../src/formats/variable-set.ts";
import { toHex } from "../src/hex.ts";

const PE = 0x40;
const OPTIONAL = PE + 24;
const HEADERS_END = 0x200;
const SECTIONS = [
  { offset: 0x260, bytes: 0x20 },
  { offset: 0x200, bytes: 0x60 },
];
const SECTIONS_END = 0x280;
const CERTIFICATE_BYTES = 0x30;
const FILE_BYTES = SECTIONS_END + 5 + CERTIFICATE_BYTES;

interface Shape {
  /** The optional header's magic: PE32 or PE32+. */
  magic: number;
  /** Data directories. */
  directories: number;
}

const SHAPES: [string, Shape][] = [
  ["PE32+", { magic: 0x20b, directories: 16 }],
  ["PE32", { magic: 0x10b, directories: 16 }],
];

function countOffset({ magic }: Shape): number {
  return OPTIONAL + (magic === 0x20b ? 108 : 92);
}

/** An image of two sections in reverse order, an empty one, 5 bytes behind them, and a certificate table. */
function makeImage(shape: Shape): Uint8Array {
  const image = Uint8Array.from({ length: FILE_BYTES }, (_, i) => (i * 7) & 0xff);
  const view = new DataView(image.buffer);
  const count = countOffset(shape);
  const optionalBytes = count + 4 + 8 * shape.directories - OPTIONAL;
  image.set([0x4d, 0x5a]);
  view.setUint32(0x3c, PE, true);
  view.setUint32(PE, 0x4550, true);
  view.setUint16(PE + 6, SECTIONS.length + 1, true);
  view.setUint16(PE + 20, optionalBytes, true);
  view.setUint16(OPTIONAL, shape.magic, true);
  view.setUint32(OPTIONAL + 60, HEADERS_END, true);
  view.setUint32(count, shape.directories, true);
  if (shape.directories > 4) {
    view.setUint32(count + 4 + 32, FILE_BYTES - CERTIFICATE_BYTES, true);
    view.setUint32(count + 4 + 36, CERTIFICATE_BYTES, true);
  }
  for (const [i, { offset, bytes }] of [...SECTIONS, { offset: 0xfffffff0, bytes: 0 }].entries()) {
    view.setUint32(OPTIONAL + optionalBytes + 40 * i + 16, bytes, true);
    view.setUint32(OPTIONAL + optionalBytes + 40 * i + 20, offset, true);
  }
  return image;
}

/** SHA-256 over the image without these ranges. */
function digestWithout(image: Uint8Array, ranges: [number, number][]): string {
  const kept = image.filter((_, at) => !ranges.some(([start, end]) => at >= start && at < end));
  return createHash("sha256").update(kept).digest("hex");
}

describe.each(SHAPES)("the digest of a %s image", (_, shape) => {
  test("covers all but checksum, certificate table and its directory entry", () => {
    const image = makeImage(shape);
    const entry = countOffset(shape) + 4 + 32;
    const left: [number, number][] = [
      [OPTIONAL + 64, OPTIONAL + 68],
      [entry, entry + 8],
      [FILE_BYTES - CERTIFICATE_BYTES, FILE_BYTES],
    ];
    expect(toHex(imageDigest(image))).toBe(digestWithout(image, left));
  });

  test("takes sections in the order of the file, and what lies behind them", () => {
    const image = makeImage(shape);
    const digest = toHex(imageDigest(image));
    for (const at of [HEADERS_END, SECTIONS_END - 1, SECTIONS_END, SECTIONS_END + 4]) {
      const changed = image.slice();
      changed[at] = (changed[at] as number) ^ 1;
      expect([at, toHex(imageDigest(changed))]).not.toEqual([at, digest]);
    }
  });
});

test("an image of four directories has no certificate table", () => {
  const image = makeImage({ magic: 0x20b, directories: 4 });
  expect(toHex(imageDigest(image))).toBe(digestWithout(image, [[OPTIONAL + 64, OPTIONAL + 68]]));
});

test.each<[string, number, number, string]>([
  ["without MZ", 0, 0, "offset 0x40"],
  ["whose PE header lies outside", 0x3c, 0xfffffff0, "offset 0xfffffff0"],
  ["without PE signature", PE, 0, "offset 0x40"],
  ["with another optional header", OPTIONAL, 0x107, "offset 0x58"],
  ["with headers beyond its end", OPTIONAL + 60, 0xffffff, "offset 0xf0"],
  ["with headers that end in themselves", OPTIONAL + 60, 0x80, "offset 0xf0"],
  ["with a section beyond its end", OPTIONAL + 240 + 16, 0xffffff, "offset 0x260"],
  ["with a certificate table larger than the rest", OPTIONAL + 108 + 4 + 36, CERTIFICATE_BYTES + 6, "offset 0x280"],
  ["with too many sections", PE + 4, 0xffff0000, "offset 0x"],
])("a file %s is refused with its place", (_, at, value, place) => {
  const image = makeImage({ magic: 0x20b, directories: 16 });
  new DataView(image.buffer).setUint32(at, value, true);
  expect(() => imageDigest(image)).toThrow(expect.objectContaining({ constructor: FormatError }));
  expect(() => imageDigest(image)).toThrow(place);
});

test("a file cut anywhere in its headers is refused", () => {
  const image = makeImage({ magic: 0x20b, directories: 16 });
  for (let bytes = 0; bytes < SECTIONS_END; bytes++) {
    expect(() => imageDigest(image.subarray(0, bytes))).toThrow(FormatError);
  }
});
