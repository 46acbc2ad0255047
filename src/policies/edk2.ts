import { COUNTER_ATTRIBUTE_FIRST } from "../../assembly/abi/policy.ts";
import { ovmf4m } from "./ovmf.ts";
import { PLAIN_BOOT } from "./ovmf-boot.ts";
import type { Policy } from "./policy.ts";

/** edk2 of August 2026 with the sizes of an OVMF 4 MiB build, on no particular machine. */
export const edk2: Policy = {
  ...ovmf4m,
  name: "edk2",
  title: "edk2 of August 2026, sizes of OVMF's 4 MiB build",
  flags: ovmf4m.flags | COUNTER_ATTRIBUTE_FIRST,
  boot: PLAIN_BOOT,
};
