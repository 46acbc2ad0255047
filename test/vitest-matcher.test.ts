import { describe, expect, test } from "vitest";
import { GLOBAL_GUID } from "../src/guid.ts";
import { Client, Machine, Recorder, type TraceCall } from "../src/index.ts";
import "../src/vitest.ts";

const log: TraceCall[] = [];
const machine = new Machine();
const dom0 = new Client(machine, new Recorder(machine, (call) => log.push(call)));
dom0.getVariable("BootOrder", GLOBAL_GUID, 2);
dom0.setVariable("Lang", GLOBAL_GUID, 7, Uint8Array.of(1, 2));

/** What the matcher says of inputs that are not there. */
function complaint(...wanted: Parameters<ReturnType<typeof expect<TraceCall[]>>["toHaveCalled"]>): Error {
  try {
    expect(log).toHaveCalled(...wanted);
  } catch (error) {
    return error as Error;
  }
  throw new Error("it has no complaint");
}

describe("toHaveCalled", () => {
  test.each([
    ["a function", "get_variable", undefined],
    ["some of its inputs", "get_variable", { name: "BootOrder", size: 2 }],
    ["bytes", "set_variable", { data: Uint8Array.of(1, 2) }],
    ["bytes as an array", "set_variable", { data: [1, 2] }],
    ["bytes as a trace has them", "set_variable", { data: "0102" }],
  ] as const)("finds %s", (_, fn, inputs) => {
    expect(log).toHaveCalled(fn, inputs);
  });

  test.each([
    ["another function", "get_time", undefined, "get_time was never called; what was: get_variable, set_variable"],
    [
      "another input",
      "get_variable",
      { name: "BootOrder", size: 3 },
      "none of the 1 calls of get_variable has these inputs",
    ],
    ["an input that it has not", "get_variable", { time: 3 }, "none of the 1 calls"],
  ])("misses %s", (_, fn, inputs, message) => {
    expect(complaint(fn, inputs).message).toContain(message);
    expect(log).not.toHaveCalled(fn, inputs);
  });

  test("shows what was asked for beside what was passed", () => {
    const { actual, expected } = complaint("get_variable", { name: "BootOrder", size: 3 }) as Error &
      Record<"actual" | "expected", unknown>;
    expect([actual, expected]).toEqual([[{ name: "BootOrder", size: 2 }], [{ name: "BootOrder", size: 3 }]]);
  });

  test("its negation names the call", () => {
    expect(() => expect(log).not.toHaveCalled("get_variable", { size: 2 })).toThrow(
      /get_variable was called with .*size/,
    );
  });
});
