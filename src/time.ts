import {
  TIME_BYTES,
  TIME_DAY,
  TIME_DAYLIGHT,
  TIME_HOUR,
  TIME_MINUTE,
  TIME_MONTH,
  TIME_NANOSECOND,
  TIME_PAD1,
  TIME_PAD2,
  TIME_SECOND,
  TIME_YEAR,
  TIME_ZONE,
} from "../assembly/abi/op.ts";

/** EFI_TIME (UEFI 2.10, 8.3): ns nanoseconds, tz minutes west of UTC or 2047, daylight bits; any value may occur. */
export interface EfiTime {
  year: number;
  month: number;
  day: number;
  hour: number;
  min: number;
  sec: number;
  ns: number;
  tz: number;
  daylight: number;
}

/** Reads 16 bytes at `offset` of the view. */
export function readTime(view: DataView, offset: number): EfiTime {
  return {
    year: view.getUint16(offset + TIME_YEAR, true),
    month: view.getUint8(offset + TIME_MONTH),
    day: view.getUint8(offset + TIME_DAY),
    hour: view.getUint8(offset + TIME_HOUR),
    min: view.getUint8(offset + TIME_MINUTE),
    sec: view.getUint8(offset + TIME_SECOND),
    ns: view.getUint32(offset + TIME_NANOSECOND, true),
    tz: view.getInt16(offset + TIME_ZONE, true),
    daylight: view.getUint8(offset + TIME_DAYLIGHT),
  };
}

/** Writes 16 bytes at `offset`, both pad bytes as `pad`; fields are cut to their width. */
export function writeTime(view: DataView, offset: number, time: EfiTime, pad = 0): void {
  view.setUint16(offset + TIME_YEAR, time.year, true);
  view.setUint8(offset + TIME_MONTH, time.month);
  view.setUint8(offset + TIME_DAY, time.day);
  view.setUint8(offset + TIME_HOUR, time.hour);
  view.setUint8(offset + TIME_MINUTE, time.min);
  view.setUint8(offset + TIME_SECOND, time.sec);
  view.setUint8(offset + TIME_PAD1, pad);
  view.setUint32(offset + TIME_NANOSECOND, time.ns, true);
  view.setInt16(offset + TIME_ZONE, time.tz, true);
  view.setUint8(offset + TIME_DAYLIGHT, time.daylight);
  view.setUint8(offset + TIME_PAD2, pad);
}

/** Writes single members of the 16 bytes at `offset`; the others and both pad bytes stay. */
export function overwriteTime(view: DataView, offset: number, members: Partial<EfiTime>): void {
  const pads = [TIME_PAD1, TIME_PAD2].map((pad) => [offset + pad, view.getUint8(offset + pad)] as const);
  writeTime(view, offset, { ...readTime(view, offset), ...members });
  for (const [at, byte] of pads) view.setUint8(at, byte);
}

/** Seconds since 1970-01-01T00:00:00 of a date's face value, zone aside. */
export function secondsOfTime(time: EfiTime): number {
  return Date.UTC(time.year, time.month - 1, time.day, time.hour, time.min, time.sec) / 1000;
}

/** The date of a second since 1970-01-01T00:00:00, without zone. */
export function timeOfSeconds(seconds: number): EfiTime {
  const date = new Date(seconds * 1000);
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    min: date.getUTCMinutes(),
    sec: date.getUTCSeconds(),
    ns: 0,
    tz: 2047,
    daylight: 0,
  };
}

/** Text as `2024-01-15T12:00:15`, with `.ns`, `tz` and `daylight` where they say something. */
export function timeText(time: EfiTime): string {
  const two = (n: number) => String(n).padStart(2, "0");
  const date = `${String(time.year).padStart(4, "0")}-${two(time.month)}-${two(time.day)}`;
  const fraction = time.ns === 0 ? "" : `.${String(time.ns).padStart(9, "0")}`;
  const zone = time.tz === 2047 ? "" : ` tz ${time.tz}`;
  const daylight = time.daylight === 0 ? "" : ` daylight ${time.daylight}`;
  return `${date}T${two(time.hour)}:${two(time.min)}:${two(time.sec)}${fraction}${zone}${daylight}`;
}

/** The time of "2024-02-29T12:30:15", without zone; any digits go. Throws a SyntaxError. */
export function parseTime(text: string): EfiTime {
  const match = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)$/.exec(text);
  if (match === null) throw new SyntaxError(`${JSON.stringify(text)} is not of the form 2024-02-29T12:30:15`);
  const [year, month, day, hour, min, sec] = match.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return { year, month, day, hour, min, sec, ns: 0, tz: 2047, daylight: 0 };
}

export { TIME_BYTES };
