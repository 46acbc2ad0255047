import { HEAD_MACHINE, STEP_BYTES, STEPS_MAX } from "../../assembly/abi/fuzz.ts";
import type { MachineOptions } from "../machine.ts";
import { Random } from "../random.ts";
import { edgeCoverage } from "./edge-coverage.ts";
import type { Failure } from "./failure.ts";
import { edgeMap } from "./fuzz-core.ts";
import { type FuzzCounts, FuzzMachine } from "./fuzz-machine.ts";
import { type Hint, SequenceMutator } from "./sequence-mutator.ts";
import { traceOf } from "./sequence-trace.ts";
import { smallerSequences } from "./smaller-sequences.ts";
import type { Tables } from "./tables.ts";
import { type Coverage, Shown, type Target } from "./target.ts";

/** A check of a whole sequence. It finds the machine at its start, and leaves it there unless the core traps. */
export interface Oracle {
  readonly name: string;
  /** One in so many inputs is checked. Those that show something new always are; so many others go free for each. */
  readonly oneIn: number;
  /** How often an input is checked while a failure is made smaller: more than once where chance has a part. */
  readonly tries: number;
  /** `random` is the input's own: the same input is checked in the same way. */
  check(machine: FuzzMachine, input: Uint8Array, random: Random): Failure | undefined;
}

/** Where the core counts no edges, no input is news. */
export interface SequenceOptions extends FuzzCounts {
  name: string;
  machines: readonly MachineOptions[];
  tables: Tables;
  oracles: readonly Oracle[];
  /** Most steps of a sequence, and how many a new one has at most. */
  stepsMax: number;
  newStepsMax: number;
  /** Kinds of steps that are no plain calls (assembly/abi/fuzz.ts); one new step in so many is one. */
  rareKinds: readonly number[];
  rareOneIn: number;
  /** Whether new steps have fields that make no sense more often than not. */
  isWild: boolean;
  /** Contents of the tables that belong to a variable. Default none. */
  hints?: readonly Hint[];
}

/** Sequences of calls, played in the core. */
export class SequenceTarget implements Target {
  readonly name: string;
  readonly bytesMax: number;
  failure: Failure | undefined;
  calls = 0;
  /** Where each run's counts of edges go as well, for another engine. */
  counters: Uint8Array | undefined;
  readonly #options: SequenceOptions;
  readonly #random: Random;
  readonly #mutator: SequenceMutator;
  readonly #machines: (FuzzMachine | undefined)[];
  readonly #inputs: number[];
  /** The machine that has seen what all have. */
  #latest: FuzzMachine | undefined;

  /** `random` chooses what mutations do. */
  constructor(options: SequenceOptions, random: Random) {
    this.name = options.name;
    this.bytesMax = Math.min(options.stepsMax, STEPS_MAX) * STEP_BYTES;
    this.#options = options;
    this.#random = random;
    this.#machines = options.machines.map(() => undefined);
    this.#inputs = options.oracles.map(() => 0);
    this.#mutator = new SequenceMutator(random, { ...options, machines: options.machines.length });
  }

  make(into: Uint8Array): number {
    return this.#mutator.make(into, 1 + this.#random.below(this.#options.newStepsMax));
  }

  mutate(into: Uint8Array, bytes: number, other: Uint8Array): number {
    return this.#mutator.mutate(into, bytes, other);
  }

  run(input: Uint8Array, sought?: Failure | "any"): Shown {
    const machine = this.machineOf(input);
    const end = machine.lay(input);
    this.calls += Math.max(0, end - 1);
    this.failure = machine.play(end);
    if (this.failure !== undefined) {
      machine.restart();
      return Shown.Failure;
    }
    if (this.counters !== undefined) machine.copyCounts(this.counters);
    const fresh = machine.takeFresh() !== 0;
    machine.goBack();
    this.failure = sought === undefined ? this.#ask(machine, input, fresh) : this.#seek(machine, input, sought);
    if (this.failure !== undefined) {
      // A fault of the journal leaves behind what later inputs would be blamed for.
      machine.restart();
      return Shown.Failure;
    }
    return fresh ? Shown.News : Shown.Nothing;
  }

  smaller(input: Uint8Array): Iterable<Uint8Array> {
    return smallerSequences(input);
  }

  trace(input: Uint8Array, about: string): string {
    const { machines, tables } = this.#options;
    const index = (input[HEAD_MACHINE] ?? 0) % machines.length;
    return traceOf(machines[index] as MachineOptions, tables, input, about);
  }

  coverage(): Coverage {
    return edgeCoverage(this.seenEdges());
  }

  /** For each edge the buckets of counts that were seen, on any machine. */
  seenEdges(): Uint8Array {
    const { counts, build } = this.#options;
    const { edges } = counts ? (build?.map ?? edgeMap()) : { edges: 0 };
    return this.#latest?.seen.slice(0, edges) ?? new Uint8Array(edges);
  }

  /** The machine that the sequence's head chooses; made when it is first needed. */
  machineOf(input: Uint8Array): FuzzMachine {
    const { machines, tables, counts, build } = this.#options;
    const index = (input[HEAD_MACHINE] ?? 0) % machines.length;
    const machine =
      this.#machines[index] ?? new FuzzMachine(machines[index] as MachineOptions, tables, { counts, build });
    this.#machines[index] = machine;
    // What one machine has shown is no news on another one.
    if (this.#latest !== undefined && this.#latest !== machine) machine.seen.set(this.#latest.seen);
    this.#latest = machine;
    return machine;
  }

  /** The slower checks: all of an input that showed something new, each of one in so many others. */
  #ask(machine: FuzzMachine, input: Uint8Array, fresh: boolean): Failure | undefined {
    const { oracles } = this.#options;
    for (let i = 0; i < oracles.length; i++) {
      const oracle = oracles[i] as Oracle;
      const count = (this.#inputs[i] as number) + 1;
      const isDue = fresh || count >= oracle.oneIn;
      this.#inputs[i] = isDue ? count - oracle.oneIn : count;
      if (!isDue) continue;
      const failure = check(oracle, machine, input, 0);
      if (failure !== undefined) return failure;
    }
    return undefined;
  }

  /** The check that saw a failure, or each, as often as chance has a part in it. */
  #seek(machine: FuzzMachine, input: Uint8Array, sought: Failure | "any"): Failure | undefined {
    for (const oracle of this.#options.oracles) {
      if (sought !== "any" && sought.oracle !== oracle.name) continue;
      for (let turn = 0; turn < oracle.tries; turn++) {
        const failure = check(oracle, machine, input, turn);
        if (failure !== undefined) return failure;
      }
    }
    return undefined;
  }
}

/** Asks an oracle; `turn` is how often it has seen the input before. A trap is a failure, too. */
function check(oracle: Oracle, machine: FuzzMachine, input: Uint8Array, turn: number): Failure | undefined {
  try {
    return oracle.check(machine, input, new Random(seedOf(input) + turn));
  } catch (error) {
    const { text, step } = machine.trap(error);
    machine.restart();
    return { oracle: oracle.name, text, step };
  }
}

/** FNV-1a of the bytes. */
function seedOf(input: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < input.length; i++) hash = Math.imul(hash ^ (input[i] as number), 0x01000193);
  return hash >>> 0;
}
