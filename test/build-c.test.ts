import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { buildC } from "../scripts/build-c.mjs";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "xenefi-c-"));
  mkdirSync(join(folder, "bin"));
  vi.stubEnv("PATH", join(folder, "bin"));
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

/** Puts a wasm2c there that says it is of this version. */
function install(version: string): void {
  const path = join(folder, "bin/wasm2c");
  writeFileSync(path, `#!/bin/sh\necho ${version}\n`);
  chmodSync(path, 0o755);
}

const build = () => buildC(join(folder, "c"), {}, {}, new Uint8Array(0));

test("without wabt the package is named", () => {
  expect(build).toThrow("wasm2c is missing: apt-get install wabt (1.0.32)");
});

test("a wabt that names a module's functions otherwise is refused", () => {
  install("1.0.36");
  expect(build).toThrow(/bin\/wasm2c: wabt 1\.0\.32, not 1\.0\.36/);
});

test("a wabt without its header is named, too", () => {
  install("1.0.32");
  expect(build).toThrow(/include\/wasm-rt\.h is missing: apt-get install wabt/);
});
