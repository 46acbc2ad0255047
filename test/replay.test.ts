import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { nodeVerifier } from "../src/crypto/node-verifier.ts";
import { sha256 } from "../src/files/bytes.ts";
import { findStartStore } from "../src/files/start-store.ts";
import { type Fields, parseTrace, replay, startMachine, type Trace, type Value } from "../src/trace/index.ts";
import { fixturePath, readTrace, replayTrace, traceNames } from "./support/fixtures.ts";

/** Another value of the same form. */
function changed(value: Value): Value {
  if (typeof value === "number") return value === 0 ? 1 : -value - 1;
  if (typeof value === "bigint") return value + 1n;
  if (typeof value === "boolean") return !value;
  if (typeof value !== "string") throw new TypeError("members are changed one by one");
  if (/^0x[0-9a-f]+$/.test(value)) return `0x${(BigInt(value) ^ 1n).toString(16)}`;
  if (/^([0-9a-f]{2})+$/.test(value)) return (value.startsWith("0") ? "1" : "0") + value.slice(1);
  return `${value}x`;
}

/** Every compared output field of a trace, as a way to change it and the path that must then differ. */
function* fieldsOf(trace: Trace): Generator<{ line: number; path: string; change: () => void; restore: () => void }> {
  for (const { line, call } of trace.calls) {
    for (const [name, value] of Object.entries(call.out)) {
      if (call.volatile?.includes(name)) continue;
      if (typeof value === "object") {
        const members = value as Fields;
        for (const member of Object.keys(members)) {
          const path = `${name}.${member}`;
          if (call.volatile?.includes(path)) continue;
          const old = members[member] as Value;
          const set = (to: Value) => {
            members[member] = to;
          };
          yield { line, path, change: () => set(changed(old)), restore: () => set(old) };
        }
      } else {
        const set = (to: Value) => {
          call.out[name] = to;
        };
        yield { line, path: name, change: () => set(changed(value)), restore: () => set(value) };
      }
    }
  }
}

test.each(traceNames("traces"))("%s: changing any one compared field gives exactly that difference", (name) => {
  const trace = readTrace("traces", name);
  const store = findStartStore(trace.header, fixturePath(`traces/${name}`));
  const exempt = new Set(machineBound(trace));
  // A replay's inputs never depend on its expected answers: all fields of a kind can be changed in one run.
  const kinds = new Map<string, { line: number; path: string; change: () => void; restore: () => void }[]>();
  for (const field of fieldsOf(trace)) {
    if (exempt.has(`${field.line} ${field.path}`)) continue;
    kinds.set(field.path, [...(kinds.get(field.path) ?? []), field]);
  }
  expect(kinds.size).toBeGreaterThan(0);
  for (const fields of kinds.values()) {
    for (const field of fields) field.change();
    const { differences } = replay(trace, startMachine(trace, store, nodeVerifier));
    for (const field of fields) field.restore();
    const got = differences.map(({ line, field }) => `${line} ${field}`);
    expect(got).toEqual(fields.map(({ line, path }) => `${line} ${path}`));
  }
  expect(replay(trace, startMachine(trace, store, nodeVerifier)).differences).toEqual([]);
});

/** Fields of the recorder's own machine: firmware_info of disks, the configuration table's address, foreign commands. */
function* machineBound(trace: Trace): Generator<string> {
  for (const { line, call } of trace.calls) {
    const { fn, in: input, out } = call;
    const foreign = fn === "raw" && input.cmd !== 49 && input.cmd !== 50 && out.ret === 0;
    const disk = fn === "firmware_info" && (input.type === 1 || input.type === 2);
    if (foreign || disk) for (const name of Object.keys(out)) yield `${line} ${name}`;
    if (fn === "firmware_info" && input.type === 4 && input.index === 1) yield `${line} addr`;
  }
}

test("a field that the trace lacks is a difference, and so is one that the answer lacks", () => {
  const name = "functions.jsonl";
  const trace = readTrace("traces", name);
  const call = trace.calls.find(({ call }) => call.fn === "get_variable")?.call as Trace["calls"][number]["call"];
  delete call.out.data;
  call.out.dataTouched = "00";
  const { differences } = replayTrace("traces", trace, name).result;
  expect(differences.map(({ field, expected }) => [field, expected])).toEqual([
    ["dataTouched", "00"],
    ["data", undefined],
  ]);
});

