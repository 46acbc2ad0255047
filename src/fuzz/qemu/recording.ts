import { TIME_BASED_AUTHENTICATED_WRITE_ACCESS } from "../../../assembly/abi/variable.ts";
import type { Verifier } from "../../crypto/verifier.ts";
import { FormatError } from "../../formats/variable-set.ts";
import { GUID_NAMES } from "../../guid.ts";
import { toHex } from "../../hex.ts";
import type { Machine } from "../../machine.ts";
import type { BootWrite } from "../../policies/policy.ts";
import { qemu } from "../../policies/qemu.ts";
import { statusName } from "../../status.ts";
import { type Fields, preloadOf, type Trace, type TraceCall, type TraceHeader } from "../../trace/format.ts";
import { Player } from "../../trace/player.ts";
import { type Difference, replay } from "../../trace/replay.ts";
import { startMachine } from "../../trace/start.ts";
import { type Device, Firmware, renew } from "./firmware.ts";

/** Functions that the firmware answers from its variables alone. */
const PLAYED = ["get_variable", "set_variable", "get_next_variable_name", "query_variable_info"];

/** A sequence as a device answered it, and where a machine of QEMU's personality answers otherwise. */
export interface Comparison {
  /** What was played, with the device's answers; a replay of it tells the same differences. */
  trace: Trace;
  /** In order; after a write that only one side made both are in other states, and nothing is compared any more. */
  differences: Difference[];
  /** The line of the call that ended the device, if one did: none after it was played. */
  endedAt?: number;
  /** Calls that the device was asked. */
  asked: number;
}

/** Plays a trace's calls on the device, from scratch, and on a machine. */
export async function compare(trace: Trace, device: Device, verifier?: Verifier): Promise<Comparison> {
  const recorded = await record(trace, device, verifier);
  const { differences } = replay(recorded.trace, startMachine(recorded.trace, undefined, verifier));
  const { endedAt } = recorded;
  if (endedAt !== undefined) {
    const { fn } = (trace.calls.find(({ line }) => line === endedAt) as Trace["calls"][number]).call;
    differences.push({ line: endedAt, fn, field: "QEMU", expected: `ended by ${device.end}`, actual: "goes on" });
  }
  const parting = differences.find(partsWays)?.line ?? Number.POSITIVE_INFINITY;
  return { ...recorded, differences: differences.filter(({ line }) => line <= parting) };
}

/** True for a write that one side made and the other refused. */
function partsWays({ fn, field, expected, actual }: Difference): boolean {
  if (fn !== "set_variable" || field !== "status") return false;
  return (BigInt(expected as string) === 0n) !== (BigInt(actual as string) === 0n);
}

/**
 * The calls of a trace that concern variables, and its resets, with the device's answers, which hold what a firmware decides.
 * Calls that Xen refuses, or answers itself, do not reach a firmware: their answers are the machine's. Variables that are
 * there before the first call are written by boot services.
 */
async function record(trace: Trace, device: Device, verifier?: Verifier): Promise<Omit<Comparison, "differences">> {
  const header = headerOf(trace.header);
  const { machine } = startMachine({ header, calls: [] }, undefined, verifier);
  const player = new Player(machine);
  const preload = preloadOf(header);
  await renew(device);
  let firmware = await boot(device, [...monotonicCount(machine), ...preload]);
  const calls: Trace["calls"] = [];
  let asked = 0;
  for (const { line, call } of trace.calls) {
    if (call.fn !== "reset" && !PLAYED.includes(call.fn as string)) continue;
    const { fn, in: input } = call;
    let out = player.play({ fn, in: input, out: {} });
    if (fn === "reset") {
      await device.reset();
      firmware = await boot(device, monotonicCount(machine));
    } else if (reachesFirmware(call, out)) {
      asked++;
      try {
        out = await firmware.play(call);
      } catch (error) {
        if (device.end === undefined) throw error;
        calls.push({ line, call: { fn, in: input, out: {} } });
        return { trace: { header, calls }, asked, endedAt: line };
      }
    }
    calls.push({ line, call: { fn, in: input, out } });
  }
  return { trace: { header, calls }, asked };
}

/** Personality and variables alone: the rest of a header tells of another machine. */
function headerOf(header: TraceHeader): TraceHeader {
  if (header.abi !== "x86_64" && header.abi !== "arm64")
    throw new FormatError("line 1", `abi x86_64 or arm64, whose UINTN has the device's 8 bytes, not ${header.abi}`);
  const variables = [
    ...(header.initial_variables ?? []),
    ...(header.preset_variables ?? []),
    ...(header.preload ?? []),
  ];
  return {
    format: "xenefi-trace",
    version: 1,
    abi: header.abi,
    match: "subset",
    assume: { phase: "runtime", personality: qemu.name },
    preload: variables.filter((variable) => !isDevices(variable.name, variable.attr)),
  };
}

/** What the device makes itself at reset (hw/uefi/var-service-auth.c, uefi_vars_auth_init), or nobody can sign for it. */
function isDevices(name: string | undefined, attributes: number): boolean {
  return OWN.includes(name ?? "") || (attributes & TIME_BASED_AUTHENTICATED_WRITE_ACCESS) !== 0;
}

const OWN = ["SetupMode", "SecureBoot", "SignatureSupport", "CustomMode", "SecureBootEnable", "VendorKeys", "MTC"];

/** The variable that edk2's monotonic counter driver has written at this boot, as the machine has it. */
function monotonicCount(machine: Machine): BootWrite[] {
  const variable = machine.variable("MTC", GUID_NAMES.mtc as string);
  return variable === undefined ? [] : [{ ...variable, data: toHex(variable.data) }];
}

/** Throws a FormatError for a variable of the header that the device does not take. */
async function boot(device: Device, writes: readonly BootWrite[]): Promise<Firmware> {
  const firmware = await Firmware.boot(device, { writes, locks: qemu.variablePolicies });
  const refused = firmware.bootStatuses.findIndex((status) => status !== 0n);
  if (refused >= 0) {
    const status = statusName(firmware.bootStatuses[refused] as bigint);
    throw new FormatError("line 1", `variables that boot services can write: ${writes[refused]?.name} is ${status}`);
  }
  return firmware;
}

/** Xen passes on what it does not refuse, but for the boot snapshot of free space (misc 1), which it keeps itself. */
function reachesFirmware({ fn, in: input }: TraceCall, out: Fields): boolean {
  return out.ret === 0 && !(fn === "query_variable_info" && Number(input.misc ?? 0) !== 0);
}
