import { coreBytes } from "./core-bytes.ts";
import type { Core, Loans } from "./core-exports.ts";
import { makeCoreOf } from "./core-instance.ts";

/** Makes an instance whose guest window has at least `windowBytes` bytes. The module is compiled once a process. */
export function makeCore(windowBytes: number, loans: Loans = {}): Core {
  compiled ??= new WebAssembly.Module(coreBytes());
  return makeCoreOf(compiled, windowBytes, loans);
}

let compiled: WebAssembly.Module | undefined;
