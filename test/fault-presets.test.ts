import { describe, expect, test } from "vitest";
import * as abi from "../assembly/abi/op.ts";
import { ABIS, alwaysTooSmall, firmware, flaky, formatLine, hostile, loopAt, type TraceCall } from "../src/index.ts";
import { Bench, DATA, GUID, get, NAME, next, OP, space, time } from "./support/fault-bench.ts";
import { Random } from "./support/random.ts";
import { traced } from "./support/trap.ts";

const NOON = { year: 2024, month: 1, day: 15, hour: 12, min: 0, sec: 0, ns: 0, tz: 2047, daylight: 0 };

describe("a preset", () => {
  test("flaky: each third call fails, and does nothing", () => {
    const bench = new Bench();
    bench.machine.inject(flaky({ status: "DEVICE_ERROR", every: 3 }));
    const story = [1, 2, 3, 4, 5, 6].map(() => time(bench).statusName);
    expect(story).toEqual(["SUCCESS", "SUCCESS", "DEVICE_ERROR", "SUCCESS", "SUCCESS", "DEVICE_ERROR"]);
  });

  test.each([
    ["getTimeBroken", time, "DEVICE_ERROR"],
    ["queryInfoUnsupported", space, "UNSUPPORTED"],
    ["setTimeOutOfResources", ({ dom0 }: Bench) => dom0.setTime(NOON), "OUT_OF_RESOURCES"],
  ] as const)("firmware(%j)", (name, act, status) => {
    const bench = new Bench();
    bench.machine.inject(firmware(name));
    expect(act(bench).statusName).toBe(status);
    expect(get()(bench).ok).toBe(true);
    expect(bench.differences()).toEqual([]);
  });

  test("firmware of an unknown name: the names are said", () => {
    expect(() => firmware("x" as "getTimeBroken")).toThrow("firmware: one of getTimeBroken, nextNameLoops");
  });

  test.each([1, 2, 5])("loopAt(%i): that name follows itself for ever, in each walk", (n) => {
    const bench = new Bench();
    const all = [...bench.dom0.variableNames()].map(({ name }) => name);
    bench.machine.inject(loopAt(n));
    for (let walk = 0; walk < 2; walk++) {
      const names: string[] = [];
      for (const { name } of bench.dom0.variableNames()) if (names.push(name) === n + 4) break;
      expect(names).toEqual([...all.slice(0, n), ...Array(4).fill(all[n - 1])]);
    }
    expect(bench.differences()).toEqual([]);
  });

  test("firmware('nextNameLoops') loops", () => {
    const bench = new Bench();
    bench.machine.inject(firmware("nextNameLoops"));
    let count = 0;
    for (const _ of bench.dom0.variableNames()) if (++count === 500) break;
    expect(count).toBe(500);
  });

  test.each([0, 8])("alwaysTooSmall(%i): no buffer is large enough", (grow) => {
    const bench = new Bench();
    bench.machine.inject(alwaysTooSmall(grow));
    let size = 4;
    for (let i = 0; i < 5; i++) {
      const reply = get(size)(bench);
      expect(reply).toMatchObject({ statusName: "BUFFER_TOO_SMALL", size: size + grow });
      size = reply.size;
    }
    expect(next(bench)).toMatchObject({ statusName: "BUFFER_TOO_SMALL", size: 64 + grow });
    expect(bench.differences()).toEqual([]);
  });
});

