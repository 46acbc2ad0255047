import { CAPSULE_HEADER_BYTES, CAPSULE_IMAGE_SIZE } from "./abi/capsule";
import { POLICY } from "./abi/layout";
import { POLICY_ALLOCATION_LIMIT } from "./abi/policy";
import { Reason, XenErrno } from "./abi/status";
import {
  capsuleCount,
  capsuleHandle,
  capsuleList,
  capsulePointerBytes,
  capsulesHandle,
  setCapsule,
  setStatus,
} from "./call";
import { FAULT, NO_ROOM, view } from "./guest";
import { queryCapsuleCapabilities, updateCapsule } from "./services/capsule";
import { state } from "./state";

/**
 * The two capsule calls of a hypervisor that passes them on. No Xen does: this one copies what the firmware may look at,
 * in order and as it does elsewhere, before the firmware says anything: the array of pointers, then each capsule's header
 * and image. So -EFAULT and -ENOMEM (for all of it together) come before every status.
 */
export function passOnQuery(): XenErrno {
  const errno = takeCapsules();
  if (errno !== XenErrno.None) return errno;
  setStatus(queryCapsuleCapabilities(<u32>capsuleCount()));
  return XenErrno.None;
}

export function passOnUpdate(): XenErrno {
  const errno = takeCapsules();
  if (errno !== XenErrno.None) return errno;
  setStatus(updateCapsule(<u32>capsuleCount(), capsuleList()));
  return XenErrno.None;
}

/** After None every capsule of the call can be read whole: a header at least, and as many bytes as it says. */
export function takeCapsules(): XenErrno {
  const count = capsuleCount();
  const limit = load<u64>(POLICY, POLICY_ALLOCATION_LIMIT);
  const pointerBytes = <u64>capsulePointerBytes();
  if (count > limit / pointerBytes) return refused(XenErrno.ENOMEM, Reason.TooLargeToAllocate);
  let bytes = count * pointerBytes;
  state.capsules = view(capsulesHandle(), <u32>bytes);
  if (state.capsules <= NO_ROOM) return notViewed(state.capsules);
  for (let i: u32 = 0; i < <u32>count; i++) {
    const handle = capsuleHandle(i);
    let capsule = view(handle, CAPSULE_HEADER_BYTES);
    if (capsule <= NO_ROOM) return notViewed(capsule);
    const imageBytes = load<u32>(capsule, CAPSULE_IMAGE_SIZE);
    bytes += imageBytes;
    if (bytes > limit) return refused(XenErrno.ENOMEM, Reason.TooLargeToAllocate);
    if (imageBytes > <u32>CAPSULE_HEADER_BYTES) capsule = view(handle, imageBytes);
    if (capsule <= NO_ROOM) return notViewed(capsule);
    setCapsule(i, capsule);
  }
  return XenErrno.None;
}

function notViewed(address: usize): XenErrno {
  if (address === FAULT) return refused(XenErrno.EFAULT, Reason.CapsulesNotMapped);
  return refused(XenErrno.ENOMEM, Reason.TooLargeToAllocate);
}

function refused(errno: XenErrno, reason: Reason): XenErrno {
  state.reason = reason;
  return errno;
}
