import {
  GET_WAKEUP_TIME_ENABLED,
  GET_WAKEUP_TIME_PENDING,
  TIME_BYTES,
  TIME_DAY,
  TIME_DAYLIGHT,
  TIME_HOUR,
  TIME_MINUTE,
  TIME_MONTH,
  TIME_NANOSECOND,
  TIME_SECOND,
  TIME_YEAR,
  TIME_ZONE,
} from "../abi/op";
import {
  POLICY_CLOCK,
  POLICY_CLOCK_ACCURACY,
  POLICY_CLOCK_RESOLUTION,
  POLICY_COUNT,
  POLICY_MINIMAL_YEAR,
  WAKEUP_ALARM,
} from "../abi/policy";
import { EfiCode, Reason } from "../abi/status";
import { BOOTSERVICE_ACCESS, NON_VOLATILE, RUNTIME_ACCESS } from "../abi/variable";
import { has, limit, statusOf } from "../policy";
import { ownDraft, state, VALUE_BUFFER } from "../state";
import { attributesOf, dataBytesOf, dataOf } from "../store/record";
import { find } from "../store/store";
import { cachedDateOf, dayOf, isValidTime, SECONDS_A_DAY, secondOfDay, secondsOf, UNSPECIFIED_ZONE } from "../time";
import { MTC, MTC_GUID, RTC, RTC_ALARM, RTC_GUID, setName } from "./names";
import { refuse } from "./refusal";
import { setVariable } from "./set-variable";

const STORED: u32 = NON_VOLATILE | BOOTSERVICE_ACCESS | RUNTIME_ACCESS;

/**
 * GetTime (UEFI 2.10, 8.3.1; PcRtc.c PcRtcGetTime): writes the EFI_TIME at core address `time` but for its two pad
 * bytes. Out: state.resolution in Hz, state.accuracy in parts per 10^12.
 */
export function getTime(time: usize): EfiCode {
  const offered = checkOffered(POLICY_CLOCK);
  if (offered !== EfiCode.Success) return offered;
  const now = clock();
  writeDate(time, dayOf(now));
  writeTimeOfDay(time, <u32>(now - <i64>dayOf(now) * SECONDS_A_DAY));
  store<u32>(time, 0, TIME_NANOSECOND);
  writeZone(time);
  state.resolution = limit(POLICY_CLOCK_RESOLUTION);
  state.accuracy = limit(POLICY_CLOCK_ACCURACY);
  return EfiCode.Success;
}

/** SetTime (UEFI 2.10, 8.3.2): zone and daylight go to the variable RTC first; nanoseconds are dropped. */
export function setTime(time: usize): EfiCode {
  const offered = checkOffered(POLICY_CLOCK);
  if (offered !== EfiCode.Success) return offered;
  if (!isValidTime(time, limit(POLICY_MINIMAL_YEAR))) return refuse(EfiCode.InvalidParameter, Reason.TimeFields);
  const zone = <i32>load<i16>(time, TIME_ZONE);
  const daylight = <u32>load<u8>(time, TIME_DAYLIGHT);
  if (!storeZone(zone, daylight)) return refuse(EfiCode.DeviceError, Reason.ZoneNotStored);
  state.zone = zone;
  state.daylight = daylight;
  state.clockOffset = secondsOf(time) - state.clockSeconds;
  state.alarmSeen = clock();
  return EfiCode.Success;
}

/**
 * GetWakeupTime (UEFI 2.10, 8.3.3): the time of day from the alarm registers, the date from the variable RTCALARM, or
 * today's. Out: state.misc, the enabled and pending bits; reading clears pending.
 */
export function getWakeupTime(time: usize): EfiCode {
  if (!has(WAKEUP_ALARM)) return refuse(EfiCode.Unsupported, Reason.NotOffered);
  // All in the caller's time: what was written stays there if the date is none (PcRtc.c, PcRtcGetWakeupTime).
  writeTimeOfDay(time, state.alarmSecond);
  writeZone(time);
  if (!writeAlarmDate(time)) return refuse(EfiCode.DeviceError, Reason.AlarmUnreadable);
  lookAtAlarm();
  state.misc =
    (state.alarmEnabled !== 0 ? GET_WAKEUP_TIME_ENABLED : 0) | (state.alarmPending !== 0 ? GET_WAKEUP_TIME_PENDING : 0);
  state.alarmPending = 0;
  return EfiCode.Success;
}

