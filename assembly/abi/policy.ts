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

/** Longest name with its terminator and most data with its descriptor that SetVariable takes; what it says of more. */
export const POLICY_MAX_NAME = 96;
export const POLICY_NAME_STATUS = 100;
export const POLICY_MAX_DATA = 104;
export const POLICY_DATA_STATUS = 108;
/** What a variable larger than its class allows gets. */
export const POLICY_SIZE_STATUS = 112;
/**
 * Where not the records in flash count but the variables that live: bytes of each beside name (terminator included) and
 * data, rounded up to the alignment; bytes for all, volatile ones included. Overhead 0: flash counts (edk2).
 */
export const POLICY_ENTRY_OVERHEAD = 116;
export const POLICY_ENTRY_ALIGNMENT = 120;
export const POLICY_ENTRY_SPACE = 124;
/** Largest variable that QueryVariableInfo tells; 0: that of the class, cut to the room. */
export const POLICY_TOLD_LARGEST = 128;
/** Order of GetNextVariableName, below. */
export const POLICY_ORDER = 132;
/** Attributes that GetVariable shows. */
export const POLICY_SHOWN_ATTRIBUTES = 136;

/** EfiCodes; 0 (Success): the call goes on. */
/** GetVariable of a variable without RUNTIME_ACCESS at run time. */
export const POLICY_HIDDEN_READ = 140;
/** SetVariable of such a variable: a write, a deletion. */
export const POLICY_HIDDEN_WRITE = 144;
export const POLICY_HIDDEN_DELETE = 148;
/** A write of a volatile variable at run time. */
export const POLICY_VOLATILE_WRITE = 152;
/** Deletion of a variable that is not there. */
export const POLICY_DELETE_MISSING = 156;
/** Append to a variable that is not there: with data, without. */
export const POLICY_APPEND_MISSING = 160;
export const POLICY_APPEND_NOTHING = 164;
/** Append to an existing variable that holds no signature lists. */
export const POLICY_APPEND_PLAIN = 168;
/** A write without authentication of a variable that has it. */
export const POLICY_PLAIN_WRITE = 172;
/** A descriptor of another revision, type or certificate type than the specification's. */
export const POLICY_DESCRIPTOR = 176;
/** db, dbx or dbt not signed by PK while there is no KEK. */
export const POLICY_NO_KEK = 180;
/** Append to an existing PK. */
export const POLICY_PK_APPEND = 184;
/** GetTime and SetTime; GetNextHighMonotonicCount. */
export const POLICY_CLOCK = 188;
export const POLICY_COUNT = 192;

/** Most data that an append may leave; more gets POLICY_SIZE_STATUS. */
export const POLICY_MAX_MERGED = 196;

/**
 * What SetVariable says of attributes alone at run time: u16 by index, EfiCode | Reason << 8, 0 where it goes on. The
 * index is the low byte of the attributes, + 0x100 if a higher bit is set, + 0x200 if there are no data.
 */
export const POLICY_SET_VERDICTS = 0x200;
export const VERDICT_HIGHER_BIT = 0x100;
export const VERDICT_NO_DATA = 0x200;
/** The same for QueryVariableInfo, without the last term. */
export const POLICY_QUERY_VERDICTS = 0xa00;

/** A limit that is none. */
export const NO_LIMIT = 0xffffffff;

/** Values of POLICY_ORDER. As records lie in the stores, the volatile one first. */
export const ORDER_LOG = 0;
/** Oldest first; a rewritten variable is the youngest. */
export const ORDER_OLDEST_FIRST = 1;
/** Newest first; a rewritten variable keeps its place. */
export const ORDER_NEWEST_FIRST = 2;
/** By vendor GUID, then by name. */
export const ORDER_BY_NAME = 3;

