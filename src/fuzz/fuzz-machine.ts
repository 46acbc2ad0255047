import {
  CONTENTS,
  EDGES_MAX,
  FINDING,
  FINDING_DETAIL,
  FINDING_OP_HIGH,
  FINDING_OP_LOW,
  FINDING_STEP,
  FINDING_VIOLATION,
  FUZZ_WINDOW_BYTES,
  GUIDS,
  HEAD_ABI,
  HEAD_BOOTS,
  HEAD_BOOTS_ON,
  INPUT,
  KIND_POWER_CUT,
  KIND_REBOOT,
  KINDS,
  NAMES,
  SEEN,
  SHADOW,
  STEP_BYTES,
  STEP_KIND,
  STEP_SEED,
  Violation,
} from "../../assembly/abi/fuzz.ts";
import { WINDOW } from "../../assembly/abi/layout.ts";
import { Machine, type MachineOptions } from "../machine.ts";
import { ABIS, type Abi } from "../op.ts";
import type { Failure } from "./failure.ts";
import { countedBytes, edgeMap, edgesAt, type FuzzBuild, type FuzzCore, makeFuzzCore } from "./fuzz-core.ts";
import { cutSteps } from "./step-kind.ts";
import { layTables, type Tables } from "./tables.ts";

/** Whether the core counts its edges, and which core does, if it is another one. */
export interface FuzzCounts {
  counts: boolean;
  build?: FuzzBuild | undefined;
}

/** A machine on a fuzzing core, with what plays sequences on it and leads it back to its start after each. */
export class FuzzMachine {
  readonly machine: Machine;
  /** What it was made of. */
  readonly options: MachineOptions;
  readonly core: FuzzCore;
  /** Guest memory as it is, and as it should be. */
  readonly guest: Uint8Array;
  readonly shadow: Uint8Array;
  /** For each edge the buckets of its counts that were seen. */
  readonly seen: Uint8Array;
  readonly #start: Uint8Array;
  readonly #counts: { at: number; edges: number; bytes: number } | undefined;

  constructor(options: MachineOptions, tables: Tables, { counts, build }: FuzzCounts) {
    this.options = options;
    let made: FuzzCore | undefined;
    this.machine = new Machine({ ...options, windowBytes: FUZZ_WINDOW_BYTES }, (_, loans = {}) => {
      made = makeFuzzCore(counts, loans, build);
      return made;
    });
    this.core = made as unknown as FuzzCore;
    const { bytes, exports } = this.core;
    this.guest = bytes.subarray(WINDOW, WINDOW + FUZZ_WINDOW_BYTES);
    this.shadow = bytes.subarray(SHADOW, SHADOW + FUZZ_WINDOW_BYTES);
    this.seen = bytes.subarray(SEEN, SEEN + EDGES_MAX);
    layTables(bytes, { names: NAMES, guids: GUIDS, contents: CONTENTS }, tables);
    if (counts) {
      const map = build?.map ?? edgeMap();
      this.#counts = { at: edgesAt(map), edges: map.edges, bytes: countedBytes(map) };
    }
    exports.forgetEdges();
    exports.fillGuest();
    this.machine.mark();
    this.#dropEdges();
    this.#start = this.machine.snapshot();
    build?.prepare(this.core);
  }

  /** Puts a sequence, a head and then its steps, where `play` takes it from; gives the number behind its last step. */
  lay(input: Uint8Array): number {
    this.core.bytes.set(input, INPUT);
    this.core.exports.begin();
    return (input.length / STEP_BYTES) | 0;
  }

  /** The ABI that a sequence asks for. */
  static abiOf(input: Uint8Array): Abi {
    return ABIS[(input[HEAD_ABI] ?? 0) & 3] as Abi;
  }

  /**
   * Plays the sequence that was laid, from step `from` to before `end`; gives what must not be. Leaves the state as it is
   * then. `look` sees the machine behind each step that is left to the host.
   */
  play(end: number, from = 1, look?: () => Failure | undefined): Failure | undefined {
    try {
      let step = from;
      while (true) {
        step = this.core.exports.play(step, end);
        if (step < 0) return this.failure();
        if (step >= end) return this.core.exports.compare() === 0 ? this.failure() : undefined;
        this.#hostStep(step);
        const failure = look?.();
        if (failure !== undefined) return failure;
        step++;
      }
    } catch (error) {
      return this.trap(error);
    }
  }

