import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build, type Kernel, kernelTree, type WasmAbi } from "../kernel.ts";
import { fresh } from "../tools.ts";

/** A change to one place of a kernel's source. */
export interface Edit {
  /** Path in the kernel's tree. */
  file: string;
  /** The function that it is in; undefined: anywhere in the file. */
  fn?: string | undefined;
  from: string;
  to: string;
}

/** Builds a kernel's shim with an edit. Throws where the edit finds no place or several, a ToolError where it does not compile. */
export function editedModule(kernel: Kernel, abi: WasmAbi, { file, ...edit }: Edit): WebAssembly.Module {
  const tree = fresh();
  cpSync(kernelTree(kernel), tree, { recursive: true });
  const path = join(tree, file);
  writeFileSync(path, edited(readFileSync(path, "utf8"), edit));
  const output = build(tree, abi);
  rmSync(tree, { recursive: true });
  return new WebAssembly.Module(readFileSync(output));
}

/** The source with its one place changed. */
export function edited(source: string, { fn, from, to }: Omit<Edit, "file">): string {
  const scope = fn === undefined ? source : definition(source, fn);
  const places = scope.split(from).length - 1;
  const where = fn === undefined ? "" : ` in ${fn}`;
  if (places !== 1) throw new Error(`${JSON.stringify(from)} is there ${places} times${where}, not once`);
  return source.replace(scope, () => scope.replace(from, () => to));
}

/** A function's text, from its name in the definition to the brace that ends it. */
function definition(source: string, fn: string): string {
  const found = source.match(new RegExp(`^\\w[^;{}()]*\\b${fn}\\([^;{}]*\\)\\n\\{\\n[^]*?^\\}$`, "m"));
  if (found === null) throw new Error(`no function ${fn} is defined`);
  return found[0];
}
