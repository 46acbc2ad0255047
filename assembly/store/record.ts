import {
  ERASED,
  HEADER_BYTES,
  RECORD_ATTRIBUTES,
  RECORD_COUNT,
  RECORD_DATA_BYTES,
  RECORD_GUID,
  RECORD_NAME_BYTES,
  RECORD_STAMP,
  RECORD_STATE,
  START_ID,
} from "../abi/record";

/** What the beginning of a replacement or deletion ANDs to the state. */
export const TRANSITION_MASK: u8 = 0xfe;
/** What a deletion ANDs to the state. */
export const DELETED_MASK: u8 = 0xfd;

export function stateOf(record: usize): u8 {
  return load<u8>(record, RECORD_STATE);
}

export function attributesOf(record: usize): u32 {
  return load<u32>(record, RECORD_ATTRIBUTES);
}

export function guidOf(record: usize): usize {
  return record + RECORD_GUID;
}

export function nameOf(record: usize): usize {
  return record + HEADER_BYTES;
}

/** Where an order other than the log's has the record, in the place of the counter of counter-based authentication. */
export function sequenceOf(record: usize): u64 {
  return load<u64>(record, RECORD_COUNT);
}

export function stampOf(record: usize): usize {
  return record + RECORD_STAMP;
}

/** Bytes of the name; 0 where the header was never completed. */
export function nameBytesOf(record: usize): u32 {
  return unfinished(record) ? 0 : load<u32>(record, RECORD_NAME_BYTES);
}

/** Bytes of the data; 0 where the header was never completed. */
export function dataBytesOf(record: usize): u32 {
  return unfinished(record) ? 0 : load<u32>(record, RECORD_DATA_BYTES);
}

export function dataOf(record: usize): usize {
  return record + HEADER_BYTES + nameBytesOf(record);
}

/** Bytes that a record of these sizes takes in the store, rounded up to 4. */
export function alignedBytes(bytes: u64): u64 {
  return (bytes + 3) & ~3;
}

/** Address behind the record: where the next one starts. */
export function nextOf(record: usize): u64 {
  if (unfinished(record)) return <u64>record + HEADER_BYTES;
  const bytes = <u64>HEADER_BYTES + load<u32>(record, RECORD_NAME_BYTES) + load<u32>(record, RECORD_DATA_BYTES);
  return <u64>record + alignedBytes(bytes);
}

/** True if a record starts here. */
export function startsAt(address: usize): bool {
  return load<u16>(address) === START_ID;
}

/** Bytes of the name of a record in the index, whose header is complete. */
export function foundNameBytes(record: usize): u32 {
  return load<u32>(record, RECORD_NAME_BYTES);
}

/** Bytes of the data of such a record. */
export function foundDataBytes(record: usize): u32 {
  return load<u32>(record, RECORD_DATA_BYTES);
}

/** edk2 takes the sizes of such a header for 0 (VariableParsing.c, NameSizeOfVariable). */
function unfinished(record: usize): bool {
  return (
    (i32(stateOf(record) === ERASED) |
      i32(attributesOf(record) === u32.MAX_VALUE) |
      i32(load<u32>(record, RECORD_NAME_BYTES) === u32.MAX_VALUE) |
      i32(load<u32>(record, RECORD_DATA_BYTES) === u32.MAX_VALUE)) !==
    0
  );
}