  /** Lays step `step` as an op; false for a step that is no call, which is done. */
  layStep(step: number): boolean {
    if (this.core.exports.prepare(step) !== 0) return true;
    if (this.core.bytes[INPUT + HEAD_BOOTS] === HEAD_BOOTS_ON) this.#hostStep(step);
    return false;
  }

  /** Guest address of the op that was laid; addresses of more than 53 bits, where no memory is, are rounded. */
  get opAddress(): number {
    const { view } = this.core;
    return (
      view.getUint32(FINDING + FINDING_OP_HIGH, true) * 0x100000000 + view.getUint32(FINDING + FINDING_OP_LOW, true)
    );
  }

  /** Makes the call that was prepared: its result. */
  call(): number {
    const { view, exports } = this.core;
    const low = view.getInt32(FINDING + FINDING_OP_LOW, true);
    return exports.dispatch(low, view.getInt32(FINDING + FINDING_OP_HIGH, true));
  }

  /** Copies how often each edge was taken since the last take, for an engine that looks at counts itself. */
  copyCounts(into: Uint8Array): void {
    const counts = this.#counts;
    if (counts === undefined) return;
    into.set(this.core.bytes.subarray(counts.at, counts.at + Math.min(counts.edges, into.length)));
  }

  /** Edges that are new since the last take, times 65536, plus buckets that are. 0 where the core does not count. */
  takeFresh(): number {
    const counts = this.#counts;
    return counts === undefined ? 0 : this.core.exports.takeEdges(counts.at, counts.edges);
  }

  /** Goes back to the start: store, clock, guest memory. */
  goBack(): void {
    if (this.core.exports.goBack() === 0) this.machine.undo();
    this.#dropEdges();
  }

  /** Goes back after a failure, which may have left anything behind. */
  recover(): void {
    this.core.exports.fillGuest();
    this.goBack();
  }

  /** Goes back to the start by a whole copy, wherever the machine is: after a restored snapshot there is no mark. */
  restart(): void {
    // A call that hung has left more turns of loops than the rest may have.
    this.#dropEdges();
    this.machine.restore(this.#start);
    this.machine.mark();
    this.recover();
  }

  /** What FINDING tells. */
  failure(): Failure {
    const { view } = this.core;
    const violation = view.getUint32(FINDING + FINDING_VIOLATION, true);
    const detail = view.getUint32(FINDING + FINDING_DETAIL, true);
    const step = view.getUint32(FINDING + FINDING_STEP, true);
    const isMemory = violation === Violation.StrayWrite || violation === Violation.RedZone;
    const value = isMemory ? `guest address 0x${detail.toString(16)}` : String(detail | 0);
    return {
      oracle: isMemory ? "memory" : "invariant",
      text: `${Violation[violation]}: ${value}`,
      step: isMemory ? undefined : step,
    };
  }

  /** A trap of the core as a failure: what it says and where it was. */
  trap(error: unknown): Failure {
    if (!(error instanceof WebAssembly.RuntimeError)) throw error;
    const where = /at ([\w/.$-]+) \(wasm|at ([\w/.$-]+) \(/.exec(error.stack ?? "");
    const step = this.core.view.getUint32(FINDING + FINDING_STEP, true);
    return { oracle: "trap", text: `${error.message} in ${where?.[1] ?? where?.[2] ?? "the core"}`, step };
  }

  #dropEdges(): void {
    if (this.#counts !== undefined) this.core.exports.dropEdges(this.#counts.at, this.#counts.bytes);
  }

  /** Boots, or orders a cut of power, if the step is one of these two. Power that is to be cut comes back with a boot only. */
  #hostStep(step: number): void {
    const at = INPUT + step * STEP_BYTES;
    const kind = (this.core.bytes[at + STEP_KIND] as number) % KINDS;
    if (kind === KIND_REBOOT) this.machine.reboot();
    else if (kind === KIND_POWER_CUT && this.machine.stepsToCut === undefined)
      this.machine.cutPower(cutSteps(this.core.view.getUint32(at + STEP_SEED, true)));
  }
}
