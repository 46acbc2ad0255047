import { describe, expect, test } from "vitest";
import * as abi from "../assembly/abi/op.ts";
import {
  type CapsuleFirmware,
  capsuleImage,
  EDK2_ARM_CAPSULES,
  EDK2_CAPSULES,
  OVMF_CAPSULES,
  UBOOT_CAPSULES,
} from "../src/capsules.ts";
import { Client } from "../src/client.ts";
import { sha256 } from "../src/files/bytes.ts";
import { toHex } from "../src/hex.ts";
import { Machine, type MachineOptions } from "../src/machine.ts";
import { ABIS, type Abi, getLong, opLayout, pointerBytes, setLong, writeRuntimeCall } from "../src/op.ts";
import { StoppedError } from "../src/shutdown.ts";
import { errnoName, Reason, statusName } from "../src/status.ts";
import {
  type Fields,
  formatLine,
  parseTrace,
  Recorder,
  recordHeader,
  replay,
  startMachine,
  type TraceCall,
} from "../src/trace/index.ts";
import {
  FMP_GUID,
  fmpCapsule,
  fmpPayload,
  NAME_GUID,
  OTHER_GUID,
  P,
  Q,
  R,
  rawCapsule,
  UX_GUID,
  VENDOR_GUID,
} from "./support/capsules.ts";

const LIST = 0x123456789abcdef0n;
const NO_RESET: CapsuleFirmware = { ...EDK2_CAPSULES, acrossReset: "never" };
const NOT_IN_RAM: CapsuleFirmware = { ...EDK2_CAPSULES, inRam: false };

const ux = (flags: number) => capsuleImage(UX_GUID, flags, Uint8Array.of(1, 2, 3));

interface Row {
  about: string;
  firmware?: CapsuleFirmware;
  capsules: Uint8Array[];
  list?: bigint;
  update: string;
  query: string;
}

