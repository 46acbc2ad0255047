import {
  BLOCK_ADDRESS,
  BLOCK_BYTES,
  BLOCK_LENGTH,
  CAPSULE_FLAGS,
  CAPSULE_HEADER_BYTES,
  CAPSULE_HEADER_SIZE,
  CAPSULE_IMAGE_SIZE,
  CAPSULES_BLOCK_BYTES,
  CAPSULES_LIST_BYTES,
  CAPSULES_WALK,
  PERSIST_ACROSS_RESET,
} from "../abi/capsule";
import { CAPSULES } from "../abi/layout";
import { EfiCode, Reason } from "../abi/status";
import { FAULT, NO_ROOM, view, viewFirst } from "../guest";
import { refuse } from "./refusal";

/** Where a walk stands. Addresses are machine addresses, which here are guest addresses, unless said otherwise. */
@unmanaged
class Walk {
  /** Bytes of all blocks of the list so far. */
  listBytes: u64;
  /** Bytes of the block in hand; 0 at the list's end. */
  blockBytes: u32;
  /** Core address of the block in hand. */
  block: usize;
  /** Bytes that the capsule in hand still lacks. */
  missing: u32;
  /** The descriptor that is read next. */
  next: u64;
  capsules: u32;
  /** Descriptors that can be read in this boot before one must have been read twice. */
  unread: u32;
  /** Bytes that memory still has room for in this boot. */
  room: u32;
}

const walk = changetype<Walk>(CAPSULES + CAPSULES_WALK);

if (
  offsetof<Walk>("blockBytes") !== CAPSULES_BLOCK_BYTES - CAPSULES_WALK ||
  offsetof<Walk>("listBytes") !== CAPSULES_LIST_BYTES - CAPSULES_WALK
) {
  ERROR("Walk and abi/capsule.ts differ");
}

/**
 * Before the first list of a boot. All lists together may read as many descriptors as memory has aligned places for: with
 * one more, one has been read twice. What they lead to must find room in memory once more, as a whole. `memoryBytes`:
 * how much memory that is.
 */
export function startCapsuleLists(memoryBytes: u32): void {
  walk.unread = memoryBytes >> 3;
  walk.room = memoryBytes;
}

/**
 * Walks the scatter-gather list at machine address `high`:`low` through guest memory, as the firmware that finds it at
 * boot does (MdeModulePkg/Universal/CapsulePei/Common/CapsuleCoalesce.c, ValidateCapsuleIntegrity), and makes it ready
 * for nextCapsuleBlock. Memory that is not mapped is none. Success, and the list's bytes in CAPSULES_LIST_BYTES; NotFound
 * for a list that is not well formed, by edk2's checks in their order; BufferTooSmall where memory has no room for all;
 * Aborted where a descriptor must have been read twice: edk2 would go round for ever.
 */
export function openCapsuleList(low: u32, high: u32): EfiCode {
  const list = ((<u64>high) << 32) | low;
  const unread = walk.unread;
  rewind(list);
  let status = toNextBlock();
  while (status === EfiCode.Success && walk.blockBytes !== 0) {
    status = takeBlock();
    if (status === EfiCode.Success) status = toNextBlock();
  }
  if (status !== EfiCode.Success) return status;
  if (walk.capsules === 0) return refuse(EfiCode.NotFound, Reason.EmptyCapsuleList);
  if (walk.missing !== 0) return refuse(EfiCode.NotFound, Reason.CapsuleIncomplete);
  if (walk.listBytes > walk.room) return refuse(EfiCode.BufferTooSmall, Reason.CapsulesTooLarge);
  walk.room -= <u32>walk.listBytes;
  // nextCapsuleBlock reads the same descriptors once more.
  walk.unread = unread;
  walk.next = list;
  return EfiCode.Success;
}

/** Core address of the opened list's next block, its bytes in CAPSULES_BLOCK_BYTES; 0 at the end. */
export function nextCapsuleBlock(): usize {
  const status = toNextBlock();
  return status === EfiCode.Success && walk.blockBytes !== 0 ? walk.block : 0;
}

function rewind(list: u64): void {
  walk.next = list;
  walk.listBytes = 0;
  walk.missing = 0;
  walk.capsules = 0;
}

/** Follows continuations to the next block of data, or to the list's end. */
function toNextBlock(): EfiCode {
  while (true) {
    const descriptor = viewFirst(walk.next, BLOCK_BYTES);
    if (descriptor <= NO_ROOM) return refuse(EfiCode.NotFound, Reason.DescriptorNotMapped);
    const length = load<u64>(descriptor, BLOCK_LENGTH);
    const address = load<u64>(descriptor, BLOCK_ADDRESS);
    if (length === 0 && address === 0) {
      walk.blockBytes = 0;
      return EfiCode.Success;
    }
    if ((walk.next & 7) !== 0) return refuse(EfiCode.NotFound, Reason.DescriptorMisaligned);
    if (walk.unread === 0) return refuse(EfiCode.Aborted, Reason.CapsuleListLoops);
    walk.unread--;
    if (length !== 0) return toBlock(address, length);
    walk.next = address;
  }
}

function toBlock(address: u64, length: u64): EfiCode {
  const block = length > u32.MAX_VALUE ? FAULT : view(address, <u32>length);
  if (block === FAULT) return refuse(EfiCode.NotFound, Reason.BlockNotMapped);
  if (block === NO_ROOM) return refuse(EfiCode.BufferTooSmall, Reason.CapsulesTooLarge);
  walk.block = block;
  walk.blockBytes = <u32>length;
  walk.next += BLOCK_BYTES;
  return EfiCode.Success;
}

/** A block that begins a capsule holds its whole header; no block goes beyond its capsule's end. */
function takeBlock(): EfiCode {
  if (walk.missing === 0) {
    const status = checkHeader();
    if (status !== EfiCode.Success) return status;
    walk.capsules++;
    walk.missing = load<u32>(walk.block, CAPSULE_IMAGE_SIZE);
  }
  if (walk.blockBytes > walk.missing) return refuse(EfiCode.NotFound, Reason.BlockBeyondCapsule);
  walk.missing -= walk.blockBytes;
  walk.listBytes += walk.blockBytes;
  return EfiCode.Success;
}

function checkHeader(): EfiCode {
  if (walk.blockBytes < <u32>CAPSULE_HEADER_BYTES) return refuse(EfiCode.NotFound, Reason.CapsuleHeaderSplit);
  if (load<u32>(walk.block, CAPSULE_HEADER_SIZE) > load<u32>(walk.block, CAPSULE_IMAGE_SIZE)) {
    return refuse(EfiCode.NotFound, Reason.CapsuleHeaderSize);
  }
  if ((load<u32>(walk.block, CAPSULE_FLAGS) & PERSIST_ACROSS_RESET) === 0) {
    return refuse(EfiCode.NotFound, Reason.CapsuleNotPersistent);
  }
  return EfiCode.Success;
}
