import { describe, expect, test } from "vitest";
import { Client } from "../../src/client.ts";
import { fromHex, toHex } from "../../src/hex.ts";
import { Machine } from "../../src/machine.ts";
import { type EfiTime, parseTime } from "../../src/time.ts";
import { ModelClient } from "../support/model-client.ts";

const RTC_GUID = "378d7b65-8da9-4773-b6e4-a47826a833e1";
const MTC_GUID = "eb704011-1402-11d3-8e77-00a0c969723b";

const at = (text: string, more: Partial<EfiTime> = {}): EfiTime => ({ ...parseTime(text), ...more });

/** Members around their limits. */
const TIMES = [
  ["1998-01-01T00:00:00", {}, "SUCCESS"],
  ["1997-12-31T23:59:59", {}, "INVALID_PARAMETER"],
  ["2097-12-31T23:59:59", {}, "SUCCESS"],
  ["2098-01-01T00:00:00", {}, "INVALID_PARAMETER"],
  ["2000-02-29T00:00:00", {}, "SUCCESS"],
  ["2023-02-29T00:00:00", {}, "INVALID_PARAMETER"],
  ["2024-02-30T00:00:00", {}, "INVALID_PARAMETER"],
  ["2024-04-31T00:00:00", {}, "INVALID_PARAMETER"],
  ["2024-00-01T00:00:00", {}, "INVALID_PARAMETER"],
  ["2024-13-01T00:00:00", {}, "INVALID_PARAMETER"],
  ["2024-01-00T00:00:00", {}, "INVALID_PARAMETER"],
  ["2024-01-01T24:00:00", {}, "INVALID_PARAMETER"],
  ["2024-01-01T00:60:00", {}, "INVALID_PARAMETER"],
  ["2024-01-01T00:00:60", {}, "INVALID_PARAMETER"],
  ["2024-01-01T00:00:00", { ns: 999_999_999 }, "SUCCESS"],
  ["2024-01-01T00:00:00", { ns: 1_000_000_000 }, "INVALID_PARAMETER"],
  ["2024-01-01T00:00:00", { tz: 1440 }, "SUCCESS"],
  ["2024-01-01T00:00:00", { tz: -1441 }, "INVALID_PARAMETER"],
  ["2024-01-01T00:00:00", { tz: 2048 }, "INVALID_PARAMETER"],
  ["2024-01-01T00:00:00", { daylight: 3 }, "SUCCESS"],
  ["2024-01-01T00:00:00", { daylight: 4 }, "INVALID_PARAMETER"],
] as const;

describe("SetTime", () => {
  test.each(TIMES)("%s with %o is %s", (text, more, expected) => {
    const dom0 = new ModelClient();
    const before = dom0.getTime().time;
    const time = at(text, more);
    expect(dom0.setTime(time).statusName).toBe(expected);
    expect(dom0.getTime().time).toEqual(expected === "SUCCESS" ? { ...time, ns: 0 } : before);
    dom0.model.reset();
    expect(dom0.getTime().time).toEqual(before);
  });

  test("keeps a zone in a variable, which is gone with the zone", () => {
    const dom0 = new ModelClient();
    dom0.setTime(at("2024-01-01T00:00:00", { tz: -60, daylight: 1 }));
    expect(dom0.getVariable("RTC", RTC_GUID).data).toEqual(fromHex("c4ff0100"));
    const room = dom0.room();
    dom0.setTime(at("2024-01-02T00:00:00", { tz: -60, daylight: 1 }));
    expect(dom0.room()).toBe(room);
    dom0.setTime(at("2024-01-01T00:00:00"));
    expect(dom0.getVariable("RTC", RTC_GUID).statusName).toBe("NOT_FOUND");
    expect(dom0.setTime(at("2024-01-01T00:00:00")).statusName).toBe("SUCCESS");
  });

  test("with a full store a zone refuses the time, too", () => {
    const dom0 = new ModelClient();
    dom0.leaveRoom(0);
    const before = dom0.getTime().time;
    expect(dom0.setTime(at("2024-01-01T00:00:00", { tz: 0 })).statusName).toBe("DEVICE_ERROR");
    expect(dom0.getTime().time).toEqual(before);
    expect(dom0.setTime(at("2024-01-01T00:00:00")).statusName).toBe("SUCCESS");
  });

  test("a zone that the firmware found at boot counts from the start", () => {
    const machine = new Machine();
    new Client(machine).setTime(at("2024-01-01T00:00:00", { tz: 60, daylight: 2 }));
    const dom0 = new ModelClient({ store: machine.flash() });
    expect(dom0.getTime().time).toMatchObject({ tz: 60, daylight: 2 });
    expect(dom0.setWakeupTime(false).statusName).toBe("SUCCESS");
    expect(toHex(dom0.getVariable("RTCALARM", RTC_GUID).data as Uint8Array).slice(-8)).toBe("3c000200");
  });

  test("a clock behind its hundred years shows them by two digits", () => {
    expect(new ModelClient({ clock: Date.UTC(2099, 4, 6) / 1000 }).getTime().time).toMatchObject({
      year: 1999,
      month: 5,
    });
  });
});

