import { describe, expect, test } from "vitest";
import { FormatError } from "../../src/formats/variable-set.ts";
import { carve, rangeAt, readMemoryMap, writeMemoryMap } from "../../src/handover/memory-map.ts";
import { Q35_MEMORY_MAP } from "../../src/policies/q35-facts.ts";

const RANGE = { start: 0x123456789000n, bytes: 0x3000n, attributes: 0x800000000000000fn, type: 6 };

/** One descriptor with a u64 changed. */
function changed(offset: number, value: bigint): Uint8Array {
  const bytes = writeMemoryMap([RANGE]);
  new DataView(bytes.buffer).setBigUint64(offset, value, true);
  return bytes;
}

describe("a memory map", () => {
  test("lies as UEFI has it: type, start, virtual start, pages, attributes", () => {
    const bytes = writeMemoryMap([{ ...RANGE, virtualStart: 0xffff800000000000n }]);
    const view = new DataView(bytes.buffer);
    expect([bytes.length, view.getUint32(0, true), view.getUint32(4, true)]).toEqual([40, 6, 0]);
    expect([8, 16, 24, 32].map((offset) => view.getBigUint64(offset, true))).toEqual([
      ...[RANGE.start, 0xffff800000000000n, 3n, RANGE.attributes],
    ]);
  });

  test.each([40, 48, 56])(
    "of descriptors of %s bytes is read as it was written, and written the same again",
    (size) => {
      const bytes = writeMemoryMap(Q35_MEMORY_MAP, size);
      expect(bytes.length).toBe(126 * size);
      const read = readMemoryMap(bytes, size);
      expect(read).toEqual(Q35_MEMORY_MAP);
      expect(writeMemoryMap(read, size)).toEqual(bytes);
    },
  );

  test("may have 65536 descriptors", () => {
    expect(readMemoryMap(new Uint8Array(40 * 0x10000))).toHaveLength(0x10000);
  });

  test("may reach the end of all memory", () => {
    const last = { ...RANGE, start: 0xffffffffffffd000n };
    expect(readMemoryMap(writeMemoryMap([last]))).toEqual([last]);
  });

  test.each([
    ["whose start is no page's", changed(8, 0x1001n), "offset 0x8: a multiple of 4096, not 0x1001"],
    ["whose end wraps", changed(8, 0xffffffffffffe000n), "offset 0x18: pages that end at 2^64 or before"],
    ["whose pages wrap", changed(24, 1n << 52n), "offset 0x18: pages that end at 2^64 or before"],
    [
      "that is cut",
      writeMemoryMap([RANGE, RANGE]).subarray(0, 79),
      "offset 0x28: descriptors of 40 bytes; 39 are left",
    ],
    ["of too many descriptors", new Uint8Array(40 * 0x10001), "offset 0x280000: at most 65536 descriptors"],
  ])("%s is refused", (_, bytes, message) => {
    expect(() => readMemoryMap(bytes)).toThrow(FormatError);
    expect(() => readMemoryMap(bytes)).toThrow(message);
  });

  test.each([0, 32, 39, 44, 40.5, -40, Number.NaN])("descriptors of %s bytes are refused", (size) => {
    const message = "descriptors of at least 40 bytes, a multiple of 8";
    expect(() => readMemoryMap(new Uint8Array(0), size)).toThrow(FormatError);
    expect(() => readMemoryMap(new Uint8Array(0), size)).toThrow(message);
    expect(() => writeMemoryMap([], size)).toThrow(message);
  });

  test.each([
    ["half a page", { ...RANGE, bytes: 0x800n }],
    ["a start within a page", { ...RANGE, start: 0x800n }],
    ["pages beyond 2^64", { ...RANGE, start: 0xfffffffffffff000n }],
    ["a start below 0", { ...RANGE, start: -0x1000n }],
  ])("%s cannot be written", (_, range) => {
    expect(() => writeMemoryMap([range])).toThrow("memory map: whole pages of 4096 bytes below 2^64");
  });
});

describe("a range that is carved out", () => {
  const map = [
    { start: 0x1000n, bytes: 0x4000n, attributes: 15n, type: 7 },
    { start: 0x5000n, bytes: 0x1000n, attributes: 8n, type: 0 },
  ];
  const short = (ranges: readonly { start: bigint; bytes: bigint; type: number }[]) =>
    ranges.map(({ start, bytes, type }) => `${type}: ${start.toString(16)}+${bytes.toString(16)}`).join(", ");

  test.each([
    ["in the middle", 0x2000n, 0x1000n, "7: 1000+1000, 9: 2000+1000, 7: 3000+2000, 0: 5000+1000"],
    ["at the start", 0x1000n, 0x1000n, "9: 1000+1000, 7: 2000+3000, 0: 5000+1000"],
    ["at the end", 0x4000n, 0x1000n, "7: 1000+3000, 9: 4000+1000, 0: 5000+1000"],
    ["over a border", 0x4000n, 0x2000n, "7: 1000+3000, 9: 4000+2000"],
    ["over all", 0x0n, 0x9000n, "9: 0+9000"],
    ["beside all", 0x7000n, 0x1000n, "7: 1000+4000, 0: 5000+1000, 9: 7000+1000"],
  ])("%s leaves the rest", (_, start, bytes, text) => {
    expect(short(carve(map, { start, bytes, attributes: 8n, type: 9 }))).toBe(text);
  });

  test.each([
    [0xfffn, undefined],
    [0x1000n, 7],
    [0x4fffn, 7],
    [0x5000n, 0],
    [0x6000n, undefined],
  ])("the range at %s has type %s", (address, type) => {
    expect(rangeAt(map, address)?.type).toBe(type);
  });
});
