/// <reference lib="esnext.disposable" preserve="true" />
import type { Rule } from "../faults/rule.ts";
import type { GuestMemory } from "../guest-memory.ts";
import type { Machine } from "../machine.ts";
import { type OpLayout, opLayout } from "../op.ts";
import type { CallLog } from "./call-log.ts";
import { Mirror } from "./mirror.ts";
import type { Range, RemoteCall } from "./remote-call.ts";

/** Most fault rules at a time. */
const RULES_MAX = 100;

/** A machine that answers remote clients, one call at a time: what all its clients share. */
export class ServedMachine {
  readonly machine: Machine;
  readonly mirror = new Mirror();
  log: CallLog | undefined;
  readonly #layout: OpLayout;
  readonly #rules = new Map<number, Disposable>();
  #nextRule = 1;

  /** `make`: a machine over that guest memory, which allocates BUFFER_BYTES_MAX for a call at the most. */
  constructor(make: (guestMemory: GuestMemory) => Machine) {
    this.machine = make(this.mirror);
    this.mirror.guard(this.machine);
    this.#layout = opLayout(this.machine.abi);
  }

  /** Makes the call, or gives the ranges of client memory that are missing for it; then nothing has happened. */
  call(call: RemoteCall): { missing: Range[] } | { ret: number } {
    // What a fault writes back, and a log tells, are whole buffers.
    const readsAll = this.#rules.size > 0 || this.log !== undefined;
    const missing = call.layOut(this.mirror, this.#layout, readsAll);
    if (missing.length > 0) return { missing };
    const ret = (this.log ?? this.machine).hypercall(this.mirror.op.at);
    call.restoreHandles(this.mirror, this.#layout);
    return { ret };
  }

  /** Gives the rule's number. Throws a RangeError for a rule that cannot be, or one too many. */
  inject(rule: Rule): number {
    if (this.#rules.size >= RULES_MAX) throw new RangeError(`at most ${RULES_MAX} rules`);
    const injected = this.machine.inject(rule);
    this.#rules.set(this.#nextRule, injected);
    return this.#nextRule++;
  }

  /** Throws a RangeError for a number that no rule has. */
  remove(rule: number): void {
    const injected = this.#rules.get(rule);
    if (injected === undefined) throw new RangeError(`no rule has number ${rule}`);
    injected[Symbol.dispose]();
    this.#rules.delete(rule);
  }
}
