/**
 * The frames of `xenefi serve`, as docs/protocol.md tells them. All integers are little-endian and unsigned unless said
 * otherwise; offsets count bytes from the frame's first byte; nothing is aligned or padded.
 */

export const VERSION = 1;
/** "XEFI", the first bytes of a HELLO's body. */
export const MAGIC = 0x49464558;

/** Types of frames. */
export const HELLO = 1;
export const CALL = 2;
export const NEED = 3;
export const HAVE = 4;
export const RESULT = 5;
export const CTL = 6;
export const REPLY = 7;
export const ERROR = 8;

/** Head of every frame: u32 bytes of the whole frame, u8 type, u8 flags (0), u16 tag. */
export const LENGTH = 0;
export const TYPE = 4;
export const FLAGS = 5;
export const TAG = 6;
export const HEAD_BYTES = 8;
/** Largest frame, in bytes. */
export const FRAME_BYTES_MAX = 0x400000;

/** HELLO: u32 magic, u16 version, u8 ABI, u8 0, u32 first address that can be mapped; in the answer u32 largest frame. */
export const HELLO_MAGIC = 8;
export const HELLO_VERSION = 12;
export const HELLO_ABI = 14;
export const HELLO_ZERO = 15;
export const HELLO_UNMAPPED_BELOW = 16;
export const HELLO_BYTES = 20;

/** CALL: u32 hypercall number, u16 bytes of the op, u16 regions, u64 guest address of the op; the op, then the regions. */
export const CALL_NUMBER = 8;
export const CALL_OP_BYTES = 12;
export const CALL_REGIONS = 14;
export const CALL_OP_ADDRESS = 16;
export const CALL_OP = 24;

/** Region: u64 guest address, u32 length, u32 bytes given, or NOT_MAPPED; then these bytes. */
export const REGION_ADDRESS = 0;
export const REGION_LENGTH = 8;
export const REGION_GIVEN = 12;
export const REGION_BYTES = 16;
/** In place of the bytes given: none of the region's bytes can be accessed. */
export const NOT_MAPPED = 0xffffffff;
/** Most regions of one call. */
export const REGIONS_MAX = 16;

/** NEED: u32 ranges; then of each u64 guest address, u32 length. */
export const NEED_RANGES = 8;
export const NEED_FIRST = 12;
export const RANGE_ADDRESS = 0;
export const RANGE_LENGTH = 8;
export const RANGE_BYTES = 12;

/** HAVE: of each range u32 bytes that can be read from its first on; then these bytes. */
export const HAVE_FIRST = 8;

/** RESULT: i32 hypercall's result, u32 writes; then of each a range, and its bytes. */
export const RESULT_RET = 8;
export const RESULT_WRITES = 12;
export const RESULT_FIRST = 16;

/** ERROR: u32 offset in the frame that is wrong, then UTF-8 text up to the frame's end. */
export const ERROR_OFFSET = 8;
export const ERROR_TEXT = 12;

/** Largest buffer of a call, in bytes: what a trace can tell. A name has no more, and what is larger is not allocated. */
export const BUFFER_BYTES_MAX = 0x100000;
