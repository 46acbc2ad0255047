import { edk2 } from "./edk2.ts";
import { ovmf2m, ovmf4m } from "./ovmf.ts";
import type { Policy } from "./policy.ts";

/** All personalities by name; the first is the default. */
export const POLICIES: Readonly<Record<string, Policy>> = { "ovmf-4m": ovmf4m, "ovmf-2m": ovmf2m, edk2 };
