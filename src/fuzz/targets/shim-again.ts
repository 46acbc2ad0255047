import { Shim, type ShimOptions } from "../../testing/shim.ts";
import { mutableGlobals } from "../wasm-globals.ts";

/** Bytes that calls put into a shim's memory; its pages are there from the start, so that its size tells nothing. */
const ROOM_BYTES = 0x8000;

/**
 * The same shim for each input, as it was after its setup. Where all that it can change is its memory, and the stack pointer
 * that each call restores, it goes back by a copy; else a new one is made.
 */
export class ShimAgain {
  readonly #module: WebAssembly.Module;
  readonly #options: ShimOptions;
  readonly #hasGlobals: boolean;
  #shim: Shim | undefined;
  #memory = new Uint8Array(0);

  /** Throws as loadShim, and as the engine for bytes that are no module. */
  constructor(wasm: Uint8Array<ArrayBuffer>, options: ShimOptions) {
    this.#module = new WebAssembly.Module(wasm);
    this.#options = options;
    const hasStack = WebAssembly.Module.exports(this.#module).some(({ name }) => name === "__stack_pointer");
    this.#hasGlobals = globalsOf(wasm) > (hasStack ? 1 : 0);
  }

  /** The shim at its start; an earlier one is of no use any more. */
  take(): Shim {
    const shim = this.#shim;
    if (shim === undefined || this.#hasGlobals || shim.mem.view.byteLength !== this.#memory.length) return this.#make();
    new Uint8Array(shim.mem.view.buffer).set(this.#memory);
    shim.machine.undo();
    shim.events.length = 0;
    shim.log.length = 0;
    return shim;
  }

  #make(): Shim {
    const shim = new Shim(this.#module, this.#options);
    shim.mem.scoped(() => shim.mem.alloc(ROOM_BYTES));
    shim.log.length = 0;
    shim.events.length = 0;
    shim.machine.mark();
    this.#memory = new Uint8Array(shim.mem.view.buffer).slice();
    this.#shim = shim;
    return shim;
  }
}

/** Infinity where it cannot be told: a new shim is always right. */
function globalsOf(wasm: Uint8Array): number {
  try {
    return mutableGlobals(wasm);
  } catch (error) {
    if (error instanceof SyntaxError) return Number.POSITIVE_INFINITY;
    throw error;
  }
}
