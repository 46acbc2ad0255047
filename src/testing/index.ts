/** xenefi/testing: kernel shims in wasm under test. This file only re-exports. */

export type { ShimEfi } from "./efi.ts";
export { type BugFunction, ShimBugError, type ShimEvent } from "./events.ts";
export type { Passed } from "./host.ts";
export { type HypercallOptions, hypercallImports } from "./imports.ts";
export { LayoutError } from "./layout-diagnosis.ts";
export { loadShim } from "./load.ts";
export { NullWriteError } from "./null-guard.ts";
export type { Probe } from "./probe.ts";
export type * from "./results.ts";
export { Shim, type ShimOptions } from "./shim.ts";
export { ShimMemory } from "./shim-memory.ts";
export type { ShimSource } from "./source.ts";
