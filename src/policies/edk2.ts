import {
  BARE_COUNTER_DELETES,
  CONTENT_INFO,
  COUPLE_LANGUAGES,
  ERROR_RECORDS_BY_NAME,
  FILTER_KEK,
  LONGER_DIGESTS,
  RECORD_IN_ONE_WRITE,
  WAKEUP_ALARM,
} from "../../assembly/abi/policy.ts";
import { EfiCode } from "../../assembly/abi/status.ts";
import {
  COUNTER,
  ENHANCED,
  ERROR_RECORD_NOT_KEPT,
  NON_VOLATILE_ALONE,
  RESERVED_BITS,
  RUNTIME_WITHOUT_BOOT,
} from "./attribute-rules.ts";
import { ovmf4m } from "./ovmf.ts";
import { PLAIN_BOOT } from "./ovmf-boot.ts";
import type { Policy } from "./policy.ts";

/** edk2 of August 2026 with the sizes of an OVMF 4 MiB build, on no particular machine, nobody at its console. */
export const edk2: Policy = {
  ...ovmf4m,
  name: "edk2",
  title: "edk2 of August 2026, sizes of OVMF's 4 MiB build",
  flags:
    COUPLE_LANGUAGES |
    WAKEUP_ALARM |
    CONTENT_INFO |
    LONGER_DIGESTS |
    RECORD_IN_ONE_WRITE |
    FILTER_KEK |
    ERROR_RECORDS_BY_NAME |
    BARE_COUNTER_DELETES,
  setAttributes: [
    [RESERVED_BITS, EfiCode.InvalidParameter],
    [ENHANCED, EfiCode.InvalidParameter],
    [COUNTER, EfiCode.Unsupported],
    [NON_VOLATILE_ALONE, EfiCode.InvalidParameter],
    [RUNTIME_WITHOUT_BOOT, EfiCode.InvalidParameter],
    [ERROR_RECORD_NOT_KEPT, EfiCode.InvalidParameter],
  ],
  boot: PLAIN_BOOT,
};
