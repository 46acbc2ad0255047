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
import { guidBytes } from "../guid.ts";
import { toHex } from "../hex.ts";
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

/** Types of signatures (AuthVariableLib.c, mSignatureSupport): SHA-1, SHA-256, SHA-384, SHA-512, RSA-2048, X.509. */
const SIGNATURE_SUPPORT = [
  "826ca512-cf10-4ac9-b187-be01496631bd",
  "c1c41626-504c-4092-aca9-41f936934328",
  "ff3e5307-9fd0-48c9-85f1-8ad56c701e01",
  "093e0fae-a6c4-4f50-9f1b-d41e2b89c19a",
  "3c5766e8-269c-4e34-aa14-ed776e85b3b6",
  "a5c059a1-94e4-4aa7-87b5-ab155c2bf072",
]
  .map((guid) => toHex(guidBytes(guid)))
  .join("");

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
  boot: {
    ...PLAIN_BOOT,
    volatile: PLAIN_BOOT.volatile.map((write) =>
      write.name === "SignatureSupport" ? { ...write, data: SIGNATURE_SUPPORT } : write,
    ),
  },
};
