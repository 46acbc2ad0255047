import { describe, expect, test } from "vitest";
import { differenceText } from "../src/cli/difference.ts";
import { Client } from "../src/client.ts";
import { sha256 } from "../src/files/bytes.ts";
import {
  findVolume,
  formatVolume,
  liveEntries,
  type NewEntry,
  OVMF_4M,
  readLog,
  writeRecords,
} from "../src/formats/edk2-store.ts";
import { GLOBAL_GUID, guidText } from "../src/guid.ts";
import { Machine } from "../src/machine.ts";
import { POLICIES } from "../src/policies/index.ts";
import { NO_BOOT, type Policy } from "../src/policies/policy.ts";
import { replay } from "../src/trace/index.ts";
import { fixtureBytes, readTrace, replayTrace } from "./support/fixtures.ts";

const GUID = "11111111-2222-3333-4444-555555555555";
const bare: Policy = { ...(POLICIES["ovmf-4m"] as Policy), boot: NO_BOOT };

/** A record with a name, one byte of data and a state. */
function record(name: string, byte: number, state = 0x3f, attributes = 7): NewEntry {
  return { name, guid: GUID, attributes, state, data: Uint8Array.of(byte) };
}

/** A 4M store with these records. */
function storeOf(...entries: NewEntry[]): Uint8Array {
  const store = formatVolume(OVMF_4M);
  writeRecords(store, OVMF_4M, entries);
  return store;
}

/** Names and first data bytes of a machine's live variables. */
function contents(machine: Machine): string[] {
  return machine.variables().map(({ name, data }) => `${name}=${data[0]}`);
}

/** State bytes of a store's records, in log order. */
function states(store: Uint8Array): string[] {
  return readLog(store, findVolume(store)).map((entry) => `${entry.name}:${entry.state.toString(16)}`);
}

/** certdb with a node of a variable X that is not there. */
const STALE_CERT_DB: NewEntry = staleCertDb();

function staleCertDb(): NewEntry {
  const data = new Uint8Array(4 + 28 + 2 + 32);
  const view = new DataView(data.buffer);
  view.setUint32(0, data.length, true);
  view.setUint32(4 + 16, data.length - 4, true);
  view.setUint32(4 + 20, 1, true);
  view.setUint32(4 + 24, 32, true);
  data[4 + 28] = 0x58;
  return { name: "certdb", guid: "d9bee56e-75dc-49d9-b4d7-b534210f637a", attributes: 0x27, state: 0x3f, data };
}

const WORK = OVMF_4M.workOffset;
const ENTRY = WORK + 32;

