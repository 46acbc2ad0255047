import {
  ANY_KEY_DATA,
  CHECK_DESCRIPTOR_IN_SETUP,
  CHECK_REVISION,
  CHECK_STAMP_IN_SETUP,
  CONTENT_INFO,
  FILTER_KEK,
  IGNORE_APPEND_OF_NOTHING,
  LONGER_DIGESTS,
  NO_ACCESS_DELETES,
  NO_BYTES_ASK_SIZE,
  NO_LIMIT,
  NO_PRIVATE_VARIABLES,
  ORDER_BY_NAME,
  RECLAIM_AT_RUNTIME,
  REWRITE_UNCHANGED,
  WAKEUP_ALARM,
} from "../../assembly/abi/policy.ts";
import { EfiCode } from "../../assembly/abi/status.ts";
import { GLOBAL_GUID, SECURE_BOOT_ENABLE_GUID } from "../guid.ts";
import {
  ACCESS_BUT_NOT_STORED,
  ALWAYS,
  COUNTER,
  ENHANCED,
  ERROR_RECORD,
  RESERVED_BITS,
  RUNTIME_WITHOUT_BOOT,
  TIMED_AND_ENHANCED,
} from "./attribute-rules.ts";
import { BS_RT, NV_BS_RT, readOnly } from "./definitions.ts";
import { modeVariables } from "./mode-variables.ts";
import { ovmf4m } from "./ovmf.ts";
import { NO_BOOT, type Policy } from "./policy.ts";
import { LARGEST_VARIABLE_BYTES, ROOMY_STORE } from "./roomy-store.ts";

/** The file of all variables and what an entry takes of it beside name and data. */
const FILE_BYTES = 131072;
const ENTRY_BYTES = 48;
/** EFI_MAX_VARIABLE_NAME_SIZE, EFI_MAX_VARIABLE_DATA_SIZE. */
const NAME_BYTES = 2048;
const DATA_BYTES = 32768;

/**
 * OpenVMM's UEFI NVRAM services for Hyper-V firmware (vm/devices/firmware/firmware_uefi/src/service/nvram/spec_services,
 * hcl_compat_uefi_nvram_storage; April 2026).
 */
export const openvmm: Policy = {
  ...ovmf4m,
  name: "openvmm",
  title: "OpenVMM, firmware_uefi",
  flags:
    RECLAIM_AT_RUNTIME |
    WAKEUP_ALARM |
    NO_ACCESS_DELETES |
    REWRITE_UNCHANGED |
    IGNORE_APPEND_OF_NOTHING |
    NO_BYTES_ASK_SIZE |
    CHECK_REVISION |
    CHECK_DESCRIPTOR_IN_SETUP |
    CHECK_STAMP_IN_SETUP |
    NO_PRIVATE_VARIABLES |
    ANY_KEY_DATA |
    FILTER_KEK |
    CONTENT_INFO |
    LONGER_DIGESTS,
  geometry: ROOMY_STORE,
  maxVariableBytes: LARGEST_VARIABLE_BYTES,
  maxAuthVariableBytes: LARGEST_VARIABLE_BYTES,
  maxVolatileVariableBytes: LARGEST_VARIABLE_BYTES,
  maxErrorRecordBytes: LARGEST_VARIABLE_BYTES,
  setAttributes: [
    [RESERVED_BITS, EfiCode.InvalidParameter],
    [RUNTIME_WITHOUT_BOOT, EfiCode.InvalidParameter],
    [TIMED_AND_ENHANCED, EfiCode.InvalidParameter],
    [ERROR_RECORD, EfiCode.Unsupported],
    [ENHANCED, EfiCode.Unsupported],
    [COUNTER, EfiCode.Unsupported],
    [ACCESS_BUT_NOT_STORED, EfiCode.InvalidParameter],
  ],
  queryAttributes: [[ALWAYS, EfiCode.Unsupported]],
  statuses: {
    ...ovmf4m.statuses,
    hiddenWrite: EfiCode.Success,
    hiddenDelete: EfiCode.NotFound,
    volatileWrite: EfiCode.InvalidParameter,
    appendMissing: EfiCode.NotFound,
    plainWrite: EfiCode.InvalidParameter,
    noKek: EfiCode.SecurityViolation,
  },
  maxNameBytes: NAME_BYTES,
  maxDataBytes: DATA_BYTES,
  maxMergedBytes: DATA_BYTES,
  entries: { overheadBytes: ENTRY_BYTES, alignmentBytes: 1, spaceBytes: FILE_BYTES, toldLargestBytes: DATA_BYTES },
  order: ORDER_BY_NAME,
  bootVolatileNames: ["OsLoaderIndications", "OsLoaderIndicationsSupported", "dbDefault", "SecureBoot"],
  definitions: [
    ...readOnly(GLOBAL_GUID, BS_RT, 0, NO_LIMIT, "SecureBoot SetupMode dbDefault"),
    ...readOnly(SECURE_BOOT_ENABLE_GUID, NV_BS_RT, 0, NO_LIMIT, "SecureBootEnable"),
    ...readOnly("77fa9abd-0359-4d32-bd60-28f4e78f784b", NV_BS_RT, 0, NO_LIMIT, "CurrentPolicy"),
    ...readOnly("610b9e98-c6f6-47f8-8b47-2d2da0d52a91", BS_RT, 0, NO_LIMIT, "OsLoaderIndicationsSupported"),
  ],
  variablePolicies: [],
  boot: {
    ...NO_BOOT,
    countsBoots: true,
    // SetupMode is stored like any other.
    volatile: modeVariables("SetupMode SecureBoot").map((write) =>
      write.name === "SetupMode" ? { ...write, attributes: NV_BS_RT } : write,
    ),
  },
};
