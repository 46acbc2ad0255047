import type { Random } from "../random.ts";
import { Behaviours } from "./behaviours.ts";
import { ByteMutator } from "./byte-mutator.ts";
import type { Failure } from "./failure.ts";
import type { InputInHand } from "./input-in-hand.ts";
import { smallerBytes } from "./smaller-bytes.ts";
import { type Coverage, Shown, type Target } from "./target.ts";

/** What reads rows of bytes: the part of a byte target that is its own. */
export interface Subject {
  readonly name: string;
  readonly bytesMax: number;
  /** Well-formed inputs to begin with. */
  readonly seeds: readonly Uint8Array[];
  /** What mutations put in whole. */
  readonly tokens: readonly Uint8Array[];
  /** Milliseconds that an input of that many bytes may take; what takes longer is a `slow-unit`. */
  millisecondsMax(bytes: number): number;
  /**
   * Reads the input, notes what that did, and gives what must not be. Whatever it throws is a `crash`. What costs much may be
   * left out for some inputs, by their count, unless the run is to be `thorough`.
   */
  run(input: Uint8Array, behaviours: Behaviours, thorough: boolean): Failure | undefined;
  /**
   * Where the parts of an input begin (frames, lines), in order, the first at 0: most mutations change, double, drop or
   * take a whole part. Without it, an input is one part.
   */
  partsOf?(input: Uint8Array): number[];
  /** Makes right, in place, what would have an input refused at once: lengths and sums. Of a part where there are parts. */
  mend?(input: Uint8Array): void;
  /** A change of its own kind; gives the bytes it has then. */
  mutate?(into: Uint8Array, bytes: number, random: Random): number;
}

/** How often an input that took long is run: the least time is the input's own, whatever other processes take. */
const SLOW_RUNS = 10;
/** Most errors are those of a format, and are thrown often: their stacks would take a tenth of the time. */
const STACK_FRAMES = 2;
/** One in so many mutations leaves sums as they are. */
const UNMENDED_ONE_IN = 8;

/** A target of rows of bytes without edge counters: what it does is told in words (behaviours.ts). */
export class ByteTarget implements Target {
  readonly name: string;
  readonly bytesMax: number;
  failure: Failure | undefined;
  /** Inputs that were run. */
  calls = 0;
  /** Where another thread sees the input that runs. */
  inHand: InputInHand | undefined;
  readonly #subject: Subject;
  readonly #random: Random;
  readonly #mutator: ByteMutator;
  readonly #behaviours = new Behaviours();

  /** `random` chooses what mutations do. */
  constructor(subject: Subject, random: Random) {
    this.name = subject.name;
    this.bytesMax = subject.bytesMax;
    this.#subject = subject;
    this.#random = random;
    this.#mutator = new ByteMutator(random, subject.tokens);
  }

  get seeds(): readonly Uint8Array[] {
    return this.#subject.seeds;
  }

  coverage(): Coverage {
    const { count } = this.#behaviours;
    return { covered: count, total: 0, features: count };
  }

  /** One of the seeds. */
  make(into: Uint8Array): number {
    const seed = this.seeds.length === 0 ? new Uint8Array(0) : this.#random.pick(this.seeds);
    into.set(seed.subarray(0, into.length));
    return Math.min(seed.length, into.length);
  }

