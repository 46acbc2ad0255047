import { Shim, type ShimOptions } from "./shim.ts";
import { moduleOf, type ShimSource } from "./source.ts";

/**
 * Loads a shim, a wasm module such as shim/build.sh makes, with a machine of its own behind it. It runs the shim's setup,
 * with the machine's runtime version, where the module has glue.c in it. Throws a TypeError for a module that is no shim, a
 * RangeError for one with data in the NULL guard, and as `new Machine` does.
 */
export async function loadShim(source: ShimSource, options: ShimOptions = {}): Promise<Shim> {
  return new Shim(await moduleOf(source), options);
}
