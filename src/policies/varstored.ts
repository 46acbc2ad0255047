import {
  CHECK_DESCRIPTOR_IN_SETUP,
  CONTENT_INFO,
  DELETE_IGNORES_ATTRIBUTES,
  NO_LIMIT,
  ORDER_NEWEST_FIRST,
  RECLAIM_AT_RUNTIME,
  SECURE_BOOT_AT_ONCE,
  SELF_SIGNED_PK,
  TOO_SMALL_WITHOUT_ATTRIBUTES,
  VOLATILE_FIRST,
  WAKEUP_ALARM,
} from "../../assembly/abi/policy.ts";
import { EfiCode } from "../../assembly/abi/status.ts";
import { GLOBAL_GUID } from "../guid.ts";
import { COUNTER, ENHANCED, ERROR_RECORD, RUNTIME_WITHOUT_BOOT, TIMED_AND_ENHANCED } from "./attribute-rules.ts";
import { BS_RT, readOnly } from "./definitions.ts";
import { HIDDEN_CERT_DB, modeVariables } from "./mode-variables.ts";
import { ovmf4m } from "./ovmf.ts";
import { PLAIN_BOOT } from "./ovmf-boot.ts";
import { NO_BOOT, type Policy } from "./policy.ts";
import { LARGEST_VARIABLE_BYTES, ROOMY_STORE } from "./roomy-store.ts";

/** NAME_LIMIT without terminator, DATA_LIMIT, TOTAL_LIMIT and VARIABLE_OVERHEAD, the latter without terminator. */
const NAME_BYTES = 4096;
const DATA_BYTES = 57344;
const TOTAL_BYTES = 131072;
const OVERHEAD_BYTES = 128;
const TERMINATOR_BYTES = 2;

/** XenServer's varstored, which keeps the variables of XAPI's UEFI guests (handler.c, guest.c of xapi-project/varstored). */
export const varstored: Policy = {
  ...ovmf4m,
  name: "varstored",
  title: "varstored of XenServer and XCP-ng",
  flags:
    RECLAIM_AT_RUNTIME |
    WAKEUP_ALARM |
    VOLATILE_FIRST |
    DELETE_IGNORES_ATTRIBUTES |
    TOO_SMALL_WITHOUT_ATTRIBUTES |
    SELF_SIGNED_PK |
    CHECK_DESCRIPTOR_IN_SETUP |
    CONTENT_INFO |
    SECURE_BOOT_AT_ONCE,
  geometry: ROOMY_STORE,
  maxVariableBytes: LARGEST_VARIABLE_BYTES,
  maxAuthVariableBytes: LARGEST_VARIABLE_BYTES,
  maxVolatileVariableBytes: LARGEST_VARIABLE_BYTES,
  maxErrorRecordBytes: LARGEST_VARIABLE_BYTES,
  setAttributes: [
    [ERROR_RECORD, EfiCode.InvalidParameter],
    [COUNTER, EfiCode.Unsupported],
    [TIMED_AND_ENHANCED, EfiCode.InvalidParameter],
    [ENHANCED, EfiCode.Unsupported],
    [RUNTIME_WITHOUT_BOOT, EfiCode.InvalidParameter],
  ],
  queryAttributes: [[ERROR_RECORD, EfiCode.Unsupported]],
  statuses: {
    ...ovmf4m.statuses,
    hiddenWrite: EfiCode.InvalidParameter,
    hiddenDelete: EfiCode.InvalidParameter,
    appendNothing: EfiCode.NotFound,
    platformKeyAppend: EfiCode.InvalidParameter,
    plainWrite: EfiCode.InvalidParameter,
    noKek: EfiCode.SecurityViolation,
    nameTooLong: EfiCode.DeviceError,
    dataTooLong: EfiCode.OutOfResources,
    tooLarge: EfiCode.OutOfResources,
  },
  maxNameBytes: NAME_BYTES + TERMINATOR_BYTES,
  maxDataBytes: DATA_BYTES,
  maxMergedBytes: DATA_BYTES,
  entries: {
    overheadBytes: OVERHEAD_BYTES - TERMINATOR_BYTES,
    alignmentBytes: 1,
    spaceBytes: TOTAL_BYTES,
    toldLargestBytes: DATA_BYTES,
  },
  order: ORDER_NEWEST_FIRST,
  definitions: [
    ...readOnly(GLOBAL_GUID, BS_RT, 1, 1, "AuditMode DeployedMode SecureBoot SetupMode"),
    ...readOnly(GLOBAL_GUID, BS_RT, 16, NO_LIMIT, "SignatureSupport"),
  ],
  variablePolicies: [],
  boot: {
    ...NO_BOOT,
    countsBoots: true,
    missing: [HIDDEN_CERT_DB],
    volatile: [
      ...PLAIN_BOOT.volatile.filter(({ name }) => name === "SignatureSupport"),
      ...modeVariables("SetupMode AuditMode DeployedMode SecureBoot"),
    ],
  },
};