test("a start store without an image is what another trace beside it leaves behind", () => {
  const folder = mkdtempSync(join(tmpdir(), "xenefi-"));
  const { header } = readTrace("traces", "persist-2.jsonl");
  const text = readFileSync(fixturePath("traces/persist-1.jsonl"), "utf8");
  const found = (beside: string) => {
    writeFileSync(join(folder, "persist-1.jsonl"), beside);
    return findStartStore(header, join(folder, "persist-2.jsonl"));
  };
  try {
    expect(found("")).toBeUndefined();
    expect(sha256(found(text) as Uint8Array)).toBe(header.vars_before_sha256);
    // One that does not come out as its header says is none, nor are traces that continue each other.
    expect(found(text.slice(0, text.lastIndexOf('{"fn": "set_variable"')))).toBeUndefined();
    expect(found(text.replace(/("vars_before_sha256": ")[^"]*/, `$1${header.vars_before_sha256}`))).toBeUndefined();
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("the op's bytes are compared where a trace has them, handles excepted", () => {
  const trace = readTrace("traces", "functions.jsonl");
  const at = trace.calls.findIndex(({ call }) => call.fn === "set_time");
  const raw = trace.calls[at]?.call.raw as { in: string; out: string };
  raw.out = `${raw.out.slice(0, -2)}00`;
  const { differences } = replayTrace("traces", trace, "functions.jsonl").result;
  expect(differences.map(({ line, field }) => [line, field])).toEqual([[trace.calls[at]?.line, "raw.out"]]);
});

test("a wrong start state is told variable by variable", () => {
  const name = "monotonic.jsonl";
  const trace = readTrace("traces", name);
  const variable = trace.header.initial_variables?.[0] as { data: string };
  variable.data = "00";
  const { differences } = replayTrace("traces", trace, name).result;
  expect(differences).toEqual([
    { line: 1, fn: "header", field: "initial_variables[0].data", expected: "00", actual: "01" },
  ]);
});

const HEADER = '{"format":"xenefi-trace","version":1,"abi":"x86_64"}';

test.each([
  ["", "line 1: a JSON object"],
  ["[]", "line 1: a JSON object"],
  ['{"format":"other"}', 'line 1: format "xenefi-trace", not "other"'],
  ['{"format":"xenefi-trace","version":2}', "line 1: version 1, not 2"],
  ['{"format":"xenefi-trace","version":1,"abi":"mips"}', "line 1: abi one of x86_64, x86_32, arm64, arm32"],
  [
    '{"format":"xenefi-trace","version":1,"abi":"arm64","initial_variables":[{}]}',
    "line 1: initial_variables[0]: a name",
  ],
  [
    '{"format":"xenefi-trace","version":1,"abi":"arm64","efi_memory_map":[{"start":"0x0","end":"0x9","type":9007199254740993,"attr":"0xf"}]}',
    "line 1: efi_memory_map: an array of {start, end, type, attr}",
  ],
  [`${HEADER}\n{`, "line 2: a JSON object"],
  [`${HEADER}\n{"fn":"get_tome"}`, 'line 2: fn: a function\'s name or number, not "get_tome"'],
  [`${HEADER}\n{"fn":-1}`, "line 2: fn: a function's name or number, not -1"],
  [`${HEADER}\n\n{"fn":"get_time","in":{"misc":-1}}`, "line 3: in.misc: an integer of 32 bits, not -1"],
  [`${HEADER}\n{"fn":"get_time","in":{"misc":4294967296}}`, "line 2: in.misc: an integer of 32 bits"],
  [`${HEADER}\n{"fn":"get_variable","in":{"size":18446744073709551616}}`, "line 2: in.size: an integer of 64 bits"],
  [
    `${HEADER}\n{"fn":"set_variable","in":{"data":"0"}}`,
    "line 2: in.data: hexadecimal text has an odd number of digits",
  ],
  [`${HEADER}\n{"fn":"set_variable","in":{"data":"0g"}}`, 'line 2: in.data: offset 1: "g" is no hexadecimal digit'],
  [`${HEADER}\n{"fn":"get_variable","in":{"guid":"1"}}`, 'line 2: in.guid: "1" is no GUID'],
  [`${HEADER}\n{"fn":"set_time","in":{"time":{"year":2024}}}`, "line 2: in.time: an object of integers"],
  [`${HEADER}\n{"fn":"get_variable","in":{"namePtr":"here"}}`, "line 2: in.namePtr: null, bad, xen, kernel or 0x"],
  [`${HEADER}\n{"fn":"get_time","raw":{"in":"00","out":""}}`, "line 2: raw: in and out of 136 bytes each"],
])("a malformed trace is refused with line and expectation: %j", (text, message) => {
  expect(() => parseTrace(text)).toThrow(message);
});

test("integers up to 2^64 - 1 are read without rounding", () => {
  const { calls } = parseTrace(`${HEADER}\n{"fn":"get_variable","in":{"size":18446744073709551615}}`);
  expect(calls[0]?.call.in.size).toBe(18446744073709551615n);
});

// Found by fuzzing: null was taken for an object, and what Object has for what the answer has.
test.each(["__proto__", "constructor", "time"])("an expected %s of null is a difference and no exception", (name) => {
  const trace = parseTrace(`${HEADER}\n{"fn":"get_time","in":{},"out":{"${name}":null}}`);
  const { differences } = replay(trace, startMachine(trace, undefined));
  expect(differences.find(({ field }) => field === name)).toMatchObject({ line: 2, expected: null });
});
