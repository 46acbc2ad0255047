import { describe, expect, test } from "vitest";
import { checkVolume } from "../../src/formats/edk2-check.ts";
import { edk2Format } from "../../src/formats/edk2-format.ts";
import {
  findVolume,
  formatVolume,
  type Geometry,
  type NewEntry,
  OVMF_2M,
  readLog,
  writeRecords,
} from "../../src/formats/edk2-store.ts";
import { FormatError, keyOf, type Variable } from "../../src/formats/variable-set.ts";
import { CERT_DB_GUID } from "../../src/guid.ts";
import { fixtureBytes } from "../support/fixtures.ts";
import { flips, type Mutilation, span, truncations } from "../support/mutilation.ts";

const GUID = "11111111-2222-3333-4444-555555555555";

/** A small store: work area at 0x1000, spare area behind it. */
const GEOMETRY: Geometry = {
  ...OVMF_2M,
  volumeBytes: 0x4000,
  blockCount: 4,
  storeEnd: OVMF_2M.storeOffset + 28 + 0x400,
  workOffset: 0x1000,
  spareOffset: 0x2000,
  spareBytes: 0x2000,
};
/** The first record, of 60 + 4 + 1 bytes and 3 of padding; the second. */
const FIRST = 100;
const SECOND = FIRST + 68;

const record = (name: string, changes: Partial<NewEntry> = {}): NewEntry => ({
  name,
  guid: GUID,
  attributes: 7,
  data: Uint8Array.of(1),
  state: 0x3f,
  ...changes,
});

function storeOf(...entries: NewEntry[]): Uint8Array {
  const store = formatVolume(GEOMETRY);
  writeRecords(store, GEOMETRY, entries);
  return store;
}

/** The store of A and B with these bytes changed. */
function changed(offset: number, ...bytes: number[]): Uint8Array {
  const store = storeOf(record("A"), record("B"));
  store.set(bytes, offset);
  return store;
}

const lines = (store: Uint8Array) => checkVolume(store).map((f) => `${f.place} ${f.severity}: ${f.text}`);

test("a sound store has no findings", () => {
  expect(lines(storeOf(record("A"), record("B", { state: 0x3d })))).toEqual([]);
});

