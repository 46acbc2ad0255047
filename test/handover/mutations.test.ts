import { describe, expect, test } from "vitest";
import { areSameBytes } from "../../src/bytes.ts";
import { FormatError } from "../../src/formats/variable-set.ts";
import { BOOT_PATHS } from "../../src/handover/boot-paths.ts";
import { type DeviceTreeNode, writeDeviceTree } from "../../src/handover/device-tree.ts";
import { readDeviceTree } from "../../src/handover/device-tree-reader.ts";
import { deviceTreeText } from "../../src/handover/device-tree-text.ts";
import { buildHandover, type HandoverOptions } from "../../src/handover/handover.ts";
import { inspect } from "../../src/handover/inspection.ts";
import { readMemoryMap, writeMemoryMap } from "../../src/handover/memory-map.ts";
import { readSystemTable, writeSystemTable } from "../../src/handover/system-table.ts";
import { uefiParameters } from "../../src/handover/uefi-parameters.ts";
import { Random } from "../support/random.ts";

/**
 * Damaged trees, tables and maps: an error with a place, or an answer that can be written and read again; never for
 * long.
 */

const SEED = Number(process.env.XENEFI_SEED ?? 20161104);
/** Of each reader; three times as many of the one that reads anything. */
const ROUNDS = 13_000;
const LONGEST_MS = 2000;

const { tree, ...tables } = BOOT_PATHS["arm-acpi"].handover as HandoverOptions;
const made = buildHandover({
  ...tables,
  tree: { xenVersion: "4.17", ...tree, bootLoader: { secureBoot: 2 } },
  ...BOOT_PATHS["arm-acpi"].place,
});
const partOf = (what: string) => made.parts.find((part) => part.what === what)?.bytes ?? new Uint8Array(0);
const MAP = partOf("memory map");
const TABLE = partOf("system table");
const BASE = 0x50000000n;
/** A page as a firmware's memory has it, the table among other bytes. */
const PAGE = new Uint8Array(0x1000).map((_, i) => (i * 7) & 0xff);
PAGE.set(TABLE);

/** Numbers that lead outside, wrap, or are just at an end. */
const ODD = [0, 1, 2, 3, 4, 7, 9, 0x27, 0x28, 0x78, 0x1000, 0x7fffffff, 0x80000000, 0xfffffff8, 0xffffffff];

/** One to four changes: a byte, a bit, a u32 either way round, a piece moved, the end cut or filled. */
function mutate(bytes: Uint8Array, random: Random): Uint8Array {
  let changed = bytes.slice();
  for (let n = random.below(4); n >= 0; n--) {
    if (changed.length < 8) return changed;
    const at = random.below(changed.length);
    const word = Math.min(at & ~3, (changed.length & ~3) - 4);
    const view = new DataView(changed.buffer);
    switch (random.below(7)) {
      case 0:
        changed[at] = random.u32();
        break;
      case 1:
        changed[at] = (changed[at] as number) ^ (1 << random.below(8));
        break;
      case 2:
        view.setUint32(word, random.pick(ODD));
        break;
      case 3:
        view.setUint32(word, random.pick(ODD), true);
        break;
      case 4:
        changed.copyWithin(at, random.below(changed.length), random.below(changed.length));
        break;
      case 5:
        view.setUint32(word, view.getUint32(word) + random.below(16) - 8);
        break;
      default:
        if (random.oneIn(4)) changed = changed.slice(0, random.below(changed.length));
    }
  }
  return changed;
}

function nodesOf(node: DeviceTreeNode): number {
  return 1 + node.children.reduce((sum, child) => sum + nodesOf(child), 0);
}

