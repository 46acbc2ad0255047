import { Shim, type ShimOptions } from "../../../../src/testing/index.ts";
import type { WasmAbi } from "../kernel.ts";

export const VENDOR = "11111111-2222-3333-4444-555555555555";
export const OTHER_VENDOR = "99999999-8888-7777-6666-555555555555";
export const NO_VENDOR = "00000000-0000-0000-0000-000000000000";

/** What a right shim does, on a machine of its own. */
export interface Examination {
  /** The rule as a sentence, whose subject is the shim. */
  rule: string;
  options?: ShimOptions;
  /** Throws if the shim does otherwise. */
  check: (shim: Shim) => void;
}

/** Runs an examination; what it threw, undefined for a shim that passes. */
export function examine(module: WebAssembly.Module, abi: WasmAbi, { options, check }: Examination): unknown {
  const shim = new Shim(module, { ...options, abi });
  try {
    check(shim);
    return undefined;
  } catch (error) {
    return error;
  }
}
