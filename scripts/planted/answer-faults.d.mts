import type { PlantedFault } from "./faults.mjs";

export const ANSWER_FAULTS: readonly PlantedFault[];
