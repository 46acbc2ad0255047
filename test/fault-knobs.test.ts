import { describe, expect, test } from "vitest";
import * as abi from "../assembly/abi/op.ts";
import { ABIS, type Machine, type Rule } from "../src/index.ts";
import {
  again,
  Bench,
  bytes,
  count,
  DATA,
  GUID,
  get,
  layout,
  NAME,
  next,
  OP,
  opBytes,
  set,
  space,
  time,
  VALUE,
} from "./support/fault-bench.ts";

interface Row {
  what: string;
  rule: Rule;
  act: (bench: Bench) => unknown;
  finding: unknown;
}

const ROWS: Row[] = [
  // before the service
  {
    what: "errno: the result, and nothing is written",
    rule: { errno: "-ENOMEM" },
    act: get(),
    finding: { ret: -12, errno: "-ENOMEM", status: undefined, data: undefined, reason: "an injected fault" },
  },
  {
    what: "errno: a positive result is one, too",
    rule: { errno: 14 },
    act: get(),
    finding: { ret: 14, errno: "14", status: undefined },
  },
  {
    what: "errno: nothing runs",
    rule: { errno: -1, times: 1 },
    act: again,
    finding: { first: { ret: -1 }, later: { data: VALUE } },
  },
  {
    what: "status: an error by name",
    rule: { status: "DEVICE_ERROR" },
    act: get(),
    finding: { ret: 0, statusName: "DEVICE_ERROR", data: undefined, reason: "an injected fault" },
  },
  {
    what: "status: the service does not run",
    rule: { status: "SUCCESS", fn: "set_variable" },
    act: again,
    finding: { first: { ok: true, reason: "" }, later: { data: VALUE } },
  },
  {
    what: "status: a warning has no top bit",
    rule: { status: 5n },
    act: get(),
    finding: { status: 5n, statusName: "0x5" },
  },
  {
    what: "status: outputs stay as passed",
    rule: { status: "NOT_READY" },
    act: get(16),
    finding: { size: 16, attributes: 0 },
  },
  {
    what: "retry: the service runs again",
    rule: { retry: 3, times: 1 },
    act: (bench) => count(bench) - new Bench().dom0.getNextHighMonotonicCount().high,
    finding: 3,
  },
  { what: "retry: on the op as it was passed", rule: { retry: 1 }, act: get(), finding: { ok: true, data: VALUE } },
  // the answer
  {
    what: "out.size: larger than the buffer",
    rule: { out: { size: 2 ** 32 + 1 } },
    act: get(),
    finding: { ok: true, size: 2 ** 32 + 1 },
  },
  {
    what: "out.size: an odd one for a name",
    rule: { out: { size: 3 } },
    act: next,
    finding: { ok: true, size: 3, name: "" },
  },
  {
    what: "out.misc: unknown attributes",
    rule: { out: { misc: 0xffffff07 } },
    act: get(),
    finding: { attributes: 0xffffff07, data: VALUE },
  },
  {
    what: "out.time: a member that nobody checks",
    rule: { out: { time: { month: 13, tz: -2047, daylight: 0xff } } },
    act: time,
    finding: { ok: true, time: { year: 2024, month: 13, tz: -2047, daylight: 255 } },
  },
  {
    what: "out.resolution and out.accuracy",
    rule: { out: { resolution: 7, accuracy: 0xffffffff } },
    act: time,
    finding: { resolution: 7, accuracy: 0xffffffff },
  },
  {
    what: "out: sizes of the store",
    rule: { out: { max_store_size: "0xffffffffffffffff", remain_store_size: 0, max_size: 1n } },
    act: space,
    finding: { maxStoreSize: 2n ** 64n - 1n, remainStoreSize: 0n, maxSize: 1n },
  },
  {
    what: "out.guid: the name under another vendor",
    rule: { out: { guid: "AAAAAAAA-2222-3333-4444-555555555555" } },
    act: next,
    finding: { name: "W", guid: "aaaaaaaa-2222-3333-4444-555555555555" },
  },
  {
    what: "statusAfter: it ran but says otherwise",
    rule: { statusAfter: "DEVICE_ERROR", fn: "set_variable" },
    act: again,
    finding: { first: { statusName: "DEVICE_ERROR" }, later: { data: Uint8Array.of(5, 6) } },
  },
  {
    what: "statusAfter: a success that was none",
    rule: { statusAfter: "SUCCESS" },
    act: ({ dom0 }) => dom0.getVariable("None", GUID, 16),
    finding: { ok: true, reason: "", size: 16 },
  },
  {
    what: "data: bytes instead of the value",
    rule: { data: "aabb" },
    act: get(),
    finding: { ok: true, size: 2, data: Uint8Array.of(0xaa, 0xbb) },
  },
  {
    what: "data: nothing of the value is left behind them",
    rule: { data: "aa" },
    act: (bench) => [get()(bench), bench.machine.memory.slice(DATA + 1, DATA + 4)],
    finding: [{ ok: true }, new Uint8Array(3)],
  },
  {
    what: "data: made from the value",
    rule: { data: (value) => value.map((byte) => byte ^ 0x80) },
    act: get(),
    finding: { data: VALUE.map((byte) => byte ^ 0x80) },
  },
  {
    what: "data: an overrun",
    rule: { data: bytes(40, 0xcc) },
    act: (bench) => [get(8)(bench), bench.machine.memory.slice(DATA + 8, DATA + 42)],
    finding: [{ ok: true, size: 40 }, Uint8Array.of(...bytes(32, 0xcc), 0, 0)],
  },
  {
    what: "data: an overrun into memory that is not there",
    rule: { data: bytes(40, 0xcc) },
    act: (bench) => {
      bench.machine.unmap(DATA + 16, DATA + 0x1000);
      return [get(8)(bench), bench.machine.memory.slice(DATA, DATA + 18)];
    },
    finding: [{ errno: "-EFAULT" }, Uint8Array.of(...bytes(16, 0xcc), 0, 0)],
  },
  {
    what: "data: a variable that is not there",
    rule: { status: "SUCCESS", data: "0102" },
    act: ({ dom0 }) => dom0.getVariable("None", GUID, 16),
    finding: { ok: true, data: Uint8Array.of(1, 2) },
  },
  {
    what: "data: a name without terminator",
    rule: { data: "41004200" },
    act: (bench) => [next(bench), bench.machine.memory.slice(NAME, NAME + 6)],
    finding: [{ ok: true, size: 4 }, Uint8Array.of(0x41, 0, 0x42, 0, 0, 0)],
  },
  {
    what: "copyIn: the name faults",
    rule: { copyIn: { after: 3 } },
    act: get(),
    finding: { errno: "-EFAULT", reason: "the name is not mapped up to its terminator" },
  },
  {
    what: "copyIn: the data fault",
    rule: { copyIn: { after: 5 } },
    act: set,
    finding: { errno: "-EFAULT", reason: "the data buffer is not mapped" },
  },
  {
    what: "copyIn: as many bytes as there are do not fault",
    rule: { copyIn: { after: 6 } },
    act: set,
    finding: { ok: true },
  },
  {
    what: "copyOut: a short write, then -EFAULT",
    rule: { copyOut: { after: 2 } },
    act: (bench) => [get()(bench), bench.machine.memory.slice(DATA, DATA + 4)],
    finding: [{ errno: "-EFAULT", status: undefined }, Uint8Array.of(1, 2, 0, 0)],
  },
  {
    what: "copyOut: memory is whole again afterwards",
    rule: { copyOut: { after: 0 }, times: 1 },
    act: (bench) => [get()(bench).errno, get()(bench).data],
    finding: ["-EFAULT", VALUE],
  },
  {
    what: "copyOut: the name's whole buffer is written",
    rule: { copyOut: { after: 4 } },
    act: next,
    finding: { errno: "-EFAULT" },
  },
  {
    what: "copyOut: the vendor",
    rule: { fn: "firmware_info", copyOut: { after: 2 } },
    act: ({ dom0 }) => dom0.vendor(),
    finding: { errno: "-EFAULT" },
  },
  {
    what: "writeBack: false, the op is as it was though the result is 0",
    rule: { writeBack: false },
    act: get(),
    finding: { ok: true, size: 16, attributes: 0 },
  },
  {
    what: "writeBack: true, the op is written though the result is negative",
    rule: { errno: "-EFAULT", writeBack: true },
    act: (bench) => [get()(bench), bench.machine.memory.slice(OP + layout.size, OP + layout.size + 2)],
    finding: [{ ret: -14, data: undefined }, Uint8Array.of(4, 0)],
  },
  {
    what: "poison: the time's pad bytes",
    rule: { poison: true },
    act: opBytes(time, layout.time + abi.TIME_PAD1, 1),
    finding: Uint8Array.of(0xa5),
  },
  {
    what: "poison: what the service sets is left",
    rule: { poison: true },
    act: time,
    finding: { time: { year: 2024, daylight: 0 }, resolution: 1 },
  },
  {
    what: "poison: outputs of a call that failed",
    rule: { poison: true, status: "DEVICE_ERROR" },
    act: opBytes(time, layout.time, 8),
    finding: bytes(8, 0xa5),
  },
  {
    what: "poison: padding in front of the counts",
    rule: { poison: true },
    act: opBytes(space, layout.queryAttr + 4, 4),
    finding: bytes(4, 0xa5),
  },
  {
    what: "poison: the counts of a query that failed",
    rule: { poison: true, statusAfter: "UNSUPPORTED" },
    act: space,
    finding: { maxSize: 0xa5a5a5a5a5a5a5a5n },
  },
  {
    what: "poison: the buffer behind the value",
    rule: { poison: true },
    act: (bench) => [get(8)(bench).data, bench.machine.memory.slice(DATA + 4, DATA + 9)],
    finding: [VALUE, Uint8Array.of(...bytes(4, 0xa5), 0)],
  },
  {
    what: "poison: the rest of firmware_info's union",
    rule: { fn: "firmware_info", poison: true },
    act: opBytes(({ dom0 }) => dom0.efiVersion(), abi.INFO_VERSION, 8),
    finding: Uint8Array.of(0x46, 0, 2, 0, ...bytes(4, 0xa5)),
  },
  // another CPU
  {
    what: "mutateGuest: a name that grows is -EIO",
    rule: { mutateGuest: [{ in: "name", offset: 2, bytes: "5800" }] },
    act: get(),
    finding: { errno: "-EIO", reason: "an injected fault" },
  },
  {
    what: "mutateGuest: a name that shrinks is -EIO",
    rule: { mutateGuest: [{ in: "name", offset: 0, bytes: "0000" }] },
    act: set,
    finding: { errno: "-EIO" },
  },
  {
    what: "mutateGuest: another name of that length is served",
    rule: { mutateGuest: [{ in: "name", offset: 0, bytes: "5700" }] },
    act: get(),
    finding: { data: Uint8Array.of(9) },
  },
  {
    what: "mutateGuest: Xen's copy of the op stands",
    rule: { mutateGuest: [{ in: "op", offset: abi.OP_FUNCTION, bytes: "01" }] },
    act: get(),
    finding: { ok: true, data: VALUE },
  },
  {
    what: "mutateGuest: what is not written back shows",
    rule: { mutateGuest: [{ in: "op", offset: abi.OP_CMD, bytes: "ff" }] },
    act: opBytes(get(), abi.OP_CMD, 1),
    finding: Uint8Array.of(0xff),
  },
  {
    what: "mutateGuest: the data are copied later",
    rule: { nth: 1, mutateGuest: [{ in: "data", offset: 1, bytes: "77" }] },
    act: again,
    finding: { first: { ok: true }, later: { data: Uint8Array.of(5, 0x77) } },
  },
  {
    what: "mutateGuest: a function",
    rule: { mutateGuest: (memory) => memory.set([0x57], NAME) },
    act: get(),
    finding: { data: Uint8Array.of(9) },
  },
  {
    what: "mutateGuest: what Xen refuses before is refused",
    rule: { mutateGuest: [{ in: "name", offset: 0, bytes: "0000" }] },
    act: (bench) => {
      bench.machine.platform.privileged = false;
      return get()(bench);
    },
    finding: { errno: "-EPERM" },
  },
  // store and clock
  {
    what: "power: before, the old value stays",
    rule: { power: "before" },
    act: (bench) => {
      set(bench);
      bench.machine.reboot();
      return bench.machine.variable("V", GUID)?.data;
    },
    finding: VALUE,
  },
  {
    what: "power: torn, the old value stays behind half a record",
    rule: { power: "torn" },
    act: (bench) => {
      const { length } = bench.machine.variables();
      set(bench);
      const left = bench.machine.stepsToCut;
      bench.machine.reboot();
      return [left, bench.machine.variables().length - length, bench.machine.variable("V", GUID)?.data];
    },
    finding: [0, 0, VALUE],
  },
  {
    what: "power: after, the new value is there",
    rule: { power: "after" },
    act: (bench) => {
      set(bench);
      const left = bench.machine.stepsToCut;
      bench.machine.reboot();
      return [left, bench.machine.variable("V", GUID)?.data];
    },
    finding: [0, Uint8Array.of(5, 6)],
  },
  {
    what: "power: after so many steps",
    rule: { power: 1_000_000 },
    act: (bench) => {
      set(bench);
      return (bench.machine.stepsToCut as number) > 900_000;
    },
    finding: true,
  },
  { what: "clockJumpSeconds: back", rule: { clockJumpSeconds: -3600 }, act: time, finding: { time: { hour: 11 } } },
  {
    what: "clockJumpSeconds: over an alarm",
    rule: { fn: "get_wakeup_time", clockJumpSeconds: 7200 },
    act: ({ dom0, machine }) => {
      const now = dom0.getTime().time;
      if (now === undefined) return undefined;
      dom0.setWakeupTime(true, { ...now, hour: now.hour + 1 });
      return [machine.clock.seconds % 86400, dom0.getWakeupTime()];
    },
    finding: [43200, { enabled: true, pending: true }],
  },
  {
    what: "delaySeconds: the service is slow",
    rule: { delaySeconds: 90, times: 1 },
    act: (bench) => [time(bench), time(bench)],
    finding: [{ time: { min: 0, sec: 0 } }, { time: { min: 1, sec: 30 } }],
  },
];

