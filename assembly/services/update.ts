import { TIME_MONTH, TIME_SECOND } from "../abi/op";
import { RECLAIM_AT_RUNTIME } from "../abi/policy";
import { EfiCode, Reason } from "../abi/status";
import { APPEND_WRITE, BOOTSERVICE_ACCESS, NON_VOLATILE, RUNTIME_ACCESS } from "../abi/variable";
import { sameBytes } from "../name";
import { has } from "../policy";
import { Draft, state } from "../state";
import { reclaim } from "../store/reclaim";
import { attributesOf, dataBytesOf, dataOf, stampOf } from "../store/record";
import { isErrorRecord } from "../store/region";
import { append, beginTransition, isVolatile, regionFor, removeRecord } from "../store/store";
import { clearErrorFlag, SYSTEM_ERROR, USER_ERROR } from "./error-flag";
import { fits, fitsClass, fitsUserSpace, largestVariable } from "./quota";
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
  if (appending && d.stamp !== 0) chooseStamp(d, record);
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
  if (state.atRuntime !== 0) {
    if (isVolatile(record)) return refuse(EfiCode.WriteProtected, Reason.VolatileAtRuntime);
    if ((attributesOf(record) & STORED) !== STORED)
      return refuse(EfiCode.InvalidParameter, Reason.NotNonVolatileRuntime);
  }
  if ((d.dataBytes === 0 && !appending) || (d.attributes & ACCESS) === 0) {
    removeRecord(record);
    return EfiCode.Success;
  }
  if (!appending && d.stamp === 0 && hasData(record, d)) return EfiCode.Success;
  if (appending) {
    d.head = dataOf(record);
    d.headBytes = dataBytesOf(record);
    if (<u64>d.nameBytes + d.headBytes + d.dataBytes > largestVariable(d.attributes)) {
      return refuse(EfiCode.InvalidParameter, Reason.AppendTooLarge);
    }
  }
  beginTransition(record);
  return write(d, record);
}

function create(d: Draft, appending: bool): EfiCode {
  if (appending && d.dataBytes === 0) return EfiCode.Success;
  if (d.dataBytes === 0 || (d.attributes & ACCESS) === 0) return refuse(EfiCode.NotFound, Reason.NothingToDelete);
  if (state.atRuntime !== 0 && (d.attributes & STORED) !== STORED) {
    return refuse(EfiCode.InvalidParameter, Reason.NotNonVolatileRuntime);
  }
  return write(d, 0);
}

/** Writes the record where there is room; at boot, or by policy, room is made. */
function write(d: Draft, old: usize): EfiCode {
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
  return dataBytesOf(record) === d.dataBytes && sameBytes(dataOf(record), d.data, d.dataBytes);
}
