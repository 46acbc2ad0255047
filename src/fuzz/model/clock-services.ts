import { EfiCode } from "../../../assembly/abi/status.ts";
import { BS, NV, RT } from "./attributes.ts";
import { VariableKey } from "./key.ts";
import { WAKEUP_ENABLE, WAKEUP_WITHOUT_TIME } from "./layout.ts";
import type { SetVariable } from "./set-variable.ts";
import type { ModelStart } from "./start.ts";
import type { State } from "./state.ts";

/** EFI_TIME, 16 bytes: year u16, month, day, hour, minute, second u8, pad, nanosecond u32, zone i16, daylight u8, pad. */
const MONTH = 2;
const DAY = 3;
const HOUR = 4;
const MINUTE = 5;
const SECOND = 6;
const NANOSECOND = 8;
const ZONE = 12;
const DAYLIGHT = 14;
const TIME_BYTES = 16;

/** Attributes of the variables that these services write. */
const NV_BS_RT = NV | BS | RT;
const NO_ZONE = 2047;
const ZONE_MAX = 1440;
const DAYLIGHT_BITS = 3;
const NOT_DECIMAL = 0xff;

const RTC_GUID = "378d7b65-8da9-4773-b6e4-a47826a833e1";
const RTC = VariableKey.of("RTC", RTC_GUID);
const ALARM = VariableKey.of("RTCALARM", RTC_GUID);
const MTC = VariableKey.of("MTC", "eb704011-1402-11d3-8e77-00a0c969723b");

/** The PC clock and the count of edk2 (PcatRealTimeClockRuntimeDxe, MonotonicCounterRuntimeDxe) over a view of the op. */
export class ClockServices {
  readonly #state: State;
  readonly #setVariable: SetVariable;
  readonly #minimalYear: number;
  readonly #now = new DataView(new ArrayBuffer(TIME_BYTES));
  #nowSeconds = Number.NaN;

  constructor(state: State, setVariable: SetVariable, { limits }: ModelStart) {
    this.#state = state;
    this.#setVariable = setVariable;
    this.#minimalYear = limits.minimalYear;
  }

  /** Writes the time at `at`; both pad bytes stay. */
  getTime(op: DataView, at: number): EfiCode {
    const now = this.#present();
    for (let i = 0; i < SECOND + 1; i++) op.setUint8(at + i, now.getUint8(i));
    this.#writeZone(op, at);
    op.setUint32(at + NANOSECOND, 0, true);
    return EfiCode.Success;
  }

