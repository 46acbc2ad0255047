import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { Exit } from "../src/cli/io.ts";
import { FormatError, parseTrace } from "../src/index.ts";
import { privcmdScript } from "../src/trace/privcmd-script.ts";
import { xenefi } from "./support/cli.ts";

const folder = mkdtempSync(join(tmpdir(), "xenefi-script-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const HEADER = '{"format":"xenefi-trace","version":1,"abi":"x86_64"}';
const GUID = "00112233-4455-6677-8899-aabbccddeeff";
const BYTES = "33221100554477668899aabbccddeeff";
const trace = (...calls: object[]) => [HEADER, ...calls.map((call) => JSON.stringify(call))].join("\n");

test.each([
  [{ fn: "get_variable", in: { name: "A", guid: GUID, size: 4 } }, `6 0 4 0 ${BYTES} 4 x41000000 4 x`],
  [
    { fn: "set_variable", in: { name: "A", guid: GUID, misc: 7, size: 1, data: "0a" } },
    `7 7 1 0 ${BYTES} 4 x41000000 1 x0a`,
  ],
  [{ fn: "set_variable", in: { name: "A", guid: GUID, size: 9, data: "0a" } }, `7 0 9 0 ${BYTES} 4 x41000000 1 x0a`],
  [{ fn: "get_next_variable_name", in: { name: "", guid: GUID, size: 64 } }, `8 0 64 0 ${BYTES} 64 x0000 64 x`],
  [
    { fn: "get_next_variable_name", in: { nameHex: "4100", guid: GUID, size: 2 ** 40, nameMapped: 2 } },
    `8 0 1099511627776 0 ${BYTES} 2 x4100 1048576 x`,
  ],
  [{ fn: "query_variable_info", in: { attr: 7 } }, `9 0 0 7 ${"a5".repeat(16)} 2 x0000 0 x`],
  [
    { fn: "get_variable", in: { namePtr: "null", dataPtr: "0xabc", guid: GUID, size: 4 } },
    `6 0 4 0 ${BYTES} 2 @0 4 @abc`,
  ],
  [
    { fn: "get_variable", in: { name: "", guid: GUID, size: 4, dataMapped: 3, dataHeld: "01" } },
    `6 0 4 0 ${BYTES} 2 x0000 3 x01`,
  ],
])("%j is a line of fields, and its JSON", (call, fields) => {
  const { text, calls, leftOut } = privcmdScript(parseTrace(trace({ ...call, out: { ret: 0 } })));
  expect(text).toBe(`xenefi-script 1\n${HEADER}\n${fields} ${JSON.stringify(call)}\n`);
  expect([calls, leftOut.size]).toEqual([1, 0]);
});

test.each([
  ["another function", { fn: "get_time", in: {} }],
  ["a reset", { fn: "reset", in: {} }],
  ["a fault", { fn: "get_variable", in: { name: "A", guid: GUID }, fault: { status: "DEVICE_ERROR" } }],
  ["an op that is not there", { fn: "get_variable", in: { name: "A", guid: GUID, opPtr: "null" } }],
  ["an op that is mapped in part", { fn: "get_variable", in: { name: "A", guid: GUID, opMapped: 20 } }],
  ["a caller without privilege", { fn: "get_variable", in: { name: "A", guid: GUID, privileged: false } }],
])("%s is left out, and counted", (_, call) => {
  const { calls, leftOut } = privcmdScript(parseTrace(trace(call, call)));
  expect(calls).toBe(0);
  expect([...leftOut]).toEqual([[call.fn, 2]]);
});

test.each(["x86_32", "arm32"])("a trace of %s is refused", (abi) => {
  const act = () => privcmdScript(parseTrace(HEADER.replace("x86_64", abi)));
  expect(act).toThrow(FormatError);
  expect(act).toThrow(`line 1: abi x86_64 or arm64, not ${abi}`);
});

test("xenefi script writes it, and tells what it left out", async () => {
  const [from, to] = [join(folder, "trace.jsonl"), join(folder, "script")];
  writeFileSync(from, trace({ fn: "get_time", in: {} }, { fn: "query_variable_info", in: { attr: 7 } }));
  const { text } = privcmdScript(parseTrace(readFileSync(from, "utf8")));
  const err = `${from}: left out: get_time (1)\n`;
  expect(await xenefi("script", from)).toMatchObject({ exit: Exit.Done, out: text, err });
  expect(await xenefi("script", from, "-o", to)).toMatchObject({
    exit: Exit.Done,
    out: "",
    err: `${err}${to}: 1 calls\n`,
  });
  expect(readFileSync(to, "utf8")).toBe(text);
  expect(await xenefi("script", from, "-o", to, "-q")).toMatchObject({ exit: Exit.Done, err: "" });
});
