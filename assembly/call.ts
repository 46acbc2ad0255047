import { ATTENTION_COMPAT, ATTENTION_FOLD_STATUS, OP } from "./abi/layout";
import {
  COMPAT_ACCURACY,
  COMPAT_CALL_BYTES,
  COMPAT_CAPSULE_COUNT,
  COMPAT_CAPSULE_HEADERS,
  COMPAT_DATA,
  COMPAT_EFI_INFO_BYTES,
  COMPAT_GUID,
  COMPAT_MAX_CAPSULE_SIZE,
  COMPAT_MAX_SIZE,
  COMPAT_MAX_STORE_SIZE,
  COMPAT_NAME,
  COMPAT_NEXT_GUID,
  COMPAT_NEXT_NAME,
  COMPAT_NEXT_SIZE,
  COMPAT_QUERY_ATTR,
  COMPAT_REMAIN_STORE_SIZE,
  COMPAT_RESET_TYPE,
  COMPAT_RESOLUTION,
  COMPAT_SG_LIST,
  COMPAT_SIZE,
  COMPAT_TIME,
  FW_KBD_SHIFT_FLAGS,
  INFO_TYPE,
  INFO_VENDOR_NAME,
  NATIVE_ACCURACY,
  NATIVE_CALL_BYTES,
  NATIVE_CAPSULE_COUNT,
  NATIVE_CAPSULE_HEADERS,
  NATIVE_DATA,
  NATIVE_EFI_INFO_BYTES,
  NATIVE_GUID,
  NATIVE_MAX_CAPSULE_SIZE,
  NATIVE_MAX_SIZE,
  NATIVE_MAX_STORE_SIZE,
  NATIVE_NAME,
  NATIVE_NEXT_GUID,
  NATIVE_NEXT_NAME,
  NATIVE_NEXT_SIZE,
  NATIVE_QUERY_ATTR,
  NATIVE_REMAIN_STORE_SIZE,
  NATIVE_RESET_TYPE,
  NATIVE_RESOLUTION,
  NATIVE_SG_LIST,
  NATIVE_SIZE,
  NATIVE_TIME,
  OP_MISC,
  OP_STATUS,
} from "./abi/op";
import { EfiCode } from "./abi/status";
import { at, placeOf } from "./guest";
import { draft, state } from "./state";

/**
 * Between the guest's op and the services: the only file that knows where a field lies. As Xen does, the core works on
 * a copy of the op (at OP) and writes its body back in one piece, so that fields nobody set come back as passed.
 */

/** Copies the body of the op at core address `op`. */
export function fetch(op: usize): void {
  store<u64>(OP, load<u64>(op, 8), 8);
  store<u64>(OP, load<u64>(op, 16), 16);
  store<u64>(OP, load<u64>(op, 24), 24);
  store<u64>(OP, load<u64>(op, 32), 32);
  store<u64>(OP, load<u64>(op, 40), 40);
  store<u64>(OP, load<u64>(op, 48), 48);
  store<u64>(OP, load<u64>(op, 56), 56);
}

/** Bytes of the body, from OP_BODY on, that go back after a runtime call. */
export function callBytes(): u32 {
  return isCompat() ? COMPAT_CALL_BYTES : NATIVE_CALL_BYTES;
}

/** Bytes of the union that go back after firmware_info: all of efi_info, or the one byte of keyboard flags. */
export function infoBytes(): u32 {
  if (load<u32>(OP, INFO_TYPE) === FW_KBD_SHIFT_FLAGS) return 1;
  return isCompat() ? COMPAT_EFI_INFO_BYTES : NATIVE_EFI_INFO_BYTES;
}