/** Geometry of the flash image, offsets from its first byte. Where the variable store header (28 bytes) lies: the firmware volume header's length. */
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
/** SignedData within a ContentInfo is taken (edk2 since 37d3eb026a). */
export const CONTENT_INFO = 0x02;
/** Writing Lang also writes PlatformLang and the other way round (edk2, PcdUefiVariableDefaultLangDeprecate FALSE). */
export const COUPLE_LANGUAGES = 0x04;
/** A record is written in one go, then its state (edk2 since 88580a79d4); else header, state 0x7f, the rest, state. */
export const RECORD_IN_ONE_WRITE = 0x08;
/** The platform has a wake-up alarm; else both calls are UNSUPPORTED. */
export const WAKEUP_ALARM = 0x10;
/** In setup mode a PK must be signed by itself (edk2 PcdRequireSelfSignedPk; always before 566cdfc675). */
export const SELF_SIGNED_PK = 0x20;
/** SHA-384 and SHA-512 are taken (edk2 since 37d3eb026a). */
export const LONGER_DIGESTS = 0x40;
/** The platform says that a user is physically present (edk2 PlatformSecureLib; OVMF always). */
export const PHYSICAL_PRESENCE = 0x80;
/** Attributes of a deletion are not compared with the stored ones (U-Boot, QEMU; varstored unless authenticated). */
export const DELETE_IGNORES_ATTRIBUTES = 0x100;
/** Attributes without BOOTSERVICE_ACCESS and RUNTIME_ACCESS delete like no attributes (OpenVMM). */
export const NO_ACCESS_DELETES = 0x200;
/** No data delete any variable, whatever the attributes and without a signature (QEMU). */
export const NO_DATA_DELETES = 0x400;
/** A stored volatile variable is refused before attributes are compared (U-Boot, varstored). */
export const VOLATILE_FIRST = 0x800;
/** A new variable without NON_VOLATILE is refused before anything else is said of it (U-Boot). */
export const CREATION_NON_VOLATILE = 0x1000;
/** A write of the stored data is written all the same (QEMU, OpenVMM). */
export const REWRITE_UNCHANGED = 0x2000;
/** An append of nothing changes nothing; else it rewrites the variable (OpenVMM). */
export const IGNORE_APPEND_OF_NOTHING = 0x4000;
/** While a variable is replaced its old value takes its space, too (U-Boot). */
export const OLD_VALUE_COUNTS = 0x8000;
/** BUFFER_TOO_SMALL comes without attributes (varstored). */
export const TOO_SMALL_WITHOUT_ATTRIBUTES = 0x10000;
/** GetVariable into no bytes at all succeeds and tells the size (OpenVMM). */
export const NO_BYTES_ASK_SIZE = 0x20000;
/** wRevision must be 0x0200 (OpenVMM, QEMU). */
export const CHECK_REVISION = 0x40000;
/** The descriptor of a key is checked in setup mode, too, where no signature is (OpenVMM, QEMU, varstored). */
export const CHECK_DESCRIPTOR_IN_SETUP = 0x80000;
/** So is its time stamp against the stored one (OpenVMM, QEMU). */
export const CHECK_STAMP_IN_SETUP = 0x100000;
/** Nanoseconds, zone, daylight and pad bytes of a time stamp may be set (QEMU). */
export const ANY_STAMP_FIELDS = 0x200000;
/** A time stamp equal to the stored one will do (QEMU). */
export const EQUAL_STAMP = 0x400000;
/** An append stores its own time stamp, even an older one (QEMU). */
export const APPEND_STORES_STAMP = 0x800000;
/** Private authenticated variables: unchecked until there is a PK, refused from then on (OpenVMM). */
export const NO_PRIVATE_VARIABLES = 0x1000000;
/** db, dbx and dbt are signed by KEK alone, not by PK (QEMU). */
export const DATABASES_BY_KEK_ONLY = 0x2000000;
/** A key variable may hold anything (QEMU, OpenVMM). */
export const ANY_KEY_DATA = 0x4000000;
/** An append to KEK leaves out what is there already; appends to db, dbx and dbt always do (edk2, OpenVMM). */
export const FILTER_KEK = 0x8000000;
/** Appends to key variables merge both values' lists by type (QEMU). */
export const MERGE_LISTS = 0x10000000;
/** SecureBoot follows PK at once; else at the next boot (QEMU, varstored). */
export const SECURE_BOOT_AT_ONCE = 0x20000000;
/** HARDWARE_ERROR_RECORD is for HwErrRec#### alone (edk2, VarCheckUefiLib). */
export const ERROR_RECORDS_BY_NAME = 0x40000000;
/**
 * Counter-based authentication is refused only where its descriptor, 560 bytes, is not all of the data: what is left is a
 * deletion, and first gets what any deletion with these attributes gets (edk2).
 */
export const BARE_COUNTER_DELETES = 0x80000000;
