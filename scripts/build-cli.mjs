// Bundles the command into dist/cli, one file a command and what they share: node scripts/build-cli.mjs [folder]
// Loading a hundred modules one by one took longer than most commands run.
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
/** For the packages that are no ES modules. */
const REQUIRE = 'const require = process.getBuiltinModule("node:module").createRequire(import.meta.url);';

await build({
  absWorkingDir: ROOT,
  entryPoints: { main: "src/cli/main.ts", "fuzz-worker": "src/fuzz/worker.ts" },
  outdir: process.argv[2] ?? "dist/cli",
  bundle: true,
  splitting: true,
  platform: "node",
  format: "esm",
  target: "node20.20",
  banner: { js: REQUIRE },
  logLevel: "warning",
});
