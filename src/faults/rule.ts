import { FUNCTION_NAMES } from "../op.ts";
import { Random } from "../random.ts";
import { type AnyBytes, type Fault, type FaultKnobs, mergeFaults } from "./fault.ts";
import type { PlatformCall } from "./platform-call.ts";
import { readFault } from "./read-fault.ts";

/** Which calls a rule is about, which of them it hits, and how they are disturbed. */
export interface Rule extends Omit<FaultKnobs, "data" | "mutateGuest"> {
  /** Functions by a trace's names or numbers, or "firmware_info". Default every runtime function. */
  fn?: string | number | readonly (string | number)[];
  /** The variable's name, of get_next_variable_name the one passed in. */
  name?: string | RegExp;
  guid?: string;
  when?: (call: PlatformCall) => boolean;
  /** The first of these calls that is hit, counted from 1; the only one unless `times` or `every` says otherwise. */
  nth?: number;
  /** Most calls that are hit. */
  times?: number;
  /** Only each so-manieth is hit: from `nth` on, else the first of them is call number `every`. */
  every?: number;
  /** Of the calls that are left, the part that is hit: 0 to 1. */
  probability?: number;
  /** Of the generator for `probability` and `how`, which starts when the rule is injected: 32 bits. Default 0. */
  seed?: number;
  /** Bytes instead of the value, or made from it. */
  data?: AnyBytes | ((value: Uint8Array) => Uint8Array);
  /** Changes to op and buffers, or a function that writes guest memory where it likes. */
  mutateGuest?: Exclude<FaultKnobs["mutateGuest"], undefined> | ((memory: Uint8Array) => void);
  /** More knobs, chosen call by call; undefined: this call is left alone. */
  how?: (call: PlatformCall, random: Random) => FaultKnobs | undefined;
}

/** A fault whose bytes are perhaps not known before the call is made. */
export interface PlannedFault {
  fault: Fault;
  makeData?: (value: Uint8Array) => Uint8Array;
  mutate?: (memory: Uint8Array) => void;
}

/** A rule that has been injected: it counts its calls. */
export class ActiveRule {
  readonly #rule: Rule;
  readonly #plan: PlannedFault;
  readonly #functions: readonly (string | number)[] | undefined;
  readonly #random: Random;
  #calls = 0;
  #hits = 0;

  /** Throws a RangeError for a rule that cannot be. */
  constructor(rule: Rule) {
    checkSelection(rule);
    this.#rule = rule;
    this.#plan = planOf(rule);
    const { fn, seed = 0 } = rule;
    if (fn !== undefined) this.#functions = typeof fn === "object" ? fn : [fn];
    this.#random = new Random(seed);
  }

  /** How this call is to be disturbed, if it is. */
  faultOf(call: PlatformCall): PlannedFault | undefined {
    if (!this.#isAbout(call)) return undefined;
    this.#calls++;
    if (!this.#isHit()) return undefined;
    const { how } = this.#rule;
    const chosen = how?.(call, this.#random);
    if (how !== undefined && chosen === undefined) return undefined;
    this.#hits++;
    if (chosen === undefined) return this.#plan;
    return { ...this.#plan, fault: mergeFaults(this.#plan.fault, readFault(chosen)) };
  }

  #isAbout(call: PlatformCall): boolean {
    const { name, guid, when } = this.#rule;
    if (this.#functions === undefined ? !call.isRuntime : !this.#functions.includes(call.fn)) return false;
    if (typeof name === "string" && call.name !== name) return false;
    // A RegExp that is global or sticky would remember where it was: search does not.
    if (name instanceof RegExp && (call.name ?? "").search(name) < 0) return false;
    return (guid === undefined || call.guid === guid.toLowerCase()) && (when?.(call) ?? true);
  }

  #isHit(): boolean {
    const { nth, every = 1, probability = 1 } = this.#rule;
    const times =
      this.#rule.times ?? (nth !== undefined && this.#rule.every === undefined ? 1 : Number.POSITIVE_INFINITY);
    const turn = this.#calls - (nth ?? every);
    if (turn < 0 || turn % every !== 0 || this.#hits >= times) return false;
    return probability === 1 || this.#random.u32() < probability * 0x100000000;
  }
}

/** The rule's fixed knobs; a fault is read from them, functions aside. */
function planOf(rule: Rule): PlannedFault {
  const { fn, name, guid, when, nth, times, every, probability, seed, how, data, mutateGuest, ...knobs } = rule;
  const plan: Omit<PlannedFault, "fault"> = {};
  const fixed: FaultKnobs = knobs;
  if (typeof data === "function") plan.makeData = data;
  else if (data !== undefined) fixed.data = data;
  if (typeof mutateGuest === "function") plan.mutate = mutateGuest;
  else if (mutateGuest !== undefined) fixed.mutateGuest = mutateGuest;
  const mayBeEmpty = how !== undefined || Object.keys(plan).length > 0;
  return { ...plan, fault: mayBeEmpty && Object.keys(fixed).length === 0 ? {} : readFault(fixed, "rule") };
}

function checkSelection({ fn, nth, times, every, probability }: Rule): void {
  const known: readonly (string | number)[] = [...FUNCTION_NAMES.slice(1), "firmware_info"];
  for (const one of fn === undefined ? [] : [fn].flat()) {
    if (typeof one === "number" || known.includes(one)) continue;
    throw new RangeError(`rule.fn: one of ${known.join(", ")} or a number, not ${JSON.stringify(one)}`);
  }
  for (const [member, value] of Object.entries({ nth, times, every })) {
    if (value === undefined || (Number.isSafeInteger(value) && value >= 1)) continue;
    throw new RangeError(`rule.${member}: an integer from 1 on, not ${value}`);
  }
  if (probability !== undefined && !(probability >= 0 && probability <= 1)) {
    throw new RangeError(`rule.probability: from 0 to 1, not ${probability}`);
  }
}

/** Both together, as mergeFaults; of two functions the later one stands, and bytes that are given later. */
export function mergePlans(first: PlannedFault, later: PlannedFault): PlannedFault {
  const merged = { ...first, ...later, fault: mergeFaults(first.fault, later.fault) };
  if (later.fault.data !== undefined) delete merged.makeData;
  if (later.fault.mutateGuest !== undefined) delete merged.mutate;
  return merged;
}
