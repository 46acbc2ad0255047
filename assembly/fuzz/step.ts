import { CAPSULE_HEADER_BYTES, CAPSULE_HEADER_SIZE, CAPSULE_IMAGE_SIZE } from "../abi/capsule";
import {
  CONTENT_LISTED,
  CONTENT_ONES,
  CONTENT_RAW,
  CONTENT_SEED,
  CONTENT_TORN,
  CONTENTS,
  CONTENTS_MAX,
  DATA_PLACE,
  FINDING,
  FINDING_GUID,
  FINDING_LARGE_END,
  FINDING_OP,
  FINDING_OP_LOW,
  FINDING_WORK,
  FUZZ_WINDOW_BYTES,
  GUID_KEPT,
  GUIDS,
  GUIDS_MAX,
  INPUT,
  KIND_ANY_COMMAND,
  KIND_ANY_FUNCTION,
  KIND_COMMON,
  KIND_COMMON_NEXT,
  KIND_COMMON_SET,
  KIND_FIRMWARE_INFO,
  KINDS,
  LARGE_PLACE,
  LAST_PLACE,
  LIST_CONTINUED,
  LIST_LAID,
  LIST_LONG,
  LIST_LOOPS,
  LIST_MISALIGNED,
  LIST_SHORT,
  LIST_SPLIT,
  LIST_SPLIT_HEADER,
  NAME_KEPT,
  NAME_PLACE,
  NAME_RAW,
  NAME_RAW_OPEN,
  NAMES,
  OP_PLACE,
  PLACE_AT_NAME,
  PLACE_AT_OP,
  PLACE_BEFORE_FIRST,
  PLACE_END,
  PLACE_HYPERVISOR,
  PLACE_LAST_BYTES,
  PLACE_NULL,
  PLACE_ODD,
  PLACE_OVER_4G,
  PLACE_PAST_END,
  PLACE_TOP,
  SHADOW,
  SIZE_HIGHEST,
  SIZE_LARGE,
  SIZE_NOTED,
  SIZE_OF_CONTENT,
  SIZE_OF_STORED,
  SIZE_OVER_4G,
  SIZE_WORD,
  STEP_ATTRIBUTES,
  STEP_BYTES,
  STEP_CONTENT,
  STEP_DATA_PLACE,
  STEP_GUID,
  STEP_KIND,
  STEP_MISC,
  STEP_NAME,
  STEP_NAME_PLACE,
  STEP_OP_PLACE,
  STEP_RAW,
  STEP_SEED,
  STEP_SIZE,
  STEP_SIZE_KIND,
} from "../abi/fuzz";
import { ATTENTION_CAPSULES, ATTENTION_COMPAT, NULL_GUARD_BYTES, WINDOW } from "../abi/layout";
import {
  CMD_EFI_RUNTIME_CALL,
  CMD_FIRMWARE_INFO,
  COMPAT_CAPSULE_COUNT,
  COMPAT_CAPSULE_HEADERS,
  COMPAT_DATA,
  COMPAT_GUID,
  COMPAT_NAME,
  COMPAT_NEXT_GUID,
  COMPAT_NEXT_NAME,
  COMPAT_NEXT_SIZE,
  COMPAT_QUERY_ATTR,
  COMPAT_SG_LIST,
  COMPAT_SIZE,
  COMPAT_TIME,
  FN_GET_NEXT_HIGH_MONOTONIC_COUNT,
  FN_GET_NEXT_VARIABLE_NAME,
  FN_GET_TIME,
  FN_GET_VARIABLE,
  FN_GET_WAKEUP_TIME,
  FN_QUERY_CAPSULE_CAPABILITIES,
  FN_QUERY_VARIABLE_INFO,
  FN_SET_TIME,
  FN_SET_VARIABLE,
  FN_SET_WAKEUP_TIME,
  FN_UPDATE_CAPSULE,
  INFO_BODY,
  INFO_INDEX,
  INFO_TYPE,
  INFO_VENDOR_BUFSZ,
  INFO_VENDOR_NAME,
  INTERFACE_VERSION,
  NATIVE_CAPSULE_COUNT,
  NATIVE_CAPSULE_HEADERS,
  NATIVE_DATA,
  NATIVE_GUID,
  NATIVE_NAME,
  NATIVE_NEXT_GUID,
  NATIVE_NEXT_NAME,
  NATIVE_NEXT_SIZE,
  NATIVE_QUERY_ATTR,
  NATIVE_SG_LIST,
  NATIVE_SIZE,
  NATIVE_TIME,
  OP_BYTES,
  OP_CMD,
  OP_FUNCTION,
  OP_INTERFACE_VERSION,
  OP_MISC,
} from "../abi/op";
import { capsulePointerBytes } from "../call";
import { scanName } from "../name";
import { ownDraft, state } from "../state";
import { dataBytesOf } from "../store/record";
import { find } from "../store/store";

