import { COUPLE_LANGUAGES, PHYSICAL_PRESENCE, SELF_SIGNED_PK, WAKEUP_ALARM } from "../../assembly/abi/policy.ts";
import { OVMF_2M, OVMF_4M } from "../formats/edk2-store.ts";
import { EDK2_DEFINITIONS } from "./definitions.ts";
import { Q35_BOOT } from "./ovmf-boot.ts";
import type { Policy } from "./policy.ts";

/** OVMF 2022.11 as Debian 12 ships it, 4 MiB build without SMM: the firmware under the captured traces. */
export const ovmf4m: Policy = {
  name: "ovmf-4m",
  title: "OVMF 2022.11 (Debian), 4 MiB build",
  geometry: OVMF_4M,
  flags: COUPLE_LANGUAGES | WAKEUP_ALARM | SELF_SIGNED_PK | PHYSICAL_PRESENCE,
  maxVariableBytes: 0x8400,
  maxAuthVariableBytes: 0x8400,
  maxVolatileVariableBytes: 0x40000,
  maxErrorRecordBytes: 0x8000,
  errorStorageBytes: 0,
  bootReservedBytes: 0,
  maxUserBytes: 0,
  volatileStoreBytes: 0x80000,
  minimalYear: 1998,
  clockResolutionHz: 1,
  clockAccuracy: 50_000_000,
  definitions: EDK2_DEFINITIONS,
  boot: Q35_BOOT,
};

/** The 2 MiB build of the same firmware. */
export const ovmf2m: Policy = {
  ...ovmf4m,
  name: "ovmf-2m",
  title: "OVMF 2022.11 (Debian), 2 MiB build",
  geometry: OVMF_2M,
  maxVariableBytes: 0x2000,
  maxAuthVariableBytes: 0x2800,
};
