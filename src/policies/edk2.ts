import {
  ANY_DIGEST,
  COUNTER_ATTRIBUTE_FIRST,
  COUPLE_LANGUAGES,
  RECORD_IN_ONE_WRITE,
  WAKEUP_ALARM,
} from "../../assembly/abi/policy.ts";
import { ovmf4m } from "./ovmf.ts";
import { PLAIN_BOOT } from "./ovmf-boot.ts";
import type { Policy } from "./policy.ts";

/** edk2 of August 2026 with the sizes of an OVMF 4 MiB build, on no particular machine, nobody at its console. */
export const edk2: Policy = {
  ...ovmf4m,
  name: "edk2",
  title: "edk2 of August 2026, sizes of OVMF's 4 MiB build",
  flags: COUPLE_LANGUAGES | WAKEUP_ALARM | COUNTER_ATTRIBUTE_FIRST | ANY_DIGEST | RECORD_IN_ONE_WRITE,
  boot: PLAIN_BOOT,
};
