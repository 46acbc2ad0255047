/// <reference lib="esnext.disposable" preserve="true" />
import { alwaysTooSmall, firmware, flaky, hostile, loopAt } from "../../faults/presets.ts";
import type { Rule } from "../../faults/rule.ts";
import { viewOf } from "../../formats/flash-bytes.ts";
import { ShimBugError } from "../../testing/events.ts";
import { LayoutError } from "../../testing/layout-diagnosis.ts";
import { NullWriteError } from "../../testing/null-guard.ts";
import type { EfiResult } from "../../testing/results.ts";
import type { Shim, ShimOptions } from "../../testing/shim.ts";
import type { Behaviours } from "../behaviours.ts";
import type { Subject } from "../byte-target.ts";
import type { Failure } from "../failure.ts";
import { makeTables, type Tables } from "../tables.ts";
import { ShimAgain } from "./shim-again.ts";
import { Arguments, CALL_BYTES, SHIM_CALLS, type ShimCall } from "./shim-calls.ts";

/** Head of an input: u32 the seed of faults, u8 which of them; then the calls. */
const HEAD_BYTES = 8;
const HEAD_FAULTS = 4;
const CALLS_MAX = 24;
/** Hypercalls that one call may make: a shim that asks again for ever is not left in its loop. */
const HYPERCALLS_MAX = 1000;

/** What disturbs the machine, by the head's number; the same for the same seed. */
const FAULTS: readonly ((seed: number) => Rule[])[] = [
  () => [],
  (seed) => [hostile(seed)],
  (seed) => [hostile(seed), { poison: true }],
  () => [{ poison: true }],
  (seed) => [flaky({ every: 1 + (seed % 4) })],
  (seed) => [loopAt(1 + (seed % 8))],
  (seed) => [alwaysTooSmall(seed % 3)],
  () => [firmware("getTimeBroken"), firmware("queryInfoUnsupported")],
];

/** Filler of what no answer has set (faults/poison.ts), as outputs of each width show it. */
const POISONED: readonly unknown[] = [0xa5a5a5a5, 0xa5a5a5a5a5a5a5a5n, 0xa5a5];

/** Ends a call that makes more hypercalls than any should. */
class BudgetError extends Error {}

/** The oracle of each error that ends a call; any other is the shim's own crash. */
const ORACLES: readonly [kind: new (...args: never[]) => Error, oracle: string][] = [
  [NullWriteError, "null-guard"],
  [LayoutError, "layout"],
  [ShimBugError, "bug"],
  [BudgetError, "timeout"],
  [WebAssembly.RuntimeError, "trap"],
];

/**
 * A kernel's shim behind a machine with faults: the input chooses the faults and the calls. It must not trap, call BUG,
 * write through NULL, ask for ever, take filler for an answer, or say SUCCESS where the hypercall failed.
 */
export class ShimSubject implements Subject {
  readonly name = "shim";
  readonly bytesMax = HEAD_BYTES + CALLS_MAX * CALL_BYTES;
  readonly seeds: readonly Uint8Array[];
  readonly tokens: readonly Uint8Array[] = [];
  readonly #shims: ShimAgain;
  readonly #calls: readonly ShimCall[];
  readonly #tables: Tables = makeTables();

