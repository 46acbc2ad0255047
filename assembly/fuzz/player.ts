import {
  DATA_PLACE,
  FINDING,
  FINDING_DETAIL,
  FINDING_GUID,
  FINDING_LARGE_END,
  FINDING_OP,
  FINDING_OP_HIGH,
  FINDING_OP_LOW,
  FINDING_STEP,
  FINDING_VIOLATION,
  FUZZ_WINDOW_BYTES,
  HEAD_ABI,
  HEAD_BOOTS,
  HEAD_BOOTS_ON,
  INPUT,
  KIND_CLOCK,
  KIND_HOLE,
  KIND_MAP,
  KIND_PLATFORM,
  KIND_POWER_CUT,
  KIND_REBOOT,
  LARGE_PLACE,
  LAST_PLACE,
  NAME_PLACE,
  OP_PLACE,
  RED_ZONE,
  RED_ZONE_BYTES,
  SHADOW,
  STEP_SEED,
  Violation,
} from "../abi/fuzz";
import {
  ATTENTION_COMPAT,
  ATTENTION_FOLD_STATUS,
  ATTENTION_HOLES,
  ATTENTION_NO_EFI_BOOT,
  ATTENTION_NO_RUNTIME_SERVICES,
  ATTENTION_UNPRIVILEGED,
  HOLE_READ_ONLY,
  HOLE_UNMAPPED,
  HOLES,
  INDEX_SLOTS_MAX,
  NULL_GUARD_BYTES,
  WINDOW,
} from "../abi/layout";
import {
  CMD_EFI_RUNTIME_CALL,
  CMD_FIRMWARE_INFO,
  COMPAT_CALL_BYTES,
  COMPAT_DATA,
  COMPAT_EFI_INFO_BYTES,
  COMPAT_NEXT_GUID,
  COMPAT_NEXT_NAME,
  FN_GET_NEXT_VARIABLE_NAME,
  FN_GET_VARIABLE,
  INFO_BODY,
  INFO_VENDOR_BUFSZ,
  INFO_VENDOR_NAME,
  NATIVE_CALL_BYTES,
  NATIVE_DATA,
  NATIVE_EFI_INFO_BYTES,
  NATIVE_NEXT_GUID,
  NATIVE_NEXT_NAME,
  OP_BODY,
  OP_CMD,
  OP_FUNCTION,
  OP_STATUS,
} from "../abi/op";
import { EfiCode, XenErrno } from "../abi/status";
import { dispatch } from "../dispatch";
import { nvRegion, Region, state, volatileRegion } from "../state";
import { undo } from "../store/mark";
import { countsEntries } from "../store/region";
import { kindOf, lay, noteLarge, stepAt } from "./step";

/**
 * Plays a sequence that lies at INPUT, checks after each call what must always hold, and goes back. What the guest's memory
 * should be lies at SHADOW: the guest's own writes and what an answer may write are copied there, and nothing else.
 */

/** What fills guest memory that nobody has written. */
const FILL: u8 = 0xa5;
const RED: u8 = 0xee;
const RED_WORD: u64 = 0xeeeeeeeeeeeeeeee;

/** Which ABIs differ in what the core attends to, by the head's number: x86_64, x86_32, arm64, arm32. */
function attentionOf(abi: u32): u32 {
  switch (abi & 3) {
    case 1:
      return ATTENTION_COMPAT | ATTENTION_FOLD_STATUS;
    case 3:
      return ATTENTION_FOLD_STATUS;
    default:
      return 0;
  }
}

/** Fills the guest's memory and its shadow, and the red zone. Once before all sequences, and after a finding. */
export function fillGuest(): void {
  memory.fill(WINDOW, 0, NULL_GUARD_BYTES);
  refill(WINDOW, LAST_PLACE);
  memory.copy(SHADOW, WINDOW, FUZZ_WINDOW_BYTES);
  memory.fill(RED_ZONE, RED, RED_ZONE_BYTES);
  memory.fill(FINDING + FINDING_GUID, 0, 16);
  store<u32>(FINDING, LARGE_PLACE, FINDING_LARGE_END);
}

