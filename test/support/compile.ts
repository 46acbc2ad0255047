import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** The library as Node runs it, for processes of their own; `env` names the release core. */
export interface Compiled {
  folder: string;
  env: NodeJS.ProcessEnv;
  remove(): void;
}

/** Compiles the library, types unchecked, into a folder of its own below build/, where its packages are found. */
export function compileLibrary(): Compiled {
  const folder = mkdtempSync(join(ROOT, "build/compiled-"));
  for (const tree of ["src", "assembly/abi"]) {
    for (const path of readdirSync(join(ROOT, tree), { recursive: true, encoding: "utf8" })) {
      if (!path.endsWith(".ts")) continue;
      const target = join(folder, tree, path.replace(/\.ts$/, ".js"));
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, transpile(readFileSync(join(ROOT, tree, path), "utf8")));
    }
  }
  const env = { ...process.env, XENEFI_CORE: join(ROOT, "build/release.wasm") };
  return { folder, env, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

function transpile(source: string): string {
  const compilerOptions = {
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.ESNext,
    verbatimModuleSyntax: true,
    rewriteRelativeImportExtensions: true,
  };
  return ts.transpileModule(source, { compilerOptions }).outputText;
}
