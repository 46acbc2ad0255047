import * as abi from "../../assembly/abi/op.ts";
import { XenErrno } from "../../assembly/abi/status.ts";
import type { Machine } from "../machine.ts";
import { getLong, type OpLayout, opLayout, setLong } from "../op.ts";
import { PLAYER_WINDOW_BYTES, Player, type Trace, type TraceCall } from "../trace/index.ts";

/** Guest memory of a trace's machine, in bytes: the player's, and behind it room for all calls at once. */
export const TRACE_WINDOW_BYTES = 0x2000000;
/** The largest buffer that a player lays out. */
const READ_BUFFER_BYTES = 0x100000;
const ALIGNMENT = 64;

type Site = ReturnType<Player["lay"]>["site"];

/** A call whose op lies ready, and what its answer leaves in the op. */
export interface LaidCall {
  line: number;
  kind: string;
  op: number;
  ret: number;
  opAfter: Uint8Array;
}

/**
 * A call that is played in between: it ends at memory that is not mapped, is disturbed, resets the machine or has pointers
 * in its buffers.
 */
export interface PlayedCall {
  call: TraceCall;
}

export type Step = LaidCall | PlayedCall;

/** All calls of a trace, laid out one behind the other in guest memory behind the player's. */
export class TraceSheet {
  readonly machine: Machine;
  readonly steps: Step[] = [];
  readonly #layout: OpLayout;
  readonly #start: Uint8Array;
  readonly #ready: Uint8Array;
  #next = PLAYER_WINDOW_BYTES + READ_BUFFER_BYTES;

  /**
   * The machine must be in the state in which the trace begins, with TRACE_WINDOW_BYTES; it is left in that state. Throws a
   * RangeError, naming the line, if a call is not answered as the player has it answered.
   */
  constructor(trace: Trace, machine: Machine) {
    this.machine = machine;
    this.#layout = opLayout(machine.abi);
    this.#start = machine.snapshot();
    const player = new Player(machine);
    for (const { line, call } of trace.calls) this.steps.push(this.#step(line, call, player));
    machine.map();
    this.#ready = machine.memory.slice(PLAYER_WINDOW_BYTES, this.#next);
    this.#check();
    this.reset();
  }

  /** Calls that lie ready. */
  get timedCalls(): number {
    return this.steps.filter(isLaid).length;
  }

  /** Calls that are played in their places between the others. */
  get playedCalls(): number {
    return this.steps.length - this.timedCalls;
  }

  /** Puts the machine and all ops back to before the first call. */
  reset(): void {
    this.machine.restore(this.#start);
    this.machine.memory.set(this.#ready, PLAYER_WINDOW_BYTES);
  }

  /** Plays a call that cannot lie ready, in the memory that it needs. */
  play({ call }: PlayedCall): void {
    new Player(this.machine).play(call);
    this.machine.map();
  }

  #step(line: number, call: TraceCall, player: Player): Step {
    const { address, site } = player.lay(call);
    const op = address === site.op && isPlain(call) ? this.#copy(call, site) : undefined;
    const { ret } = player.play(call);
    // What faults on the way does so at the end of the player's memory.
    if (op === undefined || ret === -XenErrno.EFAULT) return { call };
    const opAfter = player.op();
    for (const handle of this.#handles(call)) {
      const now = getLong(this.machine.view, this.#layout, op + handle);
      setLong(new DataView(opAfter.buffer), this.#layout, handle, now);
    }
    return { line, kind: kindOf(call), op, ret: ret as number, opAfter };
  }

  /** A benchmark of errors would pass for a fast one. */
  #check(): void {
    const { machine } = this;
    this.reset();
    for (const step of this.steps) {
      if (!isLaid(step)) {
        this.play(step);
        continue;
      }
      const ret = machine.hypercall(step.op);
      const op = machine.memory.subarray(step.op, step.op + abi.OP_BYTES);
      if (ret !== step.ret || step.opAfter.some((byte, i) => byte !== op[i])) {
        throw new RangeError(`line ${step.line}: another answer where calls are laid out beforehand`);
      }
    }
  }

  /** The op with its buffers, at an address of its own; undefined if guest memory has no room for them. */
  #copy(call: TraceCall, site: Site): number | undefined {
    const { memory, view } = this.machine;
    const layout = this.#layout;
    const nameBytes = site.nameEnd - site.name;
    const dataBytes = site.dataBefore.length;
    const room = abi.OP_BYTES + nameBytes + dataBytes + 3 * ALIGNMENT;
    if (this.#next + room > memory.length) return undefined;
    const op = this.#put(site.opBefore);
    const point = (handle: number, from: number, to: () => number) => {
      // Pointers that the trace itself gives stay.
      if (getLong(view, layout, op + handle) === BigInt(from)) setLong(view, layout, op + handle, BigInt(to()));
    };
    const name = () => this.#put(memory.subarray(site.name, site.nameEnd));
    switch (call.fn) {
      case "get_variable":
        point(layout.name, site.name, name);
        point(layout.data, site.data, () => PLAYER_WINDOW_BYTES);
        break;
      case "set_variable":
        point(layout.name, site.name, name);
        point(layout.data, site.data, () => this.#put(site.dataBefore));
        break;
      case "get_next_variable_name":
        point(layout.nextName, site.name, name);
        break;
      case "firmware_info":
        if (isVendor(call)) point(abi.INFO_VENDOR_NAME, site.data, () => PLAYER_WINDOW_BYTES);
    }
    return op;
  }

  #put(bytes: Uint8Array): number {
    const at = this.#next;
    this.machine.memory.set(bytes, at);
    this.#next = (at + bytes.length + ALIGNMENT - 1) & -ALIGNMENT;
    return at;
  }

  /** Offsets of the op's pointers. */
  #handles(call: TraceCall): number[] {
    const { name, data, nextName } = this.#layout;
    if (call.fn === "get_variable" || call.fn === "set_variable") return [name, data];
    if (call.fn === "get_next_variable_name") return [nextName];
    return isVendor(call) ? [abi.INFO_VENDOR_NAME] : [];
  }
}

/** True for a call that lies ready. */
export function isLaid(step: Step): step is LaidCall {
  return "op" in step;
}

/** True for a call that does not depend on where its op lies, and is a hypercall of a privileged caller and no more. */
function isPlain({ fn, in: input, fault }: TraceCall): boolean {
  const odd = ["opMapped", "nameMapped", "dataMapped", "privileged"];
  const isElse = fn === "reset" || fn === "update_capsule" || fn === "query_capsule_capabilities";
  return fault === undefined && !isElse && !odd.some((field) => input[field] !== undefined);
}

function isVendor({ fn, in: { type, index } }: TraceCall): boolean {
  return fn === "firmware_info" && type === abi.FW_EFI_INFO && index === abi.EFI_INFO_VENDOR;
}

function kindOf({ fn }: TraceCall): string {
  return typeof fn === "number" ? `function ${fn}` : fn;
}
