import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sha256 } from "../../src/files/bytes.ts";
import { checkVolume } from "../../src/formats/edk2-check.ts";
import { edk2Format } from "../../src/formats/edk2-format.ts";
import {
  findVolume,
  formatVolume,
  type Geometry,
  type LogEntry,
  type NewEntry,
  OVMF_2M,
  OVMF_4M,
  readLog,
  writeRecords,
} from "../../src/formats/edk2-store.ts";
import { keyOf, type Variable } from "../../src/formats/variable-set.ts";
import { toHex } from "../../src/hex.ts";
import { Machine } from "../../src/machine.ts";
import { fixtureBytes } from "../support/fixtures.ts";

const GUID = "11111111-2222-3333-4444-555555555555";
const OTHER = "11111111-2222-3333-4444-555555555556";

const variable = (name: string, ...data: number[]): Variable => ({
  name,
  guid: GUID,
  attributes: 7,
  data: Uint8Array.from(data),
});
const record = (name: string, state: number, ...data: number[]): NewEntry => ({ ...variable(name, ...data), state });

/** A small store with these records. */
const GEOMETRY: Geometry = {
  ...OVMF_2M,
  volumeBytes: 0x4000,
  blockCount: 4,
  storeEnd: OVMF_2M.storeOffset + 28 + 0x400,
  workOffset: 0x1000,
  spareOffset: 0x2000,
  spareBytes: 0x2000,
};
function storeOf(...entries: NewEntry[]): Uint8Array {
  const store = formatVolume(GEOMETRY);
  writeRecords(store, GEOMETRY, entries);
  return store;
}

/** Name, state and first data byte of all records. */
function records(store: Uint8Array): string[] {
  return readLog(store, findVolume(store)).map(({ name, state, data }) => `${name} ${state.toString(16)} ${data[0]}`);
}

describe("an edit leaves the states that flash writes leave", () => {
  test.each<[string, NewEntry[], Variable[], string[]]>([
    ["nothing changes", [record("A", 0x3f, 1)], [variable("A", 1)], ["A 3f 1"]],
    ["a change", [record("A", 0x3f, 1)], [variable("A", 2)], ["A 3c 1", "A 3f 2"]],
    ["a change in transition", [record("A", 0x3e, 1)], [variable("A", 2)], ["A 3c 1", "A 3f 2"]],
    ["a removal", [record("A", 0x3f, 1)], [], ["A 3d 1"]],
    ["a removal in transition", [record("A", 0x3e, 1)], [], ["A 3c 1"]],
    ["an addition", [record("A", 0x3f, 1)], [variable("A", 1), variable("B", 2)], ["A 3f 1", "B 3f 2"]],
    ["other letter case is another name", [record("A", 0x3f, 1)], [variable("a", 1)], ["A 3d 1", "a 3f 1"]],
    [
      "a removal with an in-transition twin, which must not come back",
      [record("A", 0x3e, 1), record("A", 0x3f, 2)],
      [],
      ["A 3c 1", "A 3d 2"],
    ],
    [
      "a change with a second live record, which must not come back",
      [record("A", 0x3f, 1), record("A", 0x3f, 2)],
      [variable("A", 3)],
      ["A 3c 1", "A 3d 2", "A 3f 3"],
    ],
    [
      "dead records and in-transition survivors stay as they are",
      [record("A", 0x3d, 1), record("B", 0x3e, 1), record("C", 0x7f, 1)],
      [variable("B", 1), variable("C", 2)],
      ["A 3d 1", "B 3e 1", "C 7f 1", "C 3f 2"],
    ],
    [
      "another order alone is no change",
      [record("A", 0x3f, 1), record("B", 0x3f, 1)],
      [variable("B", 1), variable("A", 1)],
      ["A 3f 1", "B 3f 1"],
    ],
  ])("%s", (_, entries, wanted, states) => {
    expect(records(edk2Format.edit(storeOf(...entries), wanted))).toEqual(states);
  });

  test.each<[string, Partial<Variable>]>([
    ["data", { data: Uint8Array.of(1, 2) }],
    ["attributes", { attributes: 3 }],
    ["time stamp", { stamp: new Uint8Array(16).fill(1) }],
    ["monotonic count", { count: 1n }],
    ["key index", { keyIndex: 1 }],
  ])("other %s are a change", (_, change) => {
    const changed = { ...variable("A", 1), ...change };
    const store = edk2Format.edit(storeOf(record("A", 0x3f, 1)), [changed]);
    expect(readLog(store, findVolume(store)).map(({ state }) => state)).toEqual([0x3c, 0x3f]);
    expect(edk2Format.parse(store)).toMatchObject([changed]);
  });
});

