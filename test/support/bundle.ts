import { fileURLToPath } from "node:url";
import { type BuildOptions, build, type Metafile } from "esbuild";

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

/** A bundle's text, and what esbuild says of it. */
export interface Bundle {
  text: string;
  metafile: Metafile;
}

/** Bundles a script that lies in a folder, for browsers unless the options say otherwise. */
export async function bundle(contents: string, resolveDir: string, options: BuildOptions = {}): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    ...{ bundle: true, platform: "browser", format: "esm", logLevel: "silent" },
    ...options,
    ...{ stdin: { contents, resolveDir }, write: false, metafile: true },
  });
  return { text: outputFiles[0]?.text ?? "", metafile };
}

/** Makes the package's names those of its sources. */
export const FROM_SOURCES: BuildOptions = {
  alias: { xenefi: path("../../src/index.ts"), "xenefi/testing": path("../../src/testing/index.ts") },
};

/** A script that has `smoke(base64)`, of smoke.ts with the package, and goes on so. */
export function smokeScript(rest: string): string {
  return `import * as xenefi from "xenefi";
import { loadShim } from "xenefi/testing";
import { smoke as run } from ${JSON.stringify(path("smoke.ts"))};
const smoke = (base64) => run({ ...xenefi, loadShim }, base64);
${rest}`;
}
