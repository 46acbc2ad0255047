// Bundles the command into cli, one file a command and what they share, and the library into lib, one file an entry and what
// they share: node scripts/bundle.mjs [folder], else dist. Loading a hundred modules one by one took longer than most commands
// run, and longer than a user's first unit test.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const { dependencies, peerDependencies } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
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

/**
 * Entries that need most of what src/index.ts has, "after:" before their paths, load all of it. What two sets of entries share is a
 * chunk of its own for each set, and "." would be eight files in place of five, half a millisecond each.
 */
const afterIndex = {
  name: "after-index",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^after:/ }, ({ path }) => ({ path: path.slice("after:".length), namespace: "after" }));
    onLoad({ filter: /./, namespace: "after" }, ({ path }) => ({
      contents: `import "./src/index.ts";\nexport * from "./${path}";\n`,
      resolveDir: ROOT,
    }));
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

await bundle("cli", {
  entryPoints: { main: "src/cli/main.ts", "fuzz-worker": "src/fuzz/worker.ts" },
  banner: { js: REQUIRE },
});
await bundle("lib", {
  entryPoints: {
    index: "src/index.ts",
    crypto: "src/crypto/index.ts",
    file: "after:src/files/machine-file.ts",
    stores: "src/stores.ts",
    testing: "after:src/testing/index.ts",
    vitest: "after:src/vitest.ts",
  },
  external: Object.keys({ ...dependencies, ...peerDependencies }),
  plugins: [apart, afterIndex],
});

/** Bundles into a folder, and writes the licences of the packages that are in it beside. */
async function bundle(folder, options) {
  const outdir = join(TO, folder);
  const { metafile } = await build({ ...COMMON, ...options, outdir, metafile: true });
  writeFileSync(join(outdir, "LICENSES.txt"), licensesOf(metafile));
}

/** The licences of the packages that a bundle holds, which ask to go where their code goes. */
function licensesOf({ inputs }) {
  const packages = Object.keys(inputs).flatMap((path) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []);
  const texts = [...new Set(packages)].sort().map((name) => {
    const folder = join(ROOT, "node_modules", name);
    const { version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
    const text = file === undefined ? "" : `\n${readFileSync(join(folder, file), "utf8").trim()}\n`;
    return `${name} ${version}: ${license}\n${text}`;
  });
  return `Packages whose code is in this folder, each with its licence.\n\n${texts.join(`\n${"-".repeat(80)}\n\n`)}`;
}