describe("a log without room", () => {
  const filler = (bytes: number) => new Array<number>(bytes).fill(7);
  const full = storeOf(
    record("Dead", 0x3d, ...filler(400)),
    record("A", 0x3e, 1),
    record("B", 0x3f, ...filler(300)),
    record("C", 0x3f, 3),
  );
  const kept = [variable("A", 1), variable("B", ...filler(300))];

  test("is compacted as by a reclaim, with what is new behind", () => {
    full.fill(0x77, GEOMETRY.spareOffset, GEOMETRY.spareOffset + 16);
    const store = edk2Format.edit(full, [...kept, variable("C", ...filler(60)), variable("D", 4)]);
    expect(records(store)).toEqual(["B 3f 7", "A 3f 1", "C 3f 7", "D 3f 4"]);
    expect(toHex(store.subarray(0, 100))).toBe(toHex(full.subarray(0, 100)));
    expect(toHex(store.subarray(GEOMETRY.storeEnd))).toBe(toHex(full.subarray(GEOMETRY.storeEnd)));
    expect(checkVolume(store)).toEqual([]);
  });

  test("and without it after that is refused with both figures, the file untouched", () => {
    const before = toHex(full);
    expect(() => edk2Format.edit(full, [...kept, variable("C", ...filler(600))])).toThrow(
      new RangeError("variables: 1096 bytes of records, and the store has room for 1024"),
    );
    expect(toHex(full)).toBe(before);
  });

  test("takes removals as they come", () => {
    expect(records(edk2Format.edit(full, kept))).toEqual(["Dead 3d 7", "A 3e 1", "B 3f 7", "C 3d 3"]);
  });

  test("is compacted, too, where flash behind the log is not erased", () => {
    const dirty = storeOf(record("Dead", 0x3d, 1), record("A", 0x3f, 1));
    dirty.set([0xaa, 0x55], GEOMETRY.storeEnd - 64);
    expect(records(edk2Format.edit(dirty, [variable("A", 1), variable("B", 2)]))).toEqual(["A 3f 1", "B 3f 2"]);
  });
});

test("a volume whose reclaim was cut is refused", () => {
  const store = fixtureBytes("stores/ovmf-4m-firstboot.fd.gz");
  store.set(store.subarray(0, OVMF_4M.storeEnd), OVMF_4M.spareOffset);
  store.fill(0xff, 0, 0x1000);
  const message = "offset 0x0: a volume header; a reclaim was cut, and the volume is in the spare area: boot it";
  expect(() => edk2Format.parse(store)).toThrow(message);
  expect(() => edk2Format.edit(store, [])).toThrow(message);
});

