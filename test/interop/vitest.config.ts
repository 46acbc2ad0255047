import { configDefaults, defineConfig } from "vitest/config";
import base from "../../vitest.config.ts";

/** The tests that need the tools of .ci/packages, or minutes, which `npm test` does without. */
export default defineConfig({
  test: {
    ...base.test,
    include: ["test/interop/**/*.test.ts"],
    exclude: configDefaults.exclude,
    // Firmware that boots keeps a processor busy; a guest has a time limit of its own, within this one.
    maxWorkers: 2,
    testTimeout: 300_000,
  },
});
