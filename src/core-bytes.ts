import { readFileSync } from "node:fs";

/**
 * The core's wasm file: the one beside the package, or the one that XENEFI_CORE names (a debug or coverage build). In
 * bundles for browsers build/core-bytes.js, which has the release core in it, stands for this file (`browser` of
 * package.json).
 */
export function coreBytes(): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(process.env.XENEFI_CORE ?? new URL(import.meta.resolve("#core.wasm"))));
}
