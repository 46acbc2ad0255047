import { expect, test } from "vitest";
import { makeCore } from "../src/core.ts";
import { traced } from "./support/trap.ts";

const usesDebugCore = process.env.XENEFI_CORE?.endsWith("debug.wasm") ?? false;

test.runIf(usesDebugCore)("a trap's stack names files and lines of the core", () => {
  const { exports } = makeCore(0);
  let trap: unknown;
  try {
    // A record far outside the memory.
    traced(() => exports.nextRecord(0xffff0000));
  } catch (error) {
    trap = error;
  }
  expect(trap).toBeInstanceOf(WebAssembly.RuntimeError);
  const { message, stack } = trap as Error;
  expect(message).toContain("out of bounds");
  // The place of the trap itself; a caller's frame may be one that the compiler has no source for.
  expect(stack?.split("\n")[1]).toMatch(/\/assembly\/store\/\w+\.ts:\d+:\d+\)$/);
});

test("another error passes as it is", () => {
  const error = new TypeError("no trap");
  expect(() =>
    traced(() => {
      throw error;
    }),
  ).toThrow(error);
});
