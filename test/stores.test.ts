import { describe, expect, test } from "vitest";
import { Client } from "../src/client.ts";
import { sha256 } from "../src/files/bytes.ts";
import {
  AAVMF,
  findVolume,
  formatVolume,
  liveEntries,
  OVMF_2M,
  OVMF_4M,
  readLog,
  writeRecords,
} from "../src/formats/edk2-store.ts";
import { toHex } from "../src/hex.ts";
import { Machine } from "../src/machine.ts";
import { fixtureBytes } from "./support/fixtures.ts";
import { storeSamples } from "./support/store-samples.ts";

const volumes = storeSamples("edk2-fv");
const TORN_GUID = "11111111-2222-3333-4444-555555555555";

describe("a volume made by real firmware or tools", () => {
  test.each(volumes)("$file: the core sees the same variables in the same order as the reader", ({ file }) => {
    const bytes = fixtureBytes(`stores/${file}`);
    const machine = new Machine({ store: bytes, start: "attach" });
    const stored = machine.variables().filter((variable) => (variable.attributes & 1) !== 0);
    const live = liveEntries(readLog(bytes, findVolume(bytes)));
    expect(stored.map(({ name, guid }) => `${name}-${guid}`)).toEqual(live.map(({ name, guid }) => `${name}-${guid}`));
    expect(sha256(machine.flash())).toBe(sha256(bytes));
  });
});

describe("a store that can be read but not booted is refused", () => {
  const changed = (offset: number, value: number) => {
    const store = fixtureBytes("stores/ovmf-4m-firstboot.fd.gz");
    const view = new DataView(store.buffer, store.byteOffset);
    const old = view.getUint32(offset, true);
    view.setUint32(offset, value, true);
    // The volume header's 16-bit units sum up to 0.
    const units = (number: number) => (number & 0xffff) + (number >>> 16);
    if (offset < 0x48) view.setUint16(0x32, view.getUint16(0x32, true) + units(old) - units(value), true);
    return store;
  };
  const QUEUE = OVMF_4M.workOffset + 24;

  test.each([
    ["blocks of 0 bytes", changed(60, 0), "offset 0x3c: a block size other than 0"],
    ["no work queue", changed(QUEUE, 0), "offset 0x41018: a work queue of at least 80 bytes, not 0"],
    ["a short work queue", changed(QUEUE, 79), "a work queue of at least 80 bytes, not 79"],
    [
      "a short spare area",
      changed(QUEUE, 0x42000),
      "a work queue that leaves 262144 bytes for the spare area, not 4064",
    ],
  ])("%s", (_, store, message) => {
    expect(readLog(store, findVolume(store)).length).toBeGreaterThan(0);
    expect(() => new Machine({ store })).toThrow(message);
    expect(() => new Machine({ store, start: "attach" })).toThrow(message);
  });
});

const ALL_ONES: [field: string, offset: number][] = [
  ["name", 36],
  ["data", 40],
  ["attributes", 4],
];

/** A store of one variable, of whose record four bytes from an offset on are all ones. */
function tornStore(variable: { name: string; state: number; data: Uint8Array }, offset: number): Uint8Array {
  const store = formatVolume(OVMF_4M);
  writeRecords(store, OVMF_4M, [{ guid: TORN_GUID, attributes: 7, ...variable }]);
  return store.fill(0xff, 100 + offset, 104 + offset);
}

test.each([0x3f, 0x3e].flatMap((state) => ALL_ONES.map(([field, offset]) => [state, field, offset] as const)))(
  "a live record in state %i whose %s are all ones counts as empty, for the core and for the reader",
  (state, _, offset) => {
    const store = tornStore({ name: "Last", state, data: Uint8Array.of(1) }, offset);
    const seen = new Machine({ store, start: "attach" }).variables().find((variable) => variable.guid === TORN_GUID);
    expect([seen?.name, seen?.data.length]).toEqual(["", 0]);
    const [read] = readLog(store, findVolume(store));
    expect([read?.name, read?.data.length]).toEqual(["", 0]);
  },
);

// An index that took the name's bytes for it would find it under this very hash: two zero units follow.
test.each(ALL_ONES)("a live record whose %s are all ones is not found by its name", (_, offset) => {
  const store = tornStore({ name: "A", state: 0x3f, data: new Uint8Array(4) }, offset);
  const dom0 = new Client(new Machine({ store, start: "attach" }));
  expect(dom0.getVariable("A", TORN_GUID).statusName).toBe("NOT_FOUND");
});

