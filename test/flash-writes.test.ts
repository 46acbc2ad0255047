import { describe, expect, test } from "vitest";
import { RECLAIM_AT_RUNTIME } from "../assembly/abi/policy.ts";
import { checkVolume } from "../src/formats/edk2-check.ts";
import { findVolume, OVMF_2M, readLog, type Volume } from "../src/formats/edk2-store.ts";
import { GLOBAL_GUID } from "../src/guid.ts";
import { toHex } from "../src/hex.ts";
import { POLICIES } from "../src/policies/index.ts";
import { NO_BOOT, type Policy } from "../src/policies/policy.ts";
import { certificateList, hashList } from "./support/signer.ts";
import { APPEND, AT, edk2, exchange, GUID, other, platform, Writer } from "./support/writer.ts";

const RTC_GUID = "378d7b65-8da9-4773-b6e4-a47826a833e1";
const ERROR_FLAG_GUID = "04b37fe8-f6ae-480b-bdd5-37d98c5e89aa";
const NONE = new Uint8Array(0);
const bytes = (...values: number[]) => Uint8Array.from(values);

/** A record of the log: name, state, and what a test looks at of data and stamp. */
interface Written {
  name: string;
  state: number;
  data: Uint8Array;
  stamp: Uint8Array;
}

function logOf({ machine }: Writer): Written[] {
  const flash = machine.flash();
  const volume: Volume = findVolume(flash);
  return readLog(flash, volume).map((entry) => ({ ...entry, stamp: entry.stamp ?? new Uint8Array(16) }));
}

/** Records whose state a call has changed, or that it has written, as "name:state"; in log order. */
function changes(dom0: Writer, call: () => void): string[] {
  const before = logOf(dom0).map(({ state }) => state);
  call();
  const after = logOf(dom0);
  return after.filter(({ state }, i) => state !== before[i]).map(({ name, state }) => `${name}:${state.toString(16)}`);
}

/** A machine whose store has `room` bytes left. */
function full(room: number): Writer {
  const preload = ["PlatformLang", "Lang"].map((name) => ({ name, guid: GLOBAL_GUID, attributes: 7, data: "656e00" }));
  const dom0 = new Writer({ ...edk2, maxVariableBytes: 0x40000 }, { preload });
  const left = Number(dom0.client.queryVariableInfo(7).remainStoreSize);
  const fill = new Uint8Array(left - room - 60 - 10);
  expect(dom0.client.setVariable("Fill", GUID, 7, fill).statusName).toBe("SUCCESS");
  expect(Number(dom0.client.queryVariableInfo(7).remainStoreSize)).toBe(room);
  return dom0;
}

const time = { year: 2024, month: 1, day: 15, hour: 12, min: 0, sec: 0, ns: 0, tz: 2047, daylight: 0 };

describe("the clock writes", () => {
  test.each([
    ["a zone", { tz: 60 }, ["RTC:3f"], "3c000000"],
    ["daylight without a zone", { daylight: 1 }, ["RTC:3f"], "ff070100"],
    ["a negative zone with daylight", { tz: -1440, daylight: 3 }, ["RTC:3f"], "60fa0300"],
    ["nothing for neither", {}, [], undefined],
  ])("%s", (_, fields, written, data) => {
    const dom0 = new Writer();
    expect(changes(dom0, () => dom0.client.setTime({ ...time, ...fields }))).toEqual(written);
    expect(dom0.machine.variable("RTC", RTC_GUID)?.data).toEqual(data && Uint8Array.from(Buffer.from(data, "hex")));
    // The same once more: nothing; without either: a deletion.
    expect(changes(dom0, () => dom0.client.setTime({ ...time, ...fields }))).toEqual([]);
    expect(changes(dom0, () => dom0.client.setTime(time))).toEqual(written.map(() => "RTC:3d"));
  });

  test("RTCALARM anew when the alarm is switched off: today's date, in the registers' digits", () => {
    const dom0 = new Writer();
    expect(changes(dom0, () => dom0.client.setWakeupTime(false))).toEqual(["RTCALARM:3f"]);
    expect(toHex(dom0.machine.variable("RTCALARM", RTC_GUID)?.data ?? NONE)).toBe("240001150000000000000000ff070000");
    expect(changes(dom0, () => dom0.client.setWakeupTime(true, { ...time, day: 16, hour: 11, sec: 59 }))).toEqual([
      "RTCALARM:3c",
      "RTCALARM:3f",
    ]);
    expect(toHex(dom0.machine.variable("RTCALARM", RTC_GUID)?.data ?? NONE)).toMatch(/^24000116110059/);
    expect(changes(dom0, () => dom0.client.setWakeupTime(false))).toEqual(["RTCALARM:3c", "RTCALARM:3f"]);
    expect(toHex(dom0.machine.variable("RTCALARM", RTC_GUID)?.data ?? NONE)).toMatch(/^2400011511005900/);
  });
});

