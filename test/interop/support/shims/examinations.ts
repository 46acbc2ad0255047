import type { Kernel, WasmAbi } from "../kernel.ts";
import { TIMES } from "./clock.ts";
import { DESCRIPTORS } from "./descriptors.ts";
import type { Examination } from "./examination.ts";
import { OTHERS } from "./others.ts";
import { PROBE } from "./probe.ts";
import { ARM_REFUSALS, REFUSALS } from "./refusals.ts";
import { VARIABLES } from "./variables.ts";

/** All that a right shim of a kernel does, as it is built for an ABI. */
export function examinationsOf(kernel: Kernel, abi: WasmAbi): Examination[] {
  return [
    ...[...VARIABLES, ...TIMES, ...OTHERS, ...REFUSALS],
    ...(abi === "arm32" ? ARM_REFUSALS : PROBE),
    ...(kernel === "6.1" ? [] : DESCRIPTORS),
  ];
}