/** Takes the head's ABI. */
export function begin(): void {
  const others = state.attention & ~(ATTENTION_COMPAT | ATTENTION_FOLD_STATUS);
  state.attention = others | attentionOf(load<u8>(INPUT, HEAD_ABI));
}

/**
 * Plays steps `from` up to `end`. Gives the first one that is left to the host (a boot, a cut of power), `end`, or -1 with
 * FINDING filled.
 */
export function play(from: u32, end: u32): i32 {
  for (let i = from; i < end; i++) {
    const step = stepAt(i);
    const kind = kindOf(step);
    if (kind === KIND_REBOOT || kind === KIND_POWER_CUT) {
      if (load<u8>(INPUT, HEAD_BOOTS) === <u8>HEAD_BOOTS_ON) return i;
      continue;
    }
    store<u32>(FINDING, i, FINDING_STEP);
    if (kind >= <u32>KIND_CLOCK) {
      change(step, kind);
      continue;
    }
    lay(step);
    const ret = dispatch(load<u32>(FINDING, FINDING_OP_LOW), load<u32>(FINDING, FINDING_OP_HIGH));
    accept(ret);
    if (!check(ret)) return -1;
  }
  return end;
}

/** Lays step `i` for a host that makes the call itself; its op's address is in FINDING. False for a step that is no call. */
export function prepare(i: u32): bool {
  const step = stepAt(i);
  const kind = kindOf(step);
  store<u32>(FINDING, i, FINDING_STEP);
  if (kind < <u32>KIND_REBOOT) {
    lay(step);
    return true;
  }
  if (kind >= <u32>KIND_CLOCK) change(step, kind);
  return false;
}

/** What the machine's owner does between calls. */
function change(step: usize, kind: u32): void {
  const seed = load<u32>(step, STEP_SEED);
  switch (kind) {
    case KIND_CLOCK:
      state.clockSeconds += seed % 0x100000;
      break;
    case KIND_HOLE: {
      const start = holePlace(seed >> 24) + (seed & (seed & 0x400000 ? 0xfff : 0x3f));
      store<u32>(HOLES, start);
      store<u32>(HOLES, start + 1 + ((seed >> 12) & 0x3ff), 4);
      store<u32>(HOLES, seed & 0x80000000 ? HOLE_READ_ONLY : HOLE_UNMAPPED, 8);
      state.holeCount = 1;
      state.attention |= ATTENTION_HOLES;
      break;
    }
    case KIND_MAP:
      state.holeCount = 0;
      state.attention &= ~ATTENTION_HOLES;
      break;
    case KIND_PLATFORM: {
      const bits: u32 = ATTENTION_UNPRIVILEGED | ATTENTION_NO_EFI_BOOT | ATTENTION_NO_RUNTIME_SERVICES;
      state.attention = (state.attention & ~bits) | ((seed & 7) === 0 ? (seed >> 3) & bits : 0);
      break;
    }
    default:
      break;
  }
}

/** Where a hole is near: the data as a rule, else the name. Of an op the ABIs write more and less. */
function holePlace(choice: u32): u32 {
  return (choice & 3) === 1 ? NAME_PLACE : DATA_PLACE;
}

/** Copies to the shadow what the answer may have written. */
export function accept(ret: i32): void {
  take(ret, true);
}

/** Where another has answered on the shadow: false, and FINDING filled, if what the answer may have written differs there. */
export function note(ret: i32): bool {
  store<u32>(FINDING, Violation.None, FINDING_VIOLATION);
  take(ret, false);
  return load<u32>(FINDING, FINDING_VIOLATION) === Violation.None;
}