describe("a knob", () => {
  test.each(ROWS)("$what", ({ rule, act, finding }) => {
    const bench = new Bench();
    bench.machine.inject(rule);
    const found = act(bench);
    if (typeof finding === "object" && finding !== null && !(finding instanceof Uint8Array))
      expect(found).toMatchObject(finding);
    else expect(found).toEqual(finding);
  });

  test.each(ROWS)("$what: it can only be told with the rule", ({ act, finding, what }) => {
    // What must be as without a fault is no finding.
    if (/as many bytes as there are|is left|on the op as it was|stands|Xen refuses before/.test(what)) return;
    const found = act(new Bench());
    if (typeof finding === "object" && finding !== null && !(finding instanceof Uint8Array))
      expect(found).not.toMatchObject(finding);
    else expect(found).not.toEqual(finding);
  });

  test.each(ROWS)("$what: the trace replays without a difference", ({ rule, act }) => {
    const bench = new Bench();
    bench.machine.inject(rule);
    act(bench);
    // A reboot and a flag of the platform are no calls: the trace does not tell them.
    expect(bench.calls.some(({ fault }) => fault !== undefined)).toBe(true);
    if (bench.machine.platform.privileged) expect(bench.differences()).toEqual([]);
  });

  test.each([-31_556_952_000, 31_556_952_000])("clockJumpSeconds: %i seconds trap nothing", (clockJumpSeconds) => {
    const bench = new Bench();
    bench.machine.inject({ clockJumpSeconds });
    expect(time(bench).ret).toBe(0);
    expect(bench.dom0.getWakeupTime().ret).toBe(0);
  });

  test.each(ABIS)("a status has the caller's width: %s", (abiName) => {
    const bench = new Bench({ abi: abiName });
    bench.machine.inject({ status: "DEVICE_ERROR" });
    const isNarrow = abiName === "x86_32" || abiName === "arm32";
    expect(get()(bench)).toMatchObject({ status: isNarrow ? 0x80000007n : 0x8000000000000007n, size: 16 });
  });
});

