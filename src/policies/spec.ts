import { BARE_COUNTER_DELETES, COUPLE_LANGUAGES, RECLAIM_AT_RUNTIME } from "../../assembly/abi/policy.ts";
import { EfiCode } from "../../assembly/abi/status.ts";
import { GLOBAL_GUID } from "../guid.ts";
import {
  COUNTER,
  ENHANCED,
  ERROR_RECORD_NOT_KEPT,
  NON_VOLATILE_ALONE,
  RESERVED_BITS,
  RUNTIME_WITHOUT_BOOT,
  TIMED_AND_ENHANCED,
} from "./attribute-rules.ts";
import { BS_RT, readOnly, UEFI_DEFINITIONS } from "./definitions.ts";
import { edk2 } from "./edk2.ts";
import { HIDDEN_CERT_DB, modeVariables } from "./mode-variables.ts";
import { NO_BOOT, type Policy } from "./policy.ts";

/** Volatile variables that UEFI 2.11, table 3-1, defines and that are not about Secure Boot's mode. */
const PLATFORM_NAMES = ["SignatureSupport", "OsIndicationsSupported", "BootOptionSupport", "PlatformLangCodes"];

/**
 * The text of UEFI 2.11, sections 3.3, 8.2 and 32.3. Where it leaves a choice this follows edk2, but makes room as soon
 * as a write lacks it; the sizes are those of an OVMF 4 MiB build.
 */
export const spec: Policy = {
  ...edk2,
  name: "spec",
  title: "UEFI 2.11, the text",
  flags: (edk2.flags & ~COUPLE_LANGUAGES & ~BARE_COUNTER_DELETES) | RECLAIM_AT_RUNTIME,
  setAttributes: [
    [RESERVED_BITS, EfiCode.InvalidParameter],
    [TIMED_AND_ENHANCED, EfiCode.InvalidParameter],
    [ENHANCED, EfiCode.Unsupported],
    [COUNTER, EfiCode.Unsupported],
    [NON_VOLATILE_ALONE, EfiCode.InvalidParameter],
    [RUNTIME_WITHOUT_BOOT, EfiCode.InvalidParameter],
    [ERROR_RECORD_NOT_KEPT, EfiCode.InvalidParameter],
  ],
  statuses: { ...edk2.statuses, noKek: EfiCode.SecurityViolation },
  // AuditMode and DeployedMode are read-only once an operating system runs (3.3).
  definitions: [...UEFI_DEFINITIONS, ...readOnly(GLOBAL_GUID, BS_RT, 1, 1, "AuditMode DeployedMode")],
  variablePolicies: [],
  boot: {
    ...NO_BOOT,
    countsBoots: true,
    missing: [HIDDEN_CERT_DB],
    volatile: [
      ...modeVariables("SetupMode SecureBoot AuditMode DeployedMode VendorKeys"),
      ...edk2.boot.volatile.filter(({ name }) => PLATFORM_NAMES.includes(name)),
    ],
  },
};