describe("the first boot", () => {
  test("turns the stock 4M store into the image that OVMF leaves, to the byte", () => {
    const machine = new Machine({ store: fixtureBytes("stores/ovmf-4m-stock.fd.gz") });
    expect(sha256(machine.flash())).toBe("8b78a7017a2ecedd6376cb7d746d5d741f27b745b46bf9420ac543512423c798");
  });

  test.each([
    [0, 0],
    [1, 1],
    [2, 0],
  ])("of a store with keys and SecureBootEnable %i has SecureBoot %i", (value, mode) => {
    const key = { name: "PK", guid: GLOBAL_GUID, attributes: 0x27, state: 0x3f, data: Uint8Array.of(0) };
    const enable = { ...record("SecureBootEnable", value, 0x3f, 3), guid: "f0a30bc7-af08-4556-99c4-001009c93a44" };
    const dom0 = new Client(new Machine({ store: storeOf(key, enable) }));
    expect(dom0.getVariable("SecureBoot", GLOBAL_GUID).data).toEqual(Uint8Array.of(mode));
  });

  test("ends custom mode, makes what is missing, then cleans certdb, then counts (AuthVariableLibInitialize)", () => {
    const key = { name: "PK", guid: GLOBAL_GUID, attributes: 0x27, state: 0x3f, data: Uint8Array.of(0) };
    const custom = { ...record("CustomMode", 1, 0x3f, 3), guid: "c076ec0c-7028-4399-a072-71ee5c448b9f" };
    const vendor = { ...record("VendorKeysNv", 1, 0x3f, 0x23), guid: "9073e4e0-60ec-4b6e-9903-4c223c260f3c" };
    const policy = { ...(POLICIES.edk2 as Policy), boot: { ...(POLICIES.edk2 as Policy).boot, later: [] } };
    const machine = new Machine({ policy, store: storeOf(key, custom, STALE_CERT_DB, vendor) });
    expect(states(machine.flash())).toEqual([
      "PK:3f",
      "CustomMode:3c",
      "certdb:3c",
      "VendorKeysNv:3f",
      "SecureBootEnable:3f",
      "CustomMode:3f",
      "certdb:3f",
      "MTC:3f",
    ]);
    expect(machine.variable("CustomMode", custom.guid)?.data).toEqual(Uint8Array.of(0));
  });

  test.each([
    ["ovmf-4m", "sha1 sha256 rsa2048 x509"],
    ["edk2", "sha1 sha256 sha384 sha512 rsa2048 x509"],
    ["spec", "sha1 sha256 sha384 sha512 rsa2048 x509"],
  ])("of %s says which signatures it knows: %s", (name, types) => {
    const known: Record<string, string> = {
      "826ca512-cf10-4ac9-b187-be01496631bd": "sha1",
      "c1c41626-504c-4092-aca9-41f936934328": "sha256",
      "ff3e5307-9fd0-48c9-85f1-8ad56c701e01": "sha384",
      "093e0fae-a6c4-4f50-9f1b-d41e2b89c19a": "sha512",
      "3c5766e8-269c-4e34-aa14-ed776e85b3b6": "rsa2048",
      "a5c059a1-94e4-4aa7-87b5-ab155c2bf072": "x509",
    };
    const machine = new Machine({ policy: POLICIES[name] as Policy });
    const data = machine.variable("SignatureSupport", GLOBAL_GUID)?.data ?? new Uint8Array(0);
    const offsets = [...Array(data.length / 16).keys()].map((i) => 16 * i);
    expect(offsets.map((offset) => known[guidText(data, offset)]).join(" ")).toBe(types);
  });

  test("of a store with keys is in user mode", () => {
    const dom0 = new Client(new Machine({ store: fixtureBytes("stores/ovmf-4m-ms.fd.gz") }));
    expect(dom0.getVariable("SetupMode", GLOBAL_GUID).data).toEqual(Uint8Array.of(0));
    expect(dom0.getVariable("SecureBoot", GLOBAL_GUID).data).toEqual(Uint8Array.of(1));
  });
});

