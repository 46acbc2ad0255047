import { readFileSync } from "node:fs";
import { join } from "node:path";
import asc from "assemblyscript/asc";
import { ROOT } from "../native.ts";

interface NaiveExports {
  memory: WebAssembly.Memory;
  guest(): number;
  dispatch(op: number): number;
  add(op: number): number;
}

let compiled: Promise<WebAssembly.Module> | undefined;

/**
 * Compiles bench/naive with its garbage collector, once a process. It has 64 MiB from the start on: a memory that grows would
 * leave the views of it behind. Throws with the compiler's messages.
 */
function compile(): Promise<WebAssembly.Module> {
  compiled ??= (async () => {
    const args = ["bench/naive/index.ts", "--config", "bench/naive/asconfig.json", "--target", "release"];
    const { error, stderr } = await asc.main([...args, "--baseDir", ROOT], { stderr: asc.createMemoryStream() });
    if (error) throw new Error(`bench/naive does not compile:\n${stderr}`);
    return new WebAssembly.Module(readFileSync(join(ROOT, "build/naive.wasm")));
  })();
  return compiled;
}

/** An instance of bench/naive: the op's answer, and its own guest memory. */
export interface Naive {
  dispatch(op: number): number;
  /** Stores what a SetVariable at this guest address would write. */
  add(op: number): number;
  guest: Uint8Array;
}

export async function makeNaive(guestBytes: number): Promise<Naive> {
  const module = await compile();
  const imports = { env: { abort: () => {} } };
  const { exports } = new WebAssembly.Instance(module, imports);
  const { memory, guest, dispatch, add } = exports as unknown as NaiveExports;
  return { dispatch, add, guest: new Uint8Array(memory.buffer, guest(), guestBytes) };
}
