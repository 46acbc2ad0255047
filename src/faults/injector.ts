import type { Fault } from "./fault.ts";
import { type FaultTarget, Firing } from "./firing.ts";
import { PlatformCall } from "./platform-call.ts";
import { ActiveRule, mergePlans, type PlannedFault, type Rule } from "./rule.ts";

/** Stands before a machine's dispatcher while there are rules. */
export class Injector {
  /** What disturbed the last call; undefined: nothing did. */
  last: Fault | undefined;
  readonly #target: FaultTarget;
  #rules: readonly ActiveRule[] = [];

  constructor(target: FaultTarget) {
    this.#target = target;
  }

  get isEmpty(): boolean {
    return this.#rules.length === 0;
  }

  /** Adds a rule behind the others; gives what removes it. Throws a RangeError for a rule that cannot be. */
  add(rule: Rule): () => void {
    const active = new ActiveRule(rule);
    this.#rules = [...this.#rules, active];
    return () => {
      this.#rules = this.#rules.filter((other) => other !== active);
    };
  }

  /** Answers the op at a guest address. */
  answer(op: number): number {
    this.last = undefined;
    const { abi, guest } = this.#target;
    const call = PlatformCall.read(abi, guest, op);
    const plan = call && this.#planOf(call);
    if (call === undefined || plan === undefined) return this.#target.dispatch(op);
    const firing = new Firing(this.#target, call, plan);
    const ret = firing.run();
    this.last = firing.fault;
    return ret;
  }

  /** Every rule sees every call; those that hit it act together. */
  #planOf(call: PlatformCall): PlannedFault | undefined {
    let plan: PlannedFault | undefined;
    for (const rule of this.#rules) {
      const next = rule.faultOf(call);
      if (next !== undefined) plan = plan === undefined ? next : mergePlans(plan, next);
    }
    return plan;
  }
}
