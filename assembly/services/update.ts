import { TIME_MONTH, TIME_SECOND } from "../abi/op";
import {
  APPEND_STORES_STAMP,
  CREATION_NON_VOLATILE,
  IGNORE_APPEND_OF_NOTHING,
  POLICY_APPEND_MISSING,
  POLICY_APPEND_NOTHING,
  POLICY_DELETE_MISSING,
  POLICY_HIDDEN_DELETE,
  POLICY_MAX_MERGED,
  POLICY_SIZE_STATUS,
  POLICY_VOLATILE_WRITE,
  RECLAIM_AT_RUNTIME,
  REWRITE_UNCHANGED,
} from "../abi/policy";
import { EfiCode, Reason } from "../abi/status";
import { APPEND_WRITE, BOOTSERVICE_ACCESS, NON_VOLATILE, RUNTIME_ACCESS } from "../abi/variable";
import { sameBytes } from "../bytes";
import { has, limit, statusOf } from "../policy";
import { Draft, state } from "../state";
import { reclaim } from "../store/reclaim";
import { attributesOf, dataBytesOf, dataOf, foundDataBytes, nameOf, stampOf } from "../store/record";
import { isErrorRecord } from "../store/region";
import { append, beginTransition, isVolatile, regionFor, removeRecord } from "../store/store";
import { clearErrorFlag, SYSTEM_ERROR, USER_ERROR } from "./error-flag";
import { fits, fitsClass, fitsSpace, fitsUserSpace, largestVariable } from "./quota";
import { refuse } from "./refusal";

const ACCESS: u32 = BOOTSERVICE_ACCESS | RUNTIME_ACCESS;
/** Sixteen zero bytes. */
const NO_STAMP = memory.data<u64>([0, 0]);

const STORED: u32 = NON_VOLATILE | RUNTIME_ACCESS;

/**
 * The update itself (edk2 V.c, UpdateVariable): creates, replaces, appends to or deletes the variable that `record`
 * stands for (0: there is none), without further checks of rights.
 */
export function update(d: Draft, record: usize): EfiCode {
  const appending = (d.attributes & APPEND_WRITE) !== 0;
  d.attributes &= ~APPEND_WRITE;
  d.headBytes = 0;
  if (appending && d.stamp !== 0 && !has(APPEND_STORES_STAMP)) chooseStamp(d, record);
  return record !== 0 ? change(d, record, appending) : create(d, appending);
}

/** An append keeps the later of both time stamps; a variable that an append makes has none. */
function chooseStamp(d: Draft, record: usize): void {
  if (record === 0) d.stamp = NO_STAMP;
  else if (isLater(stampOf(record), d.stamp)) d.stamp = stampOf(record);
}

/** True if the EFI_TIME at `a` is later than that at `b`, from the year to the second. */
export function isLater(a: usize, b: usize): bool {
  if (load<u16>(a) !== load<u16>(b)) return load<u16>(a) > load<u16>(b);
  for (let field: usize = TIME_MONTH; field <= <usize>TIME_SECOND; field++) {
    if (load<u8>(a + field) !== load<u8>(b + field)) return load<u8>(a + field) > load<u8>(b + field);
  }
  return false;
}

function change(d: Draft, record: usize, appending: bool): EfiCode {
  const deletes = (d.dataBytes === 0 && !appending) || (d.attributes & ACCESS) === 0;
  if (state.atRuntime !== 0) {
    const status = checkRuntime(record, deletes);
    if (status !== EfiCode.Success) return status;
  }
  if (deletes) {
    removeRecord(d, record);
    return EfiCode.Success;
  }
  if (!appending && d.stamp === 0 && hasData(record, d) && !has(REWRITE_UNCHANGED)) return EfiCode.Success;
  if (appending) {
    if (d.dataBytes === 0 && has(IGNORE_APPEND_OF_NOTHING)) return EfiCode.Success;
    d.head = dataOf(record);
    d.headBytes = dataBytesOf(record);
    const bytes = <u64>d.headBytes + d.dataBytes;
    if (d.nameBytes + bytes > largestVariable(d.attributes) || bytes > <u64>limit(POLICY_MAX_MERGED)) {
      return refuse(statusOf(POLICY_SIZE_STATUS), Reason.AppendTooLarge);
    }
  }
  beginTransition(record);
  return write(d, record);
}

