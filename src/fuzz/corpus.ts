import type { Random } from "../random.ts";

/** Inputs that each showed something new, in the order in which they came. */
export class Corpus {
  readonly #inputs: Uint8Array[] = [];

  get size(): number {
    return this.#inputs.length;
  }

  /** Bytes of all inputs. */
  get bytes(): number {
    return this.#inputs.reduce((sum, input) => sum + input.length, 0);
  }

  get inputs(): readonly Uint8Array[] {
    return this.#inputs;
  }

  /** Keeps a copy. */
  add(input: Uint8Array): void {
    this.#inputs.push(input.slice());
  }

  /** One to start from: every second time one of the youngest sixteenth, which show what is least explored. */
  pick(random: Random): Uint8Array {
    const { length } = this.#inputs;
    const young = Math.max(8, length >> 4);
    const at = random.oneIn(2) && length > young ? length - 1 - random.below(young) : random.below(length);
    return this.#inputs[at] as Uint8Array;
  }
}
