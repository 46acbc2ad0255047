/** Compiles assembly/index.ts for a target of asconfig.json into build/. Throws with the compiler's messages. */
export function buildCore(target: "debug" | "release" | "coverage"): Promise<void>;