test.each([
  ["ovmf-4m-stock.fd.gz", OVMF_4M],
  ["ovmf-2m-stock.fd.gz", OVMF_2M],
])("a blank store equals Debian's %s byte for byte", (file, geometry) => {
  expect(sha256(formatVolume(geometry))).toBe(sha256(fixtureBytes(`stores/${file}`)));
});

test("a blank AAVMF volume has the headers of the shipped images", () => {
  const blank = formatVolume(AAVMF);
  const shipped = fixtureBytes("stores/aavmf-snakeoil.fd.gz");
  expect(toHex(blank.subarray(0, 100))).toBe(toHex(shipped.subarray(0, 100)));
  expect(toHex(blank.subarray(0x40000, 0x40020))).toBe(toHex(shipped.subarray(0x40000, 0x40020)));
});

describe("a malformed store is refused with offset and expectation", () => {
  const good = fixtureBytes("stores/ovmf-4m-firstboot.fd.gz");
  const changed = (offset: number, ...bytes: number[]) => {
    const store = good.slice();
    store.set(bytes, offset);
    return store;
  };
  const read = (store: Uint8Array) => readLog(store, findVolume(store));

  test.each([
    ["an empty file", new Uint8Array(0), "offset 0x0: a firmware volume header"],
    ["other bytes", new Uint8Array(5000).fill(7), "offset 0x0: a firmware volume header"],
    ["blank flash", new Uint8Array(0x20000), "offset 0x0: a variable volume; this is blank flash, no volume (all 0x0)"],
    ["erased flash", new Uint8Array(0x20000).fill(0xff), "this is blank flash, no volume (all 0xff): boot it once, or"],
    ["a qcow2 image", Uint8Array.of(0x51, 0x46, 0x49, 0xfb, 0, 0), "qemu-img convert"],
    ["a cut file", good.slice(0, 0x1000), "offset 0x20: a volume of at most 0x1000 bytes"],
    ["a header sum that is off", changed(0x34, 1), "offset 0x32: a header checksum"],
    ["an odd header length", changed(0x30, 0x49), "offset 0x30: a header length"],
    ["another store GUID", changed(0x48, 0), "offset 0x48: a variable store GUID"],
    [
      "a store size past the volume",
      changed(0x58, 0xff, 0xff, 0xff, 0),
      "offset 0x58: a store size from 28 to 0x83fb8",
    ],
    ["a store that is not healthy", changed(0x5d, 0xfc), "offset 0x5c: store format 0x5a and state 0xfe"],
    [
      "a state that no flash write leaves",
      changed(0x66, 0x5f),
      "offset 0x66: a state byte that a flash write can leave, not 0x5f",
    ],
    ["sizes past the end", changed(0x64 + 36, 0, 0, 0, 0x7f), "offset 0x88: name and data of at most"],
    [
      "a name without terminator",
      changed(0x64 + 60 + 20, 0x41),
      "offset 0xa0: a UCS-2 name with terminator in 22 bytes",
    ],
    ["a NUL within a name", changed(0x64 + 60, 0), "offset 0xa0: a UCS-2 name with terminator in 22 bytes"],
  ])("%s", (_, store, message) => {
    expect(() => read(store)).toThrow(message);
  });

  test("any truncation and any flipped header byte is refused or read, never a crash of another kind", () => {
    for (let length = 0; length < 0x200; length++) attempt(good.slice(0, length));
    for (let offset = 0; offset < 0x400; offset++) attempt(changed(offset, (good[offset] as number) ^ 0xff));
    function attempt(store: Uint8Array) {
      try {
        read(store);
      } catch (error) {
        expect((error as Error).name).toBe("FormatError");
      }
    }
  });
});

test("a store with less room than its largest variable is attached as it lies: only a boot reclaims it", () => {
  const store = fixtureBytes("traces/fill-nv.after.fd.gz");
  const attached = new Machine({ store, start: "attach" });
  expect(Buffer.compare(attached.flash(), store)).toBe(0);
  expect(new Client(attached).queryVariableInfo(7).remainStoreSize).toBe(40n);
  const booted = new Client(new Machine({ store }));
  expect(booted.queryVariableInfo(7).remainStoreSize).toBeGreaterThan(1000n);
});