/** SetWakeupTime (UEFI 2.10, 8.3.4): `time` 0 means none was passed. Switching off rewrites RTCALARM, too. */
export function setWakeupTime(enable: bool, time: usize): EfiCode {
  if (!has(WAKEUP_ALARM)) return refuse(EfiCode.Unsupported, Reason.NotOffered);
  if (enable) {
    if (time === 0) return refuse(EfiCode.InvalidParameter, Reason.AlarmWithoutTime);
    if (!isValidTime(time, limit(POLICY_MINIMAL_YEAR))) return refuse(EfiCode.InvalidParameter, Reason.TimeFields);
    const ahead = secondsOf(time) - clock();
    if (ahead < 0 || ahead > SECONDS_A_DAY) return refuse(EfiCode.Unsupported, Reason.AlarmNotWithinADay);
    memory.copy(VALUE_BUFFER, time, TIME_BYTES);
  } else {
    memory.fill(VALUE_BUFFER, 0, TIME_BYTES);
    writeDate(VALUE_BUFFER, dayOf(clock()));
    writeTimeOfDay(VALUE_BUFFER, state.alarmSecond);
    writeZone(VALUE_BUFFER);
  }
  const second = secondOfDay(VALUE_BUFFER);
  toRegisters(VALUE_BUFFER);
  if (!storeOwn(RTC_GUID, RTC_ALARM, TIME_BYTES)) return refuse(EfiCode.DeviceError, Reason.AlarmNotStored);
  lookAtAlarm();
  state.alarmEnabled = enable ? 1 : 0;
  state.alarmSecond = second;
  return EfiCode.Success;
}

/**
 * GetNextHighMonotonicCount (UEFI 2.10, 8.5.2; MonotonicCounterRuntimeDxe): the count goes on in memory even where the
 * variable MTC cannot be written. Out: state.misc, the count.
 */
export function getNextHighMonotonicCount(): EfiCode {
  state.misc = 0;
  const offered = checkOffered(POLICY_COUNT);
  if (offered !== EfiCode.Success) return offered;
  state.monotonicHigh++;
  state.misc = state.monotonicHigh;
  store<u32>(VALUE_BUFFER, state.monotonicHigh);
  setName(ownDraft, MTC_GUID, MTC);
  return setOwn(4);
}

/** At power-on: zone and daylight as the variable RTC keeps them, alarm off. */
export function startClock(): void {
  setName(ownDraft, RTC_GUID, RTC);
  const record = find(ownDraft);
  const stored = record !== 0 && dataBytesOf(record) === 4;
  const zone = stored ? <i32>load<i16>(dataOf(record)) : UNSPECIFIED_ZONE;
  const daylight = stored ? <u32>load<u8>(dataOf(record), 2) : 0;
  const valid = (zone === UNSPECIFIED_ZONE || (zone >= -1440 && zone <= 1440)) && daylight <= 3;
  state.zone = valid ? zone : UNSPECIFIED_ZONE;
  state.daylight = valid ? daylight : 0;
  // The driver reads the flag register, which clears it; the alarm itself stays (PcatRealTimeClockRuntimeDxe, PcRtcInit).
  state.alarmSeen = clock();
  state.alarmPending = 0;
}

/** At boot: the stored high count plus one (0 where none is stored), written back. */
export function startMonotonicCount(): EfiCode {
  resumeMonotonicCount();
  return getNextHighMonotonicCount();
}

/** Takes the stored high count as it is. */
export function resumeMonotonicCount(): void {
  setName(ownDraft, MTC_GUID, MTC);
  const record = find(ownDraft);
  state.monotonicHigh = record !== 0 && dataBytesOf(record) === 4 ? load<u32>(dataOf(record)) : 0;
}

/** What the firmware says of a service that it does not offer at run time, or Success. */
function checkOffered(field: usize): EfiCode {
  const status = statusOf(field);
  return status === EfiCode.Success ? status : refuse(status, Reason.NotOffered);
}

/** What the clock shows: seconds since 1970-01-01T00:00:00, no zone. */
function clock(): i64 {
  return state.clockSeconds + state.clockOffset;
}

/** The registers hold two digits of the year: it reads as the one that falls into the valid hundred. */
function writeDate(time: usize, day: i32): void {
  const date = cachedDateOf(day);
  const firstYear = <i32>limit(POLICY_MINIMAL_YEAR);
  const years = (<i32>(date >> 16) - firstYear) % 100;
  store<u16>(time, firstYear + (years < 0 ? years + 100 : years), TIME_YEAR);
  store<u8>(time, (date >> 8) & 0xff, TIME_MONTH);
  store<u8>(time, date & 0xff, TIME_DAY);
}

function writeTimeOfDay(time: usize, second: u32): void {
  store<u8>(time, second / 3600, TIME_HOUR);
  store<u8>(time, (second / 60) % 60, TIME_MINUTE);
  store<u8>(time, second % 60, TIME_SECOND);
}

