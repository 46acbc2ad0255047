import { readFileSync } from "node:fs";
import { describe, expect, type RunnerTask, test } from "vitest";
import * as abi from "../assembly/abi/op.ts";
import { PHYSICAL_PRESENCE } from "../assembly/abi/policy.ts";
import { HEADER_BYTES, RECORD_DATA_BYTES, RECORD_NAME_BYTES, STORE_HEADER_BYTES } from "../assembly/abi/record.ts";
import { Client, type Reply } from "../src/client.ts";
import { nodeVerifier } from "../src/crypto/node-verifier.ts";
import { findVolume, formatVolume, liveEntries, OVMF_4M, readLog, writeRecords } from "../src/formats/edk2-store.ts";
import { GLOBAL_GUID, guidBytes, IMAGE_SECURITY_GUID } from "../src/guid.ts";
import { toHex } from "../src/hex.ts";
import { Machine, type MachineOptions } from "../src/machine.ts";
import { ABIS, FUNCTION_NAMES, getLong, opLayout, setLong, writeRuntimeCall } from "../src/op.ts";
import { POLICIES } from "../src/policies/index.ts";
import { NO_BOOT, type Policy } from "../src/policies/policy.ts";
import { errnoName, statusName } from "../src/status.ts";
import { toUcs2 } from "../src/ucs2.ts";
import {
  certificateList,
  hashList,
  type Identity,
  makeIdentity,
  signatureList,
  signedData,
  stampOf,
  withDescriptor,
} from "./support/signer.ts";

// Weaknesses that firmwares and hypervisors had: docs/weaknesses.md tells what each was. A test is named by the id of its
// weakness and fails where the emulator has it; "Weak:" says what the weak implementation answered.

const GUID = "11111111-2222-3333-4444-555555555555";
const CERT_DB = "d9bee56e-75dc-49d9-b4d7-b534210f637a";
const RTC_GUID = "378d7b65-8da9-4773-b6e4-a47826a833e1";
const MTC_GUID = "eb704011-1402-11d3-8e77-00a0c969723b";
const PERSONALITIES = ["ovmf-4m", "edk2"] as const;
const STORED = 7;
const AT = 0x27;
const APPEND = 0x40;
const NONE = new Uint8Array(0);
const FILLER = 0xa5;

const platform = makeIdentity("Platform Key");
const exchange = makeIdentity("Key Exchange Key");
const owner = makeIdentity("Owner");
const stranger = makeIdentity("Stranger");

const bytes = (...values: number[]) => Uint8Array.from(values);

function policyOf(personality: string): Policy {
  return POLICIES[personality] as Policy;
}

/** A Dom0 on a machine that checks signatures. */
function boot(personality: string, options: MachineOptions = {}): Client {
  return new Client(new Machine({ policy: policyOf(personality), verifier: nodeVerifier, ...options }));
}

function guidOf(name: string): string {
  if (/^db[xt]?$/.test(name)) return IMAGE_SECURITY_GUID;
  return ["PK", "KEK"].includes(name) ? GLOBAL_GUID : GUID;
}

/** A signed write's answer. */
function write(
  dom0: Client,
  name: string,
  payload: Uint8Array,
  signer: Identity,
  { sec = 0, attributes = AT } = {},
): string {
  const guid = guidOf(name);
  const data = signedData({ name, guid, attributes, time: stampOf({ sec }), payload }, signer);
  return dom0.setVariable(name, guid, attributes, data).statusName;
}

/** PK, KEK, db, dbx and a private authenticated variable, all with a stamp of second 0. */
function enrolled(personality: string): Client {
  const dom0 = boot(personality);
  const answers = [
    write(dom0, "db", hashList(1), owner),
    write(dom0, "dbx", hashList(2), owner),
    write(dom0, "KEK", certificateList(exchange), owner),
    write(dom0, "PK", certificateList(platform), platform),
    write(dom0, "Private", bytes(1), owner),
  ];
  expect(answers).toEqual(new Array(5).fill("SUCCESS"));
  return dom0;
}

const PROTECTED = ["PK", "KEK", "db", "dbx", "Private"];

/** A variable's data as hexadecimal text; undefined if there is none. */
function stored(dom0: Client, name: string, guid = guidOf(name)): string | undefined {
  const found = dom0.machine.variable(name, guid);
  return found && toHex(found.data);
}

/** A copy with a u32 changed. */
function patched(from: Uint8Array, offset: number, value: number): Uint8Array {
  const copy = from.slice();
  new DataView(copy.buffer).setUint32(offset, value, true);
  return copy;
}

/** Offsets in an EFI_SIGNATURE_LIST. */
const LIST_BYTES = 16;
const LIST_HEADER_BYTES = 20;
const LIST_SIGNATURE_BYTES = 24;

/** Lists of one digest whose sizes do not hold. */
const BAD_LISTS: [string, Uint8Array][] = [
  ["a list size of 0", patched(hashList(9), LIST_BYTES, 0)],
  ["a list size below its header", patched(hashList(9), LIST_BYTES, 27)],
  ["a list size a byte past the end", patched(hashList(9), LIST_BYTES, 77)],
  ["a list size a signature past the end", patched(hashList(9), LIST_BYTES, 76 + 48)],
  ["half a signature", Uint8Array.from([...patched(hashList(9), LIST_BYTES, 76 + 24), ...new Uint8Array(24)])],
  ["a list size that wraps", patched(hashList(9), LIST_BYTES, 0xffffffff)],
  ["a header size that wraps", patched(hashList(9), LIST_HEADER_BYTES, 2 ** 32 - 48)],
  ["a signature size of 0", patched(hashList(9), LIST_SIGNATURE_BYTES, 0)],
  ["a signature size below its owner's", patched(hashList(9), LIST_SIGNATURE_BYTES, 1)],
  ["a signature size past the list", patched(hashList(9), LIST_SIGNATURE_BYTES, 96)],
  ["no list at all", bytes(1, 2, 3)],
];

