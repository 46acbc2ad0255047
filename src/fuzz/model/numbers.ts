/** Numbers that calls change beside the variables. */
export class Numbers {
  /** All records of the log, dead ones too. */
  usedBytes = 0;
  /** High half of the monotonic counter. */
  count = 0;
  /** Face value of the clock, in seconds since 1970 without zone. */
  clockSeconds = 0;
  zone = 2047;
  daylight = 0;
  /** The alarm's registers: time of day, and whether it is on. */
  alarmSeconds = 0;
  alarmOn = false;

  take(other: Numbers): void {
    this.usedBytes = other.usedBytes;
    this.count = other.count;
    this.clockSeconds = other.clockSeconds;
    this.zone = other.zone;
    this.daylight = other.daylight;
    this.alarmSeconds = other.alarmSeconds;
    this.alarmOn = other.alarmOn;
  }
}