describe("hostile(seed)", () => {
  /** So many calls of all kinds by a kernel that does not care. */
  function run(bench: Bench, calls: number, each: (act: () => void) => void = (act) => act()) {
    const { dom0, machine } = bench;
    const random = new Random(77);
    const name = () => random.pick(["V", "W", "Boot0001", ""]);
    const acts = [
      () => dom0.getVariable(name(), GUID, random.below(20)),
      () => dom0.setVariable(name(), GUID, random.pick([7, 6, 0x47, 0]), new Uint8Array(random.below(12)).fill(3)),
      () => dom0.getNextVariableName(name(), GUID, random.pick([0, 4, 64])),
      () => dom0.queryVariableInfo(7, random.oneIn(3)),
      () => dom0.getTime(),
      () => dom0.getWakeupTime(),
      () => dom0.setTime({ ...NOON, day: random.below(33), tz: random.pick([0, 60, 2047]) }),
      () => dom0.setWakeupTime(random.oneIn(2)),
      () => dom0.setWakeupTime(true, { ...NOON, hour: random.below(24) }),
      () => dom0.getNextHighMonotonicCount(),
      () => dom0.vendor(random.below(40)),
      () => dom0.queryCapsuleCapabilities(),
      () => {
        machine.unmap(DATA + random.below(20), DATA + 64);
        dom0.getVariable(name(), GUID, random.below(20));
        machine.map(DATA, DATA + 64);
      },
    ];
    for (let i = 0; i < calls; i++) {
      machine.memory.fill(0, DATA, DATA + 64);
      each(random.pick(acts));
    }
  }

  function story(seed: number): string {
    const bench = new Bench();
    bench.machine.inject(hostile(seed));
    run(bench, 300);
    return bench.calls.map(formatLine).join("\n");
  }

  test("tells the same story for the same seed, another for another", () => {
    expect(story(1)).toBe(story(1));
    expect(story(1)).not.toBe(story(2));
  });

  test.each(ABIS.flatMap((abiName) => [1, 2].map((seed) => [abiName, seed] as const)))(
    "2000 calls replay from their trace without a difference: %s, seed %i",
    (abiName, seed) => {
      const bench = new Bench({ abi: abiName });
      bench.machine.inject(hostile(seed, { overrun: true }));
      run(bench, 2000);
      expect(bench.calls.filter(({ fault }) => fault !== undefined).length).toBeGreaterThan(700);
      expect(bench.differences()).toEqual([]);
    },
  );

  test("a run whose power fails replays, too, reboots and all", () => {
    const bench = new Bench();
    bench.machine.inject(hostile(9, { power: true }));
    run(bench, 600, (act) => {
      act();
      if (bench.machine.stepsToCut === undefined) return;
      bench.machine.reboot();
      bench.calls.push({ fn: "reset", in: {}, out: { ret: 0 } });
    });
    expect(bench.calls.filter(({ fn }) => fn === "reset").length).toBeGreaterThan(5);
    expect(bench.differences()).toEqual([]);
  });

  test("uses every knob", () => {
    const bench = new Bench();
    bench.machine.inject(hostile(5, { overrun: true, power: true }));
    run(bench, 1500);
    const knobs = new Set(bench.calls.flatMap(({ fault = {} }) => Object.keys(fault)));
    expect([...knobs].sort()).toEqual([
      "clockJumpSeconds",
      "copyIn",
      "copyOut",
      "data",
      "delaySeconds",
      "errno",
      "mutateGuest",
      "out",
      "poison",
      "power",
      "retry",
      "status",
      "statusAfter",
      "writeBack",
    ]);
  });

  test.each(ABIS)("traps nothing and harms no memory outside op and buffers: %s", (abiName) => {
    const bench = new Bench({ abi: abiName, windowBytes: DATA + 0x2000 });
    const { machine } = bench;
    machine.inject(hostile(4));
    let used = 0;
    run(bench, 1500, (act) => {
      const before = machine.memory.slice();
      const calls = bench.calls.length;
      traced(act);
      const call = bench.calls[calls] as TraceCall;
      const after = machine.memory.slice();
      const size = Number(call.in.size ?? call.in.bufsz ?? 0);
      // What the client itself lays out lies there, too: a name and 12 bytes of data.
      for (const [at, bytes] of [
        [OP, abi.OP_BYTES],
        [NAME, 1024],
        [DATA, Math.max(size, 12)],
      ] as const) {
        before.fill(0, at, at + bytes);
        after.fill(0, at, at + bytes);
      }
      expect(Buffer.compare(before, after), formatLine(call)).toBe(0);
      if (call.fault !== undefined) used++;
    });
    expect(used).toBeGreaterThan(500);
  });
});
