import type { TestProject } from "vitest/node";
import { buildCore } from "../../scripts/build-core.mjs";

/** Compiles the cores that the tests load, before them and again in watch mode after a change. */
export default async function setup(project: TestProject): Promise<void> {
  const build = async () => {
    for (const target of ["debug", "release", "fuzz", "fuzz-bare"] as const) await buildCore(target);
  };
  await build();
  project.onTestsRerun(build);
}