/** A step of a sequence made into a platform op in the guest's memory, with the name and the data that it points to. */

/** Capsules of a step at the most, and the bytes from one to the next; behind them their list. Most data ends before them. */
const CAPSULES_MAX: u32 = 8;
const CAPSULE_PLACE: u32 = DATA_PLACE + 0x400;
const CAPSULE_PLACE_BYTES: u32 = 128;
const LIST_PLACE: u32 = CAPSULE_PLACE + CAPSULES_MAX * CAPSULE_PLACE_BYTES;

/** Bytes of a pattern; what is behind them is guest memory as it was. No variable has so many. */
const CONTENT_BYTES_MAX: u32 = 0x9000;

const SIZES_NOTED = memory.data<u32>([
  0, 1, 2, 4, 8, 16, 0x3c0, 0x3c4, 0x400, 0x401, 0x7c4, 0x83a0, 0x83c4, 0x83fe, 0x8400, 0x8401,
]);

const op: usize = FINDING + FINDING_OP;

export function stepAt(i: u32): usize {
  return <usize>INPUT + i * STEP_BYTES;
}

/** What the step does: a number of KINDS, the common ones folded. */
export function kindOf(step: usize): u32 {
  const kind = <u32>load<u8>(step, STEP_KIND) % KINDS;
  if (kind < <u32>KIND_COMMON) return kind;
  if (kind < <u32>KIND_COMMON_SET) return FN_GET_VARIABLE;
  return kind < <u32>KIND_COMMON_NEXT ? FN_SET_VARIABLE : FN_GET_NEXT_VARIABLE_NAME;
}

/** Lays the op of a step that is a hypercall; its address is in FINDING. */
export function lay(step: usize): void {
  const kind = kindOf(step);
  memory.fill(op, 0, OP_BYTES);
  store<u32>(op, kind === KIND_FIRMWARE_INFO ? CMD_FIRMWARE_INFO : CMD_EFI_RUNTIME_CALL, OP_CMD);
  store<u32>(op, INTERFACE_VERSION, OP_INTERFACE_VERSION);
  const at = place(load<u8>(step, STEP_OP_PLACE), OP_BYTES, OP_PLACE, seedOf(step));
  if (kind === KIND_FIRMWARE_INFO) layInfo(step);
  else if (kind === KIND_ANY_COMMAND) layAnyCommand(step);
  else layRuntimeCall(step, kind);
  give(at, op, OP_BYTES);
  store<u64>(FINDING, at, FINDING_OP_LOW);
}

