import { bytesOf } from "./resource.ts";

/** What a shim can be loaded from: a path or URL, its bytes, or the compiled module. */
export type ShimSource = string | URL | BufferSource | WebAssembly.Module;

/** The module of a source. On Node paths are read from disk; in browsers they are URLs as all others. */
export async function moduleOf(source: ShimSource): Promise<WebAssembly.Module> {
  if (source instanceof WebAssembly.Module) return source;
  if (typeof source === "string" || source instanceof URL) return WebAssembly.compile(await bytesOf(source));
  return WebAssembly.compile(source);
}
