import { describe, expect, test } from "vitest";
import * as abi from "../assembly/abi/op.ts";
import { Client } from "../src/client.ts";
import { fixedMemory } from "../src/guest-memory.ts";
import { GLOBAL_GUID, guidBytes } from "../src/guid.ts";
import { toHex } from "../src/hex.ts";
import { Machine, type MachineOptions } from "../src/machine.ts";
import {
  ABIS,
  type Abi,
  FUNCTION_NAMES,
  getLong,
  type OpLayout,
  opLayout,
  setLong,
  writeFirmwareInfo,
  writeRuntimeCall,
} from "../src/op.ts";
import { efiCode, errnoName, Reason, statusName } from "../src/status.ts";
import { toUcs2 } from "../src/ucs2.ts";
import { HoledMemory } from "./support/holed-memory.ts";

const OP = 0x2000;
const NAME = 0x4000;
const DATA = 0x6000;
const FAR = 0x300000;
const NOWHERE = 0x7fff0000n;
const GUID = "11111111-2222-3333-4444-555555555555";
const FILLER = 0xa5;
const MEMORY_TYPE = "4c19049f-4137-4dd3-9c10-8b97a83ffdfa";

/** Where the guest's memory lies, and who knows of its holes. */
const PLACES = ["window", "foreign", "foreign, holes the host's"] as const;
type Place = (typeof PLACES)[number];
const GUEST_BYTES = 0x400000;

/** A guest that lays ops out by hand: everything that it does not set is filler. */
class Guest {
  readonly machine: Machine;
  readonly layout: OpLayout;
  readonly #holed: HoledMemory | undefined;

  constructor(place: Place, abiName: Abi = "x86_64", options: MachineOptions = {}) {
    if (place === "foreign, holes the host's") this.#holed = new HoledMemory(GUEST_BYTES);
    const own = () => this.#holed ?? fixedMemory(new ArrayBuffer(GUEST_BYTES), { unmappedBelow: 0x1000 });
    const memory = place === "window" ? {} : { guestMemory: own() };
    this.machine = new Machine({ abi: abiName, ...memory, ...options });
    this.layout = opLayout(abiName);
  }