describe("any sequence of edits", () => {
  const change = fc.record({
    name: fc.constantFrom("A", "a", "Boot0000", "\ud800"),
    guid: fc.constantFrom(GUID, OTHER),
    attributes: fc.constantFrom(3, 7, 0x27),
    data: fc.uint8Array({ maxLength: 250, size: "max" }),
    keyIndex: fc.constantFrom(0, 0, 1),
  });
  /** Batches of changes; no data: a removal. */
  const edits = fc.array(fc.array(change, { minLength: 1, maxLength: 4, size: "max" }), {
    minLength: 1,
    maxLength: 12,
    size: "max",
  });
  type Model = Map<string, Variable>;

  function apply(model: Model, batch: readonly Variable[]): Model {
    const next = new Map(model);
    for (const item of batch) {
      next.delete(keyOf(item));
      if (item.data.length > 0) next.set(keyOf(item), item);
    }
    return next;
  }

  const contents = (variables: Iterable<Variable>) =>
    [...variables].map((v) => `${keyOf(v)} ${v.attributes} ${v.keyIndex ?? 0} ${toHex(v.data)}`).toSorted();

  const bytesOf = (v: Variable, header: number) => Math.ceil((header + 2 * v.name.length + 2 + v.data.length) / 4) * 4;

  /** Offsets that an edit may change, unless it compacts: states of the names it touches, and what is behind the log. */
  function mayDiffer(log: LogEntry[], touched: Set<string>, offset: number): boolean {
    const last = log.at(-1);
    if (offset >= (last === undefined ? 100 : last.offset + last.bytes)) return offset < GEOMETRY.storeEnd;
    return log.some((entry) => entry.offset + 2 === offset && touched.has(keyOf(entry)));
  }

  function differences(a: Uint8Array, b: Uint8Array): number[] {
    const all: number[] = [];
    for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) all.push(at);
    return all;
  }

  test.each([true, false])(
    "equals a map, and changes only what it must (authenticated records: %s)",
    (authenticated) => {
      let compactions = 0;
      let refusals = 0;
      const header = authenticated ? 60 : 32;
      const blank = formatVolume(GEOMETRY, authenticated);
      fc.assert(
        fc.property(edits, (batches) => {
          let store = blank;
          let model: Model = new Map();
          for (const batch of batches) {
            const next = apply(
              model,
              batch.map((v) => (authenticated ? v : { ...v, keyIndex: 0 })),
            );
            const needed = [...next.values()].reduce((sum, v) => sum + bytesOf(v, header), 0);
            if (needed > 0x400) {
              expect(() => edk2Format.edit(store, [...next.values()])).toThrow(`variables: ${needed} bytes`);
              refusals++;
              continue;
            }
            const edited = edk2Format.edit(store, [...next.values()]);
            const log = readLog(store, findVolume(store));
            const changed = new Set(batch.map(keyOf));
            const outside = differences(store, edited).filter((at) => !mayDiffer(log, changed, at));
            if (outside.length > 0) {
              compactions++;
              expect(outside.every((at) => at >= 100 && at < GEOMETRY.storeEnd)).toBe(true);
              expect(readLog(edited, findVolume(edited)).every(({ state }) => state === 0x3f)).toBe(true);
            }
            [store, model] = [edited, next];
            expect(contents(edk2Format.parse(store))).toEqual(contents(model.values()));
            expect(sha256(edk2Format.edit(store, [...model.values()]))).toBe(sha256(store));
          }
          const serious = checkVolume(store).filter(({ severity }) => severity === "error");
          expect(serious).toEqual([]);
        }),
        { numRuns: 150, seed: 7 },
      );
      expect(compactions).toBeGreaterThan(20);
      expect(refusals).toBeGreaterThan(20);
    },
  );

  test("is what a machine over the result sees", () => {
    fc.assert(
      fc.property(edits, (batches) => {
        const wanted = batches.slice(0, 3).reduce(apply, new Map() as Model);
        const base = fixtureBytes("stores/ovmf-2m-reclaimed.fd.gz");
        const store = edk2Format.edit(base, [...edk2Format.parse(base).slice(3), ...wanted.values()]);
        const seen = new Machine({ store, start: "attach" }).variables().filter(({ attributes }) => attributes & 1);
        const inOrder = (variables: Variable[]) => variables.map((v) => `${keyOf(v)} ${toHex(v.data)}`);
        expect(inOrder(seen)).toEqual(inOrder(edk2Format.parse(store)));
      }),
      { numRuns: 10, seed: 7 },
    );
  });
});