describe("without room", () => {
  test("a zone is in transition, SetTime a device error, and the clock stays", () => {
    const dom0 = full(76);
    expect(dom0.client.setTime({ ...time, tz: 60 }).statusName).toBe("SUCCESS");
    const answer = () => expect(dom0.client.setTime({ ...time, hour: 20, tz: 90 }).statusName).toBe("DEVICE_ERROR");
    expect(changes(dom0, answer)).toEqual(["RTC:3e"]);
    expect(dom0.client.getTime().time).toMatchObject({ hour: 12, tz: 60 });
    expect(dom0.machine.variable("VarErrorFlag", ERROR_FLAG_GUID)?.data).toEqual(bytes(0xef));
  });

  test("the count goes on in memory; its variable is in transition and stays behind", () => {
    const dom0 = full(0);
    const { statusName } = { ...dom0.client.getNextHighMonotonicCount() };
    expect(statusName).toBe("OUT_OF_RESOURCES");
    expect(
      logOf(dom0)
        .filter(({ name }) => name === "MTC")
        .map(({ state }) => state),
    ).toEqual([0x3e]);
    expect(changes(dom0, () => dom0.client.getNextHighMonotonicCount())).toEqual([]);
  });

  test("a pair of languages changes no state, and no flag", () => {
    const dom0 = full(80);
    const answer = () =>
      expect(dom0.client.setVariable("PlatformLang", GLOBAL_GUID, 7, bytes(0x66, 0x72, 0)).statusName).toBe(
        "OUT_OF_RESOURCES",
      );
    const flag = dom0.machine.variable("VarErrorFlag", ERROR_FLAG_GUID)?.data;
    expect(changes(dom0, answer)).toEqual([]);
    expect(dom0.machine.variable("VarErrorFlag", ERROR_FLAG_GUID)?.data).toEqual(flag);
  });

  test("what was in transition is deleted to 3c, not 3d", () => {
    const dom0 = full(0);
    expect(changes(dom0, () => dom0.client.setVariable("Fill", GUID, 7, bytes(1)))).toEqual(["Fill:3e"]);
    expect(changes(dom0, () => dom0.client.setVariable("Fill", GUID, 7, NONE))).toEqual(["Fill:3c"]);
  });

  test("a deletion of a private variable succeeds in flash, and says that certdb could not follow", () => {
    const dom0 = new Writer({ ...edk2, maxVariableBytes: 0x40000 });
    expect(dom0.write("Private", bytes(1), other)).toBe("SUCCESS");
    const left = Number(dom0.client.queryVariableInfo(7).remainStoreSize);
    dom0.client.setVariable("Fill", GUID, 7, new Uint8Array(left - 70));
    const answer = () => expect(dom0.write("Private", NONE, other, { time: { hour: 12 } })).toBe("OUT_OF_RESOURCES");
    expect(changes(dom0, answer)).toEqual(["certdb:3e", "Private:3d"]);
  });
});

