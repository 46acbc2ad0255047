/** What a shim can be loaded from: a path or URL, its bytes, or the compiled module. */
export type ShimSource = string | URL | BufferSource | WebAssembly.Module;

/** The module of a source. Paths are read from disk where there is one, everything else is fetched. */
export async function moduleOf(source: ShimSource): Promise<WebAssembly.Module> {
  if (source instanceof WebAssembly.Module) return source;
  if (typeof source === "string" || source instanceof URL) return WebAssembly.compile(await load(source));
  return WebAssembly.compile(source);
}

async function load(source: string | URL): Promise<BufferSource> {
  const fs = globalThis.process?.getBuiltinModule?.("node:fs/promises");
  const protocol = source instanceof URL ? source.protocol : /^([a-z]{2,}:)\/\//i.exec(source)?.[1];
  if (fs !== undefined && (protocol === undefined || protocol === "file:")) {
    return new Uint8Array(await fs.readFile(protocol === undefined ? source : new URL(source)));
  }
  const response = await fetch(source);
  if (!response.ok) throw new Error(`${source}: ${response.status} ${response.statusText}`);
  return response.arrayBuffer();
}