function layRuntimeCall(step: usize, kind: u32): void {
  store<u32>(op, kind === KIND_ANY_FUNCTION ? seedOf(step) % 16 : kind, OP_FUNCTION);
  store<u32>(op, load<u8>(step, STEP_MISC), OP_MISC);
  switch (kind) {
    case FN_GET_TIME:
    case FN_SET_TIME:
    case FN_GET_WAKEUP_TIME:
    case FN_SET_WAKEUP_TIME:
    case FN_GET_NEXT_HIGH_MONOTONIC_COUNT:
    case KIND_ANY_FUNCTION:
      memory.copy(op + (isCompat() ? COMPAT_TIME : NATIVE_TIME), step + STEP_RAW, 16);
      break;
    case FN_GET_VARIABLE:
    case FN_SET_VARIABLE:
      layVariable(step, kind === FN_SET_VARIABLE);
      break;
    case FN_GET_NEXT_VARIABLE_NAME:
      layNextName(step);
      break;
    case FN_QUERY_VARIABLE_INFO:
      store<u32>(op + (isCompat() ? COMPAT_QUERY_ATTR : NATIVE_QUERY_ATTR), attributesOf(step));
      break;
    case FN_QUERY_CAPSULE_CAPABILITIES:
    case FN_UPDATE_CAPSULE:
      layCapsules(step);
      break;
    default:
      break;
  }
}

function layVariable(step: usize, writes: bool): void {
  const size = sizeOf(step);
  const bytes = <u32>min<u64>(size, FUZZ_WINDOW_BYTES);
  const data = place(load<u8>(step, STEP_DATA_PLACE), bytes, placeFor(bytes), seedOf(step));
  const name = layName(step);
  if (writes) {
    store<u32>(op, attributesOf(step), OP_MISC);
    layContent(step, data, bytes);
  }
  if (isCompat()) {
    store<u32>(op, <u32>name, COMPAT_NAME);
    store<u32>(op, <u32>size, COMPAT_SIZE);
    store<u32>(op, <u32>data, COMPAT_DATA);
    memory.copy(op + COMPAT_GUID, guidOf(step), 16);
  } else {
    store<u64>(op, name, NATIVE_NAME);
    store<u64>(op, size, NATIVE_SIZE);
    store<u64>(op, data, NATIVE_DATA);
    memory.copy(op + NATIVE_GUID, guidOf(step), 16);
  }
}

function layNextName(step: usize): void {
  const size = sizeOf(step);
  const name = load<u8>(step, STEP_NAME) === NAME_KEPT ? <u64>NAME_PLACE : layName(step);
  if (isCompat()) {
    store<u32>(op, <u32>size, COMPAT_NEXT_SIZE);
    store<u32>(op, <u32>name, COMPAT_NEXT_NAME);
    memory.copy(op + COMPAT_NEXT_GUID, guidOf(step), 16);
  } else {
    store<u64>(op, size, NATIVE_NEXT_SIZE);
    store<u64>(op, name, NATIVE_NEXT_NAME);
    memory.copy(op + NATIVE_NEXT_GUID, guidOf(step), 16);
  }
}

/**
 * An array of pointers to capsules, of which up to CAPSULES_MAX lie behind it, and the scatter-gather list of their blocks.
 * Of listed content a capsule is well formed, but for flags that the raw bytes say.
 */
function layCapsules(step: usize): void {
  const count = sizeOf(step);
  const array = place(load<u8>(step, STEP_DATA_PLACE), CAPSULES_MAX * 8, DATA_PLACE, seedOf(step));
  const pointerBytes = capsulePointerBytes();
  // Nobody but a firmware looks at them, and the guest's memory is to be the same in every ABI.
  const laid = state.attention & ATTENTION_CAPSULES ? <u32>min<u64>(count, CAPSULES_MAX) : 0;
  for (let i: u32 = 0; i < laid; i++) {
    store<u64>(FINDING, capsulePlace(i), FINDING_WORK);
    give(array + i * pointerBytes, FINDING + FINDING_WORK, pointerBytes);
    layCapsule(step, capsulePlace(i));
  }
  const list = layList(step, laid);
  if (isCompat()) {
    store<u32>(op, <u32>array, COMPAT_CAPSULE_HEADERS);
    store<u32>(op, <u32>count, COMPAT_CAPSULE_COUNT);
    store<u64>(op, list, COMPAT_SG_LIST);
  } else {
    store<u64>(op, array, NATIVE_CAPSULE_HEADERS);
    store<u64>(op, count, NATIVE_CAPSULE_COUNT);
    store<u64>(op, list, NATIVE_SG_LIST);
  }
}

