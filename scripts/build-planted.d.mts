/**
 * Compiles the fuzzing core with all planted faults into build/planted.wasm and build/planted-edges.json. Throws if the text
 * of a fault is not in its file just once, or where two faults' texts meet.
 */
export function buildPlanted(): void;
