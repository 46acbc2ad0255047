import { edk2 } from "./edk2.ts";
import { openvmm } from "./openvmm.ts";
import { ovmf2m, ovmf4m } from "./ovmf.ts";
import type { Policy } from "./policy.ts";
import { qemu } from "./qemu.ts";
import { spec } from "./spec.ts";
import { uboot } from "./uboot.ts";
import { varstored } from "./varstored.ts";

const ALL: readonly Policy[] = [ovmf4m, ovmf2m, edk2, uboot, qemu, openvmm, varstored, spec];

/** All personalities by name; the first is the default. */
export const POLICIES: Readonly<Record<string, Policy>> = Object.fromEntries(
  ALL.map((policy) => [policy.name, policy]),
);
