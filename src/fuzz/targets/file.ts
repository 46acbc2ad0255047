import type { Behaviours } from "../behaviours.ts";
import type { Subject } from "../byte-target.ts";

/** A target of somebody's own, as Jazzer.js has them: throws for a finding. A text or number that it gives is its behaviour. */
export type FuzzFunction = (data: Buffer) => unknown;

const BYTES_MAX = 0x1000;

/**
 * The function of a module: `export function fuzz(data)`, or `module.exports.fuzz` of a CommonJS module. Throws a TypeError
 * for a module that has neither.
 */
export async function fuzzFunctionOf(module: URL): Promise<FuzzFunction> {
  const { fuzz, default: common } = (await import(module.href)) as { fuzz?: unknown; default?: { fuzz?: unknown } };
  const found = fuzz ?? common?.fuzz;
  if (typeof found !== "function") throw new TypeError(`${module.href}: a module that exports a function fuzz(data)`);
  return found as FuzzFunction;
}

/** Somebody's own target, over a copy of each input as a Buffer. */
export class FileSubject implements Subject {
  readonly name = "file";
  readonly bytesMax = BYTES_MAX;
  readonly seeds: readonly Uint8Array[] = [];
  readonly tokens: readonly Uint8Array[];
  readonly #fuzz: FuzzFunction;

  constructor(tokens: readonly Uint8Array[], fuzz: FuzzFunction) {
    this.tokens = tokens;
    this.#fuzz = fuzz;
  }

  millisecondsMax(): number {
    return 1000;
  }

  run(input: Uint8Array, behaviours: Behaviours): undefined {
    // A function of its own, which is told in stacks by its own name.
    const fuzz = this.#fuzz;
    const told = fuzz(Buffer.from(input));
    if (told instanceof Promise) throw new TypeError("fuzz gave a promise: a target must be synchronous");
    if (typeof told === "string" || typeof told === "number") behaviours.note(`gives ${told}`);
    behaviours.noteSize("bytes", input.length);
    return undefined;
  }
}
