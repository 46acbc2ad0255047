import { build as bundle } from "esbuild";
import type { TestProject } from "vitest/node";
import { buildCore } from "../../scripts/build-core.mjs";

/** Compiles the cores and the fuzzer's thread that the tests load, before them and again in watch mode after a change. */
export default async function setup(project: TestProject): Promise<void> {
  const build = async () => {
    for (const target of ["debug", "release", "fuzz", "fuzz-bare"] as const) await buildCore(target);
    await bundle({
      entryPoints: { "fuzz-worker": "src/fuzz/worker.ts" },
      outdir: "dist/cli",
      bundle: true,
      platform: "node",
      format: "esm",
      target: "node20.20",
      logLevel: "warning",
    });
  };
  await build();
  project.onTestsRerun(build);
}