describe("reboot", () => {
  test.each([
    ["monotonic", "monotonic-boot2"],
    ["persist-1", "persist-2"],
  ])("after %s goes on as the captured %s does", (first, second) => {
    const { start } = replayTrace("traces", readTrace("traces", `${first}.jsonl`), `${first}.jsonl`);
    start.machine.reboot();
    const next = readTrace("traces", `${second}.jsonl`);
    const { differences } = replay(next, start);
    expect(differences.map(differenceText)).toEqual([]);
    expect(sha256(start.machine.flash())).toBe(next.header.vars_after_sha256);
  });

  test("after fill-nv reclaims twice: live records in order, two finished queue entries, spare area blank", () => {
    const { start } = replayTrace("traces", readTrace("traces", "fill-nv.jsonl"), "fill-nv.jsonl");
    const before = liveEntries(readLog(start.machine.flash(), findVolume(start.machine.flash())));
    start.machine.reboot();
    const flash = start.machine.flash();
    const log = readLog(flash, findVolume(flash));
    // What the boot itself wrote comes last; added records keep their order, those in transition follow them.
    const rewritten = ["MTC", "VarErrorFlag", "ConIn", "ConOut", "ErrOut"];
    const inOrder = [...before.filter(({ state }) => state === 0x3f), ...before.filter(({ state }) => state === 0x3e)];
    const kept = inOrder.map(({ name }) => name).filter((name) => !rewritten.includes(name));
    expect(log.map(({ name }) => name).filter((name) => !rewritten.includes(name))).toEqual(kept);
    expect(log.every(({ state }) => state === 0x3f)).toBe(true);
    expect([...flash.subarray(ENTRY, ENTRY + 160)].filter((_, i) => i % 40 === 0)).toEqual([0xf8, 0xf9, 0xf8, 0xf9]);
    expect(flash.subarray(OVMF_4M.spareOffset).every((byte) => byte === 0xff)).toBe(true);
    // What the captured next boot left: 0x3e488 bytes of log.
    const last = log.at(-1);
    expect((last?.offset ?? 0) + (last?.bytes ?? 0) - 0x64).toBe(0x3e488);
  });

  test("sets VarErrorFlag to 0xff again and deletes BootNext", () => {
    const machine = new Machine();
    const dom0 = new Client(machine);
    dom0.setVariable("BootNext", GLOBAL_GUID, 7, Uint8Array.of(1, 0));
    dom0.setVariable("VarErrorFlag", "04b37fe8-f6ae-480b-bdd5-37d98c5e89aa", 7, Uint8Array.of(0xef));
    machine.reboot();
    expect(dom0.getVariable("BootNext", GLOBAL_GUID).statusName).toBe("NOT_FOUND");
    expect(dom0.getVariable("VarErrorFlag", "04b37fe8-f6ae-480b-bdd5-37d98c5e89aa").data).toEqual(Uint8Array.of(0xff));
  });

  test("drops nodes of certdb whose variable is gone", () => {
    const machine = new Machine({ policy: bare, store: storeOf(STALE_CERT_DB) });
    expect(machine.variable("certdb", STALE_CERT_DB.guid)?.data).toEqual(Uint8Array.of(4, 0, 0, 0));
    expect(states(machine.flash())).toEqual(["certdb:3c", "certdb:3f"]);
  });

  // Found by fuzzing: certdb counted as room that is freed and never as room that is taken.
  test("drops them where it is living variables that take room, and certdb is none", () => {
    const qemu = POLICIES["qemu-uefi-vars"] as Policy;
    const machine = new Machine({ policy: { ...qemu, boot: NO_BOOT }, store: storeOf(STALE_CERT_DB) });
    expect(machine.variable("certdb", STALE_CERT_DB.guid)?.data).toEqual(Uint8Array.of(4, 0, 0, 0));
  });

  test("goes on where they cannot be dropped: no room is left to common variables", () => {
    const policy: Policy = { ...bare, errorStorageBytes: 0x1000000 };
    const machine = new Machine({ policy, store: storeOf(STALE_CERT_DB) });
    expect(machine.variable("certdb", STALE_CERT_DB.guid)?.data).toEqual(STALE_CERT_DB.data);
  });
});

describe("certdb whose node's sizes disagree is left as it is", () => {
  const [BYTES, UNITS, DIGEST] = [4 + 16, 4 + 20, 4 + 24];
  // A.c, FindCertsFromDb: the node must be whole. It has 62 bytes: a name of one unit, a digest of 32 bytes.
  test.each<[string, Record<number, number>]>([
    ["its bytes are one fewer", { [BYTES]: 61 }],
    ["its bytes are none", { [BYTES]: 0 }],
    ["its name is longer", { [UNITS]: 2 }],
    ["its digest is shorter", { [DIGEST]: 31 }],
    ["its digest ends behind 4 GiB", { [DIGEST]: 0xffffffff }],
    ["it ends behind certdb", { [BYTES]: 63, [DIGEST]: 33 }],
  ])("%s", (_, fields) => {
    const data = STALE_CERT_DB.data.slice();
    const view = new DataView(data.buffer);
    for (const [offset, value] of Object.entries(fields)) view.setUint32(Number(offset), value, true);
    const machine = new Machine({ policy: bare, store: storeOf({ ...STALE_CERT_DB, data }) });
    expect(machine.variable("certdb", STALE_CERT_DB.guid)?.data).toEqual(data);
    expect(states(machine.flash())).toEqual(["certdb:3f"]);
  });
});

