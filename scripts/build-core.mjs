// Compiles the core: node scripts/build-core.mjs debug release coverage
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Compiles assembly/index.ts for a target of asconfig.json into build/. Throws with the compiler's messages. */
export async function buildCore(target) {
  const transform = target === "coverage" ? ["--transform", "./scripts/coverage-transform.mjs"] : [];
  const { error, stderr } = await asc
    .main(["assembly/index.ts", "--config", "asconfig.json", "--target", target, ...transform], {
      stderr: asc.createMemoryStream(),
      stdout: process.stderr,
      reportDiagnostic: undefined,
    })
    .then((result) => ({ error: result.error, stderr: result.stderr.toString() }));
  if (error) throw new Error(`the ${target} core does not compile:\n${stderr}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.chdir(ROOT);
  for (const target of process.argv.slice(2)) await buildCore(target);
}
