/**
 * The memory of a fuzzing core behind the guest's window, the form of a sequence, and the numbers of what can be found.
 * Known to core and host; core addresses and sizes in bytes, all numbers little-endian.
 *
 *   0x330000  the guest's window, FUZZ_WINDOW_BYTES; guest address 0 is its first byte
 *   0x350000  RED_ZONE   bytes that nobody may write
 *   0x351000  SHADOW     the guest's memory as it should be
 *   0x372000  INPUT      the sequence, STEPS_MAX steps of STEP_BYTES bytes
 *   0x374000  NAMES      a table: place of the name u32, bytes with terminator u32; then the names, UCS-2
 *   0x37c000  GUIDS      GUIDS_MAX vendor GUIDs
 *   0x37c800  FINDING    what a play or a check found, the answer in hand
 *   0x37d000  BUCKETS    for each count of an edge the bit of its bucket
 *   0x37e000  SEEN       for each edge the buckets that were seen
 *   0x380000  CONTENTS   a table as NAMES: data of variables that are more than a pattern, such as signed writes
 */
export const FUZZ_WINDOW_BYTES = 0x20000;
export const RED_ZONE = 0x350000;
export const RED_ZONE_BYTES = 0x1000;
export const SHADOW = 0x351000;
export const INPUT = 0x372000;
export const NAMES = 0x374000;
export const NAMES_MAX = 240;
export const NAMES_BYTES = 0x8000;
export const GUIDS = 0x37c000;
export const GUIDS_MAX = 31;
export const FINDING = 0x37c800;
export const BUCKETS = 0x37d000;
export const SEEN = 0x37e000;
export const EDGES_MAX = 0x2000;
export const CONTENTS = 0x380000;
export const CONTENTS_MAX = 256;
export const CONTENTS_BYTES = 0x80000;
export const FUZZ_END = 0x400000;

/**
 * A step, 32 bytes: kind u8, misc u8, name u8, guid u8, attributes u8, kind of size u8, size u16, places of name, data and
 * op u8 each, kind of content u8, seed u32, 16 raw bytes. Any bytes are a step. Step 0 is the sequence's head: ABI u8,
 * machine u8, and a u8 that is HEAD_BOOTS_ON where boots and cuts of power are played and not passed over.
 */
export const STEP_BYTES = 32;
export const STEPS_MAX = 256;
export const STEP_KIND = 0;
export const STEP_MISC = 1;
export const STEP_NAME = 2;
export const STEP_GUID = 3;
export const STEP_ATTRIBUTES = 4;
export const STEP_SIZE_KIND = 5;
export const STEP_SIZE = 6;
export const STEP_NAME_PLACE = 8;
export const STEP_DATA_PLACE = 9;
export const STEP_OP_PLACE = 10;
export const STEP_CONTENT = 11;
export const STEP_SEED = 12;
export const STEP_RAW = 16;
export const HEAD_ABI = 0;
export const HEAD_MACHINE = 1;
export const HEAD_BOOTS = 2;
export const HEAD_BOOTS_ON = 0xb0;

/** Kinds of steps, modulo KINDS; 1 to 11 are the functions of the runtime call by their numbers. */
export const KINDS = 32;
export const KIND_ANY_FUNCTION = 0;
export const KIND_FIRMWARE_INFO = 12;
export const KIND_ANY_COMMAND = 13;
/** Left to the host: the machine boots again. */
export const KIND_REBOOT = 14;
/** Left to the host: power is cut some steps of flash writing later, as its seed says. */
export const KIND_POWER_CUT = 15;
export const KIND_CLOCK = 16;
export const KIND_HOLE = 17;
export const KIND_MAP = 18;
export const KIND_PLATFORM = 19;
/** From here on the kinds are GetVariable, from the next one on SetVariable and then GetNextVariableName once more. */
export const KIND_COMMON = 20;
export const KIND_COMMON_SET = 24;
export const KIND_COMMON_NEXT = 30;