function take(ret: i32, copies: bool): void {
  const at = load<u64>(FINDING, FINDING_OP_LOW);
  const op: usize = FINDING + FINDING_OP;
  if (ret !== 0 && ret !== -XenErrno.EFAULT) return;
  const compat = (state.attention & ATTENTION_COMPAT) !== 0;
  const cmd = load<u32>(op, OP_CMD);
  if (cmd === CMD_FIRMWARE_INFO) {
    takeBytes(at + INFO_BODY, compat ? COMPAT_EFI_INFO_BYTES : NATIVE_EFI_INFO_BYTES, copies);
    const buffer = compat ? <u64>load<u32>(op, INFO_VENDOR_NAME) : load<u64>(op, INFO_VENDOR_NAME);
    takeBytes(buffer, load<u32>(op, INFO_VENDOR_BUFSZ), copies);
    return;
  }
  if (cmd !== CMD_EFI_RUNTIME_CALL) return;
  // A call that fails has written nothing to the op, but it may have written part of a buffer.
  takeBytes(at + OP_BODY, compat ? COMPAT_CALL_BYTES : NATIVE_CALL_BYTES, copies);
  const fn = load<u32>(op, OP_FUNCTION);
  if (fn === FN_GET_VARIABLE) {
    takeBytes(compat ? <u64>load<u32>(op, COMPAT_DATA) : load<u64>(op, NATIVE_DATA), state.answerBytes, copies);
  } else if (fn === FN_GET_NEXT_VARIABLE_NAME) {
    const name = compat ? <u64>load<u32>(op, COMPAT_NEXT_NAME) : load<u64>(op, NATIVE_NEXT_NAME);
    takeBytes(name, state.answerBytes, copies);
    if (ret === 0 && isInGuest(at)) keepGuid(<usize>at, compat);
  }
}

function keepGuid(at: usize, compat: bool): void {
  const field = compat ? COMPAT_NEXT_GUID : NATIVE_NEXT_GUID;
  memory.copy(FINDING + FINDING_GUID, <usize>WINDOW + at + field, 16);
}

function takeBytes(guest: u64, bytes: u32, copies: bool): void {
  if (!isInGuest(guest) || bytes === 0) return;
  const at = <usize>guest;
  const count = <u32>min<u64>(bytes, <u64>FUZZ_WINDOW_BYTES - guest);
  noteLarge(guest, count);
  if (copies) memory.copy(<usize>SHADOW + at, <usize>WINDOW + at, count);
  else noteDifference(<u32>at, <u32>at + count);
}

/** As difference, in a range of any bounds. */
function noteDifference(from: u32, end: u32): void {
  let at = from;
  while (at + 8 <= end && load<u64>(<usize>WINDOW + at) === load<u64>(<usize>SHADOW + at)) at += 8;
  while (at < end && load<u8>(<usize>WINDOW + at) === load<u8>(<usize>SHADOW + at)) at++;
  if (at < end) found(Violation.StrayWrite, at);
}

function isInGuest(guest: u64): bool {
  return guest >= <u64>NULL_GUARD_BYTES && guest < <u64>FUZZ_WINDOW_BYTES;
}

/** What holds after each call, whatever it was. False, and FINDING filled, if something does not. */
export function check(ret: i32): bool {
  if (!isResult(ret)) return found(Violation.UnknownResult, ret);
  if (ret === 0 && !hasKnownStatus()) return found(Violation.UnknownStatus, OP_PLACE);
  if (!isCounted(nvRegion) || !isCounted(volatileRegion)) return false;
  const full = state.indexUsed >= state.indexSlots || state.indexSlots > <u32>INDEX_SLOTS_MAX;
  return full ? found(Violation.IndexFull, state.indexUsed) : true;
}

function isResult(ret: i32): bool {
  switch (-ret) {
    case XenErrno.None:
    case XenErrno.EPERM:
    case XenErrno.ESRCH:
    case XenErrno.ENOMEM:
    case XenErrno.EACCES:
    case XenErrno.EFAULT:
    case XenErrno.EINVAL:
    case XenErrno.ENOSYS:
    case XenErrno.ENODATA:
    case XenErrno.EOPNOTSUPP:
      return true;
    default:
      return false;
  }
}

