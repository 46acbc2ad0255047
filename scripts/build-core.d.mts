/** The targets of asconfig.json. */
export type CoreTarget = "debug" | "release" | "coverage" | "fuzz" | "fuzz-bare";

/**
 * Compiles the core for a target into build/, the release core also as build/core-bytes.js. Throws with the compiler's
 * messages.
 */
export function buildCore(target: CoreTarget): Promise<void>;
