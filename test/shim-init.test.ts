import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Exit } from "../src/cli/io.ts";
import { xenefi } from "./support/cli.ts";

const EXAMPLE = fileURLToPath(new URL("../examples/shim/", import.meta.url));
const FILES = ["README.md", "build.sh", "fuzz.js", "package.json", "record.js", "shim.c", "shim.test.js"];

let parent: string;
let folder: string;

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "xenefi-shim-init-"));
  folder = join(parent, "new", "shim");
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(parent, { recursive: true });
});

test("the example is laid out as it is, with a package.json of this version", async () => {
  const { exit, out } = await xenefi("shim", "init", folder);
  expect(exit).toBe(Exit.Done);
  expect(readdirSync(folder).sort()).toEqual(FILES);
  expect(out.trimEnd().split("\n").sort()).toEqual(FILES.map((name) => join(folder, name)));
  for (const name of FILES.filter((name) => name !== "package.json")) {
    expect(readFileSync(join(folder, name), "utf8")).toBe(readFileSync(join(EXAMPLE, name), "utf8"));
  }
  const { devDependencies, scripts } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  expect(devDependencies.xenefi).toBe("1.2.3");
  for (const name of ["build", "test", "record", "fuzz"]) expect(scripts[name]).toBeTypeOf("string");
});

test("every file of the example is laid out", () => {
  const example = readdirSync(EXAMPLE).filter((name) => name !== "build");
  expect([...example, "package.json"].sort()).toEqual(FILES);
});

test("where a file is there already, it is told, and nothing is written", async () => {
  writeFileSync(join(parent, "shim.c"), "mine");
  writeFileSync(join(parent, "package.json"), "mine");
  const { exit, err } = await xenefi("shim", "init", parent);
  expect(exit).toBe(Exit.Usage);
  expect(err).toBe(`xenefi: ${parent} has shim.c, package.json already: take another folder\n`);
  expect(readdirSync(parent).sort()).toEqual(["package.json", "shim.c"]);
  expect(readFileSync(join(parent, "shim.c"), "utf8")).toBe("mine");
});

test.each([
  ["no tool", [], ["apt-get install clang-19 lld-19"]],
  ["no linker", ["clang-19"], ["apt-get install lld-19"]],
  ["other versions", ["clang", "wasm-ld"], []],
])("what to run next is told where there is %s", async (_, programs, install) => {
  for (const name of programs) writeFileSync(join(parent, name), "");
  vi.stubEnv("PATH", parent);
  const steps = [...install, `cd ${folder}`, "npm install", "npm run build", "npm test"];
  expect((await xenefi("shim", "init", folder)).err).toBe(`next:\n${steps.map((step) => `  ${step}\n`).join("")}`);
  const other = `${folder} 2`;
  const { next } = JSON.parse((await xenefi("--json", "shim", "init", other)).out);
  expect(next).toEqual([...install, `cd '${other}'`, "npm install", "npm run build", "npm test"]);
});

test("a folder that cannot be made is an error that names it", async () => {
  writeFileSync(join(parent, "new"), "a file");
  const { exit, err } = await xenefi("shim", "init", folder);
  expect(exit).toBe(Exit.Unreadable);
  expect(err).toContain(folder);
  expect(existsSync(folder)).toBe(false);
});
