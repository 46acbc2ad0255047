import { createContext, runInContext } from "node:vm";
import { expect, test } from "vitest";
import * as xenefi from "../src/index.ts";
import { loadShim } from "../src/testing/index.ts";
import { bundle, FROM_SOURCES, smokeScript } from "./support/bundle.ts";
import { compileSmallShim } from "./support/shim.ts";
import { smoke } from "./support/smoke.ts";

const HERE = import.meta.dirname;

/** All that the library may find beside JavaScript and WebAssembly. */
const WEB = { atob, fetch, TextDecoder, TextEncoder, URL };

test.each(["xenefi", "xenefi/testing"])("%s makes a bundle for browsers in which nothing is Node's", async (entry) => {
  const { text, metafile } = await bundle(`export * from "${entry}";`, HERE, FROM_SOURCES);
  expect(text.length).toBeGreaterThan(100_000);
  expect(text.match(/["'`]node:|\brequire\(|getBuiltinModule|\bprocess\.|\bBuffer\.|import\.meta/g)).toBeNull();
  expect(Object.values(metafile.outputs).flatMap(({ imports }) => imports)).toEqual([]);
});

test("a bundle answers without process and Buffer as the library does on Node", async () => {
  const shim = Buffer.from(await compileSmallShim()).toString("base64");
  const script = smokeScript("globalThis.smoke = smoke;");
  const { text } = await bundle(script, HERE, { ...FROM_SOURCES, format: "iife" });
  const context = createContext({ ...WEB });
  runInContext(text, context);
  const said = await context.smoke(shim);
  expect(said).toBe(await smoke({ ...xenefi, loadShim }, shim));
  expect(JSON.parse(said)).toMatchObject({
    machine: { statusName: "SUCCESS", data: [1, 0, 0, 0, 2, 0], refused: "the variable is read-only by definition" },
    shims: Array(3).fill({ answers: [{ status: "BUFFER_TOO_SMALL", size: 6 }, { size: 6 }, { status: "SUCCESS" }] }),
  });
});

test("a shim's name is a URL beside the page", async () => {
  const script = 'import { loadShim } from "xenefi/testing"; globalThis.loadShim = loadShim;';
  const { text } = await bundle(script, HERE, { ...FROM_SOURCES, format: "iife" });
  const asked: unknown[] = [];
  const shim = await compileSmallShim();
  const answer = async (source: unknown) => {
    asked.push(source);
    return new Response(shim);
  };
  const context = createContext({ ...WEB, fetch: answer });
  runInContext(text, context);
  const { efi } = await context.loadShim("built/shim.wasm");
  expect(efi.getVariable("BootOrder", xenefi.GLOBAL_GUID)).toMatchObject({ status: "SUCCESS", size: 6 });
  expect(asked).toEqual(["built/shim.wasm"]);
});