/** Now, an alarm, and whether it is within a day. */
const ALARMS = [
  ["2024-01-15T12:00:00", "2024-01-15T12:00:00", true],
  ["2024-01-15T12:00:00", "2024-01-15T11:59:59", false],
  ["2024-01-15T12:00:00", "2024-01-16T12:00:00", true],
  ["2024-01-15T12:00:00", "2024-01-16T12:00:01", false],
  ["2024-01-15T12:00:00", "2024-01-14T13:00:00", false],
  ["2024-01-15T00:00:00", "2024-01-17T00:00:00", false],
  ["2024-01-31T12:00:00", "2024-02-01T11:00:00", true],
  ["2024-02-28T12:00:00", "2024-02-29T11:00:00", true],
  ["2024-02-28T12:00:00", "2024-03-01T11:00:00", false],
  ["2023-02-28T12:00:00", "2023-03-01T11:00:00", true],
  ["2024-12-31T12:00:00", "2025-01-01T12:00:00", true],
  ["2024-12-31T12:00:00", "2025-01-01T12:00:01", false],
  ["2023-01-15T12:00:00", "2024-01-15T12:00:00", false],
] as const;

describe("the alarm", () => {
  test.each(ALARMS)("now %s, at %s: taken %s", (now, alarm, isTaken) => {
    const dom0 = new ModelClient({ clock: parseTime(now) });
    expect(dom0.setWakeupTime(true, at(alarm)).statusName).toBe(isTaken ? "SUCCESS" : "UNSUPPORTED");
    const reply = dom0.getWakeupTime();
    expect(reply.enabled).toBe(isTaken);
    if (isTaken) expect(reply.time).toEqual(at(alarm));
  });

  test("switched off keeps its time of day and moves to today, and both write RTCALARM", () => {
    const dom0 = new ModelClient();
    dom0.setWakeupTime(true, at("2024-01-16T07:08:09", { tz: 60 }));
    expect(toHex(dom0.getVariable("RTCALARM", RTC_GUID).data as Uint8Array)).toBe(
      "240001160708090000000000" + "3c000000",
    );
    expect(dom0.setWakeupTime(false, at("1900-00-00T99:99:99")).statusName).toBe("SUCCESS");
    expect(dom0.getWakeupTime()).toMatchObject({ enabled: false, time: at("2024-01-15T07:08:09") });
    expect(toHex(dom0.getVariable("RTCALARM", RTC_GUID).data as Uint8Array)).toBe(
      "240001150708090000000000" + "ff070000",
    );
    expect(dom0.setWakeupTime(true).statusName).toBe("INVALID_PARAMETER");
  });

  test("a stored date that is none is a DEVICE_ERROR, one that is too long none at all", () => {
    const dom0 = new ModelClient();
    const store = (hex: string) => dom0.setVariable("RTCALARM", RTC_GUID, 7, fromHex(hex));
    store("2a000115");
    expect(dom0.getWakeupTime().statusName).toBe("DEVICE_ERROR");
    store("23000229");
    expect(dom0.getWakeupTime().statusName).toBe("DEVICE_ERROR");
    store("97000228");
    expect(dom0.getWakeupTime().time).toEqual(at("2097-02-28T00:00:00"));
    store("98000228");
    expect(dom0.getWakeupTime().time).toEqual(at("1998-02-28T00:00:00"));
    store("2a000115".padEnd(34, "0"));
    expect(dom0.getWakeupTime().time).toEqual(at("2024-01-15T00:00:00"));
    store("240001");
    expect(() => dom0.getWakeupTime()).toThrow("not cover");
  });
});

test.each([
  [7, 8],
  [0xffffffff, 0],
])("the count behind %i is %i", (count, next) => {
  const dom0 = new ModelClient({}, { numbers: { count } });
  expect(dom0.getNextHighMonotonicCount()).toMatchObject({ statusName: "SUCCESS", high: next });
  expect(dom0.getVariable("MTC", MTC_GUID).data).toEqual(Uint8Array.of(next, 0, 0, 0));
  dom0.setVariable("MTC", MTC_GUID, 0);
  expect(dom0.getNextHighMonotonicCount().high).toBe(next + 1);
});