/** MdeModulePkg/Universal/CapsuleRuntimeDxe/CapsuleService.c, check by check, then pairs of them in order. */
const ROWS: Row[] = [
  {
    about: "not offered at run time, before all else",
    firmware: UBOOT_CAPSULES,
    capsules: [],
    update: "UNSUPPORTED CapsulesNotOffered",
    query: "UNSUPPORTED CapsulesNotOffered",
  },
  {
    about: "no capsules in memory, before the count; a query does not ask",
    firmware: NOT_IN_RAM,
    capsules: [],
    update: "UNSUPPORTED CapsulesNotOffered",
    query: "INVALID_PARAMETER NoCapsules",
  },
  {
    about: "no capsules",
    capsules: [],
    update: "INVALID_PARAMETER NoCapsules",
    query: "INVALID_PARAMETER NoCapsules",
  },
  {
    about: "Q without P",
    capsules: [ux(Q)],
    update: "INVALID_PARAMETER PopulateWithoutPersist",
    query: "INVALID_PARAMETER PopulateWithoutPersist",
  },
  {
    about: "Q and R without P",
    capsules: [ux(Q | R)],
    update: "INVALID_PARAMETER PopulateWithoutPersist",
    query: "INVALID_PARAMETER PopulateWithoutPersist",
  },
  {
    about: "R without P",
    capsules: [ux(R)],
    update: "INVALID_PARAMETER ResetWithoutPersist",
    query: "INVALID_PARAMETER ResetWithoutPersist",
  },
  {
    about: "R without P, before the library",
    capsules: [capsuleImage(OTHER_GUID, R)],
    update: "INVALID_PARAMETER ResetWithoutPersist",
    query: "INVALID_PARAMETER ResetWithoutPersist",
  },
  {
    about: "FMP with Q",
    capsules: [fmpCapsule({}, P | Q)],
    update: "INVALID_PARAMETER FmpInSystemTable",
    query: "INVALID_PARAMETER FmpInSystemTable",
  },
  {
    about: "a GUID that the library does not know",
    capsules: [capsuleImage(OTHER_GUID, P)],
    update: "UNSUPPORTED UnknownCapsule",
    query: "UNSUPPORTED UnknownCapsule",
  },
  {
    about: "with Q the library is not asked",
    capsules: [capsuleImage(OTHER_GUID, P | Q)],
    update: "SUCCESS None",
    query: "SUCCESS None",
  },
  {
    about: "the null library",
    firmware: OVMF_CAPSULES,
    capsules: [ux(P)],
    update: "UNSUPPORTED UnknownCapsule",
    query: "UNSUPPORTED UnknownCapsule",
  },
  {
    about: "the null library is not asked with Q",
    firmware: OVMF_CAPSULES,
    capsules: [ux(P | Q)],
    update: "UNSUPPORTED NotAcrossReset",
    query: "UNSUPPORTED NotAcrossReset",
  },
  {
    about: "the first header's library before the second header's flags",
    capsules: [capsuleImage(OTHER_GUID, P), ux(Q)],
    update: "UNSUPPORTED UnknownCapsule",
    query: "UNSUPPORTED UnknownCapsule",
  },
  {
    about: "the second header's flags",
    capsules: [ux(P), ux(Q)],
    update: "INVALID_PARAMETER PopulateWithoutPersist",
    query: "INVALID_PARAMETER PopulateWithoutPersist",
  },
  {
    about: "a capsule without P",
    capsules: [ux(0)],
    update: "OUT_OF_RESOURCES CapsuleAtRuntime",
    query: "SUCCESS None",
  },
  {
    about: "a capsule without P behind one with it, before the list",
    capsules: [ux(P), ux(0xffff)],
    list: 0n,
    update: "OUT_OF_RESOURCES CapsuleAtRuntime",
    query: "SUCCESS None",
  },
  {
    about: "a capsule without P where none goes across a reset",
    firmware: NO_RESET,
    capsules: [ux(0)],
    update: "OUT_OF_RESOURCES CapsuleAtRuntime",
    query: "SUCCESS None",
  },
  {
    about: "no list",
    capsules: [ux(P)],
    list: 0n,
    update: "INVALID_PARAMETER NoCapsuleList",
    query: "SUCCESS None",
  },
  {
    about: "no list, before whether any goes across a reset",
    firmware: NO_RESET,
    capsules: [ux(P)],
    list: 0n,
    update: "INVALID_PARAMETER NoCapsuleList",
    query: "UNSUPPORTED NotAcrossReset",
  },
  {
    about: "none goes across a reset",
    firmware: NO_RESET,
    capsules: [ux(P)],
    update: "UNSUPPORTED NotAcrossReset",
    query: "UNSUPPORTED NotAcrossReset",
  },
  {
    about: "a query of one with P behind one without",
    firmware: NO_RESET,
    capsules: [ux(0), ux(P)],
    update: "OUT_OF_RESOURCES CapsuleAtRuntime",
    query: "UNSUPPORTED NotAcrossReset",
  },
  {
    about: "on Arm they go across a reset from boot services only",
    firmware: EDK2_ARM_CAPSULES,
    capsules: [ux(P)],
    update: "UNSUPPORTED NotAcrossReset",
    query: "UNSUPPORTED NotAcrossReset",
  },
  { about: "a capsule across a reset", capsules: [ux(P)], update: "SUCCESS None", query: "SUCCESS None" },
  {
    about: "one of every kind",
    capsules: [ux(P | 7), capsuleImage(NAME_GUID, P | R), fmpCapsule(), ux(P | Q)],
    update: "SUCCESS None",
    query: "SUCCESS None",
  },
];

/** Status and reason of a reply's call. */
function told(dom0: Client, reply: { statusName: string }): string {
  return `${reply.statusName} ${Reason[dom0.machine.reason]}`;
}

function dom0Of(abiName: Abi, firmware: CapsuleFirmware = EDK2_CAPSULES, options: MachineOptions = {}): Client {
  return new Client(new Machine({ abi: abiName, capsules: firmware, ...options }));
}