/** Replaces the value of an existing variable for the firmware itself: no rights are asked. */
export function rewrite(d: Draft, record: usize): EfiCode {
  d.headBytes = 0;
  beginTransition(record);
  return write(d, record);
}

/** At run time a variable is written only if it is non-volatile and seen; by policy a hidden one can be deleted. */
function checkRuntime(record: usize, deletes: bool): EfiCode {
  if (isVolatile(record)) return refuseVolatile();
  const isSeen = (attributesOf(record) & STORED) === STORED;
  return isSeen || (deletes && statusOf(POLICY_HIDDEN_DELETE) === EfiCode.Success)
    ? EfiCode.Success
    : refuse(EfiCode.InvalidParameter, Reason.NotNonVolatileRuntime);
}

/** What a write of a volatile variable gets. */
export function refuseVolatile(): EfiCode {
  const status = state.atRuntime === 0 ? EfiCode.Success : statusOf(POLICY_VOLATILE_WRITE);
  return status === EfiCode.Success ? status : refuse(status, Reason.VolatileAtRuntime);
}

function create(d: Draft, appending: bool): EfiCode {
  if (has(CREATION_NON_VOLATILE) && !isStorable(d)) {
    return refuse(EfiCode.InvalidParameter, Reason.NotNonVolatileRuntime);
  }
  if (appending) {
    const status = statusOf(d.dataBytes === 0 ? POLICY_APPEND_NOTHING : POLICY_APPEND_MISSING);
    if (status !== EfiCode.Success) return refuse(status, Reason.NothingToAppendTo);
    if (d.dataBytes === 0) return EfiCode.Success;
  }
  if (d.dataBytes === 0 || (d.attributes & ACCESS) === 0) {
    return refuse(statusOf(POLICY_DELETE_MISSING), Reason.NothingToDelete);
  }
  return isStorable(d) ? write(d, 0) : refuse(EfiCode.InvalidParameter, Reason.NotNonVolatileRuntime);
}

/** At run time only non-volatile variables that are seen can be made; volatile ones where they can be written. */
function isStorable(d: Draft): bool {
  if (state.atRuntime === 0 || (d.attributes & STORED) === STORED) return true;
  return (d.attributes & RUNTIME_ACCESS) !== 0 && statusOf(POLICY_VOLATILE_WRITE) === EfiCode.Success;
}

/** Writes the record where there is room; at boot, or by policy, room is made. */
function write(d: Draft, old: usize): EfiCode {
  if (!fitsSpace(d, old)) return refuse(EfiCode.OutOfResources, Reason.StoreFull);
  if (fits(d)) {
    append(d, old);
    return EfiCode.Success;
  }
  const mayReclaim = state.atRuntime === 0 || has(RECLAIM_AT_RUNTIME);
  if (mayReclaim && reclaim(regionFor(d), changetype<usize>(d), old)) return EfiCode.Success;
  if (!fitsUserSpace(d)) clearErrorFlag(USER_ERROR);
  if (!isErrorRecord(d.attributes) && !fitsClass(d)) clearErrorFlag(SYSTEM_ERROR);
  return refuse(EfiCode.OutOfResources, Reason.StoreFull);
}

/** True if the record holds just the draft's data. */
function hasData(record: usize, d: Draft): bool {
  return foundDataBytes(record) === d.dataBytes && sameBytes(nameOf(record) + d.nameBytes, d.data, d.dataBytes);
}
