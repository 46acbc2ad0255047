/**
 * Capsules (UEFI 2.10, 8.5.3), all little-endian; offsets and sizes in bytes.
 *
 * EFI_CAPSULE_HEADER, at the start of a capsule's image:
 *
 *    0 GUID                    20 flags u32
 *   16 header bytes u32        24 image bytes u32, header included
 */
export const CAPSULE_HEADER_BYTES = 28;
export const CAPSULE_GUID = 0;
export const CAPSULE_HEADER_SIZE = 16;
export const CAPSULE_FLAGS = 20;
export const CAPSULE_IMAGE_SIZE = 24;

/** Flags of all capsules; bits 0 to 15 are the GUID's. */
export const PERSIST_ACROSS_RESET = 0x00010000;
export const POPULATE_SYSTEM_TABLE = 0x00020000;
export const INITIATE_RESET = 0x00040000;

/**
 * EFI_CAPSULE_BLOCK_DESCRIPTOR, one entry of a scatter-gather list: length u64 and address u64 of a block of data; length
 * 0 with an address goes on with the descriptor there; length 0 and address 0 end the list.
 */
export const BLOCK_BYTES = 16;
export const BLOCK_LENGTH = 0;
export const BLOCK_ADDRESS = 8;

/** EFI_RESET_TYPE. */
export const RESET_COLD = 0;
export const RESET_WARM = 1;

/**
 * EFI_FIRMWARE_MANAGEMENT_CAPSULE_HEADER, behind the header of an FMP capsule (UEFI 2.10, 23.3.2): version u32, embedded
 * drivers u16, payloads u16, then an offset u64 from this header for each driver and each payload.
 */
export const FMP_HEADER_BYTES = 8;
export const FMP_VERSION = 0;
export const FMP_DRIVERS = 4;
export const FMP_PAYLOADS = 6;
export const FMP_HEADER_VERSION = 1;
/** EFI_FIRMWARE_MANAGEMENT_CAPSULE_IMAGE_HEADER, at a payload's offset: 32 bytes in version 1, 40 in 2, 48 in 3. */
export const FMP_IMAGE_HEADER_BYTES = 32;
export const FMP_IMAGE_VERSION = 0;
export const FMP_IMAGE_VERSION_MAX = 3;
export const FMP_IMAGE_SIZE = 24;
export const FMP_IMAGE_VENDOR_SIZE = 28;

/**
 * The CAPSULES block: what the firmware does with capsules, written by the host before power-on; offsets from CAPSULES,
 * u32 unless said otherwise. From CAPSULES_STORED on it is the core's.
 */
export const CAPSULES_FEATURES = 0;
/** What QueryCapsuleCapabilities says is the most, in bytes: of capsules across a reset, of others. */
export const CAPSULES_MAX_ACROSS_RESET = 4;
export const CAPSULES_MAX_AT_ONCE = 8;
/** Which capsules the firmware's library takes: a number of GUIDs, then the GUIDs. */
export const CAPSULES_ACCEPTED_COUNT = 12;
export const CAPSULES_ACCEPTED = 16;
export const CAPSULES_ACCEPTED_MAX = 64;
/** Lists that UpdateCapsule has stored since power-on. */
export const CAPSULES_STORED = 1040;
/** Data of the variable that UpdateCapsule writes: u64. */
export const CAPSULES_VALUE = 1048;
/** Its name. */
export const CAPSULES_NAME = 1056;
export const CAPSULES_NAME_BYTES = 64;
/** The walk over a list (services/capsule-list.ts): bytes of the list that was opened, u64; of its block in hand. */
export const CAPSULES_WALK = 1120;
export const CAPSULES_LIST_BYTES = 1120;
export const CAPSULES_BLOCK_BYTES = 1128;

/** Bits of CAPSULES_FEATURES. Both services answer at run time; else UNSUPPORTED (U-Boot). */
export const CAPSULES_OFFERED = 1;
/** UpdateCapsule takes capsules in memory (edk2 PcdCapsuleInRamSupport). */
export const CAPSULES_IN_RAM = 2;
/** Capsules across a reset are taken at run time (edk2 PcdSupportUpdateCapsuleReset, not on Arm). */
export const CAPSULES_ACROSS_RESET = 4;