  /** The zone is stored before the clock is set, so that a full store refuses both. */
  setTime(op: DataView, at: number): EfiCode {
    if (!this.#isValid(op, at)) return EfiCode.InvalidParameter;
    const zone = op.getInt16(at + ZONE, true);
    const daylight = op.getUint8(at + DAYLIGHT);
    if (this.#storeZone(zone, daylight) !== EfiCode.Success) return EfiCode.DeviceError;
    const { numbers } = this.#state;
    numbers.zone = zone;
    numbers.daylight = daylight;
    numbers.clockSeconds = secondsAt(op, at);
    return EfiCode.Success;
  }

  /**
   * The alarm's time of day, and its date from RTCALARM, else today. The firmware works on the caller's time: what it has
   * written stays there on an error. Undefined: fewer bytes than a date's are stored.
   */
  getWakeupTime(op: DataView, at: number): EfiCode | undefined {
    const stored = this.#state.variables.find(ALARM)?.data;
    if (stored !== undefined && stored.length < HOUR) return undefined;
    const now = this.#present();
    for (let i = 0; i < HOUR; i++) op.setUint8(at + i, now.getUint8(i));
    this.#writeTimeOfDay(op, at);
    this.#writeZone(op, at);
    if (stored !== undefined && stored.length <= TIME_BYTES) return this.#convertDate(op, at, stored);
    op.setUint32(at + NANOSECOND, 0, true);
    return EfiCode.Success;
  }

  /** ConvertRtcTimeToEfiTime: each member by itself; with a member that is no decimal number nothing further is done. */
  #convertDate(op: DataView, at: number, stored: Uint8Array): EfiCode {
    const year = fromBcd(stored[0] as number);
    const month = fromBcd(stored[MONTH] as number);
    const day = fromBcd(stored[DAY] as number);
    op.setUint16(at, year, true);
    op.setUint8(at + MONTH, month);
    op.setUint8(at + DAY, day);
    if (year === NOT_DECIMAL || month === NOT_DECIMAL || day === NOT_DECIMAL) return EfiCode.DeviceError;
    op.setUint16(at, this.#yearOf(year), true);
    op.setUint32(at + NANOSECOND, 0, true);
    return isDay(this.#yearOf(year), month, day) ? EfiCode.Success : EfiCode.DeviceError;
  }

  /** Both switching on and off write RTCALARM first. */
  setWakeupTime(op: DataView, at: number, flags: number): EfiCode {
    const { numbers } = this.#state;
    if ((flags & WAKEUP_ENABLE) === 0) {
      if (this.#storeAlarm(this.#alarmOff()) !== EfiCode.Success) return EfiCode.DeviceError;
      numbers.alarmOn = false;
      return EfiCode.Success;
    }
    if ((flags & WAKEUP_WITHOUT_TIME) !== 0 || !this.#isValid(op, at)) return EfiCode.InvalidParameter;
    if (!this.#isWithinOneDay(op, at)) return EfiCode.Unsupported;
    if (this.#storeAlarm(alarmOf(op, at)) !== EfiCode.Success) return EfiCode.DeviceError;
    numbers.alarmSeconds = timeOfDay(op, at);
    numbers.alarmOn = true;
    return EfiCode.Success;
  }

  /** The count goes on in memory even if MTC cannot be written. */
  nextCount(): EfiCode {
    const { numbers } = this.#state;
    numbers.count = (numbers.count + 1) >>> 0;
    const data = new Uint8Array(4);
    new DataView(data.buffer).setUint32(0, numbers.count, true);
    return this.#setVariable.set(MTC, NV_BS_RT, data) as EfiCode;
  }

  /** The clock's face as EFI_TIME. Its registers have two digits for the year. */
  #present(): DataView {
    const { clockSeconds } = this.#state.numbers;
    if (this.#nowSeconds === clockSeconds) return this.#now;
    const date = new Date(clockSeconds * 1000);
    this.#now.setUint16(0, this.#yearOf(date.getUTCFullYear() % 100), true);
    this.#now.setUint8(MONTH, date.getUTCMonth() + 1);
    this.#now.setUint8(DAY, date.getUTCDate());
    this.#now.setUint8(HOUR, date.getUTCHours());
    this.#now.setUint8(MINUTE, date.getUTCMinutes());
    this.#now.setUint8(SECOND, date.getUTCSeconds());
    this.#nowSeconds = clockSeconds;
    return this.#now;
  }

  #yearOf(twoDigits: number): number {
    const century = Math.floor(this.#minimalYear / 100) + (twoDigits < this.#minimalYear % 100 ? 1 : 0);
    return 100 * century + twoDigits;
  }

  #writeZone(op: DataView, at: number): void {
    const { zone, daylight } = this.#state.numbers;
    op.setInt16(at + ZONE, zone, true);
    op.setUint8(at + DAYLIGHT, daylight);
  }

  #writeTimeOfDay(op: DataView, at: number): void {
    const { alarmSeconds } = this.#state.numbers;
    op.setUint8(at + HOUR, Math.floor(alarmSeconds / 3600));
    op.setUint8(at + MINUTE, Math.floor(alarmSeconds / 60) % 60);
    op.setUint8(at + SECOND, alarmSeconds % 60);
  }

  #isValid(op: DataView, at: number): boolean {
    const year = op.getUint16(at, true);
    const zone = op.getInt16(at + ZONE, true);
    return (
      year >= this.#minimalYear &&
      year < this.#minimalYear + 100 &&
      isDay(year, op.getUint8(at + MONTH), op.getUint8(at + DAY)) &&
      op.getUint8(at + HOUR) < 24 &&
      op.getUint8(at + MINUTE) < 60 &&
      op.getUint8(at + SECOND) < 60 &&
      op.getUint32(at + NANOSECOND, true) < 1e9 &&
      (zone === NO_ZONE || (zone >= -ZONE_MAX && zone <= ZONE_MAX)) &&
      (op.getUint8(at + DAYLIGHT) & ~DAYLIGHT_BITS) === 0
    );
  }

  #storeZone(zone: number, daylight: number): EfiCode {
    if (zone === NO_ZONE && daylight === 0) {
      const status = this.#setVariable.set(RTC, 0, new Uint8Array(0)) as EfiCode;
      return status === EfiCode.NotFound ? EfiCode.Success : status;
    }
    const data = Uint8Array.of(zone & 0xff, (zone >> 8) & 0xff, daylight, 0);
    return this.#setVariable.set(RTC, NV_BS_RT, data) as EfiCode;
  }

  #storeAlarm(alarm: Uint8Array): EfiCode {
    return this.#setVariable.set(ALARM, NV_BS_RT, alarm) as EfiCode;
  }

  /** Today, the alarm registers' time of day, and the clock's zone, in register form. */
  #alarmOff(): Uint8Array {
    const now = this.#present();
    const { alarmSeconds, zone, daylight } = this.#state.numbers;
    const alarm = new Uint8Array(TIME_BYTES);
    alarm[0] = toBcd(now.getUint16(0, true) % 100);
    alarm[MONTH] = toBcd(now.getUint8(MONTH));
    alarm[DAY] = toBcd(now.getUint8(DAY));
    alarm[HOUR] = toBcd(Math.floor(alarmSeconds / 3600));
    alarm[MINUTE] = toBcd(Math.floor(alarmSeconds / 60) % 60);
    alarm[SECOND] = toBcd(alarmSeconds % 60);
    new DataView(alarm.buffer).setInt16(ZONE, zone, true);
    alarm[DAYLIGHT] = daylight;
    return alarm;
  }

  /** Later today or now; or tomorrow, but not later in the day than now. Zones do not count. */
  #isWithinOneDay(op: DataView, at: number): boolean {
    const { clockSeconds } = this.#state.numbers;
    const now = this.#present();
    const ahead = (dateAt(op, at) - dateAt(now, 0)) / 86400;
    const secondsNow = clockSeconds - 86400 * Math.floor(clockSeconds / 86400);
    const seconds = timeOfDay(op, at);
    return ahead === 0 ? seconds >= secondsNow : ahead === 1 && seconds <= secondsNow;
  }
}

