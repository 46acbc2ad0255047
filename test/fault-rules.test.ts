import { describe, expect, test } from "vitest";
import { Exit } from "../src/cli/io.ts";
import { parseTrace, type Rule } from "../src/index.ts";
import { xenefi } from "./support/cli.ts";
import { Bench, GUID, get, set, time, VALUE } from "./support/fault-bench.ts";

describe("which calls a rule hits", () => {
  /** Of twelve calls of get_variable, the numbers of those that are hit. */
  const hits = (rule: Rule) => {
    const bench = new Bench();
    bench.machine.inject({ errno: -1, ...rule });
    return Array.from({ length: 12 }, (_, i) => (get()(bench).ret === -1 ? i + 1 : 0)).filter((i) => i > 0);
  };

  test.each<[Rule, number[]]>([
    [{}, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]],
    [{ nth: 3 }, [3]],
    [{ nth: 3, times: 2 }, [3, 4]],
    [{ times: 2 }, [1, 2]],
    [{ every: 5 }, [5, 10]],
    [{ every: 5, times: 1 }, [5]],
    [{ nth: 2, every: 5 }, [2, 7, 12]],
    [{ nth: 2, every: 3, times: 2 }, [2, 5]],
    [{ probability: 0 }, []],
    [{ probability: 1, nth: 12 }, [12]],
    [{ fn: "set_variable" }, []],
    [{ fn: ["set_variable", "get_variable"], nth: 1 }, [1]],
    [{ fn: 6 }, []],
    [{ name: "V", nth: 1 }, [1]],
    [{ name: "W" }, []],
    [{ name: /^[VW]$/g, times: 3 }, [1, 2, 3]],
    [{ name: /^X/ }, []],
    [{ guid: GUID.toUpperCase(), nth: 1 }, [1]],
    [{ guid: GUID.replace("1", "2") }, []],
    [{ when: ({ size, misc }) => size === 16n && misc === 0, nth: 4 }, [4]],
    [{ when: ({ size }) => size === 15n }, []],
  ])("%o", (rule, expected) => {
    expect(hits(rule)).toEqual(expected);
  });

  test("calls of other functions are not counted", () => {
    const bench = new Bench();
    bench.machine.inject({ fn: "get_variable", nth: 2, errno: -1 });
    expect([get()(bench).ret, time(bench).ret, set(bench).ret, get()(bench).ret]).toEqual([0, 0, 0, -1]);
  });

  test("firmware_info is meant only where it is named", () => {
    const bench = new Bench();
    const all = bench.machine.inject({ errno: -1 });
    expect(bench.dom0.efiVersion().ret).toBe(0);
    all[Symbol.dispose]();
    bench.machine.inject({ fn: "firmware_info", errno: -1 });
    expect([bench.dom0.efiVersion().ret, get()(bench).ret]).toEqual([-1, 0]);
  });

  test("a probability hits as many as it says, the same ones for the same seed, others for another", () => {
    const story = (seed: number) => {
      const bench = new Bench();
      bench.machine.inject({ errno: -1, probability: 0.25, seed });
      return Array.from({ length: 400 }, () => (time(bench).ret === 0 ? "." : "x")).join("");
    };
    expect(story(1)).toBe(story(1));
    expect(story(1)).not.toBe(story(2));
    expect(story(1).replaceAll(".", "").length).toBeGreaterThan(70);
    expect(story(1).replaceAll(".", "").length).toBeLessThan(130);
  });

  test("an op that is none is not disturbed, and not counted", () => {
    const bench = new Bench();
    bench.machine.inject({ errno: -1, nth: 1 });
    expect([bench.machine.hypercall(0), bench.machine.hypercall(0x100000)]).toEqual([-14, -13]);
    expect(get()(bench).ret).toBe(-1);
  });
});

describe("several rules", () => {
  test("act together, and a later one's knob stands for an earlier one's", () => {
    const bench = new Bench();
    bench.machine.inject({ status: "DEVICE_ERROR", out: { size: 5, misc: 1 } });
    bench.machine.inject({ status: "NOT_READY", out: { misc: 2 } });
    expect(get()(bench)).toMatchObject({ statusName: "NOT_READY", size: 5, attributes: 2 });
  });

  test("bytes of a later rule stand for an earlier one's function, and the other way round", () => {
    const made: Rule = { data: () => Uint8Array.of(0x11) };
    const given: Rule = { data: "22" };
    for (const [rules, byte] of [
      [[made, given], 0x22],
      [[given, made], 0x11],
    ] as const) {
      const bench = new Bench();
      for (const rule of rules) bench.machine.inject(rule);
      expect(get()(bench).data).toEqual(Uint8Array.of(byte));
    }
  });

  test("each counts all of its calls, also those that another one hits", () => {
    const bench = new Bench();
    bench.machine.inject({ nth: 1, errno: -1 });
    bench.machine.inject({ nth: 2, errno: -3 });
    expect([get()(bench).ret, get()(bench).ret, get()(bench).ret]).toEqual([-1, -3, 0]);
  });

  test("end one by one, in any order, more than once without harm", () => {
    const bench = new Bench();
    const first = bench.machine.inject({ status: "DEVICE_ERROR" });
    const second = bench.machine.inject({ out: { misc: 2 } });
    first[Symbol.dispose]();
    first[Symbol.dispose]();
    expect(get()(bench)).toMatchObject({ ok: true, attributes: 2 });
    expect(bench.machine.fault).toEqual({ out: { misc: 2 } });
    second[Symbol.dispose]();
    expect(get()(bench)).toMatchObject({ ok: true, attributes: 7 });
    expect(bench.machine.fault).toBeUndefined();
  });
});