/** Writes the body of a native call back to the op at core address `op`. */
export function writeBackNative(op: usize): void {
  store<u64>(op, load<u64>(OP, 8), 8);
  store<u64>(op, load<u64>(OP, 16), 16);
  store<u64>(op, load<u64>(OP, 24), 24);
  store<u64>(op, load<u64>(OP, 32), 32);
  store<u64>(op, load<u64>(OP, 40), 40);
  store<u64>(op, load<u64>(OP, 48), 48);
  store<u64>(op, load<u64>(OP, 56), 56);
}

export function misc(): u32 {
  return load<u32>(OP, OP_MISC);
}

export function setMisc(value: u32): void {
  store<u32>(OP, value, OP_MISC);
}

/** Status with the error bit: 8 bytes, folded to 32 bits for arm32; 4 bytes for x86_32 (Xen's compat.c). */
export function setStatus(code: EfiCode): void {
  if (state.attention & (ATTENTION_COMPAT | ATTENTION_FOLD_STATUS)) {
    const folded: u32 = code === EfiCode.Success ? 0 : <u32>code | 0x80000000;
    if (isCompat()) store<u32>(OP, folded, OP_STATUS);
    else store<u64>(OP, folded, OP_STATUS);
  } else {
    store<u64>(OP, code === EfiCode.Success ? 0 : <u64>code | 0x8000000000000000, OP_STATUS);
  }
}

/** Where the op's EFI_TIME lies: core address, 16 bytes. */
export function time(): usize {
  return isCompat() ? OP + COMPAT_TIME : OP + NATIVE_TIME;
}

/** Resolution in Hz and accuracy in parts per 10^12. */
export function setCapabilities(resolution: u32, accuracy: u32): void {
  if (isCompat()) {
    store<u32>(OP, resolution, COMPAT_RESOLUTION);
    store<u32>(OP, accuracy, COMPAT_ACCURACY);
  } else {
    store<u32>(OP, resolution, NATIVE_RESOLUTION);
    store<u32>(OP, accuracy, NATIVE_ACCURACY);
  }
}

/** Guest address of the name of get_variable and set_variable. */
export function nameHandle(): u64 {
  return isCompat() ? load<u32>(OP, COMPAT_NAME) : load<u64>(OP, NATIVE_NAME);
}

/** Guest address of their data. */
export function dataHandle(): u64 {
  return isCompat() ? load<u32>(OP, COMPAT_DATA) : load<u64>(OP, NATIVE_DATA);
}

/** Their vendor GUID: core address, 16 bytes. */
export function variableGuid(): usize {
  return isCompat() ? OP + COMPAT_GUID : OP + NATIVE_GUID;
}

/** Reads the size of their data, in bytes, into state.size. */
export function decodeVariableSize(): void {
  state.size = isCompat() ? load<u32>(OP, COMPAT_SIZE) : load<u64>(OP, NATIVE_SIZE);
}

export function encodeVariableSize(): void {
  if (isCompat()) store<u32>(OP, <u32>state.size, COMPAT_SIZE);
  else store<u64>(OP, state.size, NATIVE_SIZE);
}

/** Guest address of the buffer of get_next_variable_name. */
export function nextNameHandle(): u64 {
  return isCompat() ? load<u32>(OP, COMPAT_NEXT_NAME) : load<u64>(OP, NATIVE_NEXT_NAME);
}

/** Reads the buffer's size, in bytes, into state.size, and notes where the GUID lies. */
export function decodeNextName(): void {
  if (isCompat()) {
    state.size = load<u32>(OP, COMPAT_NEXT_SIZE);
    draft.guid = OP + COMPAT_NEXT_GUID;
  } else {
    state.size = load<u64>(OP, NATIVE_NEXT_SIZE);
    draft.guid = OP + NATIVE_NEXT_GUID;
  }
}

export function encodeNextNameSize(): void {
  if (isCompat()) store<u32>(OP, <u32>state.size, COMPAT_NEXT_SIZE);
  else store<u64>(OP, state.size, NATIVE_NEXT_SIZE);
}

export function queryAttributes(): u32 {
  return isCompat() ? load<u32>(OP, COMPAT_QUERY_ATTR) : load<u32>(OP, NATIVE_QUERY_ATTR);
}

