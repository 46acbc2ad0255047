import { configDefaults, defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Need the tools of .ci/packages; npm run test:interop.
    exclude: [...configDefaults.exclude, "test/interop/**"],
    globalSetup: "test/support/build.ts",
    // The tests run the debug core, with its asserts, unless told otherwise.
    env: { XENEFI_CORE: process.env.XENEFI_CORE ?? "build/debug.wasm" },
    forceRerunTriggers: [...configDefaults.forceRerunTriggers, "**/assembly/**/*.ts"],
    testTimeout: 60_000,
  },
});
