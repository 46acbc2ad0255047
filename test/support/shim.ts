import { readFileSync } from "node:fs";
import asc from "assemblyscript/asc";
import { fixturePath } from "./fixtures.ts";

/** Compiles test/fixtures/shims/small.as, a kernel shim without a C compiler; its data begins at address 1024. */
export function compileSmallShim(...options: string[]): Promise<Uint8Array<ArrayBuffer>> {
  return compileShim(readFileSync(fixturePath("shims/small.as"), "utf8"), ...options);
}

/** Compiles the source of such a shim. */
export async function compileShim(source: string, ...options: string[]): Promise<Uint8Array<ArrayBuffer>> {
  let wasm: Uint8Array | undefined;
  const common = ["--outFile", "shim.wasm", "--runtime", "stub", "--memoryBase", "1024", "--use", "abort="];
  const { error, stderr } = await asc.main(["shim.ts", ...common, ...options], {
    readFile: (name) => (name === "shim.ts" ? source : null),
    writeFile: (_, contents) => {
      wasm = contents as Uint8Array;
    },
    listFiles: () => [],
  });
  if (error !== null || wasm === undefined) throw new Error(`the small shim does not compile:\n${stderr}`);
  return new Uint8Array(wasm);
}
