/**
 * Compiles assembly/index.ts for a target of asconfig.json into build/, the release core also as build/core-bytes.js.
 * Throws with the compiler's messages.
 */
export function buildCore(target: "debug" | "release" | "coverage"): Promise<void>;
