// Compiles the core: node scripts/build-core.mjs debug release coverage fuzz fuzz-bare
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/**
 * Compiles the core for a target of asconfig.json into build/, the release core also as build/core-bytes.js. The fuzzing
 * cores have the fuzzer's player in them, `fuzz` with counts of edges, `fuzz-bare` without, and are made for speed whatever
 * their size.
 * Throws with the compiler's messages.
 */
export async function buildCore(target) {
  const transforms = [
    ...(target === "coverage" || target === "fuzz" ? ["./scripts/coverage-transform.mjs"] : []),
    ...(target === "debug" || target === "coverage" ? [] : ["./scripts/inline-transform.mjs"]),
  ].flatMap((file) => ["--transform", file]);
  const entry = target.startsWith("fuzz") ? "assembly/fuzz/index.ts" : "assembly/index.ts";
  const { error, stderr } = await asc
    .main([entry, "--config", "asconfig.json", "--target", target, ...transforms], {
      stderr: asc.createMemoryStream(),
      stdout: process.stderr,
      reportDiagnostic: undefined,
    })
    .then((result) => ({ error: result.error, stderr: result.stderr.toString() }));
  if (error) throw new Error(`the ${target} core does not compile:\n${stderr}`);
  if (target === "release") inlineCore();
}

/** Writes what stands for src/core-bytes.ts in browsers: the release core as text, for bundles have no file beside them. */
function inlineCore() {
  const text = readFileSync(`${ROOT}build/release.wasm`, "base64");
  const decode = `Uint8Array.from(atob("${text}"), (unit) => unit.charCodeAt(0))`;
  writeFileSync(`${ROOT}build/core-bytes.js`, `export const coreBytes = () => ${decode};\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.chdir(ROOT);
  for (const target of process.argv.slice(2)) await buildCore(target);
}
