import { Random } from "../random.ts";
import { Corpus } from "./corpus.ts";
import { type Failure, failureKey } from "./failure.ts";
import { type Finding, minimise } from "./finding.ts";
import { Shown, type Target } from "./target.ts";

export interface EngineOptions {
  seed: number;
  /** Most different failures that are kept; the run ends there. */
  findingsMax: number;
  /** Most bytes of an input, if fewer than the target's own. */
  bytesMax?: number | undefined;
}

/** One in so many inputs is made from nothing. */
const NEW_ONE_IN = 32;
/** Inputs made from nothing before any is changed. */
const FIRST_INPUTS = 64;

/**
 * The loop: takes an input of the corpus, changes it, runs it, keeps it if it showed something new, and makes each failure as
 * small as it can. The same seed and target give the same inputs in the same order.
 */
export class Engine {
  readonly corpus = new Corpus();
  readonly target: Target;
  readonly #random: Random;
  readonly #options: EngineOptions;
  readonly #buffer: Uint8Array;
  readonly #findings = new Map<string, Finding>();
  /** Inputs of its own until now, and bytes of the last one. */
  #made = 0;
  #bytes = 0;
  #runs = 0;
  #lastNews = 0;
  #taken = 0;

  constructor(target: Target, options: EngineOptions) {
    this.target = target;
    this.#options = options;
    this.#random = new Random(options.seed);
    this.#buffer = new Uint8Array(Math.min(target.bytesMax, options.bytesMax ?? target.bytesMax));
  }

  get runs(): number {
    return this.#runs;
  }

  /** The run that last showed something new. */
  get lastNews(): number {
    return this.#lastNews;
  }

  get findings(): readonly Finding[] {
    return [...this.#findings.values()];
  }

  get isFull(): boolean {
    return this.#findings.size >= this.#options.findingsMax;
  }

  /** Runs an input that somebody has: of a corpus, a seed, another worker. Longer ones are cut. */
  offer(input: Uint8Array): void {
    this.#try(input.subarray(0, this.#buffer.length));
  }

  /** Runs `count` inputs of its own, fewer if there are findings enough. */
  run(count: number): void {
    for (let i = 0; i < count && !this.isFull; i++) this.#try(this.#next());
  }

  /** Inputs that came to the corpus since the last call. */
  takeNews(): Uint8Array[] {
    const news = this.corpus.inputs.slice(this.#taken);
    this.#taken = this.corpus.size;
    return news;
  }

  #next(): Uint8Array {
    const { corpus, target } = this;
    const random = this.#random;
    const buffer = this.#buffer;
    if (this.#made++ < FIRST_INPUTS || random.oneIn(NEW_ONE_IN)) {
      this.#bytes = target.make(buffer);
    } else if (corpus.size === 0) {
      // Nothing is ever news to a target that counts nothing: it goes on from the last input.
      this.#bytes = target.mutate(buffer, this.#bytes, buffer.subarray(0, this.#bytes));
    } else {
      const parent = corpus.pick(random);
      buffer.set(parent);
      this.#bytes = target.mutate(buffer, parent.length, corpus.pick(random));
    }
    return buffer.subarray(0, this.#bytes);
  }

  #try(input: Uint8Array): void {
    this.#runs++;
    const shown = this.target.run(input);
    if (shown === Shown.Nothing) return;
    if (shown === Shown.News) {
      this.#lastNews = this.#runs;
      this.corpus.add(input);
      return;
    }
    this.#note(input.slice(), this.target.failure as Failure);
  }

  #note(input: Uint8Array, failure: Failure): void {
    const key = failureKey(failure);
    const known = this.#findings.get(key);
    if (known !== undefined) {
      known.count++;
      return;
    }
    const smallest = minimise(this.target, input, failure);
    const run = this.#runs;
    this.#findings.set(key, { ...smallest, first: input, run, calls: this.target.calls, count: 1 });
  }
}
