/** What lies below a shim's data, so that a write there shows; a read gets no zeros. */
const CANARY = 0xc5;

/** The shim wrote through a NULL pointer, or its stack has reached the end: wasm has no page that faults. */
export class NullWriteError extends Error {
  constructor(address: number, byte: number, name: string) {
    super(
      `${name} wrote 0x${byte.toString(16).padStart(2, "0")} to address ${address}, below all data: through a NULL pointer`,
    );
    this.name = "NullWriteError";
  }
}

/** Addresses 0 up to `bytes` of a shim's memory, where nothing may be. */
export class NullGuard {
  readonly bytes: number;
  readonly #memory: WebAssembly.Memory;

  /** Throws a RangeError if the shim has data there. */
  constructor(memory: WebAssembly.Memory, bytes: number) {
    this.#memory = memory;
    this.bytes = bytes;
    const used = this.#range().findIndex((byte) => byte !== 0);
    if (used !== -1) {
      throw new RangeError(
        `nullGuard: the shim has data at address ${used}, below ${bytes}; link it with --global-base=${bytes}, or give another nullGuard`,
      );
    }
    this.mend();
  }

  mend(): void {
    this.#range().fill(CANARY);
  }

  /** Throws a NullWriteError that names the function if the range has changed; it is mended then. */
  check(name: string): void {
    const range = this.#range();
    // Every call comes here: findIndex would take longer than the call.
    let at = 0;
    while (range[at] === CANARY) at++;
    if (at === range.length) return;
    const byte = range[at] as number;
    this.mend();
    throw new NullWriteError(at, byte, name);
  }

  #range(): Uint8Array {
    return new Uint8Array(this.#memory.buffer, 0, this.bytes);
  }
}
