import { NAME_PLACE, OP_PLACE } from "../../../assembly/abi/fuzz.ts";
import {
  ATTENTION_COMPAT,
  ATTENTION_FOLD_STATUS,
  ATTENTION_HOLES,
  ATTENTION_NO_EFI_BOOT,
  ATTENTION_NO_RUNTIME_SERVICES,
  ATTENTION_UNPRIVILEGED,
  STATE,
  STATE_ATTENTION,
  STATE_BYTES,
} from "../../../assembly/abi/layout.ts";
import * as abi from "../../../assembly/abi/op.ts";
import { guidText } from "../../guid.ts";
import { opLayout, setLong, writeRuntimeCall } from "../../op.ts";
import { fromUcs2 } from "../../ucs2.ts";
import type { FuzzMachine } from "../fuzz-machine.ts";

const LAYOUT = opLayout("x86_64");
/** What a sequence can do so that a call is refused or reads otherwise. */
const IN_THE_WAY =
  ATTENTION_COMPAT |
  ATTENTION_FOLD_STATUS |
  ATTENTION_HOLES |
  ATTENTION_NO_EFI_BOOT |
  ATTENTION_NO_RUNTIME_SERVICES |
  ATTENTION_UNPRIVILEGED;

/** Room of QueryVariableInfo, in bytes. */
export interface Space {
  maxStoreBytes: number;
  remainStoreBytes: number;
}

/**
 * Asks a machine in the middle of a sequence through its own guest memory, as Dom0 of x86_64 does; `asking` then puts back
 * the guest's memory and the core's numbers, so that the sequence can go on.
 */
export class GuestProbe {
  readonly #machine: FuzzMachine;

  constructor(machine: FuzzMachine) {
    this.#machine = machine;
  }

  asking<T>(questions: () => T): T {
    const { core, guest } = this.#machine;
    const memory = guest.slice();
    const state = core.bytes.slice(STATE, STATE + STATE_BYTES);
    core.view.setUint32(STATE_ATTENTION, core.view.getUint32(STATE_ATTENTION, true) & ~IN_THE_WAY, true);
    try {
      return questions();
    } finally {
      guest.set(memory);
      core.bytes.set(state, STATE);
    }
  }

  /** Vendor GUID and name of each variable that GetNextVariableName visits, at most `most`; then what ended the walk. */
  names(most: number): { keys: string[]; end: string } {
    const { guest, machine } = this.#machine;
    const keys: string[] = [];
    guest.fill(0, NAME_PLACE);
    const vendor = new Uint8Array(abi.GUID_BYTES);
    while (keys.length < most) {
      writeRuntimeCall(machine.view, OP_PLACE, abi.FN_GET_NEXT_VARIABLE_NAME, 0);
      setLong(machine.view, LAYOUT, OP_PLACE + LAYOUT.nextSize, BigInt(guest.length - NAME_PLACE));
      setLong(machine.view, LAYOUT, OP_PLACE + LAYOUT.nextName, BigInt(NAME_PLACE));
      guest.set(vendor, OP_PLACE + LAYOUT.nextGuid);
      const end = this.#call();
      if (end !== "0") return { keys, end };
      const bytes = machine.view.getUint32(OP_PLACE + LAYOUT.nextSize, true);
      vendor.set(guest.subarray(OP_PLACE + LAYOUT.nextGuid, OP_PLACE + LAYOUT.nextGuid + abi.GUID_BYTES));
      keys.push(guidText(vendor, 0) + fromUcs2(guest.subarray(NAME_PLACE, NAME_PLACE + bytes - 2)));
    }
    return { keys, end: "more" };
  }

  /** QueryVariableInfo of these attributes; undefined where the firmware does not tell. */
  space(attributes: number): Space | undefined {
    const { view } = this.#machine.machine;
    writeRuntimeCall(view, OP_PLACE, abi.FN_QUERY_VARIABLE_INFO, 0);
    view.setUint32(OP_PLACE + LAYOUT.queryAttr, attributes, true);
    if (this.#call() !== "0") return undefined;
    const long = (offset: number) => Number(view.getBigUint64(OP_PLACE + offset, true));
    return { maxStoreBytes: long(LAYOUT.maxStoreSize), remainStoreBytes: long(LAYOUT.remainStoreSize) };
  }

  /** Makes the call: the EfiCode, or the errno. */
  #call(): string {
    const ret = this.#machine.core.exports.dispatch(OP_PLACE, 0);
    return ret === 0 ? String(this.#machine.machine.view.getUint32(OP_PLACE + abi.OP_STATUS, true)) : `errno ${-ret}`;
  }
}