/** The capsule variables in the store, by name. */
function stored(machine: Machine): Record<string, string> {
  const ours = machine.variables().filter(({ guid }) => guid === VENDOR_GUID);
  return Object.fromEntries(ours.map(({ name, attributes, data }) => [name, `${attributes} ${toHex(data)}`]));
}

describe.each(ABIS)("capsule calls of %s", (abiName) => {
  test.each(ROWS)("$about", ({ firmware, capsules, list = LIST, update, query }) => {
    const dom0 = dom0Of(abiName, firmware);
    expect(told(dom0, dom0.queryCapsuleCapabilities(capsules)), "query").toBe(query);
    const flash = sha256(dom0.machine.flash());
    expect(told(dom0, dom0.updateCapsule(capsules, list)), "update").toBe(update);
    if (update !== "SUCCESS None") expect(sha256(dom0.machine.flash()), "nothing is stored").toBe(flash);
    else expect(stored(dom0.machine)).toEqual({ CapsuleUpdateData: "7 f0debc9a78563412" });
  });

  test.each([
    [[ux(P)], 1, 0x6400000n],
    [[ux(0), ux(P)], 1, 0x6400000n],
    [[ux(0)], 0, 0xa00000n],
  ])("a query tells reset type and largest size: %#", (capsules, resetType, maxCapsuleSize) => {
    const dom0 = dom0Of(abiName);
    expect(dom0.queryCapsuleCapabilities(capsules)).toMatchObject({ ok: true, resetType, maxCapsuleSize });
    const other = { ...EDK2_CAPSULES, maxAcrossResetBytes: 0xfffffff0, maxAtOnceBytes: 5 };
    const size = dom0Of(abiName, other).queryCapsuleCapabilities(capsules).maxCapsuleSize;
    expect(size).toBe(resetType === 1 ? 0xfffffff0n : 5n);
  });

  test("a query that is refused leaves its outputs as passed", () => {
    const dom0 = dom0Of(abiName, NO_RESET);
    const { view, memory } = dom0.machine;
    const layout = opLayout(abiName);
    dom0.queryCapsuleCapabilities([ux(P)]);
    view.setBigUint64(0x1000 + layout.maxCapsuleSize, 77n, true);
    view.setUint32(0x1000 + layout.resetType, 88, true);
    const before = memory.slice(0x1000 + layout.callBody, 0x1000 + abi.OP_BYTES);
    expect(dom0.machine.hypercall(0x1000)).toBe(0);
    expect(memory.slice(0x1000 + layout.callBody, 0x1000 + abi.OP_BYTES)).toEqual(before);
  });

  test("the default is Xen's answer", () => {
    const dom0 = new Client(new Machine({ abi: abiName }));
    const replies = [dom0.queryCapsuleCapabilities([ux(P)]), dom0.updateCapsule([ux(P)])];
    expect(replies.map((reply) => reply.errno)).toEqual(["-ENOSYS", "-ENOSYS"]);
    expect(new Machine({ abi: abiName, capsules: "xen" }).capsuleFirmware).toBeUndefined();
  });

  test("misc and the runtime table's revision come before the mode", () => {
    const old = new Client(new Machine({ abi: abiName, capsules: "firmware", facts: { runtimeVersion: 0x1000a } }));
    const young = dom0Of(abiName);
    for (const fn of [abi.FN_QUERY_CAPSULE_CAPABILITIES, abi.FN_UPDATE_CAPSULE]) {
      writeRuntimeCall(young.machine.view, 0x1000, fn, 1);
      expect(errnoName(young.machine.hypercall(0x1000))).toBe("-EINVAL");
      writeRuntimeCall(old.machine.view, 0x1000, fn, 0);
      expect(errnoName(old.machine.hypercall(0x1000))).toBe("-EOPNOTSUPP");
    }
  });

  test("each list since power-on has a variable of its own", () => {
    const dom0 = dom0Of(abiName);
    for (let i = 1n; i <= 12n; i++) expect(dom0.updateCapsule([ux(P)], i * 0x100n).ok).toBe(true);
    const names = Object.keys(stored(dom0.machine));
    expect(names).toEqual(Array.from({ length: 12 }, (_, i) => `CapsuleUpdateData${i || ""}`));
    expect(stored(dom0.machine).CapsuleUpdateData11).toBe("7 000c000000000000");
    dom0.machine.reboot();
    expect(stored(dom0.machine)).toEqual({});
    dom0.updateCapsule([ux(P)], 1n);
    expect(Object.keys(stored(dom0.machine))).toEqual(["CapsuleUpdateData"]);
  });

  test("a write that fails tells its status, and the number does not go on", () => {
    const dom0 = dom0Of(abiName);
    dom0.updateCapsule([ux(P)], 1n);
    for (let i = 0; dom0.setVariable(`F${i}`, OTHER_GUID, 7, new Uint8Array(0x4000)).ok; i++);
    for (let i = 0; dom0.setVariable(`f${i}`, OTHER_GUID, 7, new Uint8Array(1)).ok; i++);
    expect(told(dom0, dom0.updateCapsule([ux(P | R)], 2n))).toBe("OUT_OF_RESOURCES StoreFull");
    expect(dom0.machine.shutdown).toBeUndefined();
    dom0.setVariable("f0", OTHER_GUID, 7);
    dom0.machine.reboot();
    dom0.updateCapsule([ux(P)], 3n);
    expect(Object.keys(stored(dom0.machine))).toEqual(["CapsuleUpdateData"]);
  });

  test("what an operating system put there is replaced", () => {
    const dom0 = dom0Of(abiName);
    dom0.setVariable("CapsuleUpdateData", VENDOR_GUID, 7, new Uint8Array(100));
    expect(dom0.updateCapsule([ux(P)], 9n).ok).toBe(true);
    expect(stored(dom0.machine)).toEqual({ CapsuleUpdateData: "7 0900000000000000" });
  });

  test("INITIATE_RESET ends Dom0 once the list is stored; the next boot has the capsule", () => {
    const dom0 = dom0Of(abiName);
    const capsules = [ux(P), ux(P | R)];
    expect(dom0.updateCapsule(capsules).ok).toBe(true);
    const shutdown = { by: "firmware", reason: undefined, name: "warm_reset", machine: "restarts" };
    expect(dom0.machine.shutdown).toEqual(shutdown);
    expect(() => dom0.getTime()).toThrow(StoppedError);
    dom0.machine.reboot();
    expect(dom0.machine.capsules[0]?.capsules.map(({ image }) => image)).toEqual(capsules);
  });
});