/** What is stored of an alarm: as passed, but date and time as two binary-coded decimal digits each. */
function alarmOf(op: DataView, at: number): Uint8Array {
  const alarm = new Uint8Array(TIME_BYTES);
  for (let i = 0; i < TIME_BYTES; i++) alarm[i] = op.getUint8(at + i);
  alarm[0] = toBcd(op.getUint16(at, true) % 100);
  alarm[1] = 0;
  for (let i = MONTH; i <= SECOND; i++) alarm[i] = toBcd(alarm[i] as number);
  return alarm;
}

function dateAt(op: DataView, at: number): number {
  return Date.UTC(op.getUint16(at, true), op.getUint8(at + MONTH) - 1, op.getUint8(at + DAY)) / 1000;
}

function timeOfDay(op: DataView, at: number): number {
  return 3600 * op.getUint8(at + HOUR) + 60 * op.getUint8(at + MINUTE) + op.getUint8(at + SECOND);
}

function secondsAt(op: DataView, at: number): number {
  return dateAt(op, at) + timeOfDay(op, at);
}

function isDay(year: number, month: number, day: number): boolean {
  if (month < 1 || month > 12 || day < 1) return false;
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = month === 2 ? (isLeap ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31;
  return day <= days;
}

function toBcd(value: number): number {
  return 16 * Math.floor(value / 10) + (value % 10);
}

function fromBcd(value: number): number {
  const isDecimal = (value & 0x0f) < 10 && value >> 4 < 10;
  return isDecimal ? 10 * (value >> 4) + (value & 0x0f) : NOT_DECIMAL;
}