function layCapsule(step: usize, at: u32): void {
  give(at, guidOf(step), 16);
  give(at + 16, step + STEP_RAW, 16);
  const kind = <u32>load<u8>(step, STEP_CONTENT) & 15;
  if (kind < <u32>CONTENT_LISTED) return;
  const entry = contentOf(step);
  const bytes = load<u32>(entry, 4);
  giveWord(at + CAPSULE_HEADER_SIZE, CAPSULE_HEADER_BYTES);
  giveWord(at + CAPSULE_IMAGE_SIZE, CAPSULE_HEADER_BYTES + bytes);
  give(at + CAPSULE_HEADER_BYTES, load<u32>(entry), min(bytes, CAPSULE_PLACE_BYTES - CAPSULE_HEADER_BYTES));
  if (kind < <u32>CONTENT_TORN) return;
  give(at + CAPSULE_HEADER_BYTES + (load<u16>(step, STEP_RAW) % max<u32>(bytes, 1)), step + STEP_RAW + 2, 1);
}

/** Lays the list of so many capsules' blocks in the shape that the step's name says (abi/fuzz.ts); gives its address. */
function layList(step: usize, capsules: u32): u64 {
  const shape = <u32>load<u8>(step, STEP_NAME);
  if ((shape & LIST_LAID) === 0) return seedOf(step);
  const start: u32 = LIST_PLACE + (shape & LIST_MISALIGNED ? 4 : 0);
  let at = start;
  for (let i: u32 = 0; i < capsules; i++) {
    const capsule = capsulePlace(i);
    const bytes =
      load<u32>(WINDOW + capsule, CAPSULE_IMAGE_SIZE) + (shape & LIST_LONG ? 1 : 0) - (shape & LIST_SHORT ? 1 : 0);
    const first: u32 = shape & LIST_SPLIT ? (shape & LIST_SPLIT_HEADER ? 8 : CAPSULE_HEADER_BYTES) : bytes;
    at = layBlock(at, first, capsule);
    if (first < bytes) at = layBlock(at, bytes - first, capsule + first);
    if (shape & LIST_CONTINUED) at = layBlock(at, 0, at + 16);
  }
  layBlock(at, 0, shape & LIST_LOOPS ? start : 0);
  return start;
}

/** Lays a descriptor of a block; gives the place behind it. */
function layBlock(at: u32, bytes: u64, address: u32): u32 {
  store<u64>(FINDING, bytes, FINDING_WORK);
  store<u64>(FINDING, address, FINDING_WORK + 8);
  give(at, FINDING + FINDING_WORK, 16);
  return at + 16;
}

function capsulePlace(i: u32): u32 {
  return CAPSULE_PLACE + i * CAPSULE_PLACE_BYTES;
}

function giveWord(guest: u32, word: u32): void {
  store<u32>(FINDING, word, FINDING_WORK);
  give(guest, FINDING + FINDING_WORK, 4);
}

function layInfo(step: usize): void {
  const seed = seedOf(step);
  store<u32>(op, seed & 7, INFO_TYPE);
  store<u32>(op, (seed >> 3) & 7, INFO_INDEX);
  memory.copy(op + INFO_BODY, step + STEP_RAW, 16);
  if ((seed & 0x40) === 0) return;
  const buffer = place(load<u8>(step, STEP_DATA_PLACE), 64, DATA_PLACE, seed);
  store<u32>(op, <u32>sizeOf(step), INFO_VENDOR_BUFSZ);
  store<u64>(op, buffer, INFO_VENDOR_NAME);
}

function layAnyCommand(step: usize): void {
  const seed = seedOf(step);
  store<u32>(op, seed & 0xff, OP_CMD);
  if ((seed & 0x300) === 0) store<u32>(op, seed >> 10, OP_INTERFACE_VERSION);
  memory.copy(op + OP_FUNCTION, step + STEP_RAW, 16);
}