describe("a store file", () => {
  const names = ["First", "Second", "Last"];
  const entries = names.map((name) => ({ name, guid: GUID, attributes: STORED, state: 0x3f, data: bytes(1, 2, 3, 4) }));
  const good = formatVolume(OVMF_4M);
  writeRecords(good, OVMF_4M, entries);
  const last = readLog(good, findVolume(good)).at(-1)?.offset as number;
  const room = OVMF_4M.storeEnd - last - HEADER_BYTES;

  // Weak: the walk leaves the store; reclaim copies past its buffer, or never ends where the sum leads back.
  test.each<[string, number, number]>([
    ["the data passes the end by a byte", 10, room - 10 + 1],
    ["the data passes the volume", 10, 0x100000],
    ["the name passes the end", room, 4],
    ["the data has 2^31 bytes", 10, 0x80000000],
    ["the sizes sum up to 2^32", 0x80000000, 0x80000000],
    ["the sizes lead back to the record itself", 10, 2 ** 32 - HEADER_BYTES - 10],
    ["the sizes lead back to the record before", 10, 2 ** 32 - HEADER_BYTES - 10 - 80],
    ["the sizes lead to where no record can start", 10, 2 ** 32 - 4],
  ])("CVE-2014-8271: the walk ends before a last record of which %s", (_, nameBytes, dataBytes) => {
    const store = patched(patched(good, last + RECORD_NAME_BYTES, nameBytes), last + RECORD_DATA_BYTES, dataBytes);
    const policy: Policy = { ...policyOf("edk2"), boot: NO_BOOT };
    for (const start of ["attach", "boot"] as const) {
      const machine = new Machine({ policy, store, start });
      const dom0 = new Client(machine);
      expect(machine.memory.every((byte) => byte === 0)).toBe(true);
      expect([...dom0.variableNames()].map(({ name }) => name)).toEqual(["First", "Second"]);
      expect(dom0.getVariable("Last", GUID).statusName).toBe("NOT_FOUND");
      machine.reboot();
      // A reclaim has dropped it.
      const log = readLog(machine.flash(), machine.volume);
      expect(log.map(({ name, data }) => [name, toHex(data)])).toEqual([
        ["First", "01020304"],
        ["Second", "01020304"],
      ]);
      expect(machine.flash().subarray(log.at(-1)?.offset).includes(0xff)).toBe(true);
      expect(dom0.setVariable("New", GUID, STORED, bytes(5)).statusName).toBe("SUCCESS");
      expect(stored(dom0, "New")).toBe("05");
    }
  });

  // Weak: a record of 4 GiB and more, as above.
  test.each<[string, number, number]>([
    ["the name size", 0xffffffff, 4],
    ["the data size", 10, 0xffffffff],
    ["both sizes", 0xffffffff, 0xffffffff],
  ])("CVE-2014-8271: a last record counts as empty if its header was never finished: all ones in %s", (...row) => {
    const store = patched(patched(good, last + RECORD_NAME_BYTES, row[1]), last + RECORD_DATA_BYTES, row[2]);
    const policy: Policy = { ...policyOf("edk2"), boot: NO_BOOT };
    const machine = new Machine({ policy, store });
    const dom0 = new Client(machine);
    machine.reboot();
    const after = dom0.getNextVariableName("Second", GUID);
    expect([after.statusName, after.size]).toEqual(["SUCCESS", 0]);
    expect([stored(dom0, "First"), stored(dom0, "Second")]).toEqual(["01020304", "01020304"]);
    expect(stored(dom0, "Last")).toBeUndefined();
    expect(dom0.setVariable("New", GUID, STORED, bytes(5)).statusName).toBe("SUCCESS");
    machine.reboot();
    expect(stored(dom0, "New")).toBe("05");
  });

  const WORK = OVMF_4M.workOffset;
  const STORE = OVMF_4M.storeOffset;

  /** The store with a field of the volume header changed and its checksum made right again. */
  function reheaded(offset: number, size: 2 | 4, value: number): Uint8Array {
    const copy = good.slice();
    const view = new DataView(copy.buffer);
    if (size === 2) view.setUint16(offset, value, true);
    else view.setUint32(offset, value, true);
    let sum = 0;
    for (let at = 0; at < STORE; at += 2) if (at !== 50) sum += view.getUint16(at, true);
    view.setUint16(50, -sum & 0xffff, true);
    return copy;
  }

  // Weak: the file is read, or written, past the buffer that holds it.
  test.each<[string, Uint8Array, string]>([
    ["a header of 0 bytes", reheaded(48, 2, 0), "a header length"],
    ["a header below its fields", reheaded(48, 2, 70), "a header length"],
    ["a header past the file", reheaded(48, 2, 0xfff8), "checksum"],
    ["a volume of 0 bytes", reheaded(32, 4, 0), "a volume that holds a variable store header"],
    ["a volume below its store header", reheaded(32, 4, STORE + 27), "a volume that holds a variable store header"],
    ["a volume a byte past the file", reheaded(32, 4, good.length + 1), "a volume of at most 0x84000 bytes"],
    ["a volume of 2^32 - 1 bytes", reheaded(32, 4, 0xffffffff), "a volume of at most 0x84000 bytes"],
    ["a volume of 2^32 bytes and more", reheaded(36, 4, 1), "a volume of at most 0x84000 bytes"],
    ["a store of 0 bytes", patched(good, STORE + 16, 0), "a store size from 28"],
    ["a store below its header", patched(good, STORE + 16, 27), "a store size from 28"],
    ["a store a byte past the volume", patched(good, STORE + 16, 0x84000 - STORE + 1), "a store size from 28"],
    ["a store of 2^32 - 1 bytes", patched(good, STORE + 16, 0xffffffff), "a store size from 28"],
    ["a store longer than any reclaim", patched(good, STORE + 16, 0x84000 - STORE), "at most 524288 bytes each"],
  ])("U-Boot a9080e600c2: a file is refused that has %s", (_, store, message) => {
    expect(() => new Machine({ store, policy: policyOf("edk2") })).toThrow(message);
  });

  // Weak: the queue's length, or a torn header, leads the recovery out of its area.
  test.each<[string, Uint8Array]>([
    ["another checksum of the queue", patched(good, WORK + 16, 0x12345678)],
    ["a queue past the volume", patched(good, WORK + 24, 0x7fffffff)],
    ["a queue of 2^32 - 1 bytes", patched(good, WORK + 24, 0xffffffff)],
    ["blocks of 2^32 - 1 bytes", reheaded(60, 4, 0xffffffff)],
  ])("U-Boot a9080e600c2: a machine boots, reclaims and keeps its variables with %s", (_, store) => {
    const machine = new Machine({ store, policy: { ...policyOf("edk2"), boot: NO_BOOT } });
    const dirty = machine.flash();
    // A byte behind the log orders a reclaim.
    dirty[OVMF_4M.storeEnd - 1] = 0;
    const next = new Machine({ store: dirty, policy: { ...policyOf("edk2"), boot: NO_BOOT } });
    expect(next.flash()[OVMF_4M.storeEnd - 1]).toBe(0xff);
    expect(toHex(next.flash().subarray(WORK, WORK + 32))).toBe(toHex(good.subarray(WORK, WORK + 32)));
    expect(liveEntries(readLog(next.flash(), next.volume)).map(({ name }) => name)).toEqual(names);
  });
});