function writeZone(time: usize): void {
  store<i16>(time, state.zone, TIME_ZONE);
  store<u8>(time, state.daylight, TIME_DAYLIGHT);
}

const NOT_DECIMAL: i32 = 255;

/** The date of RTCALARM, digits in BCD, or today's where there is none. False if it is no date. */
function writeAlarmDate(time: usize): bool {
  setName(ownDraft, RTC_GUID, RTC_ALARM);
  const record = find(ownDraft);
  const readable =
    record !== 0 && dataBytesOf(record) <= <u32>TIME_BYTES && (attributesOf(record) & RUNTIME_ACCESS) !== 0;
  if (!readable) {
    writeDate(time, dayOf(clock()));
    store<u32>(time, 0, TIME_NANOSECOND);
    return true;
  }
  memory.fill(VALUE_BUFFER, 0, TIME_BYTES);
  memory.copy(VALUE_BUFFER, dataOf(record), dataBytesOf(record));
  const firstYear = <i32>limit(POLICY_MINIMAL_YEAR);
  const twoDigits = fromBcd(load<u8>(VALUE_BUFFER, TIME_YEAR));
  const month = fromBcd(load<u8>(VALUE_BUFFER, TIME_MONTH));
  const day = fromBcd(load<u8>(VALUE_BUFFER, TIME_DAY));
  store<u16>(time, twoDigits, TIME_YEAR);
  store<u8>(time, month, TIME_MONTH);
  store<u8>(time, day, TIME_DAY);
  if (twoDigits === NOT_DECIMAL || month === NOT_DECIMAL || day === NOT_DECIMAL) return false;
  const year = (firstYear / 100) * 100 + twoDigits;
  store<u16>(time, year < firstYear ? year + 100 : year, TIME_YEAR);
  store<u32>(time, 0, TIME_NANOSECOND);
  return isValidTime(time, firstYear);
}

/** Turns an EFI_TIME into the clock's register form: BCD digits, two of the year. */
function toRegisters(time: usize): void {
  store<u16>(time, toBcd(load<u16>(time, TIME_YEAR) % 100), TIME_YEAR);
  store<u8>(time, toBcd(load<u8>(time, TIME_MONTH)), TIME_MONTH);
  store<u8>(time, toBcd(load<u8>(time, TIME_DAY)), TIME_DAY);
  store<u8>(time, toBcd(load<u8>(time, TIME_HOUR)), TIME_HOUR);
  store<u8>(time, toBcd(load<u8>(time, TIME_MINUTE)), TIME_MINUTE);
  store<u8>(time, toBcd(load<u8>(time, TIME_SECOND)), TIME_SECOND);
}

function toBcd(value: u32): u8 {
  return <u8>(((value / 10) << 4) | (value % 10));
}

/** NOT_DECIMAL, which is no part of a date, where a digit is none. */
function fromBcd(value: u32): i32 {
  const tens = value >> 4;
  const ones = value & 0xf;
  return tens > 9 || ones > 9 ? NOT_DECIMAL : <i32>(tens * 10 + ones);
}

/** The alarm flag rises whenever the clock passes the alarm's time of day, enabled or not. */
function lookAtAlarm(): void {
  const now = clock();
  const seen = state.alarmSeen;
  // Seconds from just behind the last look to the next match.
  let wait = (<i64>state.alarmSecond - (seen + 1)) % SECONDS_A_DAY;
  if (wait < 0) wait += SECONDS_A_DAY;
  if (seen + 1 + wait <= now) state.alarmPending = 1;
  state.alarmSeen = now;
}

/** Keeps zone and daylight in the variable RTC: i16 and u8; none at all for an unspecified zone without daylight. */
function storeZone(zone: i32, daylight: u32): bool {
  if (zone !== UNSPECIFIED_ZONE || daylight !== 0) {
    store<u32>(VALUE_BUFFER, (daylight << 16) | (zone & 0xffff));
    return storeOwn(RTC_GUID, RTC, 4);
  }
  setName(ownDraft, RTC_GUID, RTC);
  ownDraft.attributes = 0;
  ownDraft.dataBytes = 0;
  const status = setVariable(ownDraft);
  return status === EfiCode.Success || status === EfiCode.NotFound;
}

/** Writes `bytes` of VALUE_BUFFER to a variable of the clock. */
function storeOwn(guid: usize, name: usize, bytes: u32): bool {
  setName(ownDraft, guid, name);
  return setOwn(bytes) === EfiCode.Success;
}

/** SetVariable of ownDraft, already named, with `bytes` of VALUE_BUFFER. */
function setOwn(bytes: u32): EfiCode {
  ownDraft.attributes = STORED;
  ownDraft.data = VALUE_BUFFER;
  ownDraft.dataBytes = bytes;
  return setVariable(ownDraft);
}
