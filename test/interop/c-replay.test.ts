import { describe, expect, test } from "vitest";
import { findStartStore } from "../../src/files/start-store.ts";
import { fixturePath, readTrace, traceNames } from "../support/fixtures.ts";
import { C_PACKAGES, compile } from "./support/c.ts";
import { type CallFile, recordCalls } from "./support/call-file.ts";
import { file, need, run, ToolError } from "./support/tools.ts";

need(...C_PACKAGES);

const STORIES = (["conformance", "scenarios", "traces"] as const).flatMap((folder) =>
  traceNames(folder).map((name) => [folder, name] as const),
);
/** By number of enum xenefi_guest. */
const WAYS = ["process_vm_readv", "guarded copies", "registered ranges"];

/** How the core's accesses of its memory are checked, and the compiler's argument for it. */
const CHECKS = { "by reserved addresses": [], "one by one": ["-DWASM_RT_MEMCHECK_SIGNAL_HANDLER=0"] };

const programs = new Map<string, string>();

/** replay.c with such checks, compiled at first use. */
function programOf(check: keyof typeof CHECKS): string {
  const program = programs.get(check) ?? compile("gcc", CHECKS[check], "replay.c");
  programs.set(check, program);
  return program;
}

function playInC(program: string, way: number, files: readonly CallFile[]): string {
  const names = files.flatMap(({ image, calls }) => [file(image), file(calls)]);
  return run(program as "gcc", String(way), ...names);
}

describe("what the machine answers in Node the C library answers to the byte", () => {
  test.each(STORIES)("%s/%s", (folder, name) => {
    const trace = readTrace(folder, name);
    const files = recordCalls(trace, findStartStore(trace.header, fixturePath(`${folder}/${name}`)));
    const made = trace.calls.filter(({ call }) => call.fn !== "reset").length;
    for (const check of Object.keys(CHECKS) as (keyof typeof CHECKS)[]) {
      for (const [way] of WAYS.entries()) {
        const said = playInC(programOf(check), way, files);
        expect(said).toMatch(new RegExp(`^${made} calls, \\d{6,} bytes, \\d+ verdicts, 0 differences\n$`));
      }
    }
  });
});

describe("a replay in C fails", () => {
  /** Offset of the first call's return value: a count, three pieces, then CALL, state and the op. */
  const RET = 4 + 3 * 8 + 4 + 4 + 8;

  test.each([
    ["the first answer", RET, /call 1: ret 0, expected 1/],
    ["the first reason", RET + 4, /call 1: reason \d+, expected \d+/],
    ["the flash", -1, /flash bytes/],
  ])("if %s is another", (_, at, message) => {
    const [file] = recordCalls(readTrace("conformance", "variable-basic.jsonl"), undefined) as [CallFile];
    const offset = at < 0 ? file.calls.length + at : at;
    file.calls[offset] = (file.calls[offset] as number) ^ 1;
    const act = () => playInC(programOf("by reserved addresses"), 0, [file]);
    expect(act).toThrow(ToolError);
    expect(act).toThrow(message);
  });

  test("if a byte of guest memory is another", () => {
    const [file] = recordCalls(readTrace("conformance", "variable-basic.jsonl"), undefined) as [CallFile];
    // The last page that the last call changed ends four bytes before the flash's.
    const flashBytes = 0x84000;
    const at = file.calls.length - flashBytes - 4 - 1;
    file.calls[at] = (file.calls[at] as number) ^ 1;
    const act = () => playInC(programOf("by reserved addresses"), 0, [file]);
    expect(act).toThrow(/at 0x[0-9a-f]+: call \d+: byte \d+, expected \d+/);
  });
});
