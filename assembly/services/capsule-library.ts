import {
  CAPSULE_HEADER_SIZE,
  CAPSULE_IMAGE_SIZE,
  CAPSULES_ACCEPTED,
  CAPSULES_ACCEPTED_COUNT,
  FMP_DRIVERS,
  FMP_HEADER_BYTES,
  FMP_HEADER_VERSION,
  FMP_IMAGE_HEADER_BYTES,
  FMP_IMAGE_SIZE,
  FMP_IMAGE_VENDOR_SIZE,
  FMP_IMAGE_VERSION,
  FMP_IMAGE_VERSION_MAX,
  FMP_PAYLOADS,
  FMP_VERSION,
} from "../abi/capsule";
import { CAPSULES } from "../abi/layout";
import { EfiCode, Reason } from "../abi/status";
import { sameGuid } from "../bytes";
import { refuse } from "./refusal";

/** 6dcbd5ed-e82d-4c44-bda1-7194199ad92a, EFI_FIRMWARE_MANAGEMENT_CAPSULE_ID_GUID */
const FMP_CAPSULE_GUID = memory.data<u8>([
  0xed, 0xd5, 0xcb, 0x6d, 0x2d, 0xe8, 0x44, 0x4c, 0xbd, 0xa1, 0x71, 0x94, 0x19, 0x9a, 0xd9, 0x2a,
]);
/** True if the capsule at core address `capsule` is one for a firmware management protocol. */
export function isFmpCapsule(capsule: usize): bool {
  return sameGuid(capsule, FMP_CAPSULE_GUID);
}

/**
 * Is the capsule, whose image lies whole at core address `capsule`, one that the firmware's library takes
 * (MdeModulePkg/Library/DxeCapsuleLibFmp, SupportCapsuleImage)? An FMP capsule of a header alone is a question of
 * QueryCapsuleCapabilities. Capsules nested in those of the system resource table are not known: there is no such table.
 */
export function supportsCapsule(capsule: usize): EfiCode {
  if (!isAccepted(capsule)) return refuse(EfiCode.Unsupported, Reason.UnknownCapsule);
  if (!isFmpCapsule(capsule)) return EfiCode.Success;
  const headerBytes = load<u32>(capsule, CAPSULE_HEADER_SIZE);
  const imageBytes = load<u32>(capsule, CAPSULE_IMAGE_SIZE);
  if (headerBytes === imageBytes) return EfiCode.Success;
  if (headerBytes > imageBytes) return malformed();
  return checkLayout(capsule + headerBytes, imageBytes - headerBytes);
}

/** True if the library knows the capsule's GUID. */
function isAccepted(capsule: usize): bool {
  const count = load<u32>(CAPSULES, CAPSULES_ACCEPTED_COUNT);
  for (let i: usize = 0; i < <usize>count; i++) {
    if (sameGuid(<usize>CAPSULES + CAPSULES_ACCEPTED + (i << 4), capsule)) return true;
  }
  return false;
}

/** The layout of an FMP capsule behind its header: `bytes` at core address `fmp` (ValidateFmpCapsule). */
function checkLayout(fmp: usize, bytes: u32): EfiCode {
  if (bytes < <u32>FMP_HEADER_BYTES || load<u32>(fmp, FMP_VERSION) !== FMP_HEADER_VERSION) return malformed();
  const drivers = <u32>load<u16>(fmp, FMP_DRIVERS);
  const items = drivers + <u32>load<u16>(fmp, FMP_PAYLOADS);
  if (!offsetsAscend(fmp, bytes, items)) return malformed();
  for (let item = drivers; item < items; item++) {
    const start = <u32>offsetOf(fmp, item);
    const end = item + 1 === items ? bytes : <u32>offsetOf(fmp, item + 1);
    if (!isPayload(fmp + start, end - start)) return malformed();
  }
  if (items !== 0) return EfiCode.Success;
  return bytes === <u32>FMP_HEADER_BYTES ? refuse(EfiCode.Unsupported, Reason.EmptyCapsule) : malformed();
}

/**
 * Offsets lie behind the list of offsets, within the capsule, each behind the one before: so the first of a list that does
 * not fit fails.
 */
function offsetsAscend(fmp: usize, bytes: u32, items: u32): bool {
  let least = <u64>FMP_HEADER_BYTES + ((<u64>items) << 3);
  for (let item: u32 = 0; item < items; item++) {
    const offset = offsetOf(fmp, item);
    if (offset < least || offset >= bytes) return false;
    least = offset + 1;
  }
  return true;
}

/** An image header of a known version, and behind it just the bytes that it speaks of. Reads up to 31 behind them. */
function isPayload(image: usize, bytes: u32): bool {
  const version = load<u32>(image, FMP_IMAGE_VERSION);
  if (version - 1 >= <u32>FMP_IMAGE_VERSION_MAX) return false;
  const headerBytes = <u64>FMP_IMAGE_HEADER_BYTES + ((<u64>(version - 1)) << 3);
  return bytes === headerBytes + load<u32>(image, FMP_IMAGE_SIZE) + load<u32>(image, FMP_IMAGE_VENDOR_SIZE);
}

function offsetOf(fmp: usize, item: u32): u64 {
  return load<u64>(fmp + FMP_HEADER_BYTES + ((<usize>item) << 3));
}

function malformed(): EfiCode {
  return refuse(EfiCode.InvalidParameter, Reason.CapsuleLayout);
}
