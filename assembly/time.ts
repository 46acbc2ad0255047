import {
  TIME_DAY,
  TIME_DAYLIGHT,
  TIME_HOUR,
  TIME_MINUTE,
  TIME_MONTH,
  TIME_NANOSECOND,
  TIME_SECOND,
  TIME_YEAR,
  TIME_ZONE,
} from "./abi/op";
import { state } from "./state";

export const SECONDS_A_DAY: i64 = 86400;
/** EFI_UNSPECIFIED_TIMEZONE */
export const UNSPECIFIED_ZONE: i32 = 2047;

/** Days since 1970-01-01 of a civil date of the Gregorian calendar; month 1..12, day 1..31. */
export function daysOf(year: i32, month: i32, day: i32): i32 {
  // The year starts in March, so that the leap day comes last; eras of 400 years have 146097 days.
  const y = month <= 2 ? year - 1 : year;
  const era = (y >= 0 ? y : y - 399) / 400;
  const yearOfEra = y - era * 400;
  const dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  return era * 146097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719468;
}

/** The civil date of a day since 1970-01-01, packed: year << 16 | month << 8 | day. */
export function dateOf(days: i32): u32 {
  const shifted = days + 719468;
  const era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
  const dayOfEra = shifted - era * 146097;
  const yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146096) / 365;
  const dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
  const monthFromMarch = (5 * dayOfYear + 2) / 153;
  const day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1;
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return ((<u32>year) << 16) | (month << 8) | day;
}

/** Days of a month, leap years by the Gregorian rule. */
export function daysInMonth(year: i32, month: i32): i32 {
  if (month === 2) return isLeap(year) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/**
 * True if every field of the EFI_TIME at `time` lies within UEFI's limits and the year within the hundred that begin
 * with `firstYear` (UEFI 2.10, 8.3; PcRtc.c RtcTimeFieldsValid).
 */
export function isValidTime(time: usize, firstYear: i32): bool {
  const year = <i32>load<u16>(time, TIME_YEAR);
  const month = <i32>load<u8>(time, TIME_MONTH);
  const day = <i32>load<u8>(time, TIME_DAY);
  const zone = <i32>load<i16>(time, TIME_ZONE);
  return (
    year >= firstYear &&
    year < firstYear + 100 &&
    month >= 1 &&
    month <= 12 &&
    day >= 1 &&
    day <= daysInMonth(year, month) &&
    load<u8>(time, TIME_HOUR) <= 23 &&
    load<u8>(time, TIME_MINUTE) <= 59 &&
    load<u8>(time, TIME_SECOND) <= 59 &&
    load<u32>(time, TIME_NANOSECOND) <= 999999999 &&
    (zone === UNSPECIFIED_ZONE || (zone >= -1440 && zone <= 1440)) &&
    load<u8>(time, TIME_DAYLIGHT) <= 3
  );
}

/** Seconds since 1970-01-01T00:00:00 of the EFI_TIME's date and time of day, zone aside. */
export function secondsOf(time: usize): i64 {
  const days = daysOf(load<u16>(time, TIME_YEAR), load<u8>(time, TIME_MONTH), load<u8>(time, TIME_DAY));
  return <i64>days * SECONDS_A_DAY + secondOfDay(time);
}

/** Second of the day of the EFI_TIME. */
export function secondOfDay(time: usize): i32 {
  const minutes = <i32>load<u8>(time, TIME_HOUR) * 60 + load<u8>(time, TIME_MINUTE);
  return minutes * 60 + load<u8>(time, TIME_SECOND);
}

/** Day since 1970-01-01 of a second since then; earlier ones are negative. */
export function dayOf(seconds: i64): i32 {
  return <i32>((seconds >= 0 ? seconds : seconds - (SECONDS_A_DAY - 1)) / SECONDS_A_DAY);
}

/** The civil date of a day as dateOf gives it, kept for the day in hand. */
export function cachedDateOf(day: i32): u32 {
  if (state.civilDate === 0 || state.civilDay !== day) {
    state.civilDay = day;
    state.civilDate = dateOf(day);
  }
  return state.civilDate;
}

function isLeap(year: i32): bool {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}
