import type { Rule } from "../faults/rule.ts";
import { bufferMemory } from "../guest-memory.ts";
import { Machine, type MachineOptions } from "../machine.ts";
import type { Abi } from "../op.ts";
import { Q35_FACTS } from "../policies/q35-facts.ts";
import type { TraceCall } from "../trace/format.ts";
import { Recorder } from "../trace/recorder.ts";
import { ShimEfi } from "./efi.ts";
import type { ShimEvent } from "./events.ts";
import { Host, type Passed } from "./host.ts";
import { importsOf } from "./imports.ts";
import { NullGuard } from "./null-guard.ts";
import { longBytesOf, ShimMemory } from "./shim-memory.ts";

export interface ShimOptions {
  /** What the shim was built for. Default arm32 for wasm32, x86_64 for wasm64. */
  abi?: Abi;
  /** The machine behind the hypercalls; its `windowBytes` are 1 MiB unless given. */
  machine?: Omit<MachineOptions, "abi" | "guestMemory">;
  /** Functions that the shim imports from `env`, by name; they come before xenefi's own. */
  imports?: Record<string, unknown>;
  /** Disturb the machine's calls from the first one on, as machine.inject does. */
  faults?: readonly Rule[];
  /** Addresses below this are not mapped, and the shim must not write there. Default 1024, where lld puts a shim's data. */
  nullGuard?: number;
}

const COPY_BYTES = 0x100000;

/** A kernel's EFI shim in wasm, and the machine that answers it. */
export class Shim {
  /** What the module exports, as it is. */
  readonly exports: WebAssembly.Exports;
  /** The shim's memory, for values to pass. */
  readonly mem: ShimMemory;
  readonly machine: Machine;
  /** The shim's functions by the names of glue.c, with plain values. */
  readonly efi: ShimEfi;
  /** What it did beside its EFI calls, in order. */
  readonly events: ShimEvent[] = [];
  /** The hypercalls, in a trace's words, in order. */
  readonly log: TraceCall[] = [];

  readonly #recorder: Recorder;
  readonly #tell = (event: ShimEvent) => void this.events.push(event);
  readonly #guard: NullGuard;
  /** Where C code has its stack; undefined in a module without one. */
  readonly #stackPointer: WebAssembly.Global | undefined;

  /** Throws a TypeError for a module that is no shim; loadShim compiles one. */
  constructor(module: WebAssembly.Module, options: ShimOptions = {}) {
    const host = new Host(() => ({ machine: this.machine, mem: this.mem, through: this.#recorder, tell: this.#tell }));
    const imports = importsOf(module, host, options.imports ?? {});
    this.exports = new WebAssembly.Instance(module, imports).exports;
    const { memory, __stack_pointer } = this.exports;
    if (!(memory instanceof WebAssembly.Memory)) throw new TypeError("the shim exports no memory");
    if (__stack_pointer instanceof WebAssembly.Global) this.#stackPointer = __stack_pointer;
    this.mem = new ShimMemory(memory, longBytesOf(memory, this.#stackPointer));
    this.#guard = new NullGuard(memory, options.nullGuard ?? 1024);
    this.machine = new Machine({
      // A machine for each test: the largest room for copies would take longer to make than the test.
      windowBytes: COPY_BYTES,
      ...options.machine,
      abi: options.abi ?? (this.mem.longBytes === 8 ? "x86_64" : "arm32"),
      guestMemory: bufferMemory(() => memory.buffer, { unmappedBelow: this.#guard.bytes }),
    });
    this.#recorder = new Recorder(this.machine, (call) => this.log.push(call));
    for (const rule of options.faults ?? []) this.machine.inject(rule);
    this.efi = new ShimEfi(this.mem, (name, ...args) => this.call(name, ...args));
    const { runtimeVersion } = { ...Q35_FACTS, ...options.machine?.facts };
    if (this.exports.shim_setup !== undefined) this.call("shim_setup", runtimeVersion);
  }

  /**
   * Calls an exported function with arguments as wasm takes them: addresses and longs of wasm64, and all integers of 64
   * bits, as BigInt. Throws what the shim's call ends in (a ShimBugError, a LayoutError, a trap), a NullWriteError, and a
   * TypeError for a function that is not exported. The shim's stack is where it was in any case.
   */
  call(name: string, ...args: Passed[]): unknown {
    const fn = this.exports[name];
    if (typeof fn !== "function") throw new TypeError(`the shim exports no function ${name}`);
    const stack = this.#stackPointer?.value;
    let result: unknown;
    try {
      result = fn(...args);
    } catch (error) {
      // What ended the call is worth more than what it had written.
      this.#guard.mend();
      throw error;
    } finally {
      if (this.#stackPointer !== undefined) this.#stackPointer.value = stack;
    }
    this.#guard.check(name);
    return result;
  }
}
