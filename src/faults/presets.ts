import { EfiCode } from "../../assembly/abi/status.ts";
import { efiStatus } from "../status.ts";
import type { AnyStatus } from "./fault.ts";
import { type HostileOptions, hostileFault } from "./hostile.ts";
import type { PlatformCall } from "./platform-call.ts";
import type { Rule } from "./rule.ts";

/** All kinds of faults at random, in one call of two: the same ones for the same seed and calls. */
export function hostile(seed: number, options: HostileOptions = {}): Rule {
  return { seed, how: (call, random) => (random.oneIn(2) ? hostileFault(call, random, options) : undefined) };
}

/** A firmware that fails now and then: each so-manieth call answers the status and does nothing. */
export function flaky({ status = "DEVICE_ERROR", every = 3 }: { status?: AnyStatus; every?: number } = {}): Rule {
  return { status, every };
}

/** Faults that firmware of real machines has. */
export const BROKEN_FIRMWARE = {
  /** GetTime fails, so that hypervisors are patched not to call it. */
  getTimeBroken: () => ({ fn: "get_time", status: "DEVICE_ERROR" }),
  /** GetNextVariableName gives the third name for ever. */
  nextNameLoops: () => loopAt(3),
  queryInfoUnsupported: () => ({ fn: "query_variable_info", status: "UNSUPPORTED" }),
  /** SetTime keeps the zone in a variable, and finds no room for it. */
  setTimeOutOfResources: () => ({ fn: "set_time", status: "OUT_OF_RESOURCES" }),
} as const satisfies Record<string, () => Rule>;

/** The rule of a firmware with such a fault. */
export function firmware(fault: keyof typeof BROKEN_FIRMWARE): Rule {
  if (!Object.hasOwn(BROKEN_FIRMWARE, fault)) {
    throw new RangeError(`firmware: one of ${Object.keys(BROKEN_FIRMWARE).join(", ")}, not ${JSON.stringify(fault)}`);
  }
  return BROKEN_FIRMWARE[fault]();
}

/**
 * An enumeration that does not end: a walk's name number `n`, counted from 1, is answered to GetNextVariableName for ever
 * as the one that follows it. Throws a RangeError unless `n` is an integer from 1 on.
 */
export function loopAt(n: number): Rule {
  if (!(Number.isSafeInteger(n) && n >= 1)) throw new RangeError(`loopAt: an integer from 1 on, not ${n}`);
  let names = 0;
  let last = "";
  const isStuck = ({ name = "", guid }: PlatformCall) => {
    // A name that is asked again, for its buffer was too small, is the same step of the walk.
    if (name === "") names = 0;
    else if (`${guid}${name}` !== last) names++;
    last = `${guid}${name}`;
    return names >= n;
  };
  return {
    fn: "get_next_variable_name",
    when: isStuck,
    how: ({ name = "" }) => ({ status: efiStatus(EfiCode.Success), out: { size: 2 * name.length + 2 } }),
  };
}

/** A buffer that is never large enough: BUFFER_TOO_SMALL, and a size `grow` bytes above the one that was offered. */
export function alwaysTooSmall(grow = 0): Rule {
  return {
    fn: ["get_variable", "get_next_variable_name"],
    how: ({ size = 0n }) => ({
      status: efiStatus(EfiCode.BufferTooSmall),
      out: { size: BigInt.asUintN(64, size + BigInt(grow)) },
    }),
  };
}
