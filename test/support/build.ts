import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { TestProject } from "vitest/node";
import { buildCore } from "../../scripts/build-core.mjs";

const BUNDLE = fileURLToPath(new URL("../../scripts/bundle.mjs", import.meta.url));

/**
 * Compiles the cores that the tests load, and bundles the fuzzer's thread and the library's entries, before the tests and
 * again in watch mode after a change.
 */
export default async function setup(project: TestProject): Promise<void> {
  const build = async () => {
    for (const target of ["debug", "release", "fuzz", "fuzz-bare"] as const) await buildCore(target);
    execFileSync(process.execPath, [BUNDLE], { stdio: "inherit" });
  };
  await build();
  project.onTestsRerun(build);
}
