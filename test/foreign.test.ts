import { describe, expect, test } from "vitest";
import * as abi from "../assembly/abi/op.ts";
import { capsuleImage, EDK2_CAPSULES } from "../src/capsules.ts";
import { differenceText } from "../src/cli/difference.ts";
import { Client } from "../src/client.ts";
import { sha256 } from "../src/files/bytes.ts";
import { bufferMemory, fixedMemory, type GuestMemory } from "../src/guest-memory.ts";
import { guidBytes } from "../src/guid.ts";
import { Machine } from "../src/machine.ts";
import { opLayout, writeRuntimeCall } from "../src/op.ts";
import { efiCode, errnoName, Reason } from "../src/status.ts";
import { PLAYER_WINDOW_BYTES } from "../src/trace/index.ts";
import { toUcs2 } from "../src/ucs2.ts";
import { P, UX_GUID } from "./support/capsules.ts";
import { readTrace, replayTrace, traceNames } from "./support/fixtures.ts";

const GUID = "11111111-2222-3333-4444-555555555555";
const LAYOUT = opLayout("x86_64");
const PAGE = 65536;
const TOP = 1n << 64n;
const MEBI = 0x100000;

const playerMemory = () => fixedMemory(new ArrayBuffer(PLAYER_WINDOW_BYTES));

/** The addresses of one access. */
interface Access {
  start: bigint;
  bytes: number;
}

/** Bytes that lie at an address of 64 bits, and nothing else; notes where it was read. */
class FarMemory implements GuestMemory {
  reads: Access[] = [];
  content: Uint8Array;
  readonly #base: bigint;

  constructor(base: bigint, content: Uint8Array) {
    this.#base = base;
    this.content = content;
  }

  connect(core: Uint8Array) {
    const locate = (low: number, high: number) =>
      (BigInt.asUintN(32, BigInt(high)) << 32n) + BigInt.asUintN(32, BigInt(low));
    const placed = (address: bigint, bytes: number) => {
      const at = address - this.#base;
      const isIn = at >= 0n && at < BigInt(this.content.length);
      return isIn ? this.content.subarray(Number(at), Number(at) + bytes) : this.content.subarray(0, 0);
    };
    return {
      copyIn: (to: number, low: number, high: number, bytes: number): number => {
        const source = placed(locate(low, high), bytes);
        this.reads.push({ start: locate(low, high), bytes });
        core.set(source, to);
        return bytes - source.length;
      },
      copyOut: (from: number, low: number, high: number, bytes: number): number => {
        const target = placed(locate(low, high), bytes);
        target.set(core.subarray(from, from + target.length));
        return bytes - target.length;
      },
    };
  }
}

/** Lays get_variable or set_variable out at offset `op` of bytes that begin at guest address `base`. */
function layVariable(
  bytes: Uint8Array,
  fn: number,
  fields: { op: number; name: bigint; size: bigint | number; data: bigint },
): void {
  const view = new DataView(bytes.buffer);
  writeRuntimeCall(view, fields.op, fn, fn === abi.FN_SET_VARIABLE ? 7 : 0);
  view.setBigUint64(fields.op + LAYOUT.name, fields.name, true);
  view.setBigUint64(fields.op + LAYOUT.size, BigInt(fields.size), true);
  view.setBigUint64(fields.op + LAYOUT.data, fields.data, true);
  bytes.set(guidBytes(GUID), fields.op + LAYOUT.guid);
}

function statusOf(bytes: Uint8Array, op: number): number {
  return efiCode(new DataView(bytes.buffer).getBigUint64(op + abi.OP_STATUS, true));
}

const stories = (["traces", "conformance", "scenarios"] as const).flatMap((folder) =>
  traceNames(folder).map((name) => [folder, name] as const),
);

