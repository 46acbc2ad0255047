import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nodeVerifier } from "../../src/crypto/node-verifier.ts";
import { UefiVarsDevice } from "../../src/fuzz/qemu/device.ts";
import { examine } from "../../src/fuzz/qemu/finding.ts";
import type { Device } from "../../src/fuzz/qemu/firmware.ts";
import { KNOWN_DIFFERENCES } from "../../src/fuzz/qemu/known-differences.ts";
import { compare } from "../../src/fuzz/qemu/recording.ts";
import { randomSequence } from "../../src/fuzz/qemu/sequence.ts";
import { CERT_DB_GUID, GLOBAL_GUID, GUID_NAMES, IMAGE_SECURITY_GUID } from "../../src/guid.ts";
import { formatLine, parseTrace, replay, startMachine, type Trace } from "../../src/trace/index.ts";
import { readTrace, traceNames } from "../support/fixtures.ts";
import { missing, QEMU10, QEMU10_MODULES } from "./support/packages.ts";
import { need } from "./support/tools.ts";

need("qemu-system-common", "qemu-system-x86");

const OPTIONS = { program: QEMU10, modules: QEMU10_MODULES };
let device: UefiVarsDevice;
beforeAll(async () => {
  if (missing("qemu-system-common").length === 0) device = await UefiVarsDevice.start(OPTIONS);
});
afterAll(async () => await device?.stop());

const VENDOR = "11111111-2222-3333-4444-555555555555";
const HIDDEN = { name: "Hidden", guid: VENDOR, attr: 3, data: "01" };

/** Stamp of a year, and a certificate header that says so many bytes and holds none; then a payload. */
function timed(year: number, payload = "", length = 24): string {
  const le16 = (value: number) =>
    value
      .toString(16)
      .padStart(4, "0")
      .replace(/(..)(..)/, "$2$1");
  return `${le16(year)}0101${"00".repeat(12)}${le16(length)}00000002f10e9dd2af4adf68ee498aa9347d375665a7${payload}`;
}

/** A signature list of one SHA-256 digest. */
const digests = (byte: string) =>
  `2616c4c14c509240aca941f9369343284c0000000000000030000000${"00".repeat(16)}${byte.repeat(32)}`;

const set = (name: string, guid: string, misc: number, data: string) => ({
  fn: "set_variable",
  in: { name, guid, misc, size: data.length / 2, data },
});
const next = (name: string, guid = VENDOR) => ({ fn: "get_next_variable_name", in: { name, guid, size: 1024 } });

function traceOf(calls: object[], preload: object[] = []): Trace {
  const header = { format: "xenefi-trace", version: 1, abi: "x86_64", preload };
  return parseTrace([header, ...calls].map((line) => JSON.stringify(line)).join("\n"));
}

/** Calls whose last one shows the difference of that name. */
const SHOWN: Record<string, Trace> = {
  surrogates: traceOf([set("\ud83d\ude00", VENDOR, 7, "01")]),
  "hidden first variable": traceOf([{ fn: "reset" }, next("")], [HIDDEN]),
  "hidden start": traceOf([next("Hidden")], [HIDDEN]),
  "several reasons to refuse": traceOf([set("A", VENDOR, 0x107, "00".repeat(65500))]),
  "empty authenticated write": traceOf([set("KEK", GLOBAL_GUID, 0x23, timed(2020))]),
  "older stamp in an append": traceOf([
    set("db", IMAGE_SECURITY_GUID, 0x27, timed(2021, digests("01"))),
    set("db", IMAGE_SECURITY_GUID, 0x67, timed(2020, digests("02"))),
  ]),
  "empty append": traceOf([
    set("db", IMAGE_SECURITY_GUID, 0x27, timed(2020, digests("01"))),
    set("db", IMAGE_SECURITY_GUID, 0x67, timed(2021)),
    { fn: "get_variable", in: { name: "db", guid: IMAGE_SECURITY_GUID, size: 100 } },
  ]),
  "SetupMode written": traceOf([
    set("SetupMode", GLOBAL_GUID, 6, ""),
    set("db", IMAGE_SECURITY_GUID, 0x27, timed(2020, digests("01"))),
  ]),
  "short certificate": traceOf([set("db", IMAGE_SECURITY_GUID, 0x27, timed(2020, digests("01"), 8))]),
  dbt: traceOf([set("dbt", IMAGE_SECURITY_GUID, 0x0f, "01")]),
  certdb: traceOf([{ fn: "get_variable", in: { name: "certdb", guid: CERT_DB_GUID, size: 64 } }]),
  "signature list without size": traceOf([
    set("db", IMAGE_SECURITY_GUID, 0x27, timed(2020, digests("01"))),
    set("db", IMAGE_SECURITY_GUID, 0x67, timed(2021, `${"00".repeat(24)}30000000`)),
  ]),
  "message without certificate": traceOf([set("A", VENDOR, 0x27, timed(2020, "01"))]),
};

describe("each known difference is still one, and none but that of its name", () => {
  test("the table below has all of them", () => {
    expect(Object.keys(SHOWN)).toEqual(KNOWN_DIFFERENCES.map(({ name }) => name));
  });

  test.each(Object.entries(SHOWN))("%s", async (name, trace) => {
    const { known, finding } = await examine(trace, device, nodeVerifier);
    expect(finding).toBeUndefined();
    expect(known.map((difference) => difference.name)).toEqual([name]);
  });
});