test("the machine tells what disturbed the last call, and only that", () => {
  const { machine, dom0 } = new Bench();
  machine.inject({ fn: "get_time", data: "00", status: "DEVICE_ERROR" });
  dom0.getTime();
  expect(machine.fault).toEqual({ status: 0x8000000000000007n, data: new Uint8Array(1) });
  dom0.getWakeupTime();
  expect(machine.fault).toBeUndefined();
});

test.each<[object, string]>([
  [{}, "rule: at least one of clockJumpSeconds, power, errno"],
  [{ fn: "get_tim", errno: 1 }, "rule.fn: one of get_time"],
  [{ nth: 0, errno: 1 }, "rule.nth: an integer from 1 on, not 0"],
  [{ every: 0.5, errno: 1 }, "rule.every: an integer from 1 on, not 0.5"],
  [{ probability: 1.5, errno: 1 }, "rule.probability: from 0 to 1, not 1.5"],
  [{ errno: "EFAULT" }, 'rule.errno: a name such as -EFAULT, or a number, not "EFAULT"'],
  [{ errno: 2 ** 31 }, "rule.errno: an integer from -2147483648 to 2147483647, not 2147483648"],
  [{ status: "DEVICE" }, 'rule.status: a status\'s name or 64 bits, not "DEVICE"'],
  [{ status: -1n }, "rule.status: an integer of 64 bits, not -1"],
  [{ statuss: 1 }, "rule.statuss: one of clockJumpSeconds"],
  [{ retry: 101 }, "rule.retry: an integer from 0 to 100, not 101"],
  [{ out: { sise: 1 } }, "rule.out.sise: one of misc, size"],
  [{ out: { time: { month: 256 } } }, "rule.out.time.month: an integer from 0 to 255, not 256"],
  [{ out: { guid: "x" } }, "rule.out.guid: "],
  [{ data: "0" }, "rule.data: hexadecimal text has an odd number of digits (1)"],
  [{ data: 1 }, "rule.data: at most 1048576 bytes, or their hexadecimal text, not 1"],
  [{ copyIn: {} }, "rule.copyIn.after: a count of bytes"],
  [{ copyOut: { after: -1 } }, "rule.copyOut.after: an integer from 0 to 1048576, not -1"],
  [{ power: "soon" }, 'rule.power: before, torn, after or steps, not "soon"'],
  [{ poison: 1 }, "rule.poison: true or false, not 1"],
  [{ mutateGuest: [{ in: "stack", bytes: "00" }] }, 'rule.mutateGuest[0].in: op, name or data, not "stack"'],
  [{ mutateGuest: [{ in: "op" }] }, "rule.mutateGuest[0]: in and bytes"],
  [{ clockJumpSeconds: 1e15 }, "rule.clockJumpSeconds: an integer from"],
])("%o is no rule: it is said why", (rule, message) => {
  const { machine } = new Bench();
  expect(() => machine.inject(rule as Rule)).toThrow(RangeError);
  expect(() => machine.inject(rule as Rule)).toThrow(message);
  expect(machine.hypercall(0)).toBe(-14);
});

describe("a trace's fault", () => {
  const line = (fault: unknown) =>
    parseTrace(
      `{"format":"xenefi-trace","version":1,"abi":"x86_64"}\n{"fn":"get_time","fault":${JSON.stringify(fault)}}`,
    );

  test.each([
    [{ staus: 1 }, "line 2: fault.staus: one of clockJumpSeconds"],
    [{}, "line 2: fault: at least one of"],
    [7, "line 2: fault: an object, not 7"],
    [{ out: { time: { jear: 1 } } }, "line 2: fault.out.time.jear: one of year"],
    [{ data: "xy" }, 'line 2: fault.data: offset 0: "x" is no hexadecimal digit'],
  ])("%o is an error of its line", (fault, message) => {
    expect(() => line(fault)).toThrow(message);
  });

  test("is written in plain JSON and read again as the same", () => {
    const bench = new Bench();
    bench.machine.inject({ fn: "get_variable", statusAfter: "SUCCESS", data: VALUE, out: { size: 2n ** 40n } });
    get()(bench);
    expect(bench.calls[0]?.fault).toEqual({
      statusAfter: "0x0",
      data: "01020304",
      out: { size: "0x10000000000" },
    });
  });

  test("is taken from the command line", async () => {
    const { exit, out } = await xenefi(
      "--json",
      "call",
      "get_time",
      "--fault",
      '{"status":"DEVICE_ERROR","poison":true}',
    );
    expect(exit).toBe(Exit.Refused);
    expect(JSON.parse(out)).toMatchObject({
      fault: { status: "DEVICE_ERROR", poison: true },
      out: { status: "0x8000000000000007" },
      reason: "an injected fault",
    });
  });

  test.each([
    ["{", "--fault: JSON ("],
    ['{"staus":1}', "fault.staus: one of clockJumpSeconds"],
  ])("%s on the command line is an error", async (fault, message) => {
    const { exit, err } = await xenefi("call", "get_time", "--fault", fault);
    expect(exit).toBe(Exit.Usage);
    expect(err).toContain(message);
  });

  test("that is left out makes a difference", () => {
    const bench = new Bench();
    bench.machine.inject({ out: { misc: 1 } });
    get()(bench);
    for (const call of bench.calls) delete call.fault;
    expect(bench.differences()).toEqual(["2 get_variable misc: expected 1, actual 7"]);
  });
});