describe("over foreign memory", () => {
  test.each(stories)("%s/%s replays without a difference", (folder, name) => {
    const trace = readTrace(folder, name);
    const { start, result } = replayTrace(folder, trace, name, false, playerMemory());
    expect(result.differences.map(differenceText)).toEqual([]);
    expect(result.fields).toBeGreaterThan(15);
    if (folder === "traces") expect(sha256(start.machine.flash())).toBe(trace.header.vars_after_sha256);
  });

  test("a capsule that Dom0 leaves is found by the next boot", () => {
    const image = capsuleImage(UX_GUID, P, new Uint8Array(500).fill(7));
    const machine = new Machine({ capsules: EDK2_CAPSULES, guestMemory: playerMemory() });
    expect(new Client(machine).updateCapsule([image, image]).statusName).toBe("SUCCESS");
    machine.reboot();
    expect(machine.capsules.map(({ status, capsules }) => [status, capsules.map((found) => found.image)])).toEqual([
      ["SUCCESS", [image, image]],
    ]);
  });

  test("a snapshot is taken back, but not by a machine whose memory lies elsewhere", () => {
    const machines = [new Machine(), new Machine({ guestMemory: playerMemory() })] as const;
    const [ofWindow, ofForeign] = machines.map((machine) => machine.snapshot()) as [Uint8Array, Uint8Array];
    new Client(machines[1]).setVariable("Ten", GUID, 7, new Uint8Array(10));
    machines[1].restore(ofForeign);
    expect(machines[1].variable("Ten", GUID)).toBeUndefined();
    expect(() => machines[1].restore(ofWindow)).toThrow(/snapshot: of a machine whose guest memory/);
    expect(() => machines[0].restore(ofForeign)).toThrow(/snapshot: of a machine whose guest memory/);
  });

  test("a mistake in the options is told", () => {
    const guestMemory = playerMemory();
    expect(() => new Machine({ guestMemory, windowBytes: 61 * MEBI })).toThrow(/windowBytes: from 8192 to \d+, not/);
    expect(() => fixedMemory(new ArrayBuffer(8), { unmappedBelow: -1 })).toThrow(/unmappedBelow: .* not -1/);
    const far = new Machine({ guestMemory: new FarMemory(0n, new Uint8Array(8)) });
    expect(() => far.memory).toThrow(/memory: this guest's memory cannot be had as one array/);
    expect(() => new Client(far).getTime()).toThrow(TypeError);
  });

  test("what the host throws, the call throws", () => {
    const broken = () => {
      throw new Error("the process is gone");
    };
    const machine = new Machine({ guestMemory: { connect: () => ({ copyIn: broken, copyOut: broken }) } });
    expect(() => machine.hypercall(0x1000)).toThrow("the process is gone");
  });
});

describe("a buffer", () => {
  test.each([
    [undefined, 1023, 1024],
    [0, -1, 0],
    [0x1000, 0xfff, 0x1000],
  ])("unmapped below %s faults at %i, not at %i", (unmappedBelow, bad, good) => {
    const options = unmappedBelow === undefined ? {} : { unmappedBelow };
    const machine = new Machine({ guestMemory: fixedMemory(new ArrayBuffer(PAGE), options) });
    writeRuntimeCall(machine.view, good, abi.FN_GET_TIME, 0);
    expect(errnoName(machine.hypercall(bad))).toBe("-EFAULT");
    expect(errnoName(machine.hypercall(good))).toBe("0");
    expect(machine.mappedBytes(bad)).toBe(0);
    expect(machine.mappedBytes(good)).toBe(PAGE - good);
  });

  test("that grows is mapped further, and used where it is now", () => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 3 });
    const machine = new Machine({ guestMemory: bufferMemory(() => memory.buffer) });
    expect(errnoName(machine.hypercall(PAGE))).toBe("-EFAULT");
    memory.grow(1);
    writeRuntimeCall(machine.view, PAGE, abi.FN_GET_TIME, 0);
    expect(errnoName(machine.hypercall(PAGE))).toBe("0");
    const client = new Client(machine);
    expect(client.setVariable("Ten", GUID, 7, new Uint8Array(10).fill(3)).statusName).toBe("SUCCESS");
    memory.grow(1);
    expect(client.getVariable("Ten", GUID).data).toEqual(new Uint8Array(10).fill(3));
    expect(machine.memory.length).toBe(3 * PAGE);
  });

  test("that is resized in place is followed", () => {
    const options = { maxByteLength: 2 * PAGE };
    const buffer = new (ArrayBuffer as new (bytes: number, more: typeof options) => ArrayBuffer)(PAGE, options);
    const machine = new Machine({ guestMemory: bufferMemory(() => buffer) });
    expect(errnoName(machine.hypercall(PAGE))).toBe("-EFAULT");
    (buffer as ArrayBuffer & { resize(bytes: number): void }).resize(2 * PAGE);
    writeRuntimeCall(machine.view, PAGE, abi.FN_GET_TIME, 0);
    expect(errnoName(machine.hypercall(PAGE))).toBe("0");
    (buffer as ArrayBuffer & { resize(bytes: number): void }).resize(PAGE);
    expect(errnoName(machine.hypercall(PAGE))).toBe("-EFAULT");
    expect(machine.view.byteLength).toBe(PAGE);
  });

  test("that is another at each call is asked for at each call", () => {
    const buffers = [new ArrayBuffer(PAGE), new ArrayBuffer(PAGE)] as const;
    let buffer: ArrayBuffer = buffers[0];
    const machine = new Machine({ guestMemory: bufferMemory(() => buffer) });
    writeRuntimeCall(new DataView(buffers[1]), 0x1000, abi.FN_GET_TIME, 0);
    expect(errnoName(machine.hypercall(0x1000))).toBe("-EACCES");
    buffer = buffers[1];
    expect(errnoName(machine.hypercall(0x1000))).toBe("0");
  });

  test("is copied to the byte, however addresses and sizes are aligned", () => {
    const bytes = new Uint8Array(0x4000);
    const core = new Uint8Array(0x4000);
    const { copyIn, copyOut } = fixedMemory(bytes.buffer, { unmappedBelow: 0 }).connect(core);
    for (const count of [1, 2, 3, 5, 8, 39, 40, 41, 79, 80, 81, 191, 192, 193, 1000]) {
      for (let skew = 0; skew < 16; skew++) {
        const [to, from] = [0x1000 + (skew & 3), 0x2000 + (skew >> 2)];
        for (const [i] of bytes.entries()) bytes[i] = 1 + (i % 251);
        core.fill(0);
        expect(copyIn(to, from, 0, count)).toBe(0);
        expect(Buffer.compare(core.subarray(to, to + count), bytes.subarray(from, from + count))).toBe(0);
        expect(core.findIndex((byte) => byte !== 0)).toBe(to);
        expect(core[to + count]).toBe(0);
        bytes.fill(0);
        expect(copyOut(to, from, 0, count)).toBe(0);
        expect(Buffer.compare(bytes.subarray(from, from + count), core.subarray(to, to + count))).toBe(0);
        expect([bytes[from - 1], bytes[from + count]]).toEqual([0, 0]);
      }
    }
  });
});