/** Names from NAMES_MAX on: */
export const NAME_RAW = 0xf0;
export const NAME_RAW_OPEN = 0xf8;
/** GetNextVariableName goes on from what its buffer holds. */
export const NAME_KEPT = 0xff;
/** The GUID of the last GetNextVariableName. */
export const GUID_KEPT = 0xff;

/** Kinds of sizes, modulo 8. */
export const SIZE_BYTE = 0;
export const SIZE_WORD = 1;
export const SIZE_NOTED = 2;
export const SIZE_OF_CONTENT = 3;
export const SIZE_LARGE = 4;
export const SIZE_OVER_4G = 5;
export const SIZE_HIGHEST = 6;
/** Of the data of the variable that the step names, and a few bytes more or less. */
export const SIZE_OF_STORED = 7;

/** Kinds of content, modulo 16; from CONTENT_LISTED on those of CONTENTS. */
export const CONTENT_ZERO = 0;
export const CONTENT_ONES = 1;
export const CONTENT_RAW = 2;
export const CONTENT_SEED = 3;
export const CONTENT_LISTED = 8;
/** Listed, with one byte changed. */
export const CONTENT_TORN = 12;

/**
 * Bits of a capsule step's name: its scatter-gather list is laid, and not an address of the seed's; it lies on no multiple of
 * 8; blocks are split behind the capsule's header, or within it; each block but the last goes on elsewhere; the end leads
 * to the start; blocks are a byte too long, or too short.
 */
export const LIST_LAID = 1;
export const LIST_MISALIGNED = 2;
export const LIST_SPLIT = 4;
export const LIST_SPLIT_HEADER = 8;
export const LIST_CONTINUED = 16;
export const LIST_LOOPS = 32;
export const LIST_LONG = 64;
export const LIST_SHORT = 128;

/**
 * Guest addresses of the usual places of op, name and data; data that does not fit there goes to LARGE_PLACE. What lies
 * before it, and from LAST_PLACE on, is looked at after each sequence.
 */
export const OP_PLACE = 0x1100;
export const NAME_PLACE = 0x1200;
export const DATA_PLACE = 0x1c00;
export const LARGE_PLACE = 0x2800;
export const LAST_PLACE = FUZZ_WINDOW_BYTES - 0x800;

/** Places, modulo 16; all others are the usual one. */
export const PLACE_LAST_BYTES = 1;
export const PLACE_PAST_END = 2;
export const PLACE_BEFORE_FIRST = 3;
export const PLACE_NULL = 4;
export const PLACE_END = 5;
export const PLACE_HYPERVISOR = 6;
export const PLACE_OVER_4G = 7;
export const PLACE_ODD = 8;
export const PLACE_AT_OP = 9;
export const PLACE_AT_NAME = 10;
export const PLACE_TOP = 11;

/**
 * FINDING: number of the step u32, Violation u32, guest address or number that shows it u32, end of what was touched of the
 * large place u32; address of the op u64; a GUID; 16 bytes of work; the op.
 */
export const FINDING_STEP = 0;
export const FINDING_VIOLATION = 4;
export const FINDING_DETAIL = 8;
export const FINDING_LARGE_END = 12;
export const FINDING_OP_LOW = 16;
export const FINDING_OP_HIGH = 20;
export const FINDING_GUID = 32;
export const FINDING_WORK = 48;
export const FINDING_OP = 64;

/** What must never be (the core's own invariants). */
export enum Violation {
  None = 0,
  /** A byte of guest memory changed that the call has no business with. */
  StrayWrite = 1,
  /** Neither 0 nor an errno that Xen gives. */
  UnknownResult = 2,
  /** A status that no service gives. */
  UnknownStatus = 3,
  /** A region's tail is not where records end. */
  Tail = 4,
  /** The bytes of all records are not counted right. */
  Accounting = 5,
  /** More entries than the index has room for. */
  IndexFull = 6,
  /** Something was written behind the window. */
  RedZone = 7,
  /** An answered read whose size, attributes or terminator cannot be. */
  Answer = 8,
}
