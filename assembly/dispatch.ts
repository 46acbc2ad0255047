import {
  ATTENTION_CAPSULES,
  ATTENTION_CHECK_ONLY,
  ATTENTION_COMPAT,
  ATTENTION_FOREIGN,
  ATTENTION_HOLES,
  ATTENTION_NO_EFI_BOOT,
  ATTENTION_NO_PLATFORM_OPS,
  ATTENTION_NO_RUNTIME_SERVICES,
  ATTENTION_OTHER_INTERFACE,
  ATTENTION_UNPRIVILEGED,
  OP,
  POLICY,
} from "./abi/layout";
import {
  CMD_EFI_RUNTIME_CALL,
  CMD_FIRMWARE_INFO,
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
  INTERFACE_VERSION,
  OP_BODY,
  OP_BYTES,
  OP_CMD,
  OP_FUNCTION,
  OP_INTERFACE_VERSION,
  SET_WAKEUP_TIME_ENABLE,
  SET_WAKEUP_TIME_ENABLE_ONLY,
  VARINFO_BOOT_SNAPSHOT,
} from "./abi/op";
import { POLICY_ALLOCATION_LIMIT } from "./abi/policy";
import { EfiCode, Reason, XenErrno } from "./abi/status";
import { APPEND_WRITE, BOOTSERVICE_ACCESS, NON_VOLATILE, RUNTIME_ACCESS } from "./abi/variable";
import {
  callBytes,
  dataHandle,
  decodeNextName,
  decodeVariableSize,
  encodeNextNameSize,
  encodeVariableSize,
  fetch,
  infoBytes,
  misc,
  nameHandle,
  nextNameHandle,
  queryAttributes,
  setCapabilities,
  setMisc,
  setStatus,
  setVariableInfo,
  time,
  variableGuid,
  writeBackNative,
} from "./call";
import { passOnQuery, passOnUpdate, takeCapsules } from "./capsule-call";
import { FAULT, NO_ROOM, view, viewFirst, viewName, write, writeOver } from "./guest";
import { getNextHighMonotonicCount, getTime, getWakeupTime, setTime, setWakeupTime } from "./services/clock";
import { firmwareInfo, runtimeTableTooOld } from "./services/firmware-info";
import { setVariable } from "./services/set-variable";
import { getNextVariableName, getVariable, queryVariableInfo } from "./services/variables";
import { draft, state } from "./state";

/** The attributes, APPEND_WRITE aside, for which Xen kept QueryVariableInfo's answer from before ExitBootServices. */
const SNAPSHOT_ATTRIBUTES: u32 = NON_VOLATILE | BOOTSERVICE_ACCESS | RUNTIME_ACCESS;

/**
 * Answers HYPERVISOR_platform_op for the op at guest address `high`:`low`: 0 or a negative XenErrno. Checks in Xen's order
 * (xen/arch/x86/platform_hypercall.c). Unless the result is 0 nothing is written to the op.
 */
export function dispatch(low: u32, high: u32): i32 {
  state.reason = Reason.None;
  const op = ((<u64>high) << 32) | low;
  const address = viewFirst(op, OP_BYTES);
  if (address === FAULT) return fail(XenErrno.EFAULT, Reason.OpNotMapped);
  const attention = state.attention;
  const version = load<u32>(address, OP_INTERFACE_VERSION);
  if (version !== INTERFACE_VERSION || (attention & ATTENTION_OTHER_INTERFACE) !== 0) {
    return fail(XenErrno.EACCES, Reason.InterfaceVersion);
  }
  if (attention & ATTENTION_UNPRIVILEGED) return fail(XenErrno.EPERM, Reason.NotPrivileged);
  const cmd = load<u32>(address, OP_CMD);
  const known = cmd === CMD_EFI_RUNTIME_CALL || cmd === CMD_FIRMWARE_INFO;
  if (!known || (attention & ATTENTION_NO_PLATFORM_OPS) !== 0) return fail(XenErrno.ENOSYS, Reason.UnknownCommand);
  fetch(address);
  if (cmd === CMD_FIRMWARE_INFO) return dispatchInfo(op);
  if (attention & (ATTENTION_NO_EFI_BOOT | ATTENTION_NO_RUNTIME_SERVICES | ATTENTION_CHECK_ONLY)) {
    return withheld(attention);
  }
  const errno = runtimeCall();
  if (errno !== XenErrno.None) return -errno;
  if (attention & (ATTENTION_HOLES | ATTENTION_FOREIGN | ATTENTION_COMPAT)) return writeBack(op, OP_BODY, callBytes());
  writeBackNative(address);
  return 0;
}

