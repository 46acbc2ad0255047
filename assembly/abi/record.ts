/**
 * One variable record of edk2's authenticated variable store, little-endian; offsets in bytes
 * (MdeModulePkg/Include/Guid/VariableFormat.h, AUTHENTICATED_VARIABLE_HEADER):
 *
 *    0 start id u16 0x55aa    8 monotonic count u64      36 name bytes u32, terminator included
 *    2 state u8              16 time stamp, EFI_TIME     40 data bytes u32
 *    3 reserved u8           32 public key index u32     44 vendor GUID
 *    4 attributes u32                                    60 name, data; padded with 0xff to a multiple of 4
 */
export const HEADER_BYTES = 60;
export const START_ID = 0x55aa;
export const RECORD_STATE = 2;
export const RECORD_ATTRIBUTES = 4;
export const RECORD_COUNT = 8;
export const RECORD_STAMP = 16;
export const RECORD_KEY_INDEX = 32;
export const RECORD_NAME_BYTES = 36;
export const RECORD_DATA_BYTES = 40;
export const RECORD_GUID = 44;

/** Bytes of VARIABLE_STORE_HEADER in front of the first record. */
export const STORE_HEADER_BYTES = 28;

/** State bytes: flash clears bits and never sets them. */
export const ERASED = 0xff;
export const HEADER_VALID = 0x7f;
export const ADDED = 0x3f;
/** ADDED, and a replacement or deletion has begun: valid unless an ADDED record has the same name. */
export const IN_TRANSITION = 0x3e;
/** Replaced or deleted: what a deletion makes of ADDED and of IN_TRANSITION. */
export const DELETED = 0x3d;
export const DELETED_IN_TRANSITION = 0x3c;