describe("the check of a store says one line for", () => {
  const node = Uint8Array.of(
    4 + 62,
    0,
    0,
    0,
    ...new Array<number>(16).fill(0),
    62,
    0,
    0,
    0,
    1,
    0,
    0,
    0,
    32,
    0,
    0,
    0,
    65,
    0,
  );
  const certDb = (data: Uint8Array) => record("certdb", { guid: CERT_DB_GUID, attributes: 0x27, data });
  const stale = new Uint8Array(66);
  stale.set(node);
  const NIL = "00000000-0000-0000-0000-000000000000";

  test.each<[string, Uint8Array, string]>([
    ["a header sum", changed(0x34, 1), "offset 0x32 error: expected a header checksum that makes the sum"],
    [
      "a reserved byte of the store header",
      changed(0x48 + 22, 1),
      "offset 0x5e warning: a reserved byte that is not 0",
    ],
    ["a state byte", changed(FIRST + 2, 0x5f), "offset 0x66 error: expected a state byte that a flash write can leave"],
    ["a reserved byte of a record", changed(FIRST + 3, 1), "offset 0x67 warning: a reserved byte that is not 0"],
    ["a record without terminator", changed(FIRST + 62, 1), "offset 0xa0 error: expected a UCS-2 name with terminator"],
    ["padding", changed(FIRST + 65, 0), `offset 0xa5 warning: padding that is not 0xff: "A"-${GUID}`],
    ["a count", changed(FIRST + 8, 1), `offset 0x6c warning: monotonic count 1, not 0: "A"-${GUID}`],
    ["a key index", changed(FIRST + 32, 2), `offset 0x84 warning: public key index 2, not 0: "A"-${GUID}`],
    ["a volatile variable", changed(FIRST + 4, 6), `offset 0x64 warning: a volatile variable in flash: "A"-${GUID}`],
    ["unknown bits", changed(FIRST + 5, 1), `offset 0x64 warning: attributes 0x107, with unknown bits: "A"-${GUID}`],
    [
      "no name",
      changed(SECOND + 36, 255, 255, 255, 255).fill(255, 0xe4, 0xec),
      "offset 0xa8 error: a live record without a name",
    ],
    ["no data", storeOf(record("A", { data: new Uint8Array(0) })), "offset 0x64 error: a live record without data"],
    ["a torn header", storeOf(record("A", { state: 0xff })).fill(0xff, 0xa0, 0xa8), "offset 0x64 warning: a dead"],
    ["torn data", changed(SECOND + 2, 0x7f), `offset 0xa8 warning: a dead record whose data was never completed: "B"-`],
    ["a survivor", changed(SECOND + 2, 0x3e), `offset 0xa8 warning: a replacement or deletion was begun: "B"-${GUID}`],
    [
      "a replaced record that was not ended",
      storeOf(record("A", { state: 0x3e }), record("A")),
      `offset 0x64 warning: a replaced record that was not marked deleted: "A"-${GUID}`,
    ],
    [
      "a second live record",
      storeOf(record("A"), record("A")),
      `offset 0xa8 error: a second live record, that of offset 0x64 counts: "A"-${GUID}`,
    ],
    [
      "zeros",
      changed(236, ...new Array<number>(888).fill(0)),
      "offset 0xec warning: zeros in free space: the next boot reclaims",
    ],
    ["bytes behind the log", changed(300, 7), "offset 0x12c warning: bytes behind the log are not 0xff: the next boot"],
    [
      "a record off its border",
      changed(237, 0xaa, 0x55),
      "offset 0xed error: a record that does not start on a multiple of 4",
    ],
    [
      "the work header's sum",
      changed(0x1010, 0),
      "offset 0x1000 warning: the work area's header has another GUID, CRC-32",
    ],
    [
      "a write not ready",
      changed(0x1020, 0xfc),
      "offset 0x1020 warning: an unfinished fault-tolerant write: the next boot drops it",
    ],
    [
      "a write to be repeated",
      (() => {
        const store = changed(0x1020, 0xfc);
        store[0x1048] = 0xfd;
        return store;
      })(),
      "offset 0x1020 error: an unfinished fault-tolerant write: the next boot copies the spare area over the store",
    ],
    ["bytes behind the queue", changed(0x1030, 1), "offset 0x1030 warning: bytes behind the write queue are not 0xff"],
    ["a broken certdb", storeOf(certDb(Uint8Array.of(5, 0, 0, 0))), "offset 0x64 error: certdb's sizes do not agree"],
    ["a node alone", storeOf(certDb(stale)), `offset 0x64 warning: certdb has a signer of no variable: "A"-${NIL}`],
    [
      "a private variable without node",
      storeOf(certDb(Uint8Array.of(4, 0, 0, 0)), record("A", { attributes: 0x27 })),
      `offset 0xb4 warning: certdb has no signer, no write will be let pass: "A"-${GUID}`,
    ],
    [
      "a store nearly full",
      storeOf(record("A", { data: new Uint8Array(900) })),
      "offset 0x64 warning: the store is nearly full: 964 bytes live, 0 dead, 60 of 1024 free",
    ],
    [
      "a log nearly full of dead records",
      storeOf(record("A", { data: new Uint8Array(900), state: 0x3d })),
      "offset 0x64 warning: a reclaim is near: 0 bytes live, 964 dead, 60 of 1024 free",
    ],
    [
      "blank flash",
      new Uint8Array(0x1000),
      "offset 0x0 error: expected a variable volume; this is blank flash, no volume",
    ],
  ])("%s", (_, store, line) => {
    expect(lines(store)).toEqual([expect.stringContaining(line)]);
  });

  test("sizes past the end, and that the rest is not seen", () => {
    expect(lines(changed(SECOND + 40, 0, 0, 1, 0))).toEqual([
      "offset 0xcc error: expected name and data of at most 896 bytes, not 65540",
      "offset 0xa8 warning: bytes behind the log are not 0xff: the next boot reclaims",
    ]);
  });

  test("each of several things, going on behind an error", () => {
    const store = changed(FIRST + 2, 0x5f);
    store[0x34] = 1;
    store[SECOND + 2] = 0x3e;
    store[0x1010] = 0;
    expect(checkVolume(store).map(({ place }) => place)).toEqual([
      "offset 0x32",
      "offset 0x66",
      "offset 0xa8",
      "offset 0x1000",
    ]);
  });
});

describe("a damaged file is refused with a place or read as a sound set, and the check tells no less", () => {
  const CAUSE = /^offset 0x[0-9a-f]+: \S/;

  function attempt({ what, bytes }: Mutilation): void {
    const errors = checkVolume(bytes).filter(({ severity }) => severity === "error");
    try {
      isSound(edk2Format.parse(bytes), bytes.length);
    } catch (error) {
      if (!(error instanceof FormatError)) throw new Error(what, { cause: error });
      if (!CAUSE.test(error.message) || errors.length === 0) throw new Error(`${what}: ${error.message}`);
    }
  }

  function isSound(variables: Variable[], fileBytes: number): void {
    const dataBytes = variables.reduce((sum, { data }) => sum + data.length, 0);
    const named = variables.filter(({ name }) => name !== "" && !name.includes("\0"));
    if (dataBytes > fileBytes || named.length < variables.length) throw new Error("a set that no store can have");
    if (new Set(variables.map(keyOf)).size < variables.length) throw new Error("a name twice");
  }

  const sample = fixtureBytes("stores/ovmf-2m-reclaimed.fd.gz");
  const small = storeOf(record("A"), record("A", { state: 0x3e }), record("Dead", { state: 0x3c }), record("Last"));

  test("cut anywhere", () => {
    const { geometry } = findVolume(sample);
    const starts = readLog(sample, findVolume(sample)).flatMap(({ offset }) => [offset, offset + 60]);
    const areas = [0, 16, 32, 40, 56, 72, 88, 100, geometry.storeEnd, geometry.workOffset, geometry.spareOffset];
    for (const cut of truncations(sample, [...areas, ...starts], 1)) attempt(cut);
  });

  test("with bits of its headers, sizes, sums and states flipped", () => {
    for (const flip of flips(sample, [...span(0, 100), ...span(OVMF_2M.workOffset, 32)])) attempt(flip);
    const headers = readLog(small, findVolume(small)).flatMap(({ offset }) => span(offset, 60));
    for (const flip of flips(small, [...span(0, 100), ...headers, ...span(0x1000, 32)])) attempt(flip);
  });
});