/** XENPF_firmware_info: only the union of type 4 is written back, or one byte of type 5. */
function dispatchInfo(op: u64): i32 {
  const errno = firmwareInfo();
  return errno !== XenErrno.None ? -errno : writeBack(op, INFO_BODY, infoBytes());
}

/** Runs the sub-function on the op at OP. */
function runtimeCall(): XenErrno {
  switch (load<u32>(OP, OP_FUNCTION)) {
    case FN_GET_TIME:
      return callGetTime();
    case FN_SET_TIME:
      return callSetTime();
    case FN_GET_WAKEUP_TIME:
      return callGetWakeupTime();
    case FN_SET_WAKEUP_TIME:
      return callSetWakeupTime();
    case FN_GET_NEXT_HIGH_MONOTONIC_COUNT:
      return callGetNextHighMonotonicCount();
    case FN_GET_VARIABLE:
      return callGetVariable();
    case FN_SET_VARIABLE:
      return callSetVariable();
    case FN_GET_NEXT_VARIABLE_NAME:
      return callGetNextVariableName();
    case FN_QUERY_VARIABLE_INFO:
      return callQueryVariableInfo();
    case FN_QUERY_CAPSULE_CAPABILITIES:
      return callCapsule(false);
    case FN_UPDATE_CAPSULE:
      return callCapsule(true);
    default:
      return refused(XenErrno.ENOSYS, Reason.UnknownFunction);
  }
}

function callGetTime(): XenErrno {
  if (misc() !== 0) return refused(XenErrno.EINVAL, Reason.MiscNotZero);
  const status = getTime(time());
  if (status === EfiCode.Success) setCapabilities(state.resolution, state.accuracy);
  setStatus(status);
  return XenErrno.None;
}

function callSetTime(): XenErrno {
  if (misc() !== 0) return refused(XenErrno.EINVAL, Reason.MiscNotZero);
  setStatus(setTime(time()));
  return XenErrno.None;
}

function callGetWakeupTime(): XenErrno {
  if (misc() !== 0) return refused(XenErrno.EINVAL, Reason.MiscNotZero);
  const status = getWakeupTime(time());
  if (status === EfiCode.Success) setMisc(state.misc);
  setStatus(status);
  return XenErrno.None;
}

function callSetWakeupTime(): XenErrno {
  const flags = misc();
  if (flags & ~(SET_WAKEUP_TIME_ENABLE | SET_WAKEUP_TIME_ENABLE_ONLY)) {
    return refused(XenErrno.EINVAL, Reason.MiscNotZero);
  }
  const passed: usize = flags & SET_WAKEUP_TIME_ENABLE_ONLY ? 0 : time();
  setStatus(setWakeupTime((flags & SET_WAKEUP_TIME_ENABLE) !== 0, passed));
  setMisc(0);
  return XenErrno.None;
}

function callGetNextHighMonotonicCount(): XenErrno {
  if (misc() !== 0) return refused(XenErrno.EINVAL, Reason.MiscNotZero);
  setStatus(getNextHighMonotonicCount());
  setMisc(state.misc);
  return XenErrno.None;
}