describe.each(ABIS)("the pointers of %s", (abiName) => {
  const OP = 0x1000;
  const ARRAY = 0x2000;
  const CAPSULE = 0x5000;
  const layout = opLayout(abiName);
  const width = pointerBytes(abiName);

  /** A machine with a call of `count` pointers at ARRAY, all to CAPSULE. */
  function guest(count: bigint | number, image = ux(P), options: MachineOptions = {}): Machine {
    const machine = new Machine({ abi: abiName, capsules: EDK2_CAPSULES, ...options });
    const { view, memory } = machine;
    writeRuntimeCall(view, OP, abi.FN_UPDATE_CAPSULE, 0);
    setLong(view, layout, OP + layout.capsuleHeaders, BigInt(ARRAY));
    setLong(view, layout, OP + layout.capsuleCount, BigInt(count));
    view.setBigUint64(OP + layout.sgList, 8n, true);
    for (let i = 0; i < Math.min(Number(count), 64); i++) putPointer(machine, i, BigInt(CAPSULE));
    memory.set(image, CAPSULE);
    return machine;
  }

  function putPointer({ view }: Machine, i: number, value: bigint): void {
    if (width === 4) view.setUint32(ARRAY + 4 * i, Number(value & 0xffffffffn), true);
    else view.setBigUint64(ARRAY + 8 * i, value, true);
  }

  /** Errno, or status, and why; the op as it was after an errno. */
  function call(machine: Machine): string {
    const before = machine.memory.slice(OP, OP + abi.OP_BYTES);
    const ret = machine.hypercall(OP);
    if (ret !== 0) expect(machine.memory.slice(OP, OP + abi.OP_BYTES)).toEqual(before);
    const answer = ret === 0 ? statusName(getLong(machine.view, layout, OP + abi.OP_STATUS)) : errnoName(ret);
    return `${answer} ${Reason[machine.reason]}`;
  }

  test("have the caller's own width", () => {
    const machine = guest(2);
    machine.unmap(ARRAY + 2 * width, ARRAY + 2 * width + 1);
    expect(call(machine)).toBe("SUCCESS None");
    machine.unmap(ARRAY + 2 * width - 1, ARRAY + 2 * width);
    expect(call(machine)).toBe("-EFAULT CapsulesNotMapped");
  });

  test("an array or capsule of which any byte is missing is -EFAULT, before any status", () => {
    const capsule = ux(Q);
    const spots = [
      [ARRAY, width],
      [CAPSULE, capsule.length],
    ] as const;
    for (const [start, bytes] of spots) {
      for (let missing = start; missing < start + bytes; missing++) {
        const machine = guest(1, capsule);
        machine.unmap(missing, missing + 1);
        expect(call(machine), `byte 0x${missing.toString(16)}`).toBe("-EFAULT CapsulesNotMapped");
      }
    }
    const machine = guest(1, capsule);
    machine.unmap(CAPSULE + capsule.length, CAPSULE + capsule.length + 1);
    machine.protect(ARRAY, ARRAY + width);
    machine.protect(CAPSULE, CAPSULE + capsule.length);
    expect(call(machine)).toBe("INVALID_PARAMETER PopulateWithoutPersist");
  });

  test("a header is read whole, however small the image says it is", () => {
    for (const imageBytes of [0, 27]) {
      const machine = guest(1, rawCapsule({ headerBytes: imageBytes, imageBytes }));
      expect(call(machine)).toBe("SUCCESS None");
      machine.unmap(CAPSULE + 27, CAPSULE + 28);
      expect(call(machine)).toBe("-EFAULT CapsulesNotMapped");
    }
  });

  test("pointers to nowhere are -EFAULT, the second as well as the first", () => {
    const nowhere = [0n, 0xfffn, 0x7fff0000n, 0xffffffffn, 0x100005000n, 0xffffffffffffffffn];
    for (const at of [0, 1]) {
      for (const value of width === 4 ? nowhere.slice(0, 4) : nowhere) {
        const machine = guest(2);
        putPointer(machine, at, value);
        expect(call(machine), `${at}: 0x${value.toString(16)}`).toBe("-EFAULT CapsulesNotMapped");
      }
    }
  });

  test("no capsules: the array is not touched", () => {
    const machine = guest(0);
    setLong(machine.view, layout, OP + layout.capsuleHeaders, 0n);
    expect(call(machine)).toBe("INVALID_PARAMETER NoCapsules");
  });

  test("counts and sizes that the hypervisor does not allocate are -ENOMEM", () => {
    const most = layout.longBytes === 4 ? (1n << 32n) - 1n : (1n << 64n) - 1n;
    for (const count of [most, most / BigInt(width) + 1n, 0x100000000n / BigInt(width)]) {
      expect(call(guest(count)), String(count)).toBe("-ENOMEM TooLargeToAllocate");
    }
    // Pointers and images together: 2 pointers and 2 images of 31 bytes.
    const fits = BigInt(2 * width + 2 * 31);
    expect(call(guest(2, ux(P), { allocationLimit: fits }))).toBe("SUCCESS None");
    expect(call(guest(2, ux(P), { allocationLimit: fits - 1n }))).toBe("-ENOMEM TooLargeToAllocate");
    // The second image's size comes before its bytes.
    const huge = rawCapsule({ imageBytes: 0xffffffff });
    expect(call(guest(1, huge))).toBe("-ENOMEM TooLargeToAllocate");
    expect(call(guest(1, huge, { allocationLimit: 1n << 40n }))).toBe("-EFAULT CapsulesNotMapped");
    expect(call(guest(0x40000000, ux(P), { allocationLimit: 1n << 40n }))).toBe("-EFAULT CapsulesNotMapped");
  });

  test("an op that cannot be written back is -EFAULT; the list remains stored", () => {
    const machine = guest(1);
    machine.protect(OP, OP + abi.OP_BYTES);
    expect(call(machine)).toBe("-EFAULT OpNotWritable");
    expect(stored(machine)).toEqual({ CapsuleUpdateData: "7 0800000000000000" });
  });
});

