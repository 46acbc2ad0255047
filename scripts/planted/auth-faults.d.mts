import type { PlantedFault } from "./faults.mjs";

export const AUTH_FAULTS: readonly PlantedFault[];
