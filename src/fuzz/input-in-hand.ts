/** u32 runs that have begun and ended, so it is odd while one goes on; u32 bytes of its input; then the input. */
const COUNT = 0;
const LENGTH = 1;
const HEAD_BYTES = 8;

/**
 * The input that a thread is about to run, in memory that another thread sees: a run that does not come to an end leaves its
 * thread no chance to say so.
 */
export class InputInHand {
  readonly memory: SharedArrayBuffer;
  readonly #head: Int32Array;
  readonly #bytes: Uint8Array;

  /** `memory`: of the other thread's, or room for an input of `bytesMax` bytes. */
  constructor(memory: SharedArrayBuffer | { bytesMax: number }) {
    this.memory = "bytesMax" in memory ? new SharedArrayBuffer(HEAD_BYTES + memory.bytesMax) : memory;
    this.#head = new Int32Array(this.memory, 0, HEAD_BYTES / Int32Array.BYTES_PER_ELEMENT);
    this.#bytes = new Uint8Array(this.memory, HEAD_BYTES);
  }

  /** Of an input that is longer than there is room for, the beginning. */
  begin(input: Uint8Array): void {
    const kept = input.subarray(0, this.#bytes.length);
    this.#bytes.set(kept);
    this.#head[LENGTH] = kept.length;
    Atomics.add(this.#head, COUNT, 1);
  }

  end(): void {
    Atomics.add(this.#head, COUNT, 1);
  }

  /** Number of the run that goes on, from 1; undefined between two. */
  get run(): number | undefined {
    const count = Atomics.load(this.#head, COUNT) >>> 0;
    return count % 2 === 0 ? undefined : (count + 1) / 2;
  }

  /** A copy of the input of the run that goes on, or of the last one. */
  get input(): Uint8Array {
    return this.#bytes.slice(0, this.#head[LENGTH]);
  }
}
