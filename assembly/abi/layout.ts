/**
 * The core's memory map, known to core and host. Core addresses in bytes; every block is fixed, the memory never grows.
 *
 *   0x001000  STATE      every mutable number of the core
 *   0x001500  MARK_WORDS the journal of what changed since the mark (store/mark.ts)
 *   0x002000  POLICY     the personality's limits and flags, written by the host before power-on
 *   0x003000  OP         the core's own copy of the guest's platform op
 *   0x003200  HOLES      unmapped and read-only ranges of the guest's memory
 *   0x003a00  MARK_STATE STATE as it was at the mark
 *   0x004000  PLATFORM   what firmware_info reports, written by the host
 *   0x00d000  CAPSULES   what the firmware does with capsules (abi/capsule.ts), and the core's walk over a list of them
 *   0x010000  RULES      defined variables and locks, written by the host
 *   0x018000  static data of the compiler (debug build only)
 *   0x020000  INDEX      side index of the store
 *   0x060000  SCRATCH    reclaim buffer
 *   0x160000  FLASH      the firmware volume: variables, event log, FTW work and spare areas
 *   0x260000  VOLATILE   the volatile store, same format
 *   0x2e0000  STAGE      where the host puts a variable that the firmware writes at boot
 *   0x330000  WINDOW     the guest's memory: guest address 0 is here; it runs to the end of memory less WINDOW_SLACK.
 *                        If the guest's memory is foreign: copies of what a call looks at
 */
/** Changes with every change of this map or of the State class; a snapshot of another version is refused. */
export const LAYOUT_VERSION = 8;

export const STATE = 0x1000;
export const POLICY = 0x2000;
export const OP = 0x3000;
export const HOLES = 0x3200;
export const HOLES_MAX = 128;
export const PLATFORM = 0x4000;
export const CAPSULES = 0xd000;
export const RULES = 0x10000;
export const RULES_BYTES = 0x8000;
/** The compiler's static data: asconfig.json says so as memoryBase. */
export const STATIC_DATA = 0x18000;
export const INDEX = 0x20000;
export const INDEX_SLOTS_MAX = 32768;
export const SCRATCH = 0x60000;
export const SCRATCH_BYTES = 0x100000;
export const FLASH = 0x160000;
export const FLASH_BYTES = 0x100000;
export const VOLATILE = 0x260000;
export const VOLATILE_BYTES = 0x80000;
export const STAGE = 0x2e0000;
export const STAGE_BYTES = 0x50000;
export const WINDOW = 0x330000;
/** Bytes behind the window which reads in 8-byte steps may touch. */
export const WINDOW_SLACK = 64;
/** Guest addresses below this are never mapped, so that NULL faults. */
export const NULL_GUARD_BYTES = 0x1000;

/** A hole: first guest address u32, address behind the last u32, kind u32, 0. Sorted by address, disjoint. */
export const HOLE_BYTES = 16;
export const HOLE_UNMAPPED = 1;
export const HOLE_READ_ONLY = 2;

/** Fields of STATE that the host reads or writes (the others belong to the core alone). */
export const STATE_ATTENTION = 0x1000;
export const STATE_REASON = 0x1004;
export const STATE_WINDOW_BYTES = 0x1008;
export const STATE_HOLE_COUNT = 0x100c;
/** The clock: seconds since 1970-01-01T00:00:00 as the platform's oscillator counts them, i64. */
export const STATE_CLOCK_SECONDS = 0x1010;
/** Not 0 from ExitBootServices on, u32. */
export const STATE_AT_RUNTIME = 0x1018;
export const STATE_INDEX_SLOTS = 0x101c;
/** Xen's copy of QueryVariableInfo from before ExitBootServices: EfiCode u32; largest store, room, largest variable u64. */
export const STATE_SNAPSHOT_STATUS = 0x1020;
export const STATE_SNAPSHOT_MAX_STORE = 0x1028;
export const STATE_SNAPSHOT_REMAIN_STORE = 0x1030;
export const STATE_SNAPSHOT_MAX_VARIABLE = 0x1038;
/** Steps that flash can still be written, u32, where ATTENTION_POWER_CUT is set: a byte, or the erasure of a block. */
export const STATE_FLASH_STEPS = 0x1040;
/** How Dom0 ended, u32: abi/sched.ts says it; 0 while it runs. */
export const STATE_SHUTDOWN = 0x1044;
export const STATE_BYTES = 0x500;
export const MARK_WORDS = 0x1500;
export const MARK_WORDS_BYTES = 0xb00;
export const MARK_STATE = 0x3a00;

