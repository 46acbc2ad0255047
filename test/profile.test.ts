import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pc from "picocolors";
import { afterAll, describe, expect, test } from "vitest";
import * as abi from "../assembly/abi/op.ts";
import { Exit } from "../src/cli/io.ts";
import { run } from "../src/cli/run.ts";
import { Client } from "../src/client.ts";
import { Machine } from "../src/machine.ts";
import { ABIS, FUNCTION_NAMES, writeFirmwareInfo, writeRuntimeCall } from "../src/op.ts";
import { PROFILES, type ProfileName } from "../src/profiles.ts";
import { errnoName, Reason } from "../src/status.ts";
import { parseTrace, recordHeader, startMachine } from "../src/trace/index.ts";

const MAINLINE = "xen-arm-mainline";
const OP = 0x2000;

describe.each(PROFILES[MAINLINE].abis)("today's Xen for %s", (abiName) => {
  const machine = () => new Machine({ abi: abiName, profile: MAINLINE });

  test("answers every call with -ENOSYS and leaves the op alone", () => {
    const guest = machine();
    const lay: [string, () => void][] = [
      ...FUNCTION_NAMES.slice(1).map((name, i): [string, () => void] => [
        name,
        () => writeRuntimeCall(guest.view, OP, i + 1, 0),
      ]),
      ...[1, 2, 3, 4, 5, 6].map((type): [string, () => void] => [
        `firmware_info ${type}`,
        () => writeFirmwareInfo(guest.view, OP, type, 0),
      ]),
    ];
    expect(lay).toHaveLength(17);
    for (const [name, write] of lay) {
      write();
      const before = guest.memory.slice(OP, OP + abi.OP_BYTES);
      expect(errnoName(guest.hypercall(OP)), name).toBe("-ENOSYS");
      expect(guest.reason, name).toBe(Reason.UnknownCommand);
      expect(guest.memory.slice(OP, OP + abi.OP_BYTES), name).toEqual(before);
    }
  });

  // xen/arch/arm/platform_hypercall.c: op, version and privilege come first.
  test("checks op, version and privilege before", () => {
    const guest = machine();
    guest.platform.privileged = false;
    writeRuntimeCall(guest.view, OP, abi.FN_GET_TIME, 0);
    expect(errnoName(guest.hypercall(0))).toBe("-EFAULT");
    guest.view.setUint32(OP + abi.OP_INTERFACE_VERSION, 1, true);
    expect(errnoName(guest.hypercall(OP))).toBe("-EACCES");
    guest.view.setUint32(OP + abi.OP_INTERFACE_VERSION, abi.INTERFACE_VERSION, true);
    expect(errnoName(guest.hypercall(OP))).toBe("-EPERM");
  });

  test("comes back from a trace's header", () => {
    const header = recordHeader(machine(), { source: "test" });
    const again = startMachine(parseTrace(JSON.stringify(header)), undefined).machine;
    expect(new Client(again).getTime().errno).toBe("-ENOSYS");
  });
});

test("a profile brings its first ABI", () => {
  expect([new Machine().abi, new Machine({ profile: MAINLINE }).abi]).toEqual(["x86_64", "arm64"]);
  expect([new Machine().profile.name, new Machine({ profile: MAINLINE }).profile.name]).toEqual(["xen", MAINLINE]);
});

test.each(ABIS)("the default profile answers callers of %s", (abiName) => {
  expect(new Client(new Machine({ abi: abiName })).getTime().ok).toBe(true);
});

test("platform options go before the profile's", () => {
  const machine = new Machine({ profile: MAINLINE, platform: { platformOps: true } });
  expect(new Client(machine).getTime().ok).toBe(true);
});

test.each([
  [{ profile: MAINLINE, abi: "x86_64" }, "abi: xen-arm-mainline takes ops of arm64, arm32, not x86_64"],
  [{ profile: MAINLINE, abi: "x86_32" }, "abi: xen-arm-mainline takes ops of arm64, arm32, not x86_32"],
  [{ profile: "xen-riscv" as ProfileName }, 'profile: one of xen, xen-arm-mainline, not "xen-riscv"'],
  [{ profile: "toString" as ProfileName }, 'profile: one of xen, xen-arm-mainline, not "toString"'],
] as const)("%j is refused", (options, message) => {
  expect(() => new Machine(options)).toThrow(new RangeError(message));
});

describe("on the command line", () => {
  const folder = mkdtempSync(join(tmpdir(), "xenefi-profile-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const calls = join(folder, "calls.jsonl");
  writeFileSync(calls, '{"fn":"get_time","in":{"misc":0}}\n');

  async function xenefi(...args: string[]) {
    let printed = "";
    const print = (text: string) => {
      printed += text;
    };
    const io = { out: print, err: print, outBytes: () => {}, showsProgress: false, columns: undefined };
    return { exit: await run(args, { ...io, colors: pc.createColors(false) }, "1.2.3"), printed };
  }

  test("call takes a profile and its ABI", async () => {
    const { exit, printed } = await xenefi("call", "--profile", MAINLINE, "get_time");
    expect([exit, printed]).toEqual([Exit.Refused, "returns  -ENOSYS\nbecause  no such platform op here\n"]);
    expect((await xenefi("call", "--profile", "xen", "get_time")).exit).toBe(Exit.Done);
  });

  test.each([
    [[], "x86_64", 0],
    [["--abi", "x86_32"], "x86_32", 0],
    [["--profile", MAINLINE], "arm64", -38],
    [["--profile", MAINLINE, "--abi", "arm32"], "arm32", -38],
  ])("record %j writes a trace of %s", async (options, abiName, ret) => {
    const { printed } = await xenefi("record", ...options, calls);
    const [header, call] = printed
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect([header.abi, call.out.ret]).toEqual([abiName, ret]);
  });

  test.each([
    [["call", "--profile", MAINLINE, "--abi", "x86_64", "get_time"], /abi: xen-arm-mainline takes ops of arm64, arm32/],
    [["record", "--profile", MAINLINE, "--abi", "x86_64", calls], /abi: xen-arm-mainline takes ops of arm64, arm32/],
    [["call", "--profile", "no", "get_time"], /Allowed choices are xen, xen-arm-mainline/],
  ])("%j is wrong usage", async (args, message) => {
    const { exit, printed } = await xenefi(...args);
    expect(exit).toBe(Exit.Usage);
    expect(printed).toMatch(message);
  });
});