describe("a store as a power cut leaves it", () => {
  test.each([
    ["an added record hides its twin in transition", [record("A", 1, 0x3e), record("A", 2)], ["A=2"]],
    ["a record in transition without twin is live", [record("A", 1, 0x3e)], ["A=1"]],
    ["the last of two in transition is live", [record("A", 1, 0x3e), record("A", 2, 0x3e)], ["A=2"]],
    ["a record whose data was being written is skipped by its sizes", [record("A", 1, 0x7f), record("B", 2)], ["B=2"]],
    ["deleted records are skipped", [record("A", 1, 0x3d), record("A", 2, 0x3c), record("B", 3)], ["B=3"]],
  ])("%s", (_, entries, expected) => {
    expect(contents(new Machine({ policy: bare, store: storeOf(...entries) }))).toEqual(expected);
  });

  test("a replacement deletes the twin in transition, too", () => {
    const machine = new Machine({ policy: bare, store: storeOf(record("A", 1, 0x3e), record("A", 2)) });
    new Client(machine).setVariable("A", GUID, 7, Uint8Array.of(3));
    expect(states(machine.flash())).toEqual(["A:3c", "A:3c", "A:3f"]);
    expect(contents(machine)).toEqual(["A=3"]);
  });

  test("a deletion deletes the twin in transition, too", () => {
    const machine = new Machine({ policy: bare, store: storeOf(record("A", 1, 0x3e), record("A", 2)) });
    new Client(machine).setVariable("A", GUID, 7);
    expect(states(machine.flash())).toEqual(["A:3c", "A:3d"]);
  });

  test.each([
    ["two beside an added record", [0x3e, 0x3e, 0x3f], ["A:3c", "A:3c", "A:3d"]],
    ["two alone", [0x3e, 0x3e], ["A:3c", "A:3c"]],
  ])(
    "a deletion deletes all in transition, of which edk2 would leave one that stands again: %s",
    (_, left, expected) => {
      const store = storeOf(...left.map((state, i) => record("A", i, state)));
      const machine = new Machine({ policy: bare, store });
      new Client(machine).setVariable("A", GUID, 7);
      expect(states(machine.flash())).toEqual(expected);
      machine.reboot();
      expect(contents(machine)).toEqual([]);
    },
  );

  test("a header torn after its state is a dead record of 60 bytes; the log goes on behind it", () => {
    const store = storeOf(record("A", 1), record("B", 2));
    const second = 0x64 + 68;
    store.set(store.slice(second, second + 68), second + 60);
    store.fill(0xff, second + 2, second + 60);
    expect(contents(new Machine({ policy: bare, store }))).toEqual(["A=1", "B=2"]);
  });

  test("bytes behind the log force a reclaim at boot, which keeps every live variable", () => {
    const store = storeOf(record("A", 1, 0x3e), record("B", 2), record("C", 3, 0x3d));
    store[0x64 + 3 * 68] = 0xaa;
    const machine = new Machine({ policy: bare, store });
    expect(contents(machine)).toEqual(["B=2", "A=1"]);
    expect(states(machine.flash())).toEqual(["B:3f", "A:3f"]);
    expect(machine.flash()[ENTRY]).toBe(0xf8);
  });

  test("attach takes the same store as it lies", () => {
    const store = storeOf(record("A", 1));
    store[0x64 + 68] = 0xaa;
    const machine = new Machine({ policy: bare, store, start: "attach" });
    expect(contents(machine)).toEqual(["A=1"]);
    expect(sha256(machine.flash())).toBe(sha256(store));
  });
});

