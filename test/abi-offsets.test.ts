import { describe, expect, test } from "vitest";
import * as op from "../assembly/abi/op.ts";
import { XenErrno } from "../assembly/abi/status.ts";
import { guidBytes } from "../src/guid.ts";
import { ABIS, type Abi, opLayout } from "../src/op.ts";
import { type EfiTime, writeTime } from "../src/time.ts";
import fixture from "./fixtures/abi-offsets.json" with { type: "json" };

/** What a C compiler makes of Xen's headers, by name; scripts/abi-offsets.mjs asks it again. */
const C: Record<Abi, Record<string, number>> = fixture.abis;

const COLUMNS: Record<string, readonly Abi[]> = {
  NATIVE: ["x86_64", "arm64", "arm32"],
  COMPAT: ["x86_32"],
};

/** Name in C and the ABIs which a constant of op.ts speaks for. */
function meaning(constant: string): { name: string; abis: readonly Abi[] } {
  const [, column, name] = /^(NATIVE|COMPAT)_(.+)$/.exec(constant) ?? [];
  return column === undefined || name === undefined
    ? { name: constant, abis: ABIS }
    : { name, abis: COLUMNS[column] as readonly Abi[] };
}

/** The numbers of a TypeScript enum by name. */
function members(of: object): [string, number][] {
  return Object.entries(of).filter((entry): entry is [string, number] => typeof entry[1] === "number");
}

describe("assembly/abi/op.ts against Xen's headers", () => {
  test.each(Object.entries(op))("%s", (constant, value) => {
    const { name, abis } = meaning(constant);
    for (const abi of abis) expect(C[abi][name], `${name} in C on ${abi}`).toBe(value);
  });

  test("every constant of one column has its counterpart in the other", () => {
    const columned = Object.keys(op).filter((constant) => meaning(constant).abis !== ABIS);
    const names = (column: string) => columned.filter((c) => c.startsWith(column)).map((c) => meaning(c).name);
    expect(names("NATIVE").sort()).toEqual(names("COMPAT").sort());
  });

  test.each(ABIS)("longs and handles of %s have the layout's width", (abi) => {
    const { longBytes } = opLayout(abi);
    expect(C[abi]).toMatchObject({ LONG_BYTES: longBytes, HANDLE_BYTES: longBytes });
  });
});

test.each(members(XenErrno).filter(([name]) => name !== "None"))("XenErrno.%s is Xen's", (name, value) => {
  for (const abi of ABIS) expect(C[abi][`XEN_${name}`], `XEN_${name} in C on ${abi}`).toBe(value);
});

describe.each(ABIS)("structs of %s as the host writes them", (abi) => {
  const at = (name: string) => C[abi][name] as number;

  test("a GUID has its fields where C has them", () => {
    const bytes = guidBytes("00112233-4455-6677-8899-aabbccddeeff");
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    expect(bytes.length).toBe(at("GUID_BYTES"));
    expect(view.getUint32(at("GUID_DATA1"), true)).toBe(0x00112233);
    expect(view.getUint16(at("GUID_DATA2"), true)).toBe(0x4455);
    expect(view.getUint16(at("GUID_DATA3"), true)).toBe(0x6677);
    expect(view.getBigUint64(at("GUID_DATA4"))).toBe(0x8899aabbccddeeffn);
  });

  test("a time has its fields where C has them", () => {
    const time: EfiTime = { year: 2026, month: 8, day: 18, hour: 23, min: 59, sec: 58, ns: 7, tz: -60, daylight: 3 };
    const view = new DataView(new ArrayBuffer(at("TIME_BYTES")));
    writeTime(view, 0, time, 0xaa);
    expect({
      year: view.getUint16(at("TIME_YEAR"), true),
      month: view.getUint8(at("TIME_MONTH")),
      day: view.getUint8(at("TIME_DAY")),
      hour: view.getUint8(at("TIME_HOUR")),
      min: view.getUint8(at("TIME_MINUTE")),
      sec: view.getUint8(at("TIME_SECOND")),
      ns: view.getUint32(at("TIME_NANOSECOND"), true),
      tz: view.getInt16(at("TIME_ZONE"), true),
      daylight: view.getUint8(at("TIME_DAYLIGHT")),
    }).toEqual(time);
    expect([view.getUint8(at("TIME_PAD1")), view.getUint8(at("TIME_PAD2"))]).toEqual([0xaa, 0xaa]);
  });
});