describe("an authenticated write", () => {
  test("that creates a private variable writes certdb first; one that deletes it, last", () => {
    const dom0 = new Writer();
    expect(changes(dom0, () => dom0.write("Private", bytes(1), other))).toEqual([
      "certdb:3c",
      "certdb:3f",
      "Private:3f",
    ]);
    expect(changes(dom0, () => dom0.write("Private", bytes(1), other, { time: { hour: 12 } }))).toEqual([
      "Private:3c",
      "Private:3f",
    ]);
    expect(changes(dom0, () => dom0.write("Private", NONE, other, { time: { hour: 13 } }))).toEqual([
      "certdb:3c",
      "Private:3d",
      "certdb:3f",
    ]);
  });

  test("without RUNTIME_ACCESS leaves its node of certdb, and nothing else", () => {
    const dom0 = new Writer();
    const answer = () => dom0.write("Private", bytes(1), other, { attributes: 0x23 });
    expect(changes(dom0, answer)).toEqual(["certdb:3c", "certdb:3f"]);
  });

  test("that appends what is there already writes it anew, with the later stamp", () => {
    const dom0 = Writer.enrolled();
    const db = () =>
      logOf(dom0)
        .filter(({ name, state }) => name === "db" && state === 0x3f)
        .map(({ stamp, data }) => [toHex(data), stamp[4]]);
    expect(
      changes(dom0, () => dom0.write("db", hashList(1), exchange, { attributes: APPEND, time: { hour: 12 } })),
    ).toEqual(["db:3f"]);
    expect(db(), "an append that creates has no stamp").toEqual([[toHex(hashList(1)), 0]]);
    const again = (hour: number) => () =>
      dom0.write("db", hashList(1), exchange, { attributes: APPEND, time: { hour } });
    expect(changes(dom0, again(13))).toEqual(["db:3c", "db:3f"]);
    expect(db()).toEqual([[toHex(hashList(1)), 13]]);
    expect(changes(dom0, again(9))).toEqual(["db:3c", "db:3f"]);
    expect(db()).toEqual([[toHex(hashList(1)), 13]]);
    expect(changes(dom0, () => dom0.write("db", NONE, exchange, { attributes: AT, time: { hour: 14 } }))).toEqual([
      "db:3d",
    ]);
  });

  test("of PK changes SetupMode in place, not in flash", () => {
    const dom0 = new Writer();
    expect(changes(dom0, () => dom0.write("PK", certificateList(platform), platform))).toEqual(["PK:3f"]);
    expect(dom0.read("SetupMode")).toBe("00");
  });
});

test("a boot deletes BootNext, and VarErrorFlag that is gone comes back", () => {
  const dom0 = new Writer();
  dom0.client.setVariable("BootNext", GLOBAL_GUID, 7, bytes(1, 0));
  dom0.client.setVariable("VarErrorFlag", ERROR_FLAG_GUID, 7, NONE);
  expect(changes(dom0, () => dom0.machine.reboot())).toEqual(["MTC:3c", "BootNext:3d", "MTC:3f", "VarErrorFlag:3f"]);
});

test("a boot clears the alarm's flag and keeps the alarm", () => {
  const dom0 = new Writer();
  dom0.client.setWakeupTime(true, { ...time, min: 1 });
  dom0.machine.clock.advance(120);
  dom0.client.setWakeupTime(true, { ...time, min: 5 });
  dom0.machine.reboot();
  expect(dom0.client.getWakeupTime()).toMatchObject({ enabled: true, pending: false, time: { hour: 12, min: 5 } });
});

test("a reclaim of the 2 MiB build's store says in its queue what its geometry is", () => {
  const policy: Policy = { ...(POLICIES["ovmf-2m"] as Policy), boot: NO_BOOT };
  const dom0 = new Writer(policy);
  for (let i = 0; dom0.client.setVariable("Filler", GUID, 7, new Uint8Array(0x1f00).fill(i)).ok; i++);
  dom0.client.setVariable("Filler", GUID, 7, NONE);
  dom0.machine.reboot();
  const flash = dom0.machine.flash();
  const entry = OVMF_2M.workOffset + 32;
  expect(toHex(flash.subarray(entry, entry + 80))).toBe(
    [
      "f8ffffff76ea5cfe724fe849986f2cd899dffe5dffffffff01000000000000000000000000000000",
      "f9ffffffffffffff00000000000000004800000000000000b8df0000000000000000ffffffffffff",
    ].join(""),
  );
  expect(flash.subarray(OVMF_2M.spareOffset).every((byte) => byte === 0xff)).toBe(true);
});

test("a reclaim leaves no byte but 0xff behind its records, the one that needed room included", () => {
  const { client, machine } = new Writer({ ...edk2, flags: edk2.flags | RECLAIM_AT_RUNTIME });
  let room = 0n;
  for (let i = 0, reclaims = 0; reclaims < 4; i++) {
    expect(client.setVariable("Odd", GUID, 7, new Uint8Array(2001 + (i % 4)).fill(i)).statusName).toBe("SUCCESS");
    const left = client.queryVariableInfo(7).remainStoreSize;
    if (i > 0 && left > room) {
      reclaims++;
      expect(checkVolume(machine.flash())).toEqual([]);
    }
    room = left;
  }
});