describe("an address of 64 bits", () => {
  test.each([0x1000n, 1n << 32n, 0xdeadbeef00001000n, 1n << 63n, TOP - 0x2000n])("0x%s is one like others", (base) => {
    const bytes = new Uint8Array(0x2000);
    const machine = new Machine({ guestMemory: new FarMemory(base, bytes) });
    const last = 0x2000 - abi.OP_BYTES;
    bytes.set(toUcs2("Ten\0"), 0x100);
    bytes.fill(9, 0x200, 0x20a);
    layVariable(bytes, abi.FN_SET_VARIABLE, { op: last, name: base + 0x100n, size: 10, data: base + 0x200n });
    expect([machine.hypercall(base + BigInt(last)), statusOf(bytes, last)]).toEqual([0, 0]);
    layVariable(bytes, abi.FN_GET_VARIABLE, { op: 0, name: base + 0x100n, size: 10, data: base + 0x300n });
    expect([machine.hypercall(base), statusOf(bytes, 0)]).toEqual([0, 0]);
    expect(bytes.subarray(0x300, 0x30a)).toEqual(new Uint8Array(10).fill(9));
    // A byte more does not exist, and addresses do not wrap around.
    expect(errnoName(machine.hypercall(base + BigInt(last + 1)))).toBe("-EFAULT");
    expect(errnoName(machine.hypercall(base + 0x2000n - 1n))).toBe("-EFAULT");
    layVariable(bytes, abi.FN_GET_VARIABLE, { op: 0, name: base + 0x100n, size: 10, data: base + 0x1ffdn });
    bytes.fill(0, 0x1ffd);
    expect(errnoName(machine.hypercall(base))).toBe("-EFAULT");
    expect([...bytes.subarray(0x1ffc)]).toEqual([0, 9, 9, 9]);
  });

  test("does not wrap around where all memory is mapped", () => {
    const op = new Uint8Array(abi.OP_BYTES);
    // The op wherever the low half of an address is small, a name without end at the top.
    const copyIn = (core: Uint8Array) => (to: number, low: number, _: number, bytes: number) => {
      for (let i = 0; i < bytes; i++) core[to + i] = low >= 0 ? (op[low + i] ?? 0) : 0x41;
      return 0;
    };
    const copyOut = () => 0;
    const machine = new Machine({ guestMemory: { connect: (core) => ({ copyIn: copyIn(core), copyOut }) } });
    layVariable(op, abi.FN_GET_VARIABLE, { op: 0, name: TOP - 70n, size: 1, data: 0n });
    expect([errnoName(machine.hypercall(0)), machine.reason]).toEqual(["-EFAULT", Reason.NameNotMapped]);
    expect([errnoName(machine.hypercall(TOP - 135n)), machine.reason]).toEqual(["-EFAULT", Reason.OpNotMapped]);
    expect([errnoName(machine.hypercall(TOP - 136n)), machine.reason]).toEqual(["-EACCES", Reason.InterfaceVersion]);
  });

  test("may have a sign where wasm gives it one", () => {
    const bytes = new Uint8Array(0x1000);
    writeRuntimeCall(new DataView(bytes.buffer), 0, abi.FN_GET_TIME, 0);
    const at = (base: bigint) => new Machine({ guestMemory: new FarMemory(base, bytes) });
    expect(errnoName(at(TOP - 0x1000n).hypercall(-0x1000n))).toBe("0");
    expect(errnoName(at((1n << 32n) - 0x1000n).hypercall(-0x1000))).toBe("0");
    expect(errnoName(at(1n << 40n).hypercall(2 ** 40))).toBe("0");
    expect(errnoName(new Machine().hypercall(2 ** 32 + 0x1000))).toBe("-EFAULT");
  });

  test("is one of sched_op's argument, too", () => {
    const machine = new Machine({ guestMemory: new FarMemory(1n << 40n, Uint8Array.of(1, 0, 0, 0)) });
    expect(errnoName(machine.schedOp(2, (1n << 40n) + 1n))).toBe("-EFAULT");
    expect(machine.schedOp(2, 1n << 40n)).toBe(0);
    expect(machine.shutdown?.name).toBe("reboot");
  });
});

