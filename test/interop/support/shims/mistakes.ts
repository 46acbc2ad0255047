/** A mistake: what the shim then does, the text that is replaced, its replacement, and the rule that tells it. */
export type Mistake = [mistake: string, from: string, to: string, caughtBy: string];

/** Mistakes by the function that they are in. */
export type Mistakes = Record<string, Mistake[]>;

/** How a shim tests a hypercall's result, in each function that makes one. */
export const FAILED = "HYPERVISOR_platform_op(&op) < 0";
