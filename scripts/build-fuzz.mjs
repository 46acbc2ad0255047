// Bundles the fuzz targets into fuzz/build/harness.js, a CommonJS module, with the cores beside it: node scripts/build-fuzz.mjs
import { copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const OUT = `${ROOT}fuzz/build`;
/** Files that the targets find by name. */
const NAMES = ["#core.wasm", "#fuzz.wasm", "#fuzz-bare.wasm", "#fuzz-edges.json"];

const { imports } = JSON.parse(readFileSync(`${ROOT}package.json`, "utf8"));
const files = Object.fromEntries(NAMES.map((name) => [name, basename(imports[name])]));

mkdirSync(OUT, { recursive: true });
for (const name of NAMES) copyFileSync(`${ROOT}${imports[name]}`, `${OUT}/${files[name]}`);
await build({
  absWorkingDir: ROOT,
  entryPoints: { harness: "src/fuzz/jazzer.ts" },
  outdir: OUT,
  bundle: true,
  platform: "node",
  format: "cjs",
  target: "node20.20",
  define: { "import.meta.resolve": "besideBundle" },
  banner: {
    js: `const besideBundle = (name) => require("node:url").pathToFileURL(require("node:path").join(__dirname, ${JSON.stringify(files)}[name])).href;`,
  },
  logLevel: "warning",
});