describe("a name", () => {
  test.each([0, 1, 2, 31, 62, 63])("at byte %i of 64 is read in pieces of its own 64 bytes only", (offset) => {
    const memory = new FarMemory(0n, new Uint8Array(0));
    const machine = new Machine({ guestMemory: memory });
    for (let units = 0; units < 100; units++) {
      const start = 0x1000 + offset;
      const end = start + 2 * units + 2;
      // Memory ends with the name.
      const bytes = new Uint8Array(end);
      memory.content = bytes;
      memory.reads = [];
      bytes.set(toUcs2("x".repeat(units)), start);
      layVariable(bytes, abi.FN_GET_VARIABLE, { op: 0, name: BigInt(start), size: 1, data: 0n });
      expect([machine.hypercall(0), machine.reason]).toEqual([0, units === 0 ? Reason.EmptyName : Reason.NotFound]);
      const pieces = memory.reads.slice(1);
      const blocks = pieces.map(({ start, bytes }) => [start >> 6n, (start + BigInt(bytes) - 1n) >> 6n]);
      const first = start >> 6;
      expect(blocks).toEqual(
        Array.from({ length: ((end - 1) >> 6) - first + 1 }, (_, i) => [BigInt(first + i), BigInt(first + i)]),
      );
      // A byte less, and its terminator is missing.
      memory.content = bytes.slice(0, -1);
      new DataView(memory.content.buffer).setUint32(abi.OP_MISC, 0, true);
      expect(errnoName(machine.hypercall(0))).toBe("-EFAULT");
    }
  });
});