describe.each(PERSONALITIES)("%s", (personality) => {
  // Weak: the append zeroes the stored stamp, and the last write is SUCCESS: a rollback.
  test.each(["Private", "db"])(
    "CVE-2018-3613 (BZ 415): an append with an older stamp keeps the stamp of %s",
    (name) => {
      const dom0 = boot(personality);
      expect(write(dom0, "PK", certificateList(platform), platform)).toBe("SUCCESS");
      const value = (n: number) => (name === "db" ? hashList(n) : bytes(n));
      const signer = name === "db" ? platform : owner;
      expect(write(dom0, name, value(1), signer, { sec: 30 })).toBe("SUCCESS");
      expect(write(dom0, name, value(2), signer, { sec: 10, attributes: AT | APPEND })).toBe("SUCCESS");
      const before = stored(dom0, name);
      expect(write(dom0, name, value(3), signer, { sec: 20 })).toBe("SECURITY_VIOLATION");
      expect(write(dom0, name, value(3), signer, { sec: 30 })).toBe("SECURITY_VIOLATION");
      expect(stored(dom0, name)).toBe(before);
      expect(write(dom0, name, value(3), signer, { sec: 31 })).toBe("SUCCESS");
    },
  );

  // Weak: SECURITY_VIOLATION, so that updates of dbx that arrive out of order are lost.
  test.each(["Private", "dbx"])("QEMU skip time check for append: an append with an older stamp extends %s", (name) => {
    const dom0 = enrolled(personality);
    const value = name === "dbx" ? hashList(3) : bytes(3);
    const signer = name === "dbx" ? exchange : owner;
    const before = stored(dom0, name);
    const older = { name, guid: guidOf(name), attributes: AT | APPEND, time: stampOf({ year: 2020 }), payload: value };
    const reply = dom0.setVariable(name, guidOf(name), AT | APPEND, signedData(older, signer));
    expect(reply.statusName).toBe("SUCCESS");
    expect(stored(dom0, name)).toBe(before + toHex(value));
  });

  const LOCKED: [string, number, number][] = [
    ["PlatformLangCodes", 6, 3],
    ["LangCodes", 6, 3],
    ["BootOptionSupport", 6, 4],
    ["HwErrRecSupport", 7, 2],
    ["OsIndicationsSupported", 6, 8],
  ];

  // Weak: SUCCESS, and firmware that trusts the variable at the next boot follows what an operating system wrote.
  test.each(LOCKED)("CVE-2021-28216: no write after boot changes %s", (name, attributes, size) => {
    const dom0 = boot(personality);
    const before = stored(dom0, name, GLOBAL_GUID);
    const told = (reply: Reply) => [reply.statusName, reply.reason];
    const locked = ["WRITE_PROTECTED", "the firmware locked the variable before the operating system ran"];
    const data = new Uint8Array(size);
    expect(told(dom0.setVariable(name, GLOBAL_GUID, attributes, data)), "set").toEqual(locked);
    expect(told(dom0.setVariable(name, GLOBAL_GUID, attributes | APPEND, data)), "append").toEqual(locked);
    expect(told(dom0.setVariable(name, GLOBAL_GUID, attributes)), "delete").toEqual(locked);
    expect(told(dom0.setVariable(name, GLOBAL_GUID, 0)), "delete without attributes").toEqual(locked);
    dom0.machine.reboot();
    expect(stored(dom0, name, GLOBAL_GUID)).toBe(before);
  });

  // Weak: the filter walks on by 0 bytes for ever, or copies what lies behind the payload.
  test.each(BAD_LISTS)("edk2 4f475ba542: an append to db is refused that holds %s", (_, list) => {
    const dom0 = enrolled(personality);
    const before = stored(dom0, "db");
    for (const payload of [list, Uint8Array.from([...hashList(8), ...list])]) {
      expect(write(dom0, "db", payload, exchange, { sec: 1, attributes: AT | APPEND })).toBe("INVALID_PARAMETER");
    }
    expect(stored(dom0, "db")).toBe(before);
  });

  // Weak: the same walk over the value that is stored already; OpenVMM's stopped the process.
  test.each(BAD_LISTS)("OpenVMM append to other content: a list is appended to a db that holds %s", (_, list) => {
    const preload = [{ name: "db", guid: IMAGE_SECURITY_GUID, attributes: AT, data: toHex(list) }];
    const dom0 = boot(personality, { preload });
    expect(write(dom0, "db", hashList(1), owner, { attributes: AT | APPEND })).toBe("SUCCESS");
    expect(stored(dom0, "db")).toBe(toHex(list) + toHex(hashList(1)));
  });

  // Weak: the process stops; or a key list that cannot be read lets everybody in.
  test.each(BAD_LISTS)("OpenVMM append to other content: nobody signs for a PK and a KEK that hold %s", (_, list) => {
    const preload = ["PK", "KEK"].map((name) => ({ name, guid: GLOBAL_GUID, attributes: AT, data: toHex(list) }));
    const dom0 = boot(personality, { preload });
    for (const name of ["PK", "KEK", "db"]) {
      const payload = name === "db" ? hashList(1) : certificateList(platform);
      for (const attributes of [AT, AT | APPEND]) {
        expect(write(dom0, name, payload, platform, { attributes }), name).toBe("SECURITY_VIOLATION");
      }
    }
  });

  // Weak: the process stops.
  test("OpenVMM append to other content: a private variable of plain bytes, made before PK exists", () => {
    const dom0 = boot(personality);
    expect(write(dom0, "Private", bytes(1, 2, 3), owner)).toBe("SUCCESS");
    expect(write(dom0, "PK", certificateList(platform), platform)).toBe("SUCCESS");
    expect(write(dom0, "Private", bytes(4), owner, { sec: 1, attributes: AT | APPEND })).toBe("SUCCESS");
    expect(stored(dom0, "Private")).toBe("01020304");
  });

  // Weak: SECURITY_VIOLATION, as before 566cdfc675; UEFI 2.10, 32.3.1 asks for no signature in setup mode.
  test("edk2 fce142fd31 (BZ 2506): an unsigned PK in setup mode is refused by OVMF 2022.11 alone", () => {
    const dom0 = boot(personality);
    const unsigned = withDescriptor(new Uint8Array(16), NONE, certificateList(platform));
    const status = dom0.setVariable("PK", GLOBAL_GUID, AT, unsigned).statusName;
    expect(status).toBe(personality === "edk2" ? "SUCCESS" : "SECURITY_VIOLATION");
  });

  // Weak: each certificate that is checked stays in memory.
  test("edk2 fce142fd31 (BZ 2506): forty PK writes leave the memory that one leaves", () => {
    const dom0 = enrolled(personality);
    const start = dom0.machine.snapshot();
    const memoryAfter = (times: number) => {
      for (let i = 0; i < times; i++) {
        dom0.machine.restore(start);
        expect(write(dom0, "PK", certificateList(platform), platform, { sec: 1 })).toBe("SUCCESS");
      }
      return Buffer.from(dom0.machine.memory.buffer.slice(0));
    };
    const once = memoryAfter(1);
    expect(Buffer.compare(memoryAfter(40), once)).toBe(0);
  });

  // Weak: the entry that a cut left in certdb makes every later create by another signer SECURITY_VIOLATION.
  test("edk2 e90ea9470a (BZ 1783): after a cut at any byte of a create, a restart lets a create by another signer pass", () => {
    const { missing } = policyOf(personality).boot;
    const quiet = { ...NO_BOOT, missing: missing.filter(({ name }) => name === "certdb") };
    const dom0 = boot(personality, { policy: { ...policyOf(personality), boot: quiet } });
    const { machine } = dom0;
    const start = machine.snapshot();
    machine.cutPower(0xffffffff);
    expect(write(dom0, "Private", bytes(1), owner)).toBe("SUCCESS");
    const steps = 0xffffffff - (machine.stepsToCut as number);
    const nodeBytes = 28 + 2 * "Private".length + 32;
    let left = 0;
    for (let step = 0; step <= steps; step++) {
      machine.restore(start);
      machine.cutPower(step);
      write(dom0, "Private", bytes(1), owner);
      const entered = machine.variable("certdb", CERT_DB)?.data.length === 4 + nodeBytes;
      machine.reboot();
      const created = machine.variable("Private", GUID) !== undefined;
      if (entered && !created) left++;
      expect(write(dom0, "Private", bytes(2), created ? owner : stranger, { sec: 1 }), `cut at ${step}`).toBe(
        "SUCCESS",
      );
      expect(machine.variable("certdb", CERT_DB)?.data.length, `cut at ${step}`).toBe(4 + nodeBytes);
    }
    // There were cuts between certdb's write and the variable's.
    expect(left).toBeGreaterThan(0);
  });

  // Weak: SUCCESS, the variable is gone.
  test.each(PROTECTED)("QEMU delete by size 0: an empty write with the stored attributes leaves %s", (name) => {
    const dom0 = enrolled(personality);
    const before = stored(dom0, name);
    expect(dom0.setVariable(name, guidOf(name), AT).statusName).toBe("SECURITY_VIOLATION");
    expect(dom0.setVariable(name, guidOf(name), AT | APPEND).statusName).toBe("SECURITY_VIOLATION");
    expect(dom0.setVariable(name, guidOf(name), STORED).statusName).toBe("INVALID_PARAMETER");
    expect(stored(dom0, name)).toBe(before);
  });

  // Weak: SUCCESS, and the machine is back in setup mode.
  test.each(PROTECTED)("OpenVMM a723554aa: a write with attributes 0 leaves %s", (name) => {
    const dom0 = enrolled(personality);
    const before = stored(dom0, name);
    const status = name === "Private" ? "WRITE_PROTECTED" : "INVALID_PARAMETER";
    const unsigned = withDescriptor(new Uint8Array(16), NONE, NONE);
    for (const data of [NONE, bytes(1), unsigned]) {
      expect(dom0.setVariable(name, guidOf(name), 0, data).statusName).toBe(status);
      expect(dom0.setVariable(name, guidOf(name), APPEND, data).statusName).toBe("INVALID_PARAMETER");
    }
    expect(stored(dom0, name)).toBe(before);
    expect(dom0.machine.variable("SetupMode", GLOBAL_GUID)?.data).toEqual(bytes(0));
  });

  // Weak: SUCCESS, the variable that nobody can see is gone.
  test.each<[string, number, Uint8Array]>([
    ["size 0", 3, NONE],
    ["attributes 0", 0, NONE],
    ["attributes 0 and data", 0, bytes(1)],
    ["the attributes of a visible one", STORED, NONE],
    ["an append of nothing", 3 | APPEND, NONE],
  ])("U-Boot delete of a hidden variable: a boot-only variable outlives %s", (_, attributes, data) => {
    const dom0 = boot(personality, { preload: [{ name: "Hidden", guid: GUID, attributes: 3, data: "aa" }] });
    expect(dom0.getVariable("Hidden", GUID).statusName).toBe("NOT_FOUND");
    expect(dom0.setVariable("Hidden", GUID, attributes, data).statusName).toBe("WRITE_PROTECTED");
    expect(stored(boot(personality, { store: dom0.machine.flash() }), "Hidden")).toBe("aa");
  });

  // Weak: the payload's size wraps, and the bytes in front of the data or behind it are taken for payload.
  test.each(["PK", "KEK", "db", "Fresh"])(
    "varstored 40f8a39, 9546001: a descriptor of 0 to 40 bytes, or of a length that does not hold, writes no %s",
    (name) => {
      const dom0 = boot(personality);
      const whole = withDescriptor(new Uint8Array(16), NONE, hashList(1));
      const set = (data: Uint8Array) => dom0.setVariable(name, guidOf(name), AT, data).statusName;
      // From long to short: what a longer write left lies behind the data.
      for (let size = 39; size >= 0; size--) expect(set(whole.slice(0, size)), `${size}`).toBe("SECURITY_VIOLATION");
      const rest = whole.length - 16;
      for (const length of [0, 1, 23, rest + 1, rest + 16, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff]) {
        expect(set(patched(whole, 16, length)), `${length}`).toBe("SECURITY_VIOLATION");
      }
      expect(stored(dom0, name)).toBeUndefined();
      // Forty bytes are a whole descriptor: a deletion of nothing, where no signature is asked for.
      const isSigned = name === "Fresh" || (name === "PK" && personality === "ovmf-4m");
      expect(set(whole.slice(0, 40).with(16, 24))).toBe(isSigned ? "SECURITY_VIOLATION" : "NOT_FOUND");
    },
  );

  // Weak: SUCCESS: lists whose sizes do not hold become keys.
  test.each(BAD_LISTS)("varstored 40f8a39, 9546001: no key variable is made of %s", (_, list) => {
    const dom0 = boot(personality);
    for (const name of ["KEK", "db", "dbx", "dbt"]) {
      expect(write(dom0, name, list, owner), name).toBe("INVALID_PARAMETER");
      expect(stored(dom0, name)).toBeUndefined();
    }
    // An X.509 list whose certificate is cut by the list's own size.
    const certificate = signatureList("a5c059a1-94e4-4aa7-87b5-ab155c2bf072", [platform.certificate.slice(0, -1)]);
    expect(write(dom0, "KEK", certificate, owner)).toBe("INVALID_PARAMETER");
  });

  // Weak: SUCCESS also without physical presence; or presence lets more pass than the deletion of a private variable.
  test("OVMF physical presence: it lets an unsigned deletion of a private variable pass, and nothing else", () => {
    for (const [flags, isPresent] of [
      [policyOf(personality).flags | PHYSICAL_PRESENCE, true],
      [policyOf(personality).flags & ~PHYSICAL_PRESENCE, false],
    ] as const) {
      const bare = (payload: Uint8Array) => withDescriptor(new Uint8Array(16), NONE, payload);
      const dom0 = boot(personality, { policy: { ...policyOf(personality), flags } });
      for (const name of PROTECTED) {
        const payload =
          name === "Private" ? bytes(1) : name === "PK" ? certificateList(platform) : certificateList(exchange);
        expect(write(dom0, name, payload, name === "Private" ? owner : platform), name).toBe("SUCCESS");
      }
      for (const name of PROTECTED) {
        const set = (attributes: number, data: Uint8Array) =>
          dom0.setVariable(name, guidOf(name), attributes, data).statusName;
        expect(set(AT, bare(hashList(1))), `set ${name}`).toBe("SECURITY_VIOLATION");
        expect(set(AT | APPEND, bare(NONE)), `append nothing to ${name}`).toBe("SECURITY_VIOLATION");
        const deletion = isPresent && name === "Private" ? "SUCCESS" : "SECURITY_VIOLATION";
        expect(set(AT, bare(NONE)), `delete ${name}`).toBe(deletion);
      }
    }
  });

  // Weak: 2^64 - 1 and the like remain: the record's padding is taken off a space that it does not fit into.
  test.each([0, 1, 2, 3])("U-Boot d7fe913f23b: a full store, 4n + %i bytes of space, has nothing left", (odd) => {
    const space = 0x400 + odd;
    const policy: Policy = {
      ...policyOf(personality),
      geometry: { ...OVMF_4M, storeEnd: OVMF_4M.storeOffset + STORE_HEADER_BYTES + space },
      maxVariableBytes: 0x1000,
      maxAuthVariableBytes: 0x1000,
      boot: NO_BOOT,
    };
    for (let left = 0; left <= 70; left++) {
      const dom0 = new Client(new Machine({ policy, windowBytes: 0x20000 }));
      const data = new Uint8Array(space - HEADER_BYTES - 4 - left).fill(1);
      expect(dom0.setVariable("F", GUID, STORED, data).statusName).toBe("SUCCESS");
      const padded = (HEADER_BYTES + 4 + data.length + 3) & ~3;
      const room = Math.max(0, space - padded);
      const reply = dom0.queryVariableInfo(STORED);
      expect([reply.maxStoreSize, reply.remainStoreSize], `${left} left`).toEqual([BigInt(space), BigInt(room)]);
      expect(reply.maxSize, `${left} left`).toBe(BigInt(Math.max(0, room - HEADER_BYTES)));
    }
  });

  // Weak: the comparison ends with the shorter name, and "abc" is "ab" or "abcd".
  test("U-Boot 67af329a741: a name is found whole, among all its beginnings and continuations", () => {
    const dom0 = boot(personality);
    const whole = "abcdefghijklmnopqrstuvwxyz".repeat(3);
    for (let units = 2; units <= whole.length; units += 2) {
      expect(dom0.setVariable(whole.slice(0, units), GUID, STORED, bytes(units)).statusName).toBe("SUCCESS");
    }
    for (let units = 1; units <= whole.length; units++) {
      const name = whole.slice(0, units);
      const reply = dom0.getVariable(name, GUID);
      expect(reply.data, name).toEqual(units % 2 === 0 ? bytes(units) : undefined);
      const next = dom0.getNextVariableName(name, GUID).statusName;
      expect(next === "INVALID_PARAMETER", name).toBe(units % 2 === 1);
      if (units % 2 === 1) expect(dom0.setVariable(name, GUID, STORED).statusName).toBe("NOT_FOUND");
    }
  });

  // Weak: SECURITY_VIOLATION, the signer of "abcd" is taken for that of "ab".
  test.each([
    ["ab", "abcd", "abc"],
    ["abcd", "ab", "abc"],
    ["abc", "abcd", "ab"],
  ])("U-Boot 67af329a741: %s, %s and %s have signers of their own", (...names) => {
    const dom0 = boot(personality);
    const signers = [owner, stranger, platform];
    for (const [i, name] of names.entries()) {
      expect(write(dom0, name, bytes(i), signers[i] as Identity), name).toBe("SUCCESS");
    }
    for (const [i, name] of names.entries()) {
      expect(write(dom0, name, bytes(i, i), signers[i] as Identity, { sec: 1 }), name).toBe("SUCCESS");
    }
  });

  const OWN_SIZES = [1, 2, 3, 5, 17, 255, 256, 257, 1000, 0x8000];

  // Weak: the value is copied into a buffer of the expected size.
  test.each([
    ["RTC", RTC_GUID],
    ["RTCALARM", RTC_GUID],
    ["MTC", MTC_GUID],
  ])("U-Boot 15bbcafab1c: %s of any size is read as none", (name, guid) => {
    const answers = (dom0: Client) => {
      const time = dom0.getTime();
      const alarm = dom0.getWakeupTime();
      const space = dom0.queryVariableInfo(STORED);
      return [time.time, time.statusName, alarm.time, alarm.statusName, space.maxStoreSize, space.statusName];
    };
    const plain = boot(personality);
    const expected = answers(plain);
    const count = plain.getNextHighMonotonicCount().high;
    for (const size of OWN_SIZES) {
      // An RTCALARM of up to 16 bytes is a date, if a short one.
      if (name === "RTCALARM" && size <= 16) continue;
      const store = plain.machine.flash();
      const odd = { name, guid, attributes: STORED, data: "01".repeat(size) };
      const writer = boot(personality, { store, preload: [odd] });
      const dom0 = boot(personality, { store: writer.machine.flash(), start: "attach" });
      expect(answers(dom0), `${size} bytes`).toEqual(expected);
      if (name !== "MTC") continue;
      expect(dom0.getNextHighMonotonicCount().high, `${size} bytes`).toBe(1);
    }
    expect(count).toBeGreaterThan(0);
  });

  // Weak: the code is copied into a buffer for a short one.
  test.each([254, 255, 256, 300, 0x4000])(
    "U-Boot 15bbcafab1c: a language code without terminator, of %i bytes, overruns nothing",
    (size) => {
      const preload = [
        { name: "LangCodes", guid: GLOBAL_GUID, attributes: 6, data: toHex(new TextEncoder().encode("xyz")) },
        { name: "PlatformLangCodes", guid: GLOBAL_GUID, attributes: 6, data: "78".repeat(size) },
      ];
      const dom0 = boot(personality, { preload });
      const before = stored(dom0, "PlatformLang", GLOBAL_GUID);
      const volatile = dom0.getVariable("SetupMode", GLOBAL_GUID).data;
      expect(dom0.setVariable("Lang", GLOBAL_GUID, STORED, new TextEncoder().encode("xyz\0")).statusName).toBe(
        "SUCCESS",
      );
      const after = size < 256 ? `${"78".repeat(size)}00` : before;
      expect(stored(dom0, "PlatformLang", GLOBAL_GUID)).toBe(after);
      expect(stored(dom0, "Lang", GLOBAL_GUID)).toBe("78797a00");
      expect(dom0.getVariable("SetupMode", GLOBAL_GUID).data).toEqual(volatile);
    },
  );

  // Weak: SUCCESS, and more bytes than the caller's buffer holds.
  test("double GetVariable: a variable that grew between both calls is BUFFER_TOO_SMALL and touches no buffer", () => {
    const dom0 = boot(personality);
    const { memory } = dom0.machine;
    for (let grown = 11; grown < 40; grown++) {
      dom0.setVariable("Grows", GUID, STORED, new Uint8Array(10).fill(1));
      const { size } = dom0.getVariable("Grows", GUID, 0);
      expect(size).toBe(10);
      dom0.setVariable("Grows", GUID, STORED, new Uint8Array(grown).fill(2));
      memory.fill(FILLER, 0x10000);
      const reply = dom0.getVariable("Grows", GUID, size);
      expect([reply.statusName, reply.size]).toEqual(["BUFFER_TOO_SMALL", grown]);
      expect(memory.subarray(0x10000).every((byte) => byte === FILLER)).toBe(true);
    }
  });
});

