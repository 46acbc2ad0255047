import { describe, expect, test } from "vitest";
import { findStartStore } from "../../src/files/start-store.ts";
import { GLOBAL_GUID, Machine, machineImage, parseTrace, replay, startMachine, type Trace } from "../../src/index.ts";
import { uboot } from "../../src/policies/uboot.ts";
import { privcmdScript } from "../../src/trace/privcmd-script.ts";
import { fixturePath, readTrace, traceNames } from "../support/fixtures.ts";
import { C_PACKAGES, compile } from "./support/c.ts";
import { file, need, runWith, ToolError } from "./support/tools.ts";

need(...C_PACKAGES);

let program: string | undefined;

/** Runs examples/privcmd/play.c over the C library, which answers what it asks /dev/xen/privcmd for. */
function play(image: Uint8Array, ...args: string[]): string {
  const shim = new URL("support/privcmd-xen.c", import.meta.url).pathname;
  program ??= compile("gcc", [], "../../../examples/privcmd/play.c", shim, "-Wl,--wrap=open,--wrap=ioctl");
  return runWith({ env: { XENEFI_IMAGE: file(image) } }, program as "gcc", ...args);
}

/** The trace that the program prints for a trace's calls, made on such a machine. */
function playTrace(trace: Trace, machine: Machine): Trace {
  return parseTrace(play(machineImage(machine), "--yes", file(privcmdScript(trace).text)));
}

const STORIES = (["conformance", "scenarios", "traces"] as const).flatMap((folder) =>
  traceNames(folder).map((name) => [folder, name] as const),
);
const isForUs = ([folder, name]: (typeof STORIES)[number]) => {
  const trace = readTrace(folder, name);
  return ["x86_64", "arm64"].includes(trace.header.abi) && privcmdScript(trace).calls > 0;
};

describe("the program makes the calls of a trace as a player does", () => {
  test.each(STORIES.filter(isForUs))("%s/%s", (folder, name) => {
    const trace = readTrace(folder, name);
    const store = findStartStore(trace.header, fixturePath(`${folder}/${name}`));
    const answered = playTrace(trace, startMachine(trace, store).machine);
    expect(answered.calls).toHaveLength(privcmdScript(trace).calls);
    expect(replay(answered, startMachine(answered, store)).differences).toEqual([]);
  });
});

const GUID = "11111111-2222-3333-4444-555555555555";
const call = (fn: string, input: object) => ({ fn, in: { guid: GUID, ...input }, out: {} });
const traceOf = (...calls: object[]): Trace => {
  const header = { format: "xenefi-trace", version: 1, abi: "x86_64" };
  return parseTrace([header, ...calls].map((line) => JSON.stringify(line)).join("\n"));
};

describe("a buffer that is not there", () => {
  const DATA = { name: "A", misc: 7, size: 4, data: "01020304" };
  test.each([
    ["no name", call("get_variable", { namePtr: "null", size: 4 })],
    ["a name nowhere", call("get_variable", { namePtr: "bad", size: 4 })],
    ["a name of Xen's", call("set_variable", { ...DATA, namePtr: "xen" })],
    ["a name of the kernel's", call("get_next_variable_name", { namePtr: "kernel", size: 64 })],
    ["a name at an address that cannot be", call("get_variable", { namePtr: "0x8000000000000000", size: 4 })],
    ["a name that is mapped in part", call("set_variable", { ...DATA, name: "ABCD", nameMapped: 6 })],
    ["a name without terminator", call("set_variable", { ...DATA, name: undefined, nameHex: "41004200" })],
    ["a name buffer that is mapped in part", call("get_next_variable_name", { name: "", size: 64, nameMapped: 32 })],
    ["no data", call("set_variable", { ...DATA, data: undefined, dataPtr: "null" })],
    ["data that are mapped in part", call("set_variable", { ...DATA, dataMapped: 3 })],
  ])("%s: -EFAULT, as for a player", (_, hostile) => {
    const trace = traceOf(hostile);
    const answered = playTrace(trace, startMachine(trace, undefined).machine);
    expect(answered.calls[0]?.call.out).toEqual({ ret: -14 });
    expect(replay(answered, startMachine(answered, undefined)).differences).toEqual([]);
  });

  test("a read into data that are mapped in part tells what it left there", () => {
    const read = call("get_variable", { name: "A", size: 8, dataMapped: 3 });
    const trace = traceOf(call("set_variable", DATA), call("get_variable", { name: "A", size: 2 }), read);
    const answered = playTrace(trace, startMachine(trace, undefined).machine);
    expect(replay(answered, startMachine(answered, undefined)).differences).toEqual([]);
    expect(answered.calls[2]?.call.out).toMatchObject({ ret: -14 });
  });
});

test("a replay tells where another machine answers otherwise", () => {
  const undefinedName = { name: "NotDefined", guid: GLOBAL_GUID, misc: 7, size: 1, data: "01" };
  const trace = traceOf(call("set_variable", undefinedName));
  const answered = playTrace(trace, new Machine({ policy: uboot }));
  const [difference] = replay(answered, startMachine(answered, undefined)).differences;
  expect(difference).toMatchObject({ fn: "set_variable", field: "status", expected: "0x0000000000000000" });
});

test("without --yes nothing is done, and it is said that NVRAM would be written", () => {
  const script = file(privcmdScript(traceOf()).text);
  const act = () => play(new Uint8Array(0), script);
  expect(act).toThrow(ToolError);
  expect(act).toThrow(/WRITES TO ITS NVRAM/);
});

describe("a script that is none is refused, with its line", () => {
  const zeros = "00".repeat(16);
  test.each([
    ["something else", "xenefi-trace 1\n{}\n", "line 1: xenefi-script 1"],
    ["no header", "xenefi-script 1\n", "line 2: the trace's header"],
    ["too few fields", "xenefi-script 1\n{}\n6 0 4\n", "line 3: ten fields"],
    ["two blanks", "xenefi-script 1\n{}\n6 0  4\n", "line 3: ten fields"],
    ["another function", `xenefi-script 1\n{}\n2 0 4 0 ${zeros} 0 x 0 x {}\n`, "line 3: a function from 6 to 9"],
    ["a number that is too large", `xenefi-script 1\n{}\n6 4294967296 4 0 ${zeros} 0 x 0 x {}\n`, "line 3: a number"],
    ["a negative number", `xenefi-script 1\n{}\n6 -1 4 0 ${zeros} 0 x 0 x {}\n`, "line 3: a number"],
    ["a buffer that is too large", `xenefi-script 1\n{}\n6 0 4 0 ${zeros} 1048577 x 0 x {}\n`, "line 3: a number"],
    ["an odd digit", `xenefi-script 1\n{}\n6 0 4 0 ${zeros} 2 x410 0 x {}\n`, "line 3: pairs of hexadecimal digits"],
    ["another kind of buffer", `xenefi-script 1\n{}\n6 0 4 0 ${zeros} 2 y41 0 x {}\n`, "line 3: x and bytes, or @"],
  ])("%s", (_, script, message) => {
    const act = () => play(machineImage(new Machine()), "--yes", file(script));
    expect(act).toThrow(ToolError);
    expect(act).toThrow(message);
  });
});
