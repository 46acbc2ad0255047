import {
  CMD_EFI_RUNTIME_CALL,
  FN_SET_VARIABLE,
  OP_CMD,
  OP_FUNCTION,
  OP_MISC,
  OP_STATUS,
} from "../../../assembly/abi/op.ts";
import { EQUAL_STAMP, NO_PRIVATE_VARIABLES } from "../../../assembly/abi/policy.ts";
import { APPEND_WRITE, TIME_BASED_AUTHENTICATED_WRITE_ACCESS } from "../../../assembly/abi/variable.ts";
import { GLOBAL_GUID, guidText, IMAGE_SECURITY_GUID } from "../../guid.ts";
import { opLayout } from "../../op.ts";
import type { Failure } from "../failure.ts";
import { FuzzMachine } from "../fuzz-machine.ts";
import type { Oracle } from "../sequence-target.ts";

/** Whose variables are written without signature in setup mode. */
const KEY_GUIDS = [GLOBAL_GUID, IMAGE_SECURITY_GUID];

/**
 * A signed write that was made is refused when it comes again (UEFI 2.10, 8.2.6): its time stamp is not later than that of
 * the variable, which is its own. Of private variables; appends may come again, and where equal stamps will do all may.
 */
export function replayOracle(oneIn: number): Oracle {
  return { name: "replay", oneIn, tries: 1, check };
}

function check(machine: FuzzMachine, input: Uint8Array): Failure | undefined {
  if (machine.machine.policy.flags & (EQUAL_STAMP | NO_PRIVATE_VARIABLES)) return undefined;
  const end = machine.lay(input);
  const step = firstReplayed(machine, input, end);
  machine.restart();
  return step === undefined ? undefined : { oracle: "replay", text: "a signed write was made twice", step };
}

/** The first step whose write is made a second time right behind the first. Behind a cut of power nothing is one. */
function firstReplayed(machine: FuzzMachine, input: Uint8Array, end: number): number | undefined {
  for (let step = 1; step < end && machine.machine.stepsToCut === undefined; step++) {
    const isAgain = isWritten(machine, input, step) && isWritten(machine, input, step);
    if (isAgain) return step;
  }
  return undefined;
}

/** Makes the step; true for a signed write of a private variable that succeeds. */
function isWritten(machine: FuzzMachine, input: Uint8Array, step: number): boolean {
  if (!machine.layStep(step)) return false;
  const op = machine.opAddress;
  const ret = machine.call();
  machine.core.exports.accept(ret);
  if (ret !== 0) return false;
  const word = (offset: number) => machine.machine.view.getUint32(op + offset, true);
  const isSetVariable = word(OP_CMD) === CMD_EFI_RUNTIME_CALL && word(OP_FUNCTION) === FN_SET_VARIABLE;
  const kind = word(OP_MISC) & (TIME_BASED_AUTHENTICATED_WRITE_ACCESS | APPEND_WRITE);
  const guid = guidText(machine.guest, op + opLayout(FuzzMachine.abiOf(input)).guid);
  const isSigned = kind === TIME_BASED_AUTHENTICATED_WRITE_ACCESS && !KEY_GUIDS.includes(guid);
  return isSetVariable && isSigned && word(OP_STATUS) === 0;
}
