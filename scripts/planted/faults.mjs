import { ANSWER_FAULTS } from "./answer-faults.mjs";
import { AUTH_FAULTS } from "./auth-faults.mjs";
import { HYPERCALL_FAULTS } from "./hypercall-faults.mjs";
import { SERVICE_FAULTS } from "./service-faults.mjs";
import { STORE_FAULTS } from "./store-faults.mjs";

/**
 * Faults of the core, planted to see whether the fuzzer finds them: name, file, the text that is there just once, what
 * stands in its place (an expression for an expression, statements for statements), the kind of fault, and what is wrong.
 */
export const FAULTS = [...HYPERCALL_FAULTS, ...STORE_FAULTS, ...SERVICE_FAULTS, ...ANSWER_FAULTS, ...AUTH_FAULTS];
