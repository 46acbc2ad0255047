import { expect } from "vitest";
import type { ShimEfi } from "../../../../src/testing/index.ts";
import type { EfiTime } from "../../../../src/time.ts";
import type { Examination } from "./examination.ts";

const TIME: EfiTime = { year: 2030, month: 2, day: 28, hour: 23, min: 59, sec: 58, ns: 0, tz: 60, daylight: 1 };
const ALARM: EfiTime = { ...TIME, month: 3, day: 1, hour: 1 };
/** Bits of misc (XEN_EFI_SET_WAKEUP_TIME_*, XEN_EFI_GET_WAKEUP_TIME_*, XEN_EFI_GET_TIME_SET_CLEARS_NS). */
const [ENABLE, ENABLE_ONLY] = [1, 2];
const [ENABLED, PENDING] = [1, 2];
const SETS_TO_ZERO = 1;

const CLOCK: Examination[] = [
  {
    rule: "sets the clock",
    check: ({ efi, log }) => {
      expect(efi.setTime(TIME).status).toBe("SUCCESS");
      expect(log.map(({ fn }) => fn)).toEqual(["set_time"]);
      expect(efi.getTime().time).toEqual(TIME);
    },
  },
  {
    rule: "reads the clock",
    options: { machine: { clock: { ...TIME, tz: 2047, daylight: 0 } } },
    check: ({ efi, log }) => {
      const { status, time } = efi.getTime();
      expect([status, time?.year, time?.month, time?.day, time?.hour, time?.min]).toEqual([
        ...["SUCCESS", 2030, 2, 28, 23, 59],
      ]);
      expect(log.map(({ fn }) => fn)).toEqual(["get_time"]);
    },
  },
  {
    rule: "reads each field of the time",
    options: { faults: [{ out: { time: { ...TIME, ns: 7 } } }] },
    check: ({ efi }) => expect(efi.getTime().time).toEqual({ ...TIME, ns: 7 }),
  },
  {
    rule: "tells the clock's resolution and accuracy",
    options: { faults: [{ out: { resolution: 3, accuracy: 50_000_000 } }] },
    check: ({ efi }) => expect(efi.getTime()).toMatchObject({ resolution: 3, accuracy: 50_000_000 }),
  },
  {
    rule: "tells a clock that sets what is below a second to zero",
    options: { faults: [{ out: { misc: SETS_TO_ZERO } }] },
    check: ({ efi }) => expect(efi.getTime().setsToZero).toBe(true),
  },
  {
    rule: "tells a clock that keeps what is below a second",
    options: { faults: [{ out: { misc: 0xffffffff - SETS_TO_ZERO } }] },
    check: ({ efi }) => expect(efi.getTime().setsToZero).toBe(false),
  },
  {
    rule: "reads the clock with no pointer for the time",
    check: ({ efi }) => expect(efi.getTime(["time"])).toMatchObject({ status: "SUCCESS", resolution: 1 }),
  },
  {
    rule: "reads the clock with no pointer for its capabilities",
    check: ({ efi }) => {
      expect(efi.getTime(["capabilities"])).toMatchObject({ status: "SUCCESS", time: { year: 2024 } });
    },
  },
  {
    rule: "passes on a time that there is not",
    check: ({ efi }) => expect(efi.setTime("2030-13-01T00:00:00").status).toBe("INVALID_PARAMETER"),
  },
];

/** What misc says of a setWakeupTime. */
const ARMING: [string, Parameters<ShimEfi["setWakeupTime"]>, number][] = [
  ["arms the alarm for a time", [true, ALARM], ENABLE],
  ["arms the alarm and leaves its time", [true, null], ENABLE + ENABLE_ONLY],
  ["disarms the alarm with a time", [false, ALARM], 0],
  ["disarms the alarm and leaves its time", [false, null], ENABLE_ONLY],
];

const ALARMS: Examination[] = [
  ...ARMING.map(
    ([rule, args, misc]): Examination => ({
      rule,
      check: ({ efi, log }) => {
        efi.setWakeupTime(...args);
        expect(log.map((call) => [call.fn, call.in.misc])).toEqual([["set_wakeup_time", misc]]);
        if (args[1] !== null) expect(log[0]?.in.time).toEqual(ALARM);
      },
    }),
  ),
  {
    rule: "reads the alarm that it has set",
    check: ({ efi }) => {
      efi.setTime("2030-02-28T12:00:00");
      expect(efi.setWakeupTime(true, "2030-02-28T18:00:00").status).toBe("SUCCESS");
      const alarm = { status: "SUCCESS", enabled: true, pending: false, time: { day: 28, hour: 18 } };
      expect(efi.getWakeupTime()).toMatchObject(alarm);
      expect(efi.setWakeupTime(false, null).status).toBe("SUCCESS");
      expect(efi.getWakeupTime().enabled).toBe(false);
    },
  },
  {
    rule: "reads each field of the alarm's time",
    options: { faults: [{ fn: "get_wakeup_time", statusAfter: "SUCCESS", out: { time: ALARM } }] },
    check: ({ efi }) => expect(efi.getWakeupTime().time).toEqual(ALARM),
  },
  ...[ENABLED, PENDING].map(
    (misc): Examination => ({
      rule: `reads an alarm that is ${misc === ENABLED ? "set" : "pending"} alone`,
      options: { faults: [{ out: { misc } }] },
      check: ({ efi }) => {
        expect(efi.getWakeupTime()).toMatchObject({ enabled: misc === ENABLED, pending: misc === PENDING });
      },
    }),
  ),
  ...(["enabled", "pending", "time"] as const).map(
    (name): Examination => ({
      rule: `reads the alarm with no pointer for ${name}`,
      options: { faults: [{ out: { misc: ENABLED + PENDING, time: ALARM } }] },
      check: ({ efi }) => {
        const all = { enabled: true, pending: true, time: ALARM };
        expect(efi.getWakeupTime([name])).toMatchObject({ ...all, [name]: name === "time" ? undefined : false });
      },
    }),
  ),
];

/** How a shim reads and sets the clock and its alarm. */
export const TIMES: Examination[] = [...CLOCK, ...ALARMS];