/** Puts the step's name into the guest's memory; gives the guest address. */
function layName(step: usize): u64 {
  const index = <i32>load<u8>(step, STEP_NAME);
  const seed = seedOf(step);
  if (index < NAME_RAW) {
    const entry = <usize>NAMES + <usize>((<u32>index % max<u32>(load<u32>(NAMES), 1)) + 1) * 8;
    const bytes = load<u32>(entry, 4);
    const at = place(load<u8>(step, STEP_NAME_PLACE), bytes, NAME_PLACE, seed);
    give(at, load<u32>(entry), bytes);
    return at;
  }
  const terminator: u32 = index < NAME_RAW_OPEN ? 2 : 0;
  const at = place(load<u8>(step, STEP_NAME_PLACE), 16 + terminator, NAME_PLACE, seed);
  give(at, step + STEP_RAW, 16);
  store<u16>(FINDING, 0, FINDING_WORK);
  give(at + 16, FINDING + FINDING_WORK, terminator);
  return at;
}

function layContent(step: usize, data: u64, bytes: u32): void {
  const kind = <u32>load<u8>(step, STEP_CONTENT) & 15;
  if (kind >= <u32>CONTENT_LISTED) {
    const entry = contentOf(step);
    give(data, load<u32>(entry), min(bytes, load<u32>(entry, 4)));
    if (kind >= <u32>CONTENT_TORN)
      give(data + (load<u16>(step, STEP_RAW) % max<u32>(bytes, 1)), step + STEP_RAW + 2, 1);
    return;
  }
  const first = mappedFrom(data, bytes);
  if (first === 0) return;
  const at = <usize>data;
  const count = <u32>min<u64>(min(bytes, CONTENT_BYTES_MAX), <u64>FUZZ_WINDOW_BYTES - data);
  noteLarge(data, count);
  const fill: u8 = kind === CONTENT_ONES ? 0xff : kind >= <u32>CONTENT_SEED ? <u8>seedOf(step) : 0;
  memory.fill(<usize>WINDOW + at, fill, count);
  memory.fill(<usize>SHADOW + at, fill, count);
  if (kind === CONTENT_RAW) give(data, step + STEP_RAW, min(count, 16));
}

/** Copies bytes to the guest, and to its shadow, as far as they lie in its memory: what the kernel itself has written. */
function give(guest: u64, from: usize, bytes: u32): void {
  if (mappedFrom(guest, bytes) === 0) return;
  const at = <usize>guest;
  const count = <u32>min<u64>(bytes, <u64>FUZZ_WINDOW_BYTES - guest);
  noteLarge(guest, count);
  memory.copy(<usize>WINDOW + at, from, count);
  memory.copy(<usize>SHADOW + at, from, count);
}

/** 1 if the guest has memory at the address. */
function mappedFrom(guest: u64, bytes: u32): u32 {
  return bytes !== 0 && guest >= <u64>NULL_GUARD_BYTES && guest < <u64>FUZZ_WINDOW_BYTES ? 1 : 0;
}

/** Remembers how far into the large place a range reaches: so much of it is looked at after the sequence. */
export function noteLarge(guest: u64, bytes: u32): void {
  const end = guest + bytes;
  if (guest >= <u64>LAST_PLACE || end <= <u64>load<u32>(FINDING, FINDING_LARGE_END)) return;
  store<u32>(FINDING, <u32>min<u64>((end + 31) & ~31, LAST_PLACE), FINDING_LARGE_END);
}