function callGetVariable(): XenErrno {
  if (misc() !== 0) return refused(XenErrno.EINVAL, Reason.MiscNotZero);
  decodeVariableSize();
  const errno = takeName();
  if (errno !== XenErrno.None) return errno;
  const status = getVariable();
  if (status === EfiCode.Success && !write(dataHandle(), state.answer, state.answerBytes)) {
    return refused(XenErrno.EFAULT, Reason.DataNotMapped);
  }
  encodeVariableSize();
  setMisc(state.attributes);
  setStatus(status);
  return XenErrno.None;
}

function callSetVariable(): XenErrno {
  decodeVariableSize();
  const errno = takeName();
  if (errno !== XenErrno.None) return errno;
  const bytes = <u32>state.size;
  const data = view(dataHandle(), bytes);
  if (data <= NO_ROOM) return notViewed(data, Reason.DataNotMapped);
  draft.attributes = misc();
  draft.data = data;
  draft.dataBytes = bytes;
  setStatus(setVariable(draft));
  return XenErrno.None;
}

function callGetNextVariableName(): XenErrno {
  if (misc() !== 0) return refused(XenErrno.EINVAL, Reason.MiscNotZero);
  decodeNextName();
  const size = state.size;
  if (size > allocationLimit()) return refused(XenErrno.ENOMEM, Reason.TooLargeToAllocate);
  const bytes = <u32>size;
  const buffer = view(nextNameHandle(), bytes);
  if (buffer <= NO_ROOM) return notViewed(buffer, Reason.NameNotMapped);
  draft.name = buffer;
  const status = getNextVariableName();
  if (status === EfiCode.Success) {
    // Xen writes its whole copy of the buffer back: behind the name that is the caller's own content.
    if (!writeOver(nextNameHandle(), buffer, bytes, state.answer, state.answerBytes)) {
      return refused(XenErrno.EFAULT, Reason.NameNotMapped);
    }
  }
  encodeNextNameSize();
  setStatus(status);
  return XenErrno.None;
}

function callQueryVariableInfo(): XenErrno {
  const flags = misc();
  if (flags & ~VARINFO_BOOT_SNAPSHOT) return refused(XenErrno.EINVAL, Reason.MiscNotZero);
  const attributes = queryAttributes();
  if (flags & VARINFO_BOOT_SNAPSHOT) {
    if ((attributes & ~APPEND_WRITE) !== SNAPSHOT_ATTRIBUTES) {
      return refused(XenErrno.EINVAL, Reason.SnapshotAttributes);
    }
    setVariableInfo(state.snapshotMaxStore, state.snapshotRemainStore, state.snapshotMaxVariable);
    setStatus(<EfiCode>state.snapshotStatus);
    return XenErrno.None;
  }
  if (runtimeTableTooOld()) return refused(XenErrno.EOPNOTSUPP, Reason.RuntimeTableTooOld);
  const status = queryVariableInfo(attributes);
  setVariableInfo(state.maxStoreBytes, state.remainStoreBytes, state.maxVariableBytes);
  setStatus(status);
  return XenErrno.None;
}

/** Xen passes no capsule on, unless the machine is told to. */
function callCapsule(update: bool): XenErrno {
  if (misc() !== 0) return refused(XenErrno.EINVAL, Reason.MiscNotZero);
  if (runtimeTableTooOld()) return refused(XenErrno.EOPNOTSUPP, Reason.RuntimeTableTooOld);
  if (state.attention & ATTENTION_CAPSULES) return update ? passOnUpdate() : passOnQuery();
  return refused(XenErrno.ENOSYS, Reason.CapsulesNotPassedOn);
}

/** Finds the name of get_variable and set_variable, and whether the hypervisor would allocate state.size bytes. */
function takeName(): XenErrno {
  const name = viewName(draft, variableGuid(), nameHandle());
  if (name <= NO_ROOM) return notViewed(name, Reason.NameNotMapped);
  return state.size > allocationLimit() ? refused(XenErrno.ENOMEM, Reason.TooLargeToAllocate) : XenErrno.None;
}

/** Copies `bytes` of the op's copy, from offset `field` on, back to the guest. */
function writeBack(op: u64, field: u32, bytes: u32): i32 {
  if (write(op + field, OP + field, bytes)) return 0;
  return fail(XenErrno.EFAULT, Reason.OpNotWritable);
}