const READERS = {
  "a device tree": {
    bytes: partOf("device tree"),
    read(bytes: Uint8Array) {
      const found = readDeviceTree(bytes);
      expect(nodesOf(found.root)).toBeLessThan(bytes.length / 8);
      expect(deviceTreeText(found)).toContain("/ {");
      const written = writeDeviceTree(found);
      expect(areSameBytes(writeDeviceTree(readDeviceTree(written)), written)).toBe(true);
    },
  },
  "UEFI parameters": {
    bytes: partOf("device tree"),
    read(bytes: Uint8Array) {
      const found = uefiParameters(readDeviceTree(bytes));
      if (found === undefined) return;
      expect(found.systemTable).toBeLessThan(1n << 64n);
      for (const value of [found.mapBytes, found.descriptorBytes, found.descriptorVersion]) {
        expect(value >>> 0).toBe(value);
      }
    },
  },
  "a memory map": {
    bytes: MAP,
    read(bytes: Uint8Array) {
      const found = readMemoryMap(bytes);
      expect(readMemoryMap(writeMemoryMap(found))).toEqual(found);
    },
  },
  "a system table": {
    bytes: TABLE,
    read(bytes: Uint8Array) {
      const found = readSystemTable({ address: BASE, bytes });
      expect(readSystemTable({ address: BASE, bytes: writeSystemTable(found, BASE) })).toEqual(found);
    },
  },
  "a page of memory with a system table": {
    bytes: PAGE,
    read(bytes: Uint8Array) {
      // Sums that do not fit are passed by, so that what is behind them is met.
      const found = inspect(bytes, { address: BASE });
      if (found.kind === "system table") expect((found.configTables ?? []).length).toBeLessThanOrEqual(171);
    },
  },
  "any of the three, looked at": {
    bytes: undefined,
    read(bytes: Uint8Array) {
      for (const { place, text } of inspect(bytes).findings) expect(`${place}${text}`).not.toMatch(/undefined|NaN/);
    },
  },
};

const SAMPLES = [partOf("device tree"), MAP, TABLE, PAGE];

describe.each(Object.entries(READERS))("%s", (_, { bytes, read }) => {
  test("is refused with a place, or read, whatever is done to it", () => {
    const random = new Random(SEED);
    const outcomes = { read: 0, refused: 0 };
    const rounds = bytes === undefined ? 3 * ROUNDS : ROUNDS;
    let longest = 0;
    for (let round = 0; round < rounds; round++) {
      const changed = mutate(bytes ?? random.pick(SAMPLES), random);
      const start = performance.now();
      try {
        read(changed);
        outcomes.read++;
      } catch (error) {
        if (!(error instanceof FormatError)) throw error;
        expect(error.place).toMatch(/^(offset 0x[0-9a-f]+|\/.*)$/);
        outcomes.refused++;
      }
      longest = Math.max(longest, performance.now() - start);
    }
    expect(longest).toBeLessThan(LONGEST_MS);
    expect(outcomes.read).toBeGreaterThan(50);
    expect(outcomes.refused).toBeGreaterThan(50);
  });
});

describe("large ones", () => {
  test.each([
    ["a deep tree", () => tokens([1, 0], [1, 0x61000000], 500_000)],
    ["a tree of no-operations", () => tokens([1, 0], [4], 1_000_000)],
    ["a tree whose names have no end", () => tokens([1, 0], [3, 0, 0], 300_000)],
    ["a map of all the descriptors that there can be", () => new Uint8Array(0x10000 * 40)],
    ["a map of more", () => new Uint8Array(0x100000 * 40)],
  ])("%s takes no long time", (_, make) => {
    const bytes = make();
    const start = performance.now();
    const found = inspect(bytes);
    expect(found.findings.length).toBeGreaterThan(0);
    expect(performance.now() - start).toBeLessThan(LONGEST_MS);
  });
});

/** A tree that begins with some tokens and goes on with others, over and over, and has no end. */
function tokens(first: number[], more: number[], times: number): Uint8Array {
  const count = first.length + more.length * times;
  const strings = 56 + 4 * count;
  const bytes = new Uint8Array(strings + 1_000_000).fill(0x61, strings);
  const view = new DataView(bytes.buffer);
  const header = [0xd00dfeed, bytes.length, 56, strings, 40, 17, 16, 0, 1_000_000, 4 * count];
  for (const [i, field] of header.entries()) view.setUint32(4 * i, field);
  for (let i = 0; i < count; i++) {
    const token = first[i] ?? more[(i - first.length) % more.length];
    view.setUint32(56 + 4 * i, token as number);
  }
  return bytes;
}