/** Of 60 calls: some seconds on an idle processor. */
const SEQUENCES = 120;

test("in random sequences QEMU and its personality differ in what is known alone", async () => {
  let asked = 0;
  for (let seed = 1; seed <= SEQUENCES; seed++) {
    const examination = await examine(randomSequence(seed), device, nodeVerifier);
    asked += examination.asked;
    const { finding } = examination;
    if (finding === undefined) continue;
    const lines = [finding.trace.header, ...finding.trace.calls.map(({ call }) => call)].map(formatLine);
    expect.fail(`seed ${seed}: ${JSON.stringify(finding.differences)}\n${lines.join("\n")}`);
  }
  expect(asked).toBeGreaterThan(20 * SEQUENCES);
});

const isFor64Bits = (name: string) => readTrace("traces", name).header.abi === "x86_64";

test.each(traceNames("traces").filter(isFor64Bits))("%s: what differs is known", async (name) => {
  const { finding } = await examine(readTrace("traces", name), device, nodeVerifier);
  expect(finding?.differences ?? []).toEqual([]);
});

/** A device that answers what the given function makes of the right answers' statuses. */
function lying(lie: (status: bigint, fn: bigint) => bigint): Device {
  return {
    get end() {
      return device.end;
    },
    reset: () => device.reset(),
    restart: () => device.restart(),
    async communicate(message) {
      const answer = await device.communicate(message);
      const view = new DataView(answer.buffer, answer.byteOffset, answer.length);
      if (answer.length >= 40)
        view.setBigUint64(32, lie(view.getBigUint64(32, true), view.getBigUint64(24, true)), true);
      return answer;
    },
  };
}

describe("a difference that is news", () => {
  const NOT_FOUND = 0x800000000000000en;
  const DEVICE_ERROR = 0x8000000000000007n;
  const GET_VARIABLE = 1n;
  const liar = lying((status, fn) => (status === NOT_FOUND && fn === GET_VARIABLE ? DEVICE_ERROR : status));

  test("is told with the calls that it needs and no others, and replayed without QEMU", async () => {
    const get = { fn: "get_variable", in: { name: "None", guid: VENDOR, size: 4 } };
    const others = [set("A", VENDOR, 7, "01"), next(""), { fn: "query_variable_info", in: { attr: 7 } }];
    const { finding } = await examine(traceOf([...others, get, ...others]), liar);
    expect(finding?.trace.calls.map(({ call }) => call.in)).toEqual([get.in]);
    const difference = {
      fn: "get_variable",
      field: "status",
      expected: "0x8000000000000007",
      actual: "0x800000000000000e",
    };
    expect(finding?.differences).toMatchObject([difference]);
    const { trace } = finding as { trace: Trace };
    const text = [trace.header, ...trace.calls.map(({ call }) => call)].map(formatLine).join("\n");
    const again = parseTrace(text);
    expect(replay(again, startMachine(again, undefined)).differences).toMatchObject([difference]);
  });
});

test("a device is as new after whatever was written", async () => {
  const probe = traceOf([next(""), { fn: "query_variable_info", in: { attr: 7 } }]);
  const fresh = await compare(probe, device);
  await compare(traceOf([set("A", VENDOR, 7, "01"), set("B", VENDOR, 5, "01"), { fn: "reset" }], [HIDDEN]), device);
  expect((await compare(probe, device)).trace).toEqual(fresh.trace);
});

test("calls of other functions, and those that Xen refuses, do not reach the device", async () => {
  const refused = { fn: "get_variable", in: { namePtr: "null", guid: VENDOR, size: 4 } };
  const snapshot = { fn: "query_variable_info", in: { attr: 7, misc: 1 } };
  const { trace, asked } = await compare(traceOf([{ fn: "get_time" }, refused, snapshot, next("")]), device);
  expect([trace.calls.length, asked]).toEqual([3, 1]);
  expect(trace.calls[0]?.call.out).toMatchObject({ ret: -14 });
});

test.each([
  [
    "an ABI whose UINTN has 4 bytes",
    { ...traceOf([]), header: { ...traceOf([]).header, abi: "x86_32" as const } },
    /abi/,
  ],
  ["a variable that the device does not take", traceOf([], [{ ...HIDDEN, attr: 0x83 }]), /Hidden is UNSUPPORTED/],
])("%s is the trace's mistake", async (_, trace, message) => {
  await expect(compare(trace, device)).rejects.toThrow(message);
});

test.each([
  ["no such program", { program: "/nowhere/qemu" }, /ENOENT/],
  ["a QEMU without the device", { program: "qemu-system-x86_64" }, /not a valid device model name/],
])("%s: QEMU does not start, and it is said why", async (_, options, message) => {
  await expect(UefiVarsDevice.start(options)).rejects.toThrow(message);
});

test("MTC is the machine's own on both sides", async () => {
  const get = { fn: "get_variable", in: { name: "MTC", guid: GUID_NAMES.mtc, size: 4 } };
  const { differences, trace } = await compare(traceOf([get, { fn: "reset" }, get]), device);
  expect(differences).toEqual([]);
  expect(trace.calls.map(({ call }) => call.out.data)).toEqual(["01000000", undefined, "02000000"]);
});
