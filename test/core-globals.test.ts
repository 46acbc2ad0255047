import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { mutableGlobals } from "../src/fuzz/wasm-globals.ts";

// A snapshot is a copy of the core's memory, so nothing that changes may live outside it.
test("the release core has no mutable globals", () => {
  const wasm = readFileSync(new URL("../build/release.wasm", import.meta.url));
  expect(WebAssembly.validate(wasm)).toBe(true);
  expect(mutableGlobals(wasm)).toBe(0);
});

test("the release core imports its memory, the two copies of foreign memory, the two checks of signatures and the two ends of flash writes", () => {
  const module = new WebAssembly.Module(readFileSync(new URL("../build/release.wasm", import.meta.url)));
  const names = WebAssembly.Module.imports(module).map((entry) => `${entry.module}.${entry.name}`);
  expect(names.sort()).toEqual([
    "env.memory",
    "guest.copyIn",
    "guest.copyOut",
    "host.flashSync",
    "host.flashWritten",
    "host.hasRsaKey",
    "host.verify",
  ]);
});

test("globals that can change are counted, the module's own and imported ones", () => {
  const header = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  // a.m: a memory of 1 to 2 pages; a.g: an i32 that can change.
  const imports = section(2, 2, [1, 0x61, 1, 0x6d, 2, 1, 1, 2], [1, 0x61, 1, 0x67, 3, 0x7f, 1]);
  // i32 that can change, 11 (its operand is the opcode of "end"); i64 constant -1; f64 that can change, 0.
  const zero = Array<number>(8).fill(0);
  const own = section(6, 3, [0x7f, 1, 0x41, 11, 0x0b], [0x7e, 0, 0x42, 0x7f, 0x0b], [0x7c, 1, 0x44, ...zero, 0x0b]);
  const wasm = Uint8Array.from([...header, ...imports, ...own]);
  expect(WebAssembly.validate(wasm)).toBe(true);
  expect(mutableGlobals(wasm)).toBe(3);
});

function section(id: number, count: number, ...entries: number[][]): number[] {
  const body = [count, ...entries.flat()];
  return [id, body.length, ...body];
}