// MdeModulePkg/Library/DxeCapsuleLibFmp/DxeCapsuleLib.c, ValidateFmpCapsule.
describe("an FMP capsule", () => {
  const header = (values: object, behind: Uint8Array = new Uint8Array(0)) =>
    rawCapsule({ guid: FMP_GUID, ...values }, behind);

  test.each<[string, Uint8Array, string]>([
    ["of a header alone is a question", header({}), "SUCCESS None"],
    ["may be a question of any size", header({ headerBytes: 60 }, new Uint8Array(32)), "SUCCESS None"],
    ["has a header that is larger than its image", header({ headerBytes: 29 }), "INVALID_PARAMETER CapsuleLayout"],
    [
      "has such a header, and a layout behind it",
      header({ headerBytes: 28, imageBytes: 27 }, fmpPayload({ drivers: 1, payloads: 0 })),
      "INVALID_PARAMETER CapsuleLayout",
    ],
    ["has less than an FMP header", header({}, new Uint8Array(7)), "INVALID_PARAMETER CapsuleLayout"],
    ["has payloads of version 1", fmpCapsule({ imageVersion: 1, payloads: 3 }), "SUCCESS None"],
    ["has payloads of version 2", fmpCapsule({ imageVersion: 2, payloads: 2 }), "SUCCESS None"],
    ["has payloads of version 3", fmpCapsule({ imageVersion: 3 }), "SUCCESS None"],
    ["has drivers and payloads", fmpCapsule({ drivers: 2, payloads: 2 }), "SUCCESS None"],
    ["has drivers alone", fmpCapsule({ drivers: 1, payloads: 0 }), "SUCCESS None"],
    ["has neither", fmpCapsule({ payloads: 0 }), "UNSUPPORTED EmptyCapsule"],
    ["has neither, and bytes", fmpCapsule({ payloads: 0, behind: 1 }), "INVALID_PARAMETER CapsuleLayout"],
    ["is of version 0", fmpCapsule({ version: 0 }), "INVALID_PARAMETER CapsuleLayout"],
    ["is of version 2", fmpCapsule({ version: 2 }), "INVALID_PARAMETER CapsuleLayout"],
    [
      "has no room for its offsets",
      header({}, Uint8Array.of(1, 0, 0, 0, 0, 0, 2, 0, ...new Uint8Array(15))),
      "INVALID_PARAMETER CapsuleLayout",
    ],
    [
      "counts 131070 items",
      header({}, Uint8Array.of(1, 0, 0, 0, 255, 255, 255, 255, ...new Uint8Array(64))),
      "INVALID_PARAMETER CapsuleLayout",
    ],
    ["has an offset into its offsets", fmpCapsule({ offsets: [15n] }), "INVALID_PARAMETER CapsuleLayout"],
    [
      "has an offset behind its end",
      fmpCapsule({ drivers: 1, payloads: 0, offsets: [28n] }),
      "INVALID_PARAMETER CapsuleLayout",
    ],
    ["has an offset before its end", fmpCapsule({ drivers: 1, payloads: 0, offsets: [27n] }), "SUCCESS None"],
    ["has an offset past 2^32", fmpCapsule({ offsets: [0x100000010n] }), "INVALID_PARAMETER CapsuleLayout"],
    ["has an offset of 2^64 - 1", fmpCapsule({ offsets: [0xffffffffffffffffn] }), "INVALID_PARAMETER CapsuleLayout"],
    [
      "has an offset twice",
      fmpCapsule({ drivers: 2, payloads: 0, offsets: [24n, 24n] }),
      "INVALID_PARAMETER CapsuleLayout",
    ],
    [
      "has offsets in disorder",
      fmpCapsule({ drivers: 2, payloads: 0, offsets: [36n, 24n] }),
      "INVALID_PARAMETER CapsuleLayout",
    ],
    [
      "has an image of version 0",
      fmpCapsule({ imageVersion: 0, imageHeaderBytes: 32 }),
      "INVALID_PARAMETER CapsuleLayout",
    ],
    ["has an image of version 4", fmpCapsule({ imageVersion: 4 }), "INVALID_PARAMETER CapsuleLayout"],
    [
      "has an image header of another version's size",
      fmpCapsule({ imageHeaderBytes: 40 }),
      "INVALID_PARAMETER CapsuleLayout",
    ],
    ["has an image larger than it says", fmpCapsule({ excess: -1 }), "INVALID_PARAMETER CapsuleLayout"],
    ["has an image smaller than it says", fmpCapsule({ excess: 1 }), "INVALID_PARAMETER CapsuleLayout"],
    ["has an image whose size wraps", fmpCapsule({ excess: 0xffffffff }), "INVALID_PARAMETER CapsuleLayout"],
    ["has bytes behind its last image", fmpCapsule({ behind: 1 }), "INVALID_PARAMETER CapsuleLayout"],
    ["has an image header that its end cuts", fmpCapsule({ offsets: [49n] }), "INVALID_PARAMETER CapsuleLayout"],
    ["has an image of 3 bytes", fmpCapsule({ offsets: [77n] }), "INVALID_PARAMETER CapsuleLayout"],
  ])("%s", (_, capsule, expected) => {
    const dom0 = dom0Of("x86_64");
    expect(told(dom0, dom0.queryCapsuleCapabilities([capsule])), "query").toBe(expected);
    expect(told(dom0, dom0.updateCapsule([capsule], LIST)), "update").toBe(expected);
  });
});