describe("a forced status comes after Xen's own checks", () => {
  const call = (fn: number, misc: number, fill: (machine: Machine) => void) => (bench: Bench) => {
    const { machine } = bench;
    const { view } = machine;
    view.setUint32(OP + abi.OP_CMD, abi.CMD_EFI_RUNTIME_CALL, true);
    view.setUint32(OP + abi.OP_INTERFACE_VERSION, abi.INTERFACE_VERSION, true);
    view.setUint32(OP + abi.OP_FUNCTION, fn, true);
    view.setUint32(OP + abi.OP_MISC, misc, true);
    fill(machine);
    return machine.hypercall(OP);
  };
  const none = () => {};
  const u64 = (offset: number, value: bigint) => (machine: Machine) =>
    machine.view.setBigUint64(OP + offset, value, true);
  const named =
    (...more: ((machine: Machine) => void)[]) =>
    (machine: Machine) => {
      machine.view.setUint32(NAME, 0x56, true);
      for (const fill of [u64(layout.name, BigInt(NAME)), ...more]) fill(machine);
    };
  const huge = 1n << 40n;

  test.each([
    ["get_time with misc", call(1, 1, none), -22],
    ["get_time", call(1, 0, none), 0],
    ["set_time with misc", call(2, 1, none), -22],
    ["get_wakeup_time with misc", call(3, 1, none), -22],
    ["set_wakeup_time with its flags", call(4, 3, none), 0],
    ["set_wakeup_time with another", call(4, 4, none), -22],
    ["monotonic count with misc", call(5, 1, none), -22],
    ["get_variable with misc", call(6, 1, named()), -22],
    ["get_variable without a name", call(6, 0, none), -14],
    ["get_variable too large to allocate", call(6, 0, named(u64(layout.size, huge))), -12],
    ["get_variable whose data would fault", call(6, 0, named(u64(layout.size, 8n))), 0],
    ["set_variable without a name", call(7, 7, none), -14],
    ["set_variable without its data", call(7, 7, named(u64(layout.size, 8n))), -14],
    ["set_variable of nothing", call(7, 7, named()), 0],
    ["next name with misc", call(8, 1, none), -22],
    ["next name without a buffer", call(8, 0, u64(layout.nextSize, 8n)), -14],
    ["next name too large to allocate", call(8, 0, u64(layout.nextSize, huge)), -12],
    ["next name of no size", call(8, 0, none), 0],
    ["query with misc", call(9, 2, none), -22],
    ["query of other attributes than were asked before boot", call(9, 1, none), -22],
    ["query capsules with misc", call(10, 1, none), -22],
    ["update capsule", call(11, 0, none), -38],
    ["an unknown function", call(12, 0, none), -38],
  ] as const)("%s", (_, act, ret) => {
    const bench = new Bench();
    bench.machine.inject({ status: "DEVICE_ERROR" });
    expect(act(bench)).toBe(ret);
    expect(bench.machine.view.getBigUint64(OP + abi.OP_STATUS, true)).toBe(ret === 0 ? 0x8000000000000007n : 0n);
  });

  test("capsules that are passed on: what they point to is looked at", () => {
    const bench = new Bench({ capsules: "firmware" });
    bench.machine.inject({ status: "DEVICE_ERROR" });
    expect(call(11, 0, u64(layout.capsuleCount, 1n))(bench)).toBe(-14);
    expect(call(11, 0, u64(layout.capsuleCount, 0n))(bench)).toBe(0);
  });

  test("a rule speaks of functions by number, too, and leaves other functions alone", () => {
    const bench = new Bench();
    bench.machine.inject({ fn: 12, errno: -1 });
    expect([call(12, 0, none)(bench), call(13, 0, none)(bench)]).toEqual([-1, -38]);
  });
});
