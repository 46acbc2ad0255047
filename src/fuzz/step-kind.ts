import {
  KIND_COMMON,
  KIND_COMMON_NEXT,
  KIND_COMMON_SET,
  KINDS,
  STEP_BYTES,
  STEP_KIND,
} from "../../assembly/abi/fuzz.ts";
import { FN_GET_NEXT_VARIABLE_NAME, FN_GET_VARIABLE, FN_SET_VARIABLE } from "../../assembly/abi/op.ts";

/** What a step of a sequence does: a KIND_ of assembly/abi/fuzz.ts or the number of a function, the common ones folded. */
export function stepKind(input: Uint8Array, step: number): number {
  const kind = (input[step * STEP_BYTES + STEP_KIND] as number) % KINDS;
  if (kind < KIND_COMMON) return kind;
  if (kind < KIND_COMMON_SET) return FN_GET_VARIABLE;
  return kind < KIND_COMMON_NEXT ? FN_SET_VARIABLE : FN_GET_NEXT_VARIABLE_NAME;
}

/** After how many steps of flash writing a cut of power with this seed comes: fewer than 1, 4, 16 or 64 Ki. */
export const cutSteps = (seed: number): number => seed % (0x400 << ((seed >>> 30) * 2));