  mutate(into: Uint8Array, bytes: number, other: Uint8Array): number {
    const starts = this.#subject.partsOf?.(into.subarray(0, bytes));
    if (starts === undefined || starts.length === 0 || this.#random.oneIn(8)) {
      const length = this.#change(into, bytes, other);
      return starts === undefined ? this.#mended(into, 0, length) : length;
    }
    if (this.#random.oneIn(4)) return this.#rearrange(into, bytes, starts, other);
    return this.#changePart(into, bytes, starts, other);
  }

  run(input: Uint8Array, sought?: Failure | "any"): Shown {
    this.calls++;
    const start = performance.now();
    this.failure = this.#outcome(input, sought !== undefined);
    const took = performance.now() - start;
    if (this.failure === undefined && took > this.#subject.millisecondsMax(input.length)) {
      this.failure = this.#slowness(input, took);
    }
    if (this.failure !== undefined) return Shown.Failure;
    return this.#behaviours.takeNew() ? Shown.News : Shown.Nothing;
  }

  /** A slow input stays as it is: thousands of tries would take as long each. */
  smaller(input: Uint8Array): Iterable<Uint8Array> {
    return this.failure?.oracle === "slow-unit" ? [] : smallerBytes(input);
  }

  #outcome(input: Uint8Array, thorough: boolean): Failure | undefined {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = STACK_FRAMES;
    this.inHand?.begin(input);
    try {
      return this.#subject.run(input, this.#behaviours, thorough);
    } catch (error) {
      return { oracle: "crash", text: crashText(error) };
    } finally {
      this.inHand?.end();
      Error.stackTraceLimit = stackTraceLimit;
    }
  }

  /** The least time of several runs, if that is too long as well. */
  #slowness(input: Uint8Array, took: number): Failure | undefined {
    let least = took;
    for (let n = 1; n < SLOW_RUNS; n++) {
      const start = performance.now();
      this.#outcome(input, true);
      least = Math.min(least, performance.now() - start);
    }
    const most = this.#subject.millisecondsMax(input.length);
    if (least <= most) return undefined;
    return { oracle: "slow-unit", text: `${Math.round(least)} ms, more than ${most} for ${input.length} bytes` };
  }

  #change(into: Uint8Array, bytes: number, other: Uint8Array): number {
    const subject = this.#subject;
    if (subject.mutate !== undefined && this.#random.oneIn(2)) return subject.mutate(into, bytes, this.#random);
    return this.#mutator.mutate(into, bytes, other);
  }

  #mended(into: Uint8Array, start: number, end: number): number {
    if (!this.#random.oneIn(UNMENDED_ONE_IN)) this.#subject.mend?.(into.subarray(start, end));
    return end;
  }

  #changePart(into: Uint8Array, bytes: number, starts: readonly number[], other: Uint8Array): number {
    const [start, end] = this.#partOf(starts, bytes);
    const tail = into.slice(end, bytes);
    const room = into.subarray(start);
    const length = this.#change(room, end - start, other);
    this.#mended(room, 0, length);
    const kept = tail.subarray(0, room.length - length);
    room.set(kept, length);
    return start + length + kept.length;
  }

  /** Drops a part, doubles it, or puts a part of the other input in front of it. */
  #rearrange(into: Uint8Array, bytes: number, starts: readonly number[], other: Uint8Array): number {
    const [start, end] = this.#partOf(starts, bytes);
    if (starts.length > 1 && this.#random.oneIn(3)) {
      into.copyWithin(start, end, bytes);
      return bytes - (end - start);
    }
    const from = this.#random.oneIn(2) ? into.slice(0, bytes) : other;
    const [first, last] = this.#partOf(this.#subject.partsOf?.(from) ?? [], from.length);
    const part = from.slice(first, last);
    if (bytes + part.length > into.length) return bytes;
    into.copyWithin(start + part.length, start, bytes);
    into.set(part, start);
    return bytes + part.length;
  }

  #partOf(starts: readonly number[], bytes: number): [start: number, end: number] {
    if (starts.length === 0) return [0, bytes];
    const at = this.#random.below(starts.length);
    return [starts[at] as number, starts[at + 1] ?? bytes];
  }
}

/** An exception's kind and words, and the function that threw it: two that differ in it are two findings. */
function crashText(error: unknown): string {
  if (!(error instanceof Error)) return `throws ${String(error)}`;
  const where = /^ +at (?:new )?([\w.#$<>]+)/m.exec(error.stack ?? "")?.[1];
  return `${error.name}: ${error.message}${where === undefined ? "" : ` in ${where}`}`;
}