describe("a buffer that is larger than the core's room", () => {
  /** Guest memory of an op, then of 0x41 up to `end`, where a terminator may stand; nothing of it is kept. */
  function endless(end: number, terminator: number): GuestMemory & { op: Uint8Array } {
    const op = new Uint8Array(0x1000);
    return {
      op,
      connect: (core) => ({
        copyIn(to, low, high, bytes) {
          const at = (high >>> 0) * 2 ** 32 + (low >>> 0);
          const count = Math.max(0, Math.min(bytes, end - at));
          if (at < op.length) core.set(op.subarray(at, at + count), to);
          else core.fill(0x41, to, to + count);
          for (const zero of [terminator, terminator + 1])
            if (zero >= at && zero < at + count) core[to + zero - at] = 0;
          return bytes - count;
        },
        copyOut(from, low, _, bytes) {
          op.set(core.subarray(from, from + bytes), low);
          return 0;
        },
      }),
    };
  }

  /** SetVariable of `size` bytes; what the errno or status and the reason are. */
  function set(memory: GuestMemory & { op: Uint8Array }, name: number, size: number, data: number, options = {}) {
    const machine = new Machine({ guestMemory: memory, ...options });
    layVariable(memory.op, abi.FN_SET_VARIABLE, { op: 0, name: BigInt(name), size, data: BigInt(data) });
    const ret = machine.hypercall(0);
    return [ret === 0 ? statusOf(memory.op, 0) : errnoName(ret), machine.reason];
  }

  test("and can be read whole is -ENOMEM, else -EFAULT", () => {
    const gib = endless(1024 * MEBI, Number.POSITIVE_INFINITY);
    gib.op.set(toUcs2("Ten\0"), 0x200);
    expect(set(gib, 0x200, 61 * MEBI, 0x1000)).toEqual(["-ENOMEM", Reason.TooLargeToAllocate]);
    expect(set(gib, 0x200, 1024 * MEBI - 0x1000, 0x1000)).toEqual(["-ENOMEM", Reason.TooLargeToAllocate]);
    expect(set(gib, 0x200, 1024 * MEBI - 0xfff, 0x1000)).toEqual(["-EFAULT", Reason.DataNotMapped]);
    expect(set(gib, 0x200, 0xffffffff, 0x1000)).toEqual(["-EFAULT", Reason.DataNotMapped]);
  });

  test("has as much room as was asked for", () => {
    const gib = endless(1024 * MEBI, Number.POSITIVE_INFINITY);
    gib.op.set(toUcs2("Ten\0"), 0x200);
    const noRoom = ["-ENOMEM", Reason.TooLargeToAllocate];
    expect(set(gib, 0x200, MEBI, 0x1000, { windowBytes: MEBI })).toEqual(noRoom);
    expect(set(gib, 0x200, MEBI, 0x1000, { windowBytes: 2 * MEBI })).not.toEqual(noRoom);
  });

  test("a name likewise", () => {
    expect(set(endless(70 * MEBI, 66 * MEBI), 0x1000, 0, 0)).toEqual(["-ENOMEM", Reason.TooLargeToAllocate]);
    expect(set(endless(70 * MEBI, 66 * MEBI + 1), 0x1001, 0, 0)).toEqual(["-ENOMEM", Reason.TooLargeToAllocate]);
    // Two zero bytes of two units end nothing.
    expect(set(endless(70 * MEBI, 66 * MEBI + 1), 0x1000, 0, 0)).toEqual(["-EFAULT", Reason.NameNotMapped]);
    expect(set(endless(70 * MEBI, 70 * MEBI), 0x1000, 0, 0)).toEqual(["-EFAULT", Reason.NameNotMapped]);
  });

  test("any that a window can hold is answered as in one", () => {
    for (const size of [5 * MEBI, 30 * MEBI, 59 * MEBI]) {
      const window = new Machine({ windowBytes: 60 * MEBI });
      const inWindow = new Client(window).setVariable("Ten", GUID, 7, new Uint8Array(size));
      const guestMemory = fixedMemory(new ArrayBuffer(60 * MEBI));
      const inForeign = new Client(new Machine({ guestMemory })).setVariable("Ten", GUID, 7, new Uint8Array(size));
      expect(inForeign).toEqual(inWindow);
      expect(inWindow.statusName).toBe("INVALID_PARAMETER");
    }
  });
});