/** Bits of STATE_ATTENTION: everything rare, tested with one load a call. */
export const ATTENTION_UNPRIVILEGED = 0x01;
export const ATTENTION_NO_EFI_BOOT = 0x02;
export const ATTENTION_NO_RUNTIME_SERVICES = 0x04;
export const ATTENTION_HOLES = 0x08;
/** The op has the x86_32 layout. */
export const ATTENTION_COMPAT = 0x10;
/** A 64-bit status is folded to 32 bits before it is written (arm32; x86_32 implies it). */
export const ATTENTION_FOLD_STATUS = 0x20;
/** Every platform op is unknown, as on today's Xen for Arm. */
export const ATTENTION_NO_PLATFORM_OPS = 0x40;

/** Power is lost after STATE_FLASH_STEPS more steps of writing flash. */
export const ATTENTION_POWER_CUT = 0x80;

/** The capsule calls reach the firmware; else they are -ENOSYS. */
export const ATTENTION_CAPSULES = 0x100;

/** What changes in flash is told to the host (host.ts, flashWritten and flashSync). */
export const ATTENTION_WRITE_THROUGH = 0x200;

/** The guest's memory is not in WINDOW: the host copies pieces of it in and out (guest.ts). */
export const ATTENTION_FOREIGN = 0x400;

/** Runtime calls are checked as Xen does, and end where the firmware would be called; nothing is written back. */
export const ATTENTION_CHECK_ONLY = 0x800;

/** The hypervisor's interface is of another version than any op's. */
export const ATTENTION_OTHER_INTERFACE = 0x1000;

/** What changes is kept so that it can be undone (store/mark.ts). */
export const ATTENTION_MARKED = 0x2000;

/** PLATFORM block, all little-endian: u32 unless said otherwise. */
export const PLATFORM_EFI_VERSION = 0;
export const PLATFORM_RT_VERSION = 4;
export const PLATFORM_FW_REVISION = 8;
export const PLATFORM_CONFIG_NENT = 12;
/** u64 */
export const PLATFORM_CONFIG_ADDR = 16;
/** Apple properties: address u64, size u64; size 0 means none. */
export const PLATFORM_APPLE_ADDRESS = 24;
export const PLATFORM_APPLE_SIZE = 32;
/** Bytes of the vendor string with its terminator; 0 where the hypervisor kept none. */
export const PLATFORM_VENDOR_BYTES = 40;
export const PLATFORM_MEMORY_COUNT = 44;
export const PLATFORM_ROM_COUNT = 48;
export const PLATFORM_KBD_SHIFT_FLAGS = 52;
export const PLATFORM_VENDOR = 64;
export const PLATFORM_VENDOR_MAX_BYTES = 512;
/** PCI ROMs, 24 bytes each: segment u16, bus u8, devfn u8, vendor u16, devid u16, address u64, size u64. */
export const PLATFORM_ROMS = 0x400;
export const PLATFORM_ROM_BYTES = 24;
export const PLATFORM_ROMS_MAX = 64;
/** Memory descriptors, 32 bytes each: start u64, bytes u64, attributes u64, type u32, 0. */
export const PLATFORM_MEMORY = 0x1000;
export const PLATFORM_MEMORY_BYTES = 32;
export const PLATFORM_MEMORY_MAX = 1024;
