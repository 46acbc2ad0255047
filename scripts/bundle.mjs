// Bundles the command into cli, one file a command and what they share, and the library into lib, one file an entry and what
// they share: node scripts/bundle.mjs [folder], else dist. Loading a hundred modules one by one took longer than most commands
// run, and longer than a user's first unit test.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const TO = process.argv[2] ?? join(ROOT, "dist");
/** For the packages that are no ES modules. */
const REQUIRE = 'const require = process.getBuiltinModule("node:module").createRequire(import.meta.url);';

/** The modules for which others stand in browsers (`browser` of package.json) stay files of their own, as tsc made them. */
const apart = {
  name: "apart",
  setup({ onResolve }) {
    onResolve({ filter: /\/core-bytes\.ts$/ }, () => ({ path: "../src/core-bytes.js", external: true }));
    onResolve({ filter: /\/resource\.ts$/ }, () => ({ path: "../src/testing/resource.js", external: true }));
  },
};

const COMMON = {
  absWorkingDir: ROOT,
  bundle: true,
  splitting: true,
  platform: "node",
  format: "esm",
  target: "node20.20",
  logLevel: "warning",
};

await build({
  ...COMMON,
  entryPoints: { main: "src/cli/main.ts", "fuzz-worker": "src/fuzz/worker.ts" },
  outdir: join(TO, "cli"),
  banner: { js: REQUIRE },
});
await build({
  ...COMMON,
  entryPoints: {
    index: "src/index.ts",
    crypto: "src/crypto/index.ts",
    file: "src/files/machine-file.ts",
    stores: "src/stores.ts",
    testing: "src/testing/index.ts",
    vitest: "src/vitest.ts",
  },
  outdir: join(TO, "lib"),
  packages: "external",
  plugins: [apart],
});