const OP = 0x2000;
const NAME = 0x4000;
const DATA = 0x6000;
const TEN = bytes(0, 1, 2, 3, 4, 5, 6, 7, 8, 9);

describe.each(ABIS)("%s", (abiName) => {
  const layout = opLayout(abiName);

  function machineWithTen(options: MachineOptions = {}): Machine {
    const machine = new Machine({ abi: abiName, verifier: nodeVerifier, ...options });
    expect(new Client(machine).setVariable("Ten", GUID, STORED, TEN).statusName).toBe("SUCCESS");
    machine.memory.fill(FILLER);
    return machine;
  }

  /** An op of get_variable or set_variable; what it does not need is filler. */
  function layVariable(machine: Machine, fn: number, misc: number, name: string, size: number, data: number): void {
    const { memory, view } = machine;
    writeRuntimeCall(view, OP, fn, misc);
    memory.fill(FILLER, OP + abi.OP_STATUS, OP + abi.OP_BYTES);
    memory.set(toUcs2(`${name}\0`), NAME);
    setLong(view, layout, OP + layout.name, BigInt(NAME));
    setLong(view, layout, OP + layout.size, BigInt(size));
    setLong(view, layout, OP + layout.data, BigInt(data));
    memory.set(guidBytes(GUID), OP + layout.guid);
  }

  function layNext(machine: Machine, name: string, guid: Uint8Array, size: number): void {
    const { memory, view } = machine;
    writeRuntimeCall(view, OP, abi.FN_GET_NEXT_VARIABLE_NAME, 0);
    memory.fill(FILLER, NAME - 64, NAME + 2048);
    memory.set(toUcs2(`${name}\0`), NAME);
    setLong(view, layout, OP + layout.nextSize, BigInt(size));
    setLong(view, layout, OP + layout.nextName, BigInt(NAME));
    memory.set(guid, OP + layout.nextGuid);
  }

  /** The call's status, or its errno. */
  function call(machine: Machine): string {
    const ret = machine.hypercall(OP);
    return ret === 0 ? statusName(getLong(machine.view, layout, OP + abi.OP_STATUS)) : errnoName(ret);
  }

  const long = (machine: Machine, offset: number) => Number(getLong(machine.view, layout, OP + offset));

  // Weak: behind the name come bytes of the hypervisor's heap.
  test("Xen 4783ee894f: behind the next name the caller's own bytes stay, to the end of its buffer", () => {
    const machine = machineWithTen();
    const { memory } = machine;
    let name = "";
    let guid = new Uint8Array(16);
    let count = 0;
    while (true) {
      layNext(machine, name, guid, 1024);
      const before = memory.slice(NAME - 64, NAME + 2048);
      const status = call(machine);
      if (status === "NOT_FOUND") break;
      expect(status).toBe("SUCCESS");
      const end = NAME + long(machine, layout.nextSize);
      name = new TextDecoder("utf-16le").decode(memory.subarray(NAME, end - 2));
      guid = memory.slice(OP + layout.nextGuid, OP + layout.nextGuid + 16);
      before.set(toUcs2(`${name}\0`), 64);
      expect(toHex(memory.subarray(NAME - 64, NAME + 2048)), name).toBe(toHex(before));
      count++;
    }
    expect(count).toBeGreaterThan(20);
  });

  // Weak: calls reach a table of services that was never mapped: a crash, or an answer.
  test("Xen 534f9e29ce: with runtime services off no function does anything, nor the infos that need them", () => {
    const machine = machineWithTen();
    const dom0 = new Client(machine);
    const clock = { year: 2030, month: 1, day: 1, hour: 0, min: 0, sec: 0, ns: 0, tz: 0, daylight: 0 };
    const count = dom0.getNextHighMonotonicCount().high;
    const time = dom0.getTime().time;
    const flash = machine.flash();
    machine.platform.runtimeServices = false;
    for (const [fn, name] of FUNCTION_NAMES.entries()) {
      layVariable(machine, fn, 0, "Ten", 10, DATA);
      const before = machine.memory.slice();
      expect(call(machine), name).toBe("-EOPNOTSUPP");
      expect(Buffer.compare(machine.memory, before), name).toBe(0);
    }
    expect(dom0.setVariable("Ten", GUID, STORED, bytes(1)).errno).toBe("-EOPNOTSUPP");
    expect(dom0.setTime(clock).errno).toBe("-EOPNOTSUPP");
    expect(dom0.efiVersion("runtime").errno).toBe("-EOPNOTSUPP");
    expect(dom0.vendor().errno).toBe("-EOPNOTSUPP");
    expect([dom0.efiVersion("system").ok, dom0.configTable().ok, dom0.memoryInfo(0x100000n, 1n).ok]).toEqual([
      true,
      true,
      true,
    ]);
    expect(Buffer.compare(machine.flash(), flash)).toBe(0);
    machine.platform.runtimeServices = true;
    expect(dom0.getTime().time).toEqual(time);
    expect(dom0.getNextHighMonotonicCount().high).toBe(count + 1);
  });

  // Weak: short buffers are filled in part, or told another length.
  test("QEMU size negotiation: GetVariable with every size from 0 to one too many", () => {
    const machine = machineWithTen();
    for (let size = 0; size <= 11; size++) {
      machine.memory.fill(FILLER, DATA - 8, DATA + 32);
      layVariable(machine, abi.FN_GET_VARIABLE, 0, "Ten", size, DATA);
      expect(call(machine), `${size}`).toBe(size < 10 ? "BUFFER_TOO_SMALL" : "SUCCESS");
      expect(long(machine, layout.size), `${size}`).toBe(10);
      expect(machine.view.getUint32(OP + abi.OP_MISC, true)).toBe(STORED);
      const expected = new Uint8Array(40).fill(FILLER);
      if (size >= 10) expected.set(TEN, 8);
      expect(toHex(machine.memory.subarray(DATA - 8, DATA + 32)), `${size}`).toBe(toHex(expected));
    }
  });

  // Weak: the caller's size is not looked at, and the name passes its end.
  test("QEMU size negotiation: GetNextVariableName with every size from 0 to one too many", () => {
    const machine = machineWithTen();
    const first = [...new Client(machine).variableNames()][0]?.name as string;
    const needed = 2 * (first.length + 1);
    for (let size = 0; size <= needed + 1; size++) {
      layNext(machine, "", new Uint8Array(16), size);
      const before = machine.memory.slice(NAME - 64, NAME + 2048);
      const status = size < 2 ? "INVALID_PARAMETER" : size < needed ? "BUFFER_TOO_SMALL" : "SUCCESS";
      expect(call(machine), `${size}`).toBe(status);
      expect(long(machine, layout.nextSize), `${size}`).toBe(size < 2 ? size : needed);
      if (status === "SUCCESS") before.set(toUcs2(`${first}\0`), 64);
      expect(toHex(machine.memory.subarray(NAME - 64, NAME + 2048)), `${size}`).toBe(toHex(before));
    }
  });

  // Weak: a byte, or all of them, behind the buffer is written.
  test.each([0, 1, 2, 9, 10, 11, 100])(
    "U-Boot 506dc52d5da, d73c8bc052f: guards around a buffer for data of 10 bytes stay: %i bytes",
    (size) => {
      const machine = machineWithTen();
      layVariable(machine, abi.FN_GET_VARIABLE, 0, "Ten", size, DATA);
      // The page behind the buffer is not even there.
      machine.unmap(DATA + Math.min(size, 10), DATA + 0x1000);
      const before = machine.memory.slice(OP + abi.OP_BYTES);
      expect(call(machine)).toBe(size < 10 ? "BUFFER_TOO_SMALL" : "SUCCESS");
      if (size >= 10) before.set(TEN, DATA - OP - abi.OP_BYTES);
      expect(Buffer.compare(before, machine.memory.subarray(OP + abi.OP_BYTES))).toBe(0);
    },
  );

  // Weak: function, size or a handle are read a second time, as the output has left them.
  test("CVE-2025-58151 (XSA-478): an answer that lands on the op itself changes nothing that the call does", () => {
    const machine = machineWithTen();
    const bodyBytes = abiName === "x86_32" ? abi.COMPAT_CALL_BYTES : abi.NATIVE_CALL_BYTES;
    const end = abi.OP_BODY + bodyBytes;
    for (let offset = abi.OP_BODY; offset < end; offset++) {
      layVariable(machine, abi.FN_GET_VARIABLE, 0, "Ten", 10, DATA);
      setLong(machine.view, layout, OP + layout.data, BigInt(OP + offset));
      const expected = machine.memory.slice(OP, OP + abi.OP_BYTES);
      if (offset + 10 > end) expected.set(TEN.subarray(end - offset), end);
      const view = new DataView(expected.buffer);
      view.setUint32(abi.OP_MISC, STORED, true);
      setLong(view, layout, abi.OP_STATUS, 0n);
      expect(call(machine), `${offset}`).toBe("SUCCESS");
      expect(toHex(machine.memory.subarray(OP, OP + abi.OP_BYTES)), `${offset}`).toBe(toHex(expected));
    }
  });

  // Weak: the op is read again after the signature was checked, and a guest that has changed it meanwhile steers the call.
  test("CVE-2025-58151 (XSA-478): an op that changes while its signature is checked is answered as it was", () => {
    let scribble = () => {};
    const verifier = {
      ...nodeVerifier,
      verify: (...args: Parameters<typeof nodeVerifier.verify>) => {
        scribble();
        return nodeVerifier.verify(...args);
      },
    };
    const machine = machineWithTen({ verifier });
    const data = signedData({ name: "Ten2", guid: GUID, attributes: AT, time: stampOf({}), payload: TEN }, owner);
    layVariable(machine, abi.FN_SET_VARIABLE, AT, "Ten2", data.length, DATA);
    machine.memory.set(data, DATA);
    const before = machine.memory.slice(OP, OP + abi.OP_BYTES);
    setLong(new DataView(before.buffer), layout, abi.OP_STATUS, 0n);
    scribble = () => machine.memory.fill(0xff, OP + abi.OP_BODY, OP + abi.OP_BODY + layout.guid + 16 - abi.OP_BODY);
    expect(call(machine)).toBe("SUCCESS");
    expect(toHex(machine.memory.subarray(OP, OP + abi.OP_BYTES))).toBe(toHex(before));
    expect(machine.variable("Ten2", GUID)?.data).toEqual(TEN);
    expect(machine.variable("Ten2", GUID)?.attributes).toBe(AT);
  });
});

