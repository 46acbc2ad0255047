import type { PlantedFault } from "./planted/faults.mjs";

/**
 * Compiles the fuzzing core with all planted faults into build/planted.wasm and build/planted-edges.json. Throws what
 * plant throws.
 */
export function buildPlanted(): void;

/**
 * The text of a source with those of the faults that are its own, each under a switch of its number. Throws if the text of a
 * fault is not there just once, or where two faults' texts meet.
 */
export function plant(file: string, text: string, faults: readonly PlantedFault[]): string;