describe("fault-tolerant-write recovery", () => {
  /** The image of a store whose reclaim was cut: its entry's flags, and a spare area that holds `spare`. */
  function cut(header: number, write: number, store: Uint8Array, spare?: Uint8Array): Uint8Array {
    const finished = new Machine({ policy: bare, store: dirty() }).flash();
    const image = store.slice();
    image.set(finished.slice(ENTRY, ENTRY + 80), ENTRY);
    image[ENTRY] = header;
    image[ENTRY + 40] = write;
    if (spare !== undefined) image.set(spare.slice(0, OVMF_4M.storeEnd), OVMF_4M.spareOffset);
    return image;
  }

  function dirty(): Uint8Array {
    const store = storeOf(record("X", 0));
    store[0x64 + 68] = 0xaa;
    return store;
  }

  const old = storeOf(record("A", 1), record("Dead", 0, 0x3d));
  const fresh = storeOf(record("A", 1));

  test.each([
    ["a write that was only announced is dropped", cut(0xfe, 0xff, old), old],
    ["a spare area that was being filled is dropped", cut(0xfc, 0xff, old, fresh), old],
    ["a complete spare area is written to the target", cut(0xfc, 0xfd, old, fresh), fresh],
    ["the same where the target was erased already", cut(0xfc, 0xfd, erased(old), fresh), fresh],
    ["a finished target is only marked", cut(0xfc, 0xf9, fresh, fresh), fresh],
  ])("%s", (_, image, expected) => {
    const machine = new Machine({ policy: bare, store: image });
    const flash = machine.flash();
    expect(sha256(flash.slice(0, OVMF_4M.storeEnd))).toBe(sha256(expected.slice(0, OVMF_4M.storeEnd)));
    expect(flash[ENTRY]).toBe(0xf8);
    // Nothing is left to do at the next boot.
    machine.reboot();
    expect(sha256(machine.flash())).toBe(sha256(flash));
  });

  test("a torn queue entry is swept away", () => {
    const image = old.slice();
    image[ENTRY + 3] = 0;
    const flash = new Machine({ policy: bare, store: image }).flash();
    expect(flash.subarray(ENTRY, WORK + 0x1000).every((byte) => byte === 0xff)).toBe(true);
  });

  test("an invalid work header is formatted anew", () => {
    const image = old.slice();
    image[WORK + 16] = 0;
    const flash = new Machine({ policy: bare, store: image }).flash();
    expect(sha256(flash)).toBe(sha256(old));
  });

  test("the 51st entry rewrites the queue", () => {
    let store = dirty();
    for (let i = 0; i < 51; i++) {
      store = new Machine({ policy: bare, store }).flash();
      const behind = readLog(store, findVolume(store)).at(-1);
      store[(behind?.offset ?? 0) + (behind?.bytes ?? 0)] = 0xaa;
    }
    expect(store[ENTRY]).toBe(0xf8);
    expect(store[ENTRY + 80]).toBe(0xff);
    expect(contents(new Machine({ policy: bare, store }))).toEqual(["X=0"]);
  });

  function erased(store: Uint8Array): Uint8Array {
    return store.slice().fill(0xff, 0, 0x20000);
  }
});

test("a crafted record without data needs a buffer all the same, as edk2 wants a pointer", () => {
  const dom0 = new Client(
    new Machine({ policy: bare, store: storeOf({ ...record("Empty", 0), data: new Uint8Array(0) }) }),
  );
  expect(dom0.getVariable("Empty", GUID, 0).statusName).toBe("INVALID_PARAMETER");
  expect(dom0.getVariable("Empty", GUID, 1)).toMatchObject({ statusName: "SUCCESS", size: 0, attributes: 7 });
});

test("the index is the one that a fresh walk over the flash gives, after any random history", () => {
  const machine = new Machine({ policy: bare });
  const dom0 = new Client(machine);
  let seed = 1;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % below;
  };
  for (let i = 0; i < 2000; i++) {
    const name = `V${random(300)}`;
    const data = new Uint8Array(random(3) === 0 ? 0 : 1 + random(40)).fill(i);
    dom0.setVariable(name, GUID, random(5) === 0 ? 0x47 : 7, data);
    if (i % 100 === 0) {
      const fresh = new Machine({ policy: bare, store: machine.flash(), start: "attach" });
      expect(machine.variables()).toEqual(fresh.variables());
      for (const { name } of fresh.variables()) expect(dom0.getVariable(name, GUID).statusName).toBe("SUCCESS");
    }
  }
});
