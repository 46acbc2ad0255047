/**
 * The policy block: offsets in bytes from POLICY and the flag bits. u32 unless said otherwise; sizes in bytes.
 * A personality is one such table (src/policies); the core knows no firmware by name.
 */

/** Flag bits, below. */
export const POLICY_FLAGS = 0;
/** Largest variable of each class, record header included (edk2 PcdMax…VariableSize). */
export const POLICY_MAX_VARIABLE = 4;
export const POLICY_MAX_AUTH_VARIABLE = 8;
export const POLICY_MAX_VOLATILE_VARIABLE = 12;
export const POLICY_MAX_ERROR_RECORD = 16;
/** Part of the store kept for hardware error records; 0: such records are refused (edk2 PcdHwErrStorageSize). */
export const POLICY_ERROR_STORAGE = 20;
/** Common space that an operating system may not use (edk2 PcdBoottimeReservedNvVariableSpaceSize). */
export const POLICY_BOOT_RESERVED = 24;
/** Space for variables without a definition; 0: no limit of its own (edk2 PcdMaxUserNvVariableSpaceSize). */
export const POLICY_MAX_USER_SPACE = 28;
/** Bytes of the volatile store, its header included (edk2 PcdVariableStoreSize). */
export const POLICY_VOLATILE_STORE = 32;
/** First year of the clock's hundred valid ones (edk2 PcdMinimalValidYear). */
export const POLICY_MINIMAL_YEAR = 36;
/** Largest allocation that the hypervisor makes for a call, u64; a larger size is -ENOMEM. */
export const POLICY_ALLOCATION_LIMIT = 40;
/** What GetTime says of the clock: resolution in Hz, accuracy in parts per 10^12. */
export const POLICY_CLOCK_RESOLUTION = 48;
export const POLICY_CLOCK_ACCURACY = 52;

/** Geometry of the flash image: offsets from its first byte, sizes in bytes. */
/** Where the variable store header (28 bytes) lies: the firmware volume header's length. */
export const POLICY_STORE_OFFSET = 68;
/** Offset behind the variable area. */
export const POLICY_STORE_END = 72;
export const POLICY_BLOCK_BYTES = 76;
/** Fault-tolerant-write areas; work size 0: none, a reclaim then writes the store in place. */
export const POLICY_FTW_WORK = 80;
export const POLICY_FTW_WORK_BYTES = 84;
export const POLICY_FTW_SPARE = 88;
export const POLICY_FTW_SPARE_BYTES = 92;

/** Room is made as soon as a write lacks it. Off: only at boot (edk2). */
export const RECLAIM_AT_RUNTIME = 0x01;
/** (attr & 0x6f) === NV with AUTHENTICATED_WRITE_ACCESS is UNSUPPORTED (edk2 since 68c1bedbf2); else INVALID_PARAMETER. */
export const COUNTER_ATTRIBUTE_FIRST = 0x02;
/** Writing Lang also writes PlatformLang and the other way round (edk2, PcdUefiVariableDefaultLangDeprecate FALSE). */
export const COUPLE_LANGUAGES = 0x04;
/** A record is written in one go, then its state (edk2 since 88580a79d4); else header, state 0x7f, the rest, state. */
export const RECORD_IN_ONE_WRITE = 0x08;
/** In setup mode a PK must be signed by itself (edk2 PcdRequireSelfSignedPk; always before 566cdfc675). */
export const SELF_SIGNED_PK = 0x20;
/** SHA-384 and SHA-512 are taken, and SignedData within a ContentInfo (edk2 since 37d3eb026a). */
export const ANY_DIGEST = 0x40;
/** The platform says that a user is physically present (edk2 PlatformSecureLib; OVMF always). */
export const PHYSICAL_PRESENCE = 0x80;
/** The platform has a wake-up alarm; else both calls are UNSUPPORTED. */
export const WAKEUP_ALARM = 0x10;
