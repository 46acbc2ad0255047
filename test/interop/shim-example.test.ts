import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { installPackage, output, ROOT } from "../support/installed.ts";
import { build, KERNEL_PACKAGES, kernelTree } from "./support/kernel.ts";
import { need } from "./support/tools.ts";

need("clang-19", "lld-19");

let folder: string;
/** Where `xenefi shim init` has laid the example, below what has its packages. */
let example: string;
const npm = (...args: string[]) => output(example, "npm", ...args);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "xenefi-example-"));
  const { user } = await installPackage(folder);
  await symlink(join(ROOT, "node_modules/vitest"), join(user, "node_modules/vitest"));
  await symlink("../vitest/vitest.mjs", join(user, "node_modules/.bin/vitest"));
  const said = await output(user, "npx", "xenefi", "shim", "init");
  expect(said).toContain("shim-test/shim.c\n");
  example = join(user, "shim-test");
  await npm("run", "build");
}, 300_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

test("the test of a shim passes", async () => {
  expect(await npm("test")).toMatch(/Tests .*2 passed/);
});

test("what is recorded replays without a difference", async () => {
  const said = await npm("run", "record");
  expect(said).toMatch(/trace\.jsonl: \d\d calls, \d{3} fields compared, 0 differences/);
  const trace = await readFile(join(example, "build/trace.jsonl"), "utf8");
  expect(trace).toContain('"fn":"get_next_variable_name"');
  await writeFile(join(example, "build/trace.jsonl"), trace.replace('"data":"010203"', '"data":"010204"'));
  await expect(output(example, "npx", "xenefi", "replay", "build/trace.jsonl")).rejects.toThrow(/ [12] differences?/);
});

test("the fuzz driver finds nothing in the shim, and what is wrong in a shim that believes every size", async () => {
  expect(await npm("run", "fuzz")).toContain("500 rounds of 20 calls, no finding");
  const source = await readFile(join(example, "shim.c"), "utf8");
  await writeFile(join(example, "wrong.c"), source.replace("op.variable.size > *size", "0"));
  await withBuilt(async () => {
    await output(example, "sh", "build.sh", "wrong.c");
    await expect(npm("run", "fuzz")).rejects.toThrow(/seed \d+, call \d+: /);
    await expect(npm("test")).rejects.toThrow(/Tests .*1 failed/);
  });
});

test("build.sh says which packages are missing", async () => {
  const build = (variable: string) => output(example, "env", `${variable}=none`, "sh", "build.sh");
  await expect(build("CLANG")).rejects.toThrow("none is missing: apt-get install clang-19 lld-19");
  await expect(build("WASM_LD")).rejects.toThrow("none is missing: apt-get install clang-19 lld-19");
});

describe("Linux's own shim in its place", () => {
  need(...KERNEL_PACKAGES);

  test("passes the test that asks for what it does, and no other", async () => {
    await withBuilt(async () => {
      build(kernelTree("6.12"), "arm32", { output: join(example, "build/shim.wasm") });
      await expect(npm("test")).rejects.toThrow(/Tests .*1 failed.*1 passed/);
      await expect(npm("run", "fuzz")).rejects.toThrow(/seed \d+, call \d+: /);
      expect(await npm("run", "record")).toContain(" 0 differences");
    });
  });
});

/** Lets something else be built, and puts the example's own build back. */
async function withBuilt(work: () => Promise<void>): Promise<void> {
  const [built, kept] = [join(example, "build"), join(folder, "built")];
  await cp(built, kept, { recursive: true });
  try {
    await work();
  } finally {
    await cp(kept, built, { recursive: true });
  }
}