/** The rows of docs/weaknesses.md. */
function listed(): { id: string; applies: string; name: string }[] {
  const page = readFileSync(new URL("../docs/weaknesses.md", import.meta.url), "utf8");
  const rows = page.split("\n").filter((line) => line.startsWith("| ") && !line.startsWith("| id |"));
  return rows.map((row) => {
    const [, id = "", , applies = "", name = ""] = row.split("|").map((cell) => cell.trim());
    return { id, applies, name };
  });
}

function namesOf(tasks: readonly RunnerTask[]): string[] {
  return tasks.flatMap((task) => (task.type === "suite" ? namesOf(task.tasks) : task.mode === "run" ? task.name : []));
}

test("docs/weaknesses.md: a weakness that applies has the test it names, and a test here has its weakness", ({
  task,
}) => {
  const names = namesOf(task.file.tasks).filter((name) => name !== task.name);
  const rows = listed();
  expect(rows.length).toBeGreaterThan(20);
  expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
  // A name that ends with an ellipsis stands for a table of cases.
  const titles = rows.filter(({ name }) => name !== "").map(({ id, name }) => `${id}: ${name}`);
  const isTitled = (test: string, title: string) =>
    title.endsWith("…") ? test.startsWith(title.slice(0, -1)) : test === title;
  expect(titles.filter((title) => !names.some((name) => isTitled(name, title)))).toEqual([]);
  expect(names.filter((name) => !rows.some(({ id }) => name.startsWith(`${id}: `)))).toEqual([]);
  for (const { id, applies, name } of rows) {
    expect(applies, id).toMatch(/^(applies|does not): /);
    expect(name !== "", id).toBe(applies.startsWith("applies"));
  }
});