/** The result of a runtime call that does not reach the firmware. */
function withheld(attention: u32): i32 {
  if (attention & ATTENTION_NO_EFI_BOOT) return fail(XenErrno.ENOSYS, Reason.NotBootedFromEfi);
  if (attention & ATTENTION_NO_RUNTIME_SERVICES) return fail(XenErrno.EOPNOTSUPP, Reason.RuntimeServicesOff);
  return -checkCall();
}

/** Xen's own checks of the op at OP, those of runtimeCall, up to where the firmware would be called. */
function checkCall(): XenErrno {
  const fn = load<u32>(OP, OP_FUNCTION);
  switch (fn) {
    case FN_SET_VARIABLE:
      return checkSetVariable();
    case FN_QUERY_VARIABLE_INFO:
      // Changes nothing, and where it is answered from Xen's copy no firmware is called.
      return callQueryVariableInfo();
    case FN_QUERY_CAPSULE_CAPABILITIES:
    case FN_UPDATE_CAPSULE:
      return checkCapsule();
    case FN_SET_WAKEUP_TIME:
      return checkMisc(SET_WAKEUP_TIME_ENABLE | SET_WAKEUP_TIME_ENABLE_ONLY);
    case FN_GET_VARIABLE:
      return checkMisc(0) === XenErrno.None ? checkVariable() : XenErrno.EINVAL;
    case FN_GET_NEXT_VARIABLE_NAME:
      return checkMisc(0) === XenErrno.None ? checkNextName() : XenErrno.EINVAL;
    case FN_GET_TIME:
    case FN_SET_TIME:
    case FN_GET_WAKEUP_TIME:
    case FN_GET_NEXT_HIGH_MONOTONIC_COUNT:
      return checkMisc(0);
    default:
      return refused(XenErrno.ENOSYS, Reason.UnknownFunction);
  }
}

function checkMisc(allowed: u32): XenErrno {
  return misc() & ~allowed ? refused(XenErrno.EINVAL, Reason.MiscNotZero) : XenErrno.None;
}

function checkVariable(): XenErrno {
  decodeVariableSize();
  return takeName();
}

function checkSetVariable(): XenErrno {
  const errno = checkVariable();
  if (errno !== XenErrno.None) return errno;
  const data = view(dataHandle(), <u32>state.size);
  return data <= NO_ROOM ? notViewed(data, Reason.DataNotMapped) : XenErrno.None;
}

function checkNextName(): XenErrno {
  decodeNextName();
  if (state.size > allocationLimit()) return refused(XenErrno.ENOMEM, Reason.TooLargeToAllocate);
  const buffer = view(nextNameHandle(), <u32>state.size);
  return buffer <= NO_ROOM ? notViewed(buffer, Reason.NameNotMapped) : XenErrno.None;
}

function checkCapsule(): XenErrno {
  const errno = checkMisc(0);
  if (errno !== XenErrno.None) return errno;
  if (runtimeTableTooOld()) return refused(XenErrno.EOPNOTSUPP, Reason.RuntimeTableTooOld);
  const passedOn = (state.attention & ATTENTION_CAPSULES) !== 0;
  return passedOn ? takeCapsules() : refused(XenErrno.ENOSYS, Reason.CapsulesNotPassedOn);
}

function allocationLimit(): u64 {
  return load<u64>(POLICY, POLICY_ALLOCATION_LIMIT);
}

/** What a view gave in place of an address: FAULT or NO_ROOM. */
function notViewed(view: usize, fault: Reason): XenErrno {
  return view === FAULT ? refused(XenErrno.EFAULT, fault) : refused(XenErrno.ENOMEM, Reason.TooLargeToAllocate);
}

function refused(errno: XenErrno, reason: Reason): XenErrno {
  state.reason = reason;
  return errno;
}

function fail(errno: XenErrno, reason: Reason): i32 {
  state.reason = reason;
  return -errno;
}