/** The guest address that a place stands for, of `bytes` bytes whose usual place is `usual`. */
function place(kind: u8, bytes: u32, usual: u32, seed: u32): u64 {
  switch (<u32>kind & 15) {
    case PLACE_LAST_BYTES:
      return <u64>(<u32>FUZZ_WINDOW_BYTES - min<u32>(bytes, <u32>FUZZ_WINDOW_BYTES));
    case PLACE_PAST_END:
      return <u64>(<u32>FUZZ_WINDOW_BYTES - min<u32>(bytes, <u32>FUZZ_WINDOW_BYTES)) + 1 + (seed & 7);
    case PLACE_BEFORE_FIRST:
      return <u64>NULL_GUARD_BYTES - 1 - (seed & 7);
    case PLACE_NULL:
      return 0;
    case PLACE_END:
      return FUZZ_WINDOW_BYTES;
    case PLACE_HYPERVISOR:
      return 0xffff800000000000 | <u64>seed;
    case PLACE_OVER_4G:
      return <u64>usual + 0x100000000;
    case PLACE_ODD:
      return <u64>usual + 1;
    case PLACE_AT_OP:
      return OP_PLACE;
    case PLACE_AT_NAME:
      return NAME_PLACE;
    case PLACE_TOP:
      return u64.MAX_VALUE - (seed & 0xff);
    default:
      return usual;
  }
}

function placeFor(bytes: u32): u32 {
  return bytes <= <u32>(LARGE_PLACE - DATA_PLACE) ? DATA_PLACE : LARGE_PLACE;
}

function sizeOf(step: usize): u64 {
  const size = load<u16>(step, STEP_SIZE);
  switch (<u32>load<u8>(step, STEP_SIZE_KIND) & 7) {
    case SIZE_WORD:
      return size;
    case SIZE_NOTED:
      return <u64>load<u32>(SIZES_NOTED + <usize>(size & 15) * 4) + (size >> 12);
    case SIZE_OF_CONTENT:
      return contentBytes(step, <i8>size);
    case SIZE_LARGE:
      return (<u64>size) << 16;
    case SIZE_OVER_4G:
      return <u64>size | 0x100000000;
    case SIZE_OF_STORED:
      return <u64>max<i32>(0, <i32>storedBytes(step) + <i32>(size & 7) - 3);
    case SIZE_HIGHEST:
      return u32.MAX_VALUE - (size & 0xff);
    default:
      return size & 0xff;
  }
}

/** Bytes of data of the variable that the step names; 0 where it is not there. */
function storedBytes(step: usize): u32 {
  const index = <i32>load<u8>(step, STEP_NAME);
  if (index >= NAME_RAW) return 0;
  const entry = <usize>NAMES + <usize>((<u32>index % max<u32>(load<u32>(NAMES), 1)) + 1) * 8;
  if (!scanName(ownDraft, guidOf(step), load<u32>(entry), load<u32>(entry, 4))) return 0;
  const record = find(ownDraft);
  return record === 0 ? 0 : dataBytesOf(record);
}

function contentBytes(step: usize, delta: i8): u64 {
  const bytes = <u32>load<u8>(step, STEP_CONTENT) % 16 >= <u32>CONTENT_LISTED ? load<u32>(contentOf(step), 4) : 16;
  return <u64>max<i32>(0, <i32>bytes + delta);
}

/** The table's entry of listed content. */
function contentOf(step: usize): usize {
  const count = max<u32>(load<u32>(CONTENTS), 1);
  return <usize>CONTENTS + <usize>((seedOf(step) % min<u32>(count, CONTENTS_MAX)) + 1) * 8;
}

function attributesOf(step: usize): u32 {
  const attributes = <u32>load<u8>(step, STEP_ATTRIBUTES);
  // Bits that no attribute has are rare.
  return load<u8>(step, STEP_MISC) === 0xff ? attributes | (seedOf(step) & 0xffffff00) : attributes;
}

function guidOf(step: usize): usize {
  const index = <i32>load<u8>(step, STEP_GUID);
  if (index === GUID_KEPT) return FINDING + FINDING_GUID;
  return index >= NAME_RAW ? step + STEP_RAW : <usize>GUIDS + <usize>(<u32>index % <u32>GUIDS_MAX) * 16;
}

function seedOf(step: usize): u32 {
  return load<u32>(step, STEP_SEED);
}

function isCompat(): bool {
  return (state.attention & ATTENTION_COMPAT) !== 0;
}