/** Writes the three byte counts of query_variable_info. */
export function setVariableInfo(maxStore: u64, remainStore: u64, maxVariable: u64): void {
  if (isCompat()) {
    store<u64>(OP, maxStore, COMPAT_MAX_STORE_SIZE);
    store<u64>(OP, remainStore, COMPAT_REMAIN_STORE_SIZE);
    store<u64>(OP, maxVariable, COMPAT_MAX_SIZE);
  } else {
    store<u64>(OP, maxStore, NATIVE_MAX_STORE_SIZE);
    store<u64>(OP, remainStore, NATIVE_REMAIN_STORE_SIZE);
    store<u64>(OP, maxVariable, NATIVE_MAX_SIZE);
  }
}

/** Guest address of the array of both capsule calls. */
export function capsulesHandle(): u64 {
  return isCompat() ? load<u32>(OP, COMPAT_CAPSULE_HEADERS) : load<u64>(OP, NATIVE_CAPSULE_HEADERS);
}

/** How many capsules they name. */
export function capsuleCount(): u64 {
  return isCompat() ? load<u32>(OP, COMPAT_CAPSULE_COUNT) : load<u64>(OP, NATIVE_CAPSULE_COUNT);
}

/** Bytes of one pointer in that array: it is the caller's own, so 4 for arm32, too, where a handle has 8. */
export function capsulePointerBytes(): u32 {
  return state.attention & ATTENTION_FOLD_STATUS ? 4 : 8;
}

/** The array's pointer `i`, a guest address; the array is viewed at state.capsules. */
export function capsuleHandle(i: u32): u64 {
  const pointer = pointerAt(i);
  return capsulePointerBytes() === 4 ? load<u32>(pointer) : load<u64>(pointer);
}

/**
 * Notes that capsule `i` is viewed at core address `address`. A pointer in a copy of the array now points to a copy; one in
 * a window stays what it is.
 */
export function setCapsule(i: u32, address: usize): void {
  const pointer = pointerAt(i);
  if (capsulePointerBytes() === 4) store<u32>(pointer, placeOf(address));
  else store<u64>(pointer, placeOf(address));
}

/** Core address of capsule `i`, which has been noted. */
export function capsuleAt(i: u32): usize {
  return at(capsuleHandle(i));
}

function pointerAt(i: u32): usize {
  return state.capsules + <usize>i * capsulePointerBytes();
}

/** Machine address of update_capsule's scatter-gather list. */
export function capsuleList(): u64 {
  return isCompat() ? load<u64>(OP, COMPAT_SG_LIST) : load<u64>(OP, NATIVE_SG_LIST);
}

/** Largest size of all capsules together in bytes, and an EFI_RESET_TYPE. */
export function setCapsuleCapabilities(maxBytes: u64, resetType: u32): void {
  if (isCompat()) {
    store<u64>(OP, maxBytes, COMPAT_MAX_CAPSULE_SIZE);
    store<u32>(OP, resetType, COMPAT_RESET_TYPE);
  } else {
    store<u64>(OP, maxBytes, NATIVE_MAX_CAPSULE_SIZE);
    store<u32>(OP, resetType, NATIVE_RESET_TYPE);
  }
}

/** Handle of firmware_info's vendor string. */
export function vendorHandle(): u64 {
  return isCompat() ? load<u32>(OP, INFO_VENDOR_NAME) : load<u64>(OP, INFO_VENDOR_NAME);
}

/** Writes a long of firmware_info at offset `field`: 4 bytes for x86_32. */
export function setInfoLong(field: usize, value: u64): void {
  if (isCompat()) store<u32>(<usize>OP + field, <u32>value);
  else store<u64>(<usize>OP + field, value);
}

export function isCompat(): bool {
  return (state.attention & ATTENTION_COMPAT) !== 0;
}
