import {
  CREATION_NON_VOLATILE,
  DELETE_IGNORES_ATTRIBUTES,
  OLD_VALUE_COUNTS,
  ORDER_OLDEST_FIRST,
  RECLAIM_AT_RUNTIME,
  VOLATILE_FIRST,
} from "../../assembly/abi/policy.ts";
import { EfiCode } from "../../assembly/abi/status.ts";
import { GLOBAL_GUID } from "../guid.ts";
import {
  COUNTER,
  ENHANCED,
  ERROR_RECORD_NOT_FULL,
  NO_ATTRIBUTES,
  NO_RUNTIME_BUT_DELETIONS,
  NON_VOLATILE_ALONE,
  NOTHING_KNOWN,
  RESERVED_BITS,
  RUNTIME_WITHOUT_BOOT,
  TIMED,
} from "./attribute-rules.ts";
import { BS_RT, readOnly } from "./definitions.ts";
import { modeVariables } from "./mode-variables.ts";
import { ovmf4m } from "./ovmf.ts";
import { NO_BOOT, type Policy } from "./policy.ts";
import { LARGEST_VARIABLE_BYTES, ROOMY_STORE } from "./roomy-store.ts";

const MODES = "SecureBoot SetupMode AuditMode DeployedMode VendorKeys";
/** The buffer of all variables (CONFIG_EFI_VAR_BUF_SIZE), its header (struct efi_var_file), an entry's (efi_var_entry). */
const BUFFER_BYTES = 131072;
const HEADER_BYTES = 24;
const ENTRY_BYTES = 32;

/**
 * U-Boot with variables in a file and CONFIG_EFI_RT_VOLATILE_STORE: what the run time writes is in RAM alone
 * (lib/efi_loader/efi_variable.c efi_set_variable_runtime, efi_var_mem.c; April 2026).
 */
export const uboot: Policy = {
  ...ovmf4m,
  name: "uboot",
  title: "U-Boot, CONFIG_EFI_RT_VOLATILE_STORE",
  flags: RECLAIM_AT_RUNTIME | VOLATILE_FIRST | DELETE_IGNORES_ATTRIBUTES | CREATION_NON_VOLATILE | OLD_VALUE_COUNTS,
  geometry: ROOMY_STORE,
  maxVariableBytes: LARGEST_VARIABLE_BYTES,
  maxAuthVariableBytes: LARGEST_VARIABLE_BYTES,
  maxVolatileVariableBytes: LARGEST_VARIABLE_BYTES,
  maxErrorRecordBytes: LARGEST_VARIABLE_BYTES,
  setAttributes: [
    [TIMED, EfiCode.InvalidParameter],
    [COUNTER, EfiCode.Unsupported],
    [ENHANCED, EfiCode.Unsupported],
    [RUNTIME_WITHOUT_BOOT, EfiCode.InvalidParameter],
    [NON_VOLATILE_ALONE, EfiCode.InvalidParameter],
    [ERROR_RECORD_NOT_FULL, EfiCode.InvalidParameter],
    [NO_RUNTIME_BUT_DELETIONS, EfiCode.InvalidParameter],
  ],
  queryAttributes: [
    [NO_ATTRIBUTES, EfiCode.InvalidParameter],
    [COUNTER, EfiCode.Unsupported],
    [NOTHING_KNOWN, EfiCode.Unsupported],
    [NON_VOLATILE_ALONE, EfiCode.InvalidParameter],
    [RUNTIME_WITHOUT_BOOT, EfiCode.InvalidParameter],
    [RESERVED_BITS, EfiCode.InvalidParameter],
  ],
  statuses: {
    ...ovmf4m.statuses,
    // A hidden variable is not told from others: its attributes differ, and a deletion succeeds.
    hiddenWrite: EfiCode.Success,
    hiddenDelete: EfiCode.Success,
    plainWrite: EfiCode.InvalidParameter,
    tooLarge: EfiCode.OutOfResources,
    clock: EfiCode.Unsupported,
    monotonicCount: EfiCode.Unsupported,
  },
  entries: {
    overheadBytes: ENTRY_BYTES,
    alignmentBytes: 8,
    spaceBytes: BUFFER_BYTES - HEADER_BYTES,
    toldLargestBytes: BUFFER_BYTES - HEADER_BYTES - ENTRY_BYTES,
  },
  order: ORDER_OLDEST_FIRST,
  shownAttributes: 0x7f,
  keepsRuntimeWrites: false,
  definitions: readOnly(GLOBAL_GUID, BS_RT, 1, 1, MODES),
  variablePolicies: [],
  boot: { ...NO_BOOT, volatile: modeVariables(MODES) },
};
