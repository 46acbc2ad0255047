import {
  BARE_COUNTER_DELETES,
  COUPLE_LANGUAGES,
  ERROR_RECORDS_BY_NAME,
  FILTER_KEK,
  NO_LIMIT,
  ORDER_LOG,
  PHYSICAL_PRESENCE,
  SELF_SIGNED_PK,
  WAKEUP_ALARM,
} from "../../assembly/abi/policy.ts";
import { EfiCode } from "../../assembly/abi/status.ts";
import { AAVMF, OVMF_2M, OVMF_4M } from "../formats/edk2-store.ts";
import {
  type AttributeRule,
  COUNTER,
  ENHANCED,
  ERROR_QUERY_NOT_KEPT,
  ERROR_RECORD_NOT_KEPT,
  ERROR_RECORD_VOLATILE,
  NO_ATTRIBUTES,
  NO_RUNTIME,
  NON_VOLATILE_ALONE,
  NOTHING_KNOWN,
  RESERVED_BITS,
  RUNTIME_WITHOUT_BOOT,
} from "./attribute-rules.ts";
import { BOOT_MANAGER_LOCKS, EDK2_DEFINITIONS } from "./definitions.ts";
import { Q35_BOOT } from "./ovmf-boot.ts";
import type { Policy, PolicyStatuses } from "./policy.ts";

/** V.c, VariableServiceQueryVariableInfo. */
export const EDK2_QUERY_ATTRIBUTES: readonly AttributeRule[] = [
  [NO_ATTRIBUTES, EfiCode.InvalidParameter],
  [COUNTER, EfiCode.Unsupported],
  [NOTHING_KNOWN, EfiCode.Unsupported],
  [NON_VOLATILE_ALONE, EfiCode.InvalidParameter],
  [RUNTIME_WITHOUT_BOOT, EfiCode.InvalidParameter],
  [NO_RUNTIME, EfiCode.InvalidParameter],
  [ERROR_RECORD_VOLATILE, EfiCode.InvalidParameter],
  [ERROR_QUERY_NOT_KEPT, EfiCode.Unsupported],
];

/** What edk2 answers (V.c, A.c; the variable services' reference in this project). */
export const EDK2_STATUSES: PolicyStatuses = {
  hiddenRead: EfiCode.NotFound,
  hiddenWrite: EfiCode.WriteProtected,
  hiddenDelete: EfiCode.WriteProtected,
  volatileWrite: EfiCode.WriteProtected,
  deleteMissing: EfiCode.NotFound,
  appendMissing: EfiCode.Success,
  appendNothing: EfiCode.Success,
  appendPlain: EfiCode.Success,
  platformKeyAppend: EfiCode.Success,
  plainWrite: EfiCode.WriteProtected,
  descriptor: EfiCode.SecurityViolation,
  noKek: EfiCode.NotFound,
  nameTooLong: EfiCode.InvalidParameter,
  dataTooLong: EfiCode.InvalidParameter,
  tooLarge: EfiCode.InvalidParameter,
  clock: EfiCode.Success,
  monotonicCount: EfiCode.Success,
};

/** OVMF 2022.11 as Debian 12 ships it, 4 MiB build without SMM: the firmware under the captured traces. */
export const ovmf4m: Policy = {
  name: "ovmf-4m",
  title: "OVMF 2022.11 (Debian), 4 MiB build",
  geometry: OVMF_4M,
  flags:
    COUPLE_LANGUAGES |
    WAKEUP_ALARM |
    SELF_SIGNED_PK |
    PHYSICAL_PRESENCE |
    FILTER_KEK |
    ERROR_RECORDS_BY_NAME |
    BARE_COUNTER_DELETES,
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
  // Up to 68c1bedbf2 (February 2023) the counter's bit was looked at behind the others.
  setAttributes: [
    [RESERVED_BITS, EfiCode.InvalidParameter],
    [ENHANCED, EfiCode.InvalidParameter],
    [NON_VOLATILE_ALONE, EfiCode.InvalidParameter],
    [COUNTER, EfiCode.Unsupported],
    [RUNTIME_WITHOUT_BOOT, EfiCode.InvalidParameter],
    [ERROR_RECORD_NOT_KEPT, EfiCode.InvalidParameter],
  ],
  queryAttributes: EDK2_QUERY_ATTRIBUTES,
  statuses: EDK2_STATUSES,
  maxNameBytes: NO_LIMIT,
  maxDataBytes: NO_LIMIT,
  maxMergedBytes: NO_LIMIT,
  order: ORDER_LOG,
  shownAttributes: 0xffffffff,
  keepsRuntimeWrites: true,
  definitions: EDK2_DEFINITIONS,
  variablePolicies: BOOT_MANAGER_LOCKS,
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

/** ArmVirtQemu: the limits of the 2 MiB build in the area of the 4 MiB one. Its boot's own writes were not captured. */
export const aavmf: Policy = {
  ...ovmf2m,
  name: "aavmf",
  title: "ArmVirtQemu 2022.11 (Debian)",
  geometry: AAVMF,
};
