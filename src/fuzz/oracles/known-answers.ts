import { FINDING, FINDING_OP } from "../../../assembly/abi/fuzz.ts";
import * as abi from "../../../assembly/abi/op.ts";
import { AUTHENTICATED_WRITE_ACCESS, HARDWARE_ERROR_RECORD } from "../../../assembly/abi/variable.ts";
import { toHex } from "../../hex.ts";
import type { FuzzMachine } from "../fuzz-machine.ts";

const ALARM = { name: "RTCALARM", guid: "378d7b65-8da9-4773-b6e4-a47826a833e1" };
const COUNTER_OF_ERROR_RECORD = AUTHENTICATED_WRITE_ACCESS | HARDWARE_ERROR_RECORD;

/** True if the call that was laid is one that the core is known to answer otherwise than edk2. */
export function isAnsweredOtherwise(machine: FuzzMachine): boolean {
  const { view } = machine.core;
  const op = FINDING + FINDING_OP;
  if (view.getUint32(op, true) !== abi.CMD_EFI_RUNTIME_CALL) return false;
  switch (view.getUint32(op + abi.OP_FUNCTION, true)) {
    case abi.FN_GET_WAKEUP_TIME:
      return hasOddAlarm(machine);
    // Variable.c looks at HARDWARE_ERROR_RECORD only without an authentication bit; the core refuses it at once.
    case abi.FN_SET_VARIABLE:
      return (view.getUint32(op + abi.OP_MISC, true) & COUNTER_OF_ERROR_RECORD) === COUNTER_OF_ERROR_RECORD;
    default:
      return false;
  }
}

/**
 * PcRtc.c, PcRtcGetWakeupTime works on the caller's time: of a stored date that is none it leaves the alarm's time of day,
 * and neither a century nor nanoseconds; the core leaves midnight, a century and no nanoseconds.
 */
function hasOddAlarm({ machine }: FuzzMachine): boolean {
  const alarm = machine.variable(ALARM.name, ALARM.guid)?.data;
  if (alarm === undefined || alarm.length < 4) return false;
  const [year, month, day] = [0, 2, 3].map((i) => Number(toHex(alarm.subarray(i, i + 1)))) as [number, number, number];
  const date = new Date(Date.UTC(2000 + year, month - 1, day));
  return date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day;
}