  unmap(start: number, end: number): void {
    (this.#holed ?? this.machine).unmap(start, end);
  }

  protect(start: number, end: number): void {
    (this.#holed ?? this.machine).protect(start, end);
  }

  map(): void {
    (this.#holed ?? this.machine).map();
  }

  get view(): DataView {
    return this.machine.view;
  }

  /** A runtime call with nothing but function and misc set. */
  op(fn: number, misc = 0, at = OP): void {
    writeRuntimeCall(this.view, at, fn, misc);
    this.machine.memory.fill(FILLER, at + abi.OP_STATUS, at + abi.OP_BYTES);
  }

  long(offset: number, value: bigint | number, at = OP): void {
    setLong(this.view, this.layout, at + offset, BigInt(value));
  }

  /** get_variable or set_variable of a name at NAME, data at DATA. */
  variable(
    fn: number,
    name: string,
    size: bigint | number,
    { misc = fn === abi.FN_SET_VARIABLE ? 7 : 0, guid = GUID, at = NAME, data = DATA as number | bigint } = {},
  ): void {
    this.op(fn, misc);
    this.machine.memory.set(toUcs2(`${name}\0`), at);
    this.long(this.layout.name, at);
    this.long(this.layout.size, size);
    this.long(this.layout.data, data);
    this.machine.memory.set(guidBytes(guid), OP + this.layout.guid);
  }

  next(name: string, size: bigint | number, at: number | bigint = NAME, guid = GUID): void {
    this.op(abi.FN_GET_NEXT_VARIABLE_NAME);
    if (typeof at === "number") this.machine.memory.set(toUcs2(`${name}\0`), at);
    this.long(this.layout.nextSize, size);
    this.long(this.layout.nextName, at);
    this.machine.memory.set(guidBytes(guid), OP + this.layout.nextGuid);
  }

  /** Makes the call: the errno's name, or the status' where it was answered. */
  call(at = OP): string {
    const ret = this.machine.hypercall(at);
    return ret === 0 ? statusName(getLong(this.view, this.layout, OP + abi.OP_STATUS)) : errnoName(ret);
  }

  /** Makes the call and checks that nothing of the op has changed, as after any result but 0. */
  refused(): string {
    const before = toHex(this.machine.memory.subarray(OP, OP + abi.OP_BYTES));
    const result = this.call();
    expect(toHex(this.machine.memory.subarray(OP, OP + abi.OP_BYTES)), result).toBe(before);
    return result;
  }

  bytes(at: number, count: number): string {
    return toHex(this.machine.memory.subarray(at, at + count));
  }

  /** Stores a variable of ten bytes, 0 to 9. */
  withTen(): this {
    this.machine.memory.set([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], DATA);
    this.variable(abi.FN_SET_VARIABLE, "Ten", 10);
    expect(this.call()).toBe("SUCCESS");
    return this;
  }
}

const FUNCTIONS = FUNCTION_NAMES.slice(1).map((name, i) => [name, i + 1] as const);

const PLACES_AND_ABIS = PLACES.flatMap((place) => ABIS.map((abiName) => [place, abiName] as const));

describe.each(PLACES_AND_ABIS)("%s, %s", (place, abiName) => {
  test("an op of which any byte is missing is -EFAULT", () => {
    const guest = new Guest(place, abiName);
    for (let missing = 0; missing < abi.OP_BYTES; missing++) {
      guest.map();
      guest.op(abi.FN_GET_TIME);
      guest.unmap(OP + missing, OP + missing + 1);
      expect(guest.refused(), `byte ${missing}`).toBe("-EFAULT");
    }
    guest.map();
    guest.unmap(OP + abi.OP_BYTES, OP + abi.OP_BYTES + 1);
    expect(guest.call()).toBe("SUCCESS");
  });

  test("a name of which any byte is missing is -EFAULT; one that just fits is not", () => {
    const guest = new Guest(place, abiName).withTen();
    for (let missing = 0; missing < 8; missing++) {
      for (const fn of [abi.FN_GET_VARIABLE, abi.FN_SET_VARIABLE]) {
        guest.map();
        guest.variable(fn, "Ten", 16);
        guest.unmap(NAME + missing, NAME + missing + 1);
        expect(guest.refused(), `byte ${missing}`).toBe("-EFAULT");
      }
    }
    guest.map();
    guest.variable(abi.FN_GET_VARIABLE, "Ten", 16);
    guest.unmap(NAME + 8, NAME + 9);
    expect(guest.call()).toBe("SUCCESS");
  });

  test("a read into a buffer with a hole is -EFAULT and has written the bytes before it", () => {
    const guest = new Guest(place, abiName).withTen();
    for (const make of ["unmap", "protect"] as const) {
      for (let hole = 0; hole < 10; hole++) {
        guest.map();
        guest.machine.memory.fill(0xee, DATA, DATA + 16);
        guest.variable(abi.FN_GET_VARIABLE, "Ten", 16);
        guest[make](DATA + hole, DATA + hole + 1);
        expect(guest.refused(), `hole at ${hole}`).toBe("-EFAULT");
        expect(guest.bytes(DATA, 16)).toBe("00010203040506070809".slice(0, 2 * hole).padEnd(32, "e"));
      }
      guest.map();
      guest.variable(abi.FN_GET_VARIABLE, "Ten", 16);
      guest[make](DATA + 10, DATA + 11);
      expect(guest.call()).toBe("SUCCESS");
    }
  });

  test("a write from a buffer with a hole is -EFAULT and stores nothing", () => {
    const guest = new Guest(place, abiName);
    for (let hole = 0; hole < 10; hole++) {
      guest.map();
      guest.variable(abi.FN_SET_VARIABLE, "New", 10);
      guest.unmap(DATA + hole, DATA + hole + 1);
      expect(guest.refused()).toBe("-EFAULT");
    }
    expect(guest.machine.variable("New", GUID)).toBeUndefined();
    guest.map();
    guest.protect(DATA, DATA + 10);
    expect(guest.call()).toBe("SUCCESS");
  });

  test("a name buffer with a hole is -EFAULT, a read-only one only where a name would be written", () => {
    const guest = new Guest(place, abiName);
    for (let hole = 0; hole < 64; hole++) {
      guest.map();
      guest.next("", 64);
      guest.unmap(NAME + hole, NAME + hole + 1);
      expect(guest.refused()).toBe("-EFAULT");
      guest.map();
      guest.protect(NAME + hole, NAME + hole + 1);
      guest.next("", 64);
      expect(guest.refused()).toBe("-EFAULT");
      guest.next("Unknown", 64);
      expect(guest.call()).toBe("INVALID_PARAMETER");
    }
    guest.map();
    guest.next("", 64);
    guest.unmap(NAME + 64, NAME + 65);
    expect(guest.call()).toBe("SUCCESS");
  });

  test("an op that cannot be written back is -EFAULT; what the firmware did remains", () => {
    const guest = new Guest(place, abiName);
    guest.op(abi.FN_GET_NEXT_HIGH_MONOTONIC_COUNT);
    guest.protect(OP, OP + abi.OP_BYTES);
    expect(guest.refused()).toBe("-EFAULT");
    guest.map();
    expect(guest.call()).toBe("SUCCESS");
    expect(guest.view.getUint32(OP + abi.OP_MISC, true)).toBe(3);
  });

  test.each(FUNCTIONS)("%s: misc is refused before any pointer is looked at", (name, fn) => {
    const guest = new Guest(place, abiName);
    guest.op(fn, 0x80000000);
    for (let offset = abi.OP_STATUS; offset < 64; offset += 4) guest.view.setUint32(OP + offset, 0, true);
    expect(guest.refused()).toBe(name === "set_variable" ? "-EFAULT" : "-EINVAL");
  });

  test.each(FUNCTIONS)("%s: what a call does not set comes back as passed", (name, fn) => {
    const guest = new Guest(place, abiName).withTen();
    const variable = name === "get_variable" || name === "set_variable";
    if (variable) guest.variable(fn, "Ten", 10);
    else if (name === "get_next_variable_name") guest.next("", 64);
    else guest.op(fn);
    const before = guest.machine.memory.slice(OP, OP + abi.OP_BYTES);
    guest.call();
    const end = abi.OP_BODY + (abiName === "x86_32" ? abi.COMPAT_CALL_BYTES : abi.NATIVE_CALL_BYTES);
    expect(toHex(guest.machine.memory.subarray(OP + end, OP + abi.OP_BYTES))).toBe(toHex(before.subarray(end)));
    expect(guest.bytes(OP, abi.OP_MISC)).toBe(toHex(before.subarray(0, abi.OP_MISC)));
    if (fn === abi.FN_GET_TIME) {
      expect(guest.bytes(OP + guest.layout.time + abi.TIME_PAD1, 1)).toBe("a5");
      expect(guest.bytes(OP + guest.layout.time + abi.TIME_PAD2, 1)).toBe("a5");
    }
    if (variable) expect(guest.bytes(OP + guest.layout.guid, 16)).toBe(toHex(guidBytes(GUID)));
  });

  test("a status is 8 bytes wide, 4 for x86_32, and folded to 32 bits for arm32", () => {
    const guest = new Guest(place, abiName);
    guest.variable(abi.FN_GET_VARIABLE, "Unknown", 4);
    guest.call();
    const expected = {
      x86_64: "0e00000000000080",
      arm64: "0e00000000000080",
      arm32: "0e00008000000000",
      x86_32: "0e000080",
    };
    const status = expected[abiName];
    expect(guest.bytes(OP + abi.OP_STATUS, status.length / 2)).toBe(status);
  });

  test("the checks of an op stand in Xen's order", () => {
    const guest = new Guest(place, abiName, {
      platform: { interfaceMatches: false, privileged: false, efiBoot: false, runtimeServices: false },
    });
    const { platform } = guest.machine;
    guest.op(99, 1);
    guest.view.setUint32(OP + abi.OP_CMD, 1000, true);
    guest.view.setUint32(OP + abi.OP_INTERFACE_VERSION, 1, true);
    expect(guest.refused()).toBe("-EACCES");
    guest.view.setUint32(OP + abi.OP_INTERFACE_VERSION, abi.INTERFACE_VERSION, true);
    expect(guest.refused()).toBe("-EACCES");
    platform.interfaceMatches = true;
    expect(guest.refused()).toBe("-EPERM");
    platform.privileged = true;
    expect(guest.refused()).toBe("-ENOSYS");
    guest.view.setUint32(OP + abi.OP_CMD, abi.CMD_EFI_RUNTIME_CALL, true);
    expect(guest.refused()).toBe("-ENOSYS");
    platform.efiBoot = true;
    expect(guest.refused()).toBe("-EOPNOTSUPP");
    platform.runtimeServices = true;
    expect(guest.refused()).toBe("-ENOSYS");
    platform.platformOps = false;
    guest.op(abi.FN_GET_TIME);
    expect(guest.refused()).toBe("-ENOSYS");
  });
});

describe.each(PLACES)("details of Xen's hypercall layer: %s", (place) => {
  const guest = () => new Guest(place).withTen();

  test.each<[string, (g: Guest) => void, string]>([
    ["a size above 2^32 - 1", (g) => g.variable(abi.FN_GET_VARIABLE, "Ten", 1n << 32n), "-ENOMEM"],
    ["a size of 2^64 - 1", (g) => g.variable(abi.FN_SET_VARIABLE, "Ten", (1n << 64n) - 1n), "-ENOMEM"],
    ["a name buffer above 2^32 - 1", (g) => g.next("", 1n << 32n), "-ENOMEM"],
    ["a huge size below that, for a read", (g) => g.variable(abi.FN_GET_VARIABLE, "Ten", 0xffffffffn), "SUCCESS"],
    ["a huge size below that, for a write", (g) => g.variable(abi.FN_SET_VARIABLE, "Ten", 0xffffffffn), "-EFAULT"],
    ["a huge name buffer", (g) => g.next("", 0xffffffffn), "-EFAULT"],
    ["a name fault and a huge size", (g) => badName(g, abi.FN_GET_VARIABLE, 1n << 40n), "-EFAULT"],
    ["an empty name and unreadable data", (g) => g.variable(abi.FN_SET_VARIABLE, "", 4, { data: NOWHERE }), "-EFAULT"],
    ["an empty name and readable data", (g) => g.variable(abi.FN_SET_VARIABLE, "", 4), "INVALID_PARAMETER"],
    [
      "a deletion with a bad data handle",
      (g) => g.variable(abi.FN_SET_VARIABLE, "Ten", 0, { data: NOWHERE }),
      "SUCCESS",
    ],
    [
      "an append of nothing with a bad data handle",
      (g) => g.variable(abi.FN_SET_VARIABLE, "Ten", 0, { misc: 0x47, data: 0xffffffffffffffffn }),
      "SUCCESS",
    ],
    [
      "a missing variable and a bad data handle",
      (g) => g.variable(abi.FN_GET_VARIABLE, "No", 4, { data: NOWHERE }),
      "NOT_FOUND",
    ],
    [
      "a short buffer and a bad data handle",
      (g) => g.variable(abi.FN_GET_VARIABLE, "Ten", 9, { data: NOWHERE }),
      "BUFFER_TOO_SMALL",
    ],
    ["size 0 and NULL data", (g) => g.variable(abi.FN_GET_VARIABLE, "Ten", 0, { data: 0 }), "BUFFER_TOO_SMALL"],
    ["enough size and NULL data", (g) => g.variable(abi.FN_GET_VARIABLE, "Ten", 10, { data: 0 }), "-EFAULT"],
    ["data in the NULL page's last byte", (g) => g.variable(abi.FN_SET_VARIABLE, "X", 2, { data: 0xfff }), "-EFAULT"],
    ["name buffer NULL, size 0", (g) => g.next("", 0, 0n), "INVALID_PARAMETER"],
    ["name buffer unmapped, size 0", (g) => g.next("", 0, NOWHERE), "INVALID_PARAMETER"],
    ["name buffer NULL", (g) => g.next("", 64, 0n), "-EFAULT"],
    ["a name buffer of one byte", (g) => g.next("", 1), "INVALID_PARAMETER"],
    ["a name buffer too short for the first name", (g) => g.next("", 2), "BUFFER_TOO_SMALL"],
    [
      "a start name without terminator in the buffer",
      (g) => g.next("SetupMode", 18, NAME, GLOBAL_GUID),
      "INVALID_PARAMETER",
    ],
    ["a start name that just fits", (g) => g.next("SetupMode", 20, NAME, GLOBAL_GUID), "BUFFER_TOO_SMALL"],
    ["the snapshot for other attributes", (g) => query(g, 1, 6), "-EINVAL"],
    ["the snapshot with APPEND_WRITE", (g) => query(g, 1, 0x47), "SUCCESS"],
    ["the snapshot flag and another", (g) => query(g, 3, 7), "-EINVAL"],
    ["flags of set_wakeup_time above bit 1", (g) => g.op(abi.FN_SET_WAKEUP_TIME, 4), "-EINVAL"],
    ["capsules", (g) => g.op(abi.FN_UPDATE_CAPSULE), "-ENOSYS"],
    ["function 0", (g) => g.op(0, 1), "-ENOSYS"],
    ["function 12", (g) => g.op(12), "-ENOSYS"],
  ])("%s", (_, lay, expected) => {
    const g = guest();
    lay(g);
    expect(g.call()).toBe(expected);
  });

  test("a configured allocation limit is the largest buffer", () => {
    const g = new Guest(place, "x86_64", { allocationLimit: 100n });
    g.variable(abi.FN_GET_VARIABLE, "Unknown", 100);
    expect(g.call()).toBe("NOT_FOUND");
    g.variable(abi.FN_GET_VARIABLE, "Unknown", 101);
    expect(g.call()).toBe("-ENOMEM");
  });

  test("an old runtime table knows neither queries nor capsules; the snapshot says that it was too old to be asked", () => {
    const g = new Guest(place, "x86_64", { facts: { runtimeVersion: 0x1000a } });
    query(g, 0, 7);
    expect(g.refused()).toBe("-EOPNOTSUPP");
    g.op(abi.FN_QUERY_CAPSULE_CAPABILITIES);
    expect(g.refused()).toBe("-EOPNOTSUPP");
    query(g, 1, 7);
    expect(g.call()).toBe("INCOMPATIBLE_VERSION");
    const { maxStoreSize, remainStoreSize, maxSize } = g.layout;
    const told = [maxStoreSize, remainStoreSize, maxSize].map((field) => g.view.getBigUint64(OP + field, true));
    expect(told).toEqual([0n, 0n, 0n]);
  });

  test("an op that overlaps its own name buffer gets the name, then its body back (Xen's order of copies)", () => {
    const g = guest();
    g.next("", 64, OP + 64);
    g.machine.memory.fill(0, OP + 64, OP + 128);
    expect(g.call()).toBe("SUCCESS");
    expect(g.bytes(OP + 64, 20)).toBe(toHex(toUcs2("SetupMode\0")));
    g.variable(abi.FN_GET_VARIABLE, "Ten", 10, { data: OP + 32 });
    expect(g.call()).toBe("SUCCESS");
    expect(getLong(g.view, g.layout, OP + g.layout.size)).toBe(10n);
    expect(getLong(g.view, g.layout, OP + g.layout.data)).toBe(BigInt(OP + 32));
  });

  test("a name without limit is scanned to its terminator", () => {
    const g = guest();
    g.machine.memory.fill(0x41, FAR, FAR + 600_000);
    g.machine.view.setUint16(FAR + 600_000, 0, true);
    g.variable(abi.FN_GET_VARIABLE, "", 4);
    g.long(g.layout.name, FAR);
    expect(g.call()).toBe("NOT_FOUND");
    g.machine.memory.fill(0x41, FAR, g.machine.memory.length);
    expect(g.call()).toBe("-EFAULT");
  });

  function badName(g: Guest, fn: number, size: bigint): void {
    g.variable(fn, "Ten", size);
    g.long(g.layout.name, NOWHERE);
  }

  function query(g: Guest, misc: number, attributes: number): void {
    g.op(abi.FN_QUERY_VARIABLE_INFO, misc);
    g.view.setUint32(OP + g.layout.queryAttr, attributes, true);
  }
});

describe.each(PLACES)("firmware_info: %s", (place) => {
  /** Result names of the EFI indexes 0 to 7. */
  function results(options: MachineOptions): string[] {
    const g = new Guest(place, "x86_64", options);
    return Array.from({ length: 8 }, (_, index) => {
      writeFirmwareInfo(g.view, OP, abi.FW_EFI_INFO, index);
      return errnoName(g.machine.hypercall(OP));
    });
  }

  test.each<[string, MachineOptions, string]>([
    ["booted from EFI", {}, "0 0 0 0 0 -ESRCH -ENODATA -EINVAL"],
    [
      "runtime services off",
      { platform: { runtimeServices: false } },
      "0 0 -EOPNOTSUPP 0 -EOPNOTSUPP -ESRCH -ENODATA -EINVAL",
    ],
    ["not booted from EFI", { platform: { efiBoot: false } }, Array(8).fill("-ENOSYS").join(" ")],
    ["no vendor kept", { facts: { vendor: undefined } }, "0 0 -EOPNOTSUPP 0 0 -ESRCH -ENODATA -EINVAL"],
    ["Apple properties", { facts: { appleProperties: { address: 1n, bytes: 2n } } }, "0 0 0 0 0 -ESRCH 0 -EINVAL"],
  ])("%s", (_, options, expected) => {
    expect(results(options).join(" ")).toBe(expected);
  });

  test("a PCI ROM is found by all five fields", () => {
    const rom = { segment: 1, bus: 2, devfn: 3, vendor: 0x8086, device: 0x1533, address: 0xfe000000n, bytes: 0x10000n };
    for (const abiName of ABIS) {
      const g = new Guest(place, abiName, { facts: { pciRoms: [rom] } });
      const ask = (devfn: number) => {
        writeFirmwareInfo(g.view, OP, abi.FW_EFI_INFO, abi.EFI_INFO_PCI_ROM);
        g.view.setUint16(OP + abi.INFO_PCI_SEGMENT, 1, true);
        g.view.setUint8(OP + abi.INFO_PCI_BUS, 2);
        g.view.setUint8(OP + abi.INFO_PCI_DEVFN, devfn);
        g.view.setUint16(OP + abi.INFO_PCI_VENDOR, 0x8086, true);
        g.view.setUint16(OP + abi.INFO_PCI_DEVID, 0x1533, true);
        return errnoName(g.machine.hypercall(OP));
      };
      expect([ask(4), ask(3)]).toEqual(["-ESRCH", "0"]);
      expect(g.view.getBigUint64(OP + abi.INFO_PCI_ADDRESS, true)).toBe(rom.address);
      expect(getLong(g.view, g.layout, OP + abi.INFO_PCI_SIZE)).toBe(rom.bytes);
    }
  });

  test.each([
    [abi.FW_DISK_INFO, 0, "-ESRCH"],
    [abi.FW_DISK_MBR_SIGNATURE, 0, "-ESRCH"],
    [abi.FW_VBEDDC_INFO, 0, "-ESRCH"],
    [abi.FW_KBD_SHIFT_FLAGS, 0, "0"],
    [abi.FW_KBD_SHIFT_FLAGS, 1, "-ESRCH"],
    [0, 0, "-EINVAL"],
    [6, 0, "-EINVAL"],
  ])("type %i index %i is %s", (type, index, expected) => {
    const g = new Guest(place);
    writeFirmwareInfo(g.view, OP, type, index);
    expect(errnoName(g.machine.hypercall(OP))).toBe(expected);
  });
});

test("the reason of a refusal tells two refusals of one status apart", () => {
  const dom0 = new Client(new Machine());
  const time = { year: 1997, month: 1, day: 1, hour: 0, min: 0, sec: 0, ns: 0, tz: 2047, daylight: 0 };
  const replies = [dom0.setWakeupTime(true), dom0.setWakeupTime(true, time)];
  expect(replies.map(({ statusName, reason }) => [statusName, reason])).toEqual([
    ["INVALID_PARAMETER", "the alarm is enabled without a time"],
    ["INVALID_PARAMETER", "a field of the time is out of its limits"],
  ]);
  const reads = [
    dom0.getVariable("", GUID),
    dom0.getVariable("No", GUID),
    dom0.getVariable("MemoryTypeInformation", MEMORY_TYPE),
  ];
  expect(reads.map(({ statusName, reason }) => [statusName, reason])).toEqual([
    ["NOT_FOUND", "the name is empty"],
    ["NOT_FOUND", "no such variable"],
    ["NOT_FOUND", "the variable lacks RUNTIME_ACCESS"],
  ]);
  expect([dom0.getTime().reason, dom0.machine.reason]).toEqual(["", Reason.None]);
});

test("a status' code is told apart from its error bit, folded or not", () => {
  expect([0x800000000000000en, 0x8000000en, 0n].map(efiCode)).toEqual([14, 14, 0]);
});
