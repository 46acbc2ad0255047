import {
  ANY_KEY_DATA,
  ANY_STAMP_FIELDS,
  APPEND_STORES_STAMP,
  CHECK_DESCRIPTOR_IN_SETUP,
  CHECK_REVISION,
  CHECK_STAMP_IN_SETUP,
  CONTENT_INFO,
  DATABASES_BY_KEK_ONLY,
  EQUAL_STAMP,
  LONGER_DIGESTS,
  MERGE_LISTS,
  NO_DATA_DELETES,
  NO_LIMIT,
  ORDER_OLDEST_FIRST,
  RECLAIM_AT_RUNTIME,
  REWRITE_UNCHANGED,
  SECURE_BOOT_AT_ONCE,
  SELF_SIGNED_PK,
  WAKEUP_ALARM,
} from "../../assembly/abi/policy.ts";
import { EfiCode } from "../../assembly/abi/status.ts";
import { GLOBAL_GUID, GUID_NAMES, IMAGE_SECURITY_GUID } from "../guid.ts";
import {
  COUNTER_WITH_DATA,
  ENHANCED_WITH_DATA,
  NO_ATTRIBUTES,
  NO_RUNTIME_WITH_DATA,
  RESERVED_BITS_WITH_DATA,
} from "./attribute-rules.ts";
import { BOOT_MANAGER_LOCKS, BS_RT, defined, NV_BS_RT_AT } from "./definitions.ts";
import { HIDDEN_CERT_DB, modeVariables } from "./mode-variables.ts";
import { ovmf4m } from "./ovmf.ts";
import { PLAIN_BOOT } from "./ovmf-boot.ts";
import { type BootWrite, NO_BOOT, type Policy } from "./policy.ts";
import { ROOMY_STORE } from "./roomy-store.ts";

/**
 * Name and data of one variable: what a communication buffer of 64 KiB leaves beside its three headers of 24, 16 and 36
 * bytes (MdeModulePkg/Universal/Variable/RuntimeDxe/VariableSmmRuntimeDxe.c).
 */
const NAME_AND_DATA_BYTES = 0x10000 - 24 - 16 - 36;
/** The device's max_storage. Its default; the variables' structs, names and data count against it. */
const STORAGE_BYTES = 0x40000;

const [SETUP_MODE, SECURE_BOOT, VENDOR_KEYS] = modeVariables("SetupMode SecureBoot VendorKeys") as [
  BootWrite,
  BootWrite,
  BootWrite,
];

/** SHA-256, SHA-384, SHA-512, RSA-2048, X.509 (var-service-auth.c, set_signature_support). */
const SIGNATURE_SUPPORT: BootWrite = {
  name: "SignatureSupport",
  guid: GLOBAL_GUID,
  attributes: BS_RT,
  data: [
    "2616c4c14c509240aca941f936934328",
    "07533effd09fc94885f18ad56c701e01",
    "ae0f3e09c4a6504f9f1bd41e2b89c19a",
    "e866573c9c26344eaa14ed776e85b3b6",
    "a159c0a5e494a74a87b5ab155c2bf072",
  ].join(""),
};

/** What the device stores at each reset and no call sees at run time (var-service-auth.c, uefi_vars_auth_init). */
const ALWAYS_STORED: BootWrite[] = [
  { name: "CustomMode", guid: GUID_NAMES.custommode as string, attributes: 0x03, data: "00", always: true },
  { name: "VendorKeysNv", guid: GLOBAL_GUID, attributes: 0x23, data: "00", always: true },
];

/**
 * QEMU's uefi-vars device under an edk2 firmware that asks it for every variable (hw/uefi/var-service-vars.c,
 * var-service-auth.c; with the fixes of February 2026).
 */
export const qemu: Policy = {
  ...ovmf4m,
  name: "qemu-uefi-vars",
  title: "QEMU's uefi-vars device",
  flags:
    RECLAIM_AT_RUNTIME |
    WAKEUP_ALARM |
    NO_DATA_DELETES |
    REWRITE_UNCHANGED |
    MERGE_LISTS |
    EQUAL_STAMP |
    APPEND_STORES_STAMP |
    ANY_STAMP_FIELDS |
    CHECK_REVISION |
    CHECK_DESCRIPTOR_IN_SETUP |
    CHECK_STAMP_IN_SETUP |
    DATABASES_BY_KEK_ONLY |
    SELF_SIGNED_PK |
    ANY_KEY_DATA |
    CONTENT_INFO |
    LONGER_DIGESTS |
    SECURE_BOOT_AT_ONCE,
  geometry: ROOMY_STORE,
  maxVariableBytes: NAME_AND_DATA_BYTES + 60,
  maxAuthVariableBytes: NAME_AND_DATA_BYTES + 60,
  maxVolatileVariableBytes: NAME_AND_DATA_BYTES + 60,
  maxErrorRecordBytes: NAME_AND_DATA_BYTES + 60,
  setAttributes: [
    [RESERVED_BITS_WITH_DATA, EfiCode.Unsupported],
    [ENHANCED_WITH_DATA, EfiCode.Unsupported],
    [COUNTER_WITH_DATA, EfiCode.Unsupported],
    [NO_RUNTIME_WITH_DATA, EfiCode.AccessDenied],
  ],
  queryAttributes: [[NO_ATTRIBUTES, EfiCode.InvalidParameter]],
  statuses: {
    ...ovmf4m.statuses,
    hiddenRead: EfiCode.AccessDenied,
    hiddenWrite: EfiCode.AccessDenied,
    hiddenDelete: EfiCode.AccessDenied,
    volatileWrite: EfiCode.Success,
    deleteMissing: EfiCode.Success,
    appendPlain: EfiCode.Unsupported,
    descriptor: EfiCode.Unsupported,
    noKek: EfiCode.SecurityViolation,
  },
  maxMergedBytes: NO_LIMIT,
  entries: {
    overheadBytes: 96,
    alignmentBytes: 1,
    spaceBytes: STORAGE_BYTES,
    toldLargestBytes: STORAGE_BYTES / 4,
  },
  order: ORDER_OLDEST_FIRST,
  definitions: [
    ...defined(GLOBAL_GUID, NV_BS_RT_AT, 0, NO_LIMIT, 0, "PK KEK"),
    ...defined(IMAGE_SECURITY_GUID, NV_BS_RT_AT, 0, NO_LIMIT, 0, "db dbx"),
  ],
  variablePolicies: BOOT_MANAGER_LOCKS,
  boot: {
    ...NO_BOOT,
    countsBoots: true,
    missing: [HIDDEN_CERT_DB, ...ALWAYS_STORED],
    withPlatformKey: PLAIN_BOOT.withPlatformKey,
    volatile: [SETUP_MODE, SIGNATURE_SUPPORT, SECURE_BOOT, VENDOR_KEYS],
    volatileFirst: true,
  },
};