/** A status of a call that was answered, in an op that lies where it can be read. */
function hasKnownStatus(): bool {
  const at = load<u64>(FINDING, FINDING_OP_LOW);
  if (load<u32>(FINDING, FINDING_OP) !== CMD_EFI_RUNTIME_CALL || !isInGuest(at)) return true;
  const status = <usize>WINDOW + <usize>at;
  const attention = state.attention;
  const low = load<u32>(status, OP_STATUS);
  const high = load<u32>(status, OP_STATUS + 4);
  if (attention & ATTENTION_COMPAT) return low === 0 || (low & 0x80000000) !== 0;
  if (attention & ATTENTION_FOLD_STATUS) return high === 0 && (low === 0 || (low & 0x80000000) !== 0);
  return low === 0 ? high === 0 : high === 0x80000000 && low <= <u32>EfiCode.CompromisedData;
}

/** The tail lies between the region's ends, on a multiple of 4, and what lies before it is accounted for. */
function isCounted(region: Region): bool {
  const tail = region.tail;
  const first = region.first;
  if (tail < first || tail > region.end + 3 || (tail & 3) !== 0) return found(Violation.Tail, <u32>tail);
  if (region.commonBytes + region.errorBytes !== <u32>(tail - first) && !countsEntries()) {
    return found(Violation.Accounting, <u32>(tail - first));
  }
  return true;
}

function found(violation: Violation, detail: u32): bool {
  store<u32>(FINDING, violation, FINDING_VIOLATION);
  store<u32>(FINDING, detail, FINDING_DETAIL);
  return false;
}

/** Compares the guest's memory with its shadow, and what lies beside it. False, and FINDING filled, if they differ. */
export function compare(): bool {
  const end = load<u32>(FINDING, FINDING_LARGE_END);
  const at = min(difference(NULL_GUARD_BYTES, end), difference(LAST_PLACE, FUZZ_WINDOW_BYTES));
  return at === u32.MAX_VALUE ? compareBeside() : found(Violation.StrayWrite, at);
}

/** The first guest address from `from` up to `end` whose byte differs from its shadow's, or the highest number. */
function difference(from: u32, end: u32): u32 {
  for (let at = from; at < end; at += 32) {
    const guest = <usize>WINDOW + at;
    const shadow = <usize>SHADOW + at;
    const differs =
      (load<u64>(guest) ^ load<u64>(shadow)) |
      (load<u64>(guest, 8) ^ load<u64>(shadow, 8)) |
      (load<u64>(guest, 16) ^ load<u64>(shadow, 16)) |
      (load<u64>(guest, 24) ^ load<u64>(shadow, 24));
    if (differs === 0) continue;
    for (let byte: u32 = at; ; byte++) if (load<u8>(WINDOW + byte) !== load<u8>(SHADOW + byte)) return byte;
  }
  return u32.MAX_VALUE;
}

/** Compares what lies beside the guest's memory, 8 bytes at a time: nobody writes there. */
export function compareBeside(): bool {
  for (let at: u32 = 0; at < <u32>RED_ZONE_BYTES; at += 8) {
    if (load<u64>(RED_ZONE + at) !== RED_WORD) return found(Violation.RedZone, <u32>FUZZ_WINDOW_BYTES + at);
    if (load<u64>(WINDOW + at) !== 0) return found(Violation.RedZone, at);
  }
  return true;
}

/** Goes back to the mark, and makes the guest's memory what it was. False if only the host's copy leads back. */
export function goBack(): bool {
  const end = load<u32>(FINDING, FINDING_LARGE_END);
  refill(WINDOW, end);
  refill(SHADOW, end);
  memory.fill(FINDING + FINDING_GUID, 0, 16);
  store<u32>(FINDING, LARGE_PLACE, FINDING_LARGE_END);
  return undo();
}

/** A terminator ends what looks like a name, or each scan for one would go through the whole large place. */
function refill(guest: usize, end: u32): void {
  memory.fill(guest + NULL_GUARD_BYTES, FILL, end - NULL_GUARD_BYTES);
  memory.fill(guest + LAST_PLACE, FILL, FUZZ_WINDOW_BYTES - LAST_PLACE);
  store<u64>(guest + LARGE_PLACE - 8, 0);
}
