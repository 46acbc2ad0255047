/**
 * Writes the core as C, these constants, these lists of words, the built-in machine image, and wabt's header into a folder.
 * Throws an Error that names the package if wabt is missing or another one.
 */
export function buildC(
  folder: string,
  constants: Readonly<Record<string, unknown>>,
  words: Readonly<Record<string, readonly string[]>>,
  image: Uint8Array,
): void;