describe("a trace", () => {
  test("says in its header that capsules were passed on, and to whom", () => {
    const firmware = { ...EDK2_CAPSULES, maxAtOnceBytes: 12345 };
    const header = recordHeader(new Machine({ capsules: firmware }), { source: "test" });
    const again = startMachine(parseTrace(formatLine(header)), undefined).machine;
    expect(again.capsuleFirmware).toEqual(firmware);
    expect(JSON.stringify(recordHeader(new Machine(), { source: "test" }))).not.toMatch(/capsules/);
  });

  test("tells what a query brought", () => {
    const machine = new Machine({ capsules: "firmware" });
    const calls: TraceCall[] = [];
    const dom0 = new Client(machine, new Recorder(machine, (call) => calls.push(call)));
    dom0.queryCapsuleCapabilities([ux(P)]);
    dom0.queryCapsuleCapabilities([]);
    dom0.updateCapsule([ux(P)]);
    expect(calls.map(({ out }) => out)).toEqual([
      { ret: 0, status: "0x0000000000000000", misc: 0, max_capsule_size: "0x6400000", reset_type: 1 },
      { ret: 0, status: "0x8000000000000002", misc: 0 },
      { ret: 0, status: "0x0000000000000000", misc: 0 },
    ]);
  });

  /** Plays calls of capsules under a header, and says each one's errno or status, or the differences. */
  function played(capsules: unknown, calls: TraceCall[]) {
    const header = { format: "xenefi-trace", version: 1, match: "subset", abi: "x86_64", assume: { capsules } };
    const trace = parseTrace([header, ...calls].map((line) => formatLine(line as never)).join("\n"));
    return replay(trace, startMachine(trace, undefined)).differences;
  }

  test("names the GUIDs that a library takes, and lays capsules by their headers", () => {
    const query = (headers: Fields[], status: bigint, more: Fields = {}, out: Fields = {}): TraceCall => ({
      fn: "query_capsule_capabilities",
      in: { misc: 0, capsules: headers as never, ...more },
      out: { ret: 0, status: `0x${status.toString(16).padStart(16, "0")}`, ...out },
    });
    const [UNSUPPORTED, INVALID_PARAMETER] = [(1n << 63n) | 3n, (1n << 63n) | 2n];
    const once = { max_capsule_size: "0xa00000", reset_type: 0 };
    const calls = [
      query([], INVALID_PARAMETER),
      query([{ guid: OTHER_GUID, flags: 0 }], 0n, {}, once),
      query([{ guid: OTHER_GUID }, { guid: UX_GUID }], UNSUPPORTED),
      query([{ guid: OTHER_GUID }, { guid: UX_GUID }], 0n, { count: 1 }, once),
      query([{ guid: OTHER_GUID, flags: "0x10000" }], 0n, {}, { max_capsule_size: "0x6400000", reset_type: 1 }),
      query([{ guid: OTHER_GUID, flags: R }], INVALID_PARAMETER),
      query([{ guid: FMP_GUID, header_size: 28, image_size: 28 }], 0n),
      query([{ guid: FMP_GUID, header_size: 28, image_size: 4096 }], INVALID_PARAMETER),
      query([toHex(capsuleImage(OTHER_GUID, P)), { guid: OTHER_GUID }] as never, 0n),
      query([toHex(capsuleImage(UX_GUID, P))] as never, UNSUPPORTED),
    ];
    expect(played([OTHER_GUID, FMP_GUID], calls)).toEqual([]);
    expect(played(true, [query([{ guid: UX_GUID }], UNSUPPORTED)])).toEqual([]);
    const update = { ...query([{ guid: UX_GUID, flags: P }], 0n, { sg_list: "0x1000" }), fn: "update_capsule" };
    expect(played("firmware", [update])).toEqual([]);
    expect(played("firmware", [{ ...update, in: { ...update.in, sg_list: 0 } }])).not.toEqual([]);
  });

  test.each([["no"], [5], [null]])("whose header says %j is refused", (capsules) => {
    expect(() => played(capsules, [])).toThrow(
      "line 1: assume.capsules: xen, firmware, true, a list of GUIDs or a table",
    );
  });

  test("whose header names more GUIDs than a library holds is refused", () => {
    const start = (count: number) => () =>
      new Machine({ capsules: { ...EDK2_CAPSULES, accepts: Array(count).fill(UX_GUID) } });
    expect(start(64)).not.toThrow();
    expect(start(65)).toThrow("capsules.accepts: at most 64 GUIDs, not 65");
  });
});

describe("the mode", () => {
  test.each(ABIS)("firmware is edk2 as built for %s", (abiName) => {
    const machine = new Machine({ abi: abiName, capsules: "firmware" });
    expect(machine.capsuleFirmware).toBe(abiName.startsWith("arm") ? EDK2_ARM_CAPSULES : EDK2_CAPSULES);
    const { statusName: answer } = new Client(machine).updateCapsule([ux(P)]);
    expect(answer).toBe(abiName.startsWith("arm") ? "UNSUPPORTED" : "SUCCESS");
  });

  test("is one of these", () => {
    expect(() => new Machine({ capsules: "no" as never })).toThrow(/^capsules: xen, firmware or a table, not "no"$/);
  });
});