  /** `wasm`: a module's bytes. Throws as loadShim, and a TypeError for a shim that exports none of struct efi's functions. */
  constructor(wasm: Uint8Array<ArrayBuffer>, options: Omit<ShimOptions, "faults"> = {}) {
    this.#shims = new ShimAgain(wasm, options);
    const { exports } = this.#shims.take();
    this.#calls = SHIM_CALLS.filter(({ name }) => exports[name] !== undefined);
    if (this.#calls.length === 0) {
      throw new TypeError(`a shim that exports one of ${SHIM_CALLS.map(({ name }) => name).join(", ")}`);
    }
    this.seeds = FAULTS.map((_, faults) => this.#seed(faults));
  }

  millisecondsMax(): number {
    return 1000;
  }

  /** The head, and each call. */
  partsOf(input: Uint8Array): number[] {
    const starts = [0];
    for (let at = HEAD_BYTES; at < input.length; at += CALL_BYTES) starts.push(at);
    return starts;
  }

  run(input: Uint8Array, behaviours: Behaviours): Failure | undefined {
    const head = new Uint8Array(HEAD_BYTES);
    head.set(input.subarray(0, HEAD_BYTES));
    const makeFaults = FAULTS[(head[HEAD_FAULTS] as number) % FAULTS.length] as (typeof FAULTS)[number];
    const budget = { left: 0 };
    const shim = this.#shims.take();
    const rules = [countdown(budget), ...makeFaults(viewOf(head).getUint32(0, true))];
    const injected = rules.map((rule) => shim.machine.inject(rule));
    try {
      return this.#callAll(shim, input.subarray(HEAD_BYTES), budget, behaviours);
    } finally {
      for (const rule of injected) rule[Symbol.dispose]();
    }
  }

  #callAll(shim: Shim, calls: Uint8Array, budget: { left: number }, behaviours: Behaviours): Failure | undefined {
    for (let step = 0; step < CALLS_MAX && step * CALL_BYTES < calls.length; step++) {
      budget.left = HYPERCALLS_MAX;
      const failure = this.#call(shim, calls.subarray(step * CALL_BYTES, (step + 1) * CALL_BYTES), behaviours);
      if (failure !== undefined) return { ...failure, step };
    }
    return undefined;
  }

  #call(shim: Shim, bytes: Uint8Array, behaviours: Behaviours): Failure | undefined {
    const { name, call } = this.#calls[(bytes[0] as number) % this.#calls.length] as ShimCall;
    const before = shim.log.length;
    let result: EfiResult;
    try {
      result = call(shim.efi, new Arguments(bytes, this.#tables));
    } catch (error) {
      return ended(name, error, behaviours);
    }
    const last = shim.log.at(-1)?.out.ret;
    behaviours.note(`${name} ${result.status} ${last} ${shim.log.length - before}`);
    if (result.status !== "SUCCESS") return undefined;
    if (typeof last === "number" && last < 0 && shim.log.length > before) {
      return { oracle: "false-success", text: `${name} says SUCCESS where its last hypercall gave ${last}` };
    }
    const field = poisoned(result);
    return field === undefined ? undefined : { oracle: "poison", text: `${name} gives filler as ${field}` };
  }

  /** Each function once, enumeration from its start. */
  #seed(faults: number): Uint8Array {
    const input = new Uint8Array(HEAD_BYTES + this.#calls.length * CALL_BYTES);
    input[HEAD_FAULTS] = faults;
    for (const [i, { name }] of this.#calls.entries()) {
      const variable = name === "xen_efi_get_next_variable" ? this.#tables.names.indexOf("") : 0;
      input.set([i, variable], HEAD_BYTES + i * CALL_BYTES);
    }
    return input;
  }
}

/** A rule that disturbs nothing and counts hypercalls. */
function countdown(budget: { left: number }): Rule {
  return {
    how: () => {
      if (--budget.left < 0) throw new BudgetError(`more than ${HYPERCALLS_MAX} hypercalls`);
      return undefined;
    },
  };
}

/** What ended a call; a name or value that cannot be read where the machine lied of its end is no fault of the shim. */
function ended(name: string, error: unknown, behaviours: Behaviours): Failure | undefined {
  const oracle = ORACLES.find(([kind]) => error instanceof kind)?.[1];
  if (oracle !== undefined) return { oracle, text: `${name}: ${(error as Error).message}` };
  if (!(error instanceof RangeError) || /call stack/.test(error.message)) throw error;
  behaviours.noteError(name, error.message);
  return undefined;
}

/** The first field whose number is all filler. */
function poisoned(result: object, path = ""): string | undefined {
  for (const [name, value] of Object.entries(result)) {
    if (POISONED.includes(value)) return path + name;
    if (value === null || typeof value !== "object" || value instanceof Uint8Array) continue;
    const inner = poisoned(value, `${path}${name}.`);
    if (inner !== undefined) return inner;
  }
  return undefined;
}
