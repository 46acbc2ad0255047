import { INTERFACE_VERSION, OP_BYTES, OP_INTERFACE_VERSION } from "../../assembly/abi/op.ts";
import { SCHEDOP_SHUTDOWN } from "../../assembly/abi/sched.ts";
import { bufferMemory } from "../guest-memory.ts";
import { Machine, type MachineOptions } from "../machine.ts";
import type { Abi } from "../op.ts";
import { Q35_FACTS } from "../policies/q35-facts.ts";
import type { TraceCall } from "../trace/format.ts";
import { Recorder } from "../trace/recorder.ts";
import { ShimEfi } from "./efi.ts";
import { type BugFunction, ShimBugError, type ShimEvent } from "./events.ts";
import { type Host, importsOf, type Passed } from "./imports.ts";
import { diagnose } from "./layout-diagnosis.ts";
import { NullGuard } from "./null-guard.ts";
import { printed } from "./printk.ts";
import { ShimMemory } from "./shim-memory.ts";

export interface ShimOptions {
  /** What the shim was built for. Default arm32 for wasm32, x86_64 for wasm64. */
  abi?: Abi;
  /** The machine behind the hypercalls; its `windowBytes` are 4 MiB unless given. */
  machine?: Omit<MachineOptions, "abi" | "guestMemory">;
  /** Functions that the shim imports from `env`, by name; they come before xenefi's own. */
  imports?: Record<string, unknown>;
  /** Addresses below this are not mapped, and the shim must not write there. Default 1024, where lld puts a shim's data. */
  nullGuard?: number;
}

const COPY_BYTES = 0x400000;

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
  readonly #guard: NullGuard;
  /** Where C code has its stack; undefined in a module without one. */
  readonly #stackPointer: WebAssembly.Global | undefined;

  /** Throws a TypeError for a module that is no shim; loadShim compiles one. */
  constructor(module: WebAssembly.Module, options: ShimOptions = {}) {
    const imports = importsOf(module, this.#host(), options.imports ?? {});
    this.exports = new WebAssembly.Instance(module, imports).exports;
    const { memory, __stack_pointer } = this.exports;
    if (!(memory instanceof WebAssembly.Memory)) throw new TypeError("the shim exports no memory");
    if (__stack_pointer instanceof WebAssembly.Global) this.#stackPointer = __stack_pointer;
    const isWide = typeof this.#stackPointer?.value === "bigint";
    this.mem = new ShimMemory(memory, isWide ? 8 : 4);
    this.#guard = new NullGuard(memory, options.nullGuard ?? 1024);
    this.machine = new Machine({
      // A machine for each test: the largest room for copies would take longer to make than the test.
      windowBytes: COPY_BYTES,
      ...options.machine,
      abi: options.abi ?? (isWide ? "x86_64" : "arm32"),
      guestMemory: bufferMemory(() => memory.buffer, { unmappedBelow: this.#guard.bytes }),
    });
    this.#recorder = new Recorder(this.machine, (call) => this.log.push(call));
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

  #host(): Host {
    return {
      platformOp: (op) => this.#platformOp(address(op)),
      wrappedPlatformOp: (op) => this.#wrappedPlatformOp(address(op)),
      schedOp: (cmd, argument) => this.#schedOp(cmd, address(argument)),
      reboot: (reason) => void this.mem.scoped(() => this.#schedOp(SCHEDOP_SHUTDOWN, this.mem.u32(reason))),
      printk: (format, values) => {
        this.events.push({ kind: "printk", ...printed(this.mem, address(format), address(values)) });
        return 0;
      },
      bug: (by, format, values) => this.#bug(by, address(format), address(values)),
    };
  }

  #platformOp(op: number): number {
    const { machine } = this;
    const wrong = diagnose(machine.view, op, machine.abi, (start) => machine.mappedBytes(start));
    if (wrong !== undefined) throw wrong;
    return this.#recorder.hypercall(op);
  }

  #wrappedPlatformOp(op: number): number {
    if (this.machine.mappedBytes(op) >= OP_BYTES)
      this.machine.view.setUint32(op + OP_INTERFACE_VERSION, INTERFACE_VERSION, true);
    return this.#platformOp(op);
  }

  #schedOp(cmd: number, argument: number): number {
    const ret = this.machine.schedOp(cmd, argument);
    const { shutdown } = this.machine;
    if (shutdown?.reason === undefined) this.events.push({ kind: "sched_op", cmd, ret });
    else this.events.push({ kind: "reboot", reason: shutdown.reason, name: shutdown.name as "reboot" });
    return ret;
  }

  #bug(by: BugFunction, format: number, values: number): never {
    const text = format === 0 ? "" : printed(this.mem, format, values).text;
    this.events.push({ kind: "bug", by, text });
    throw new ShimBugError(by, text);
  }
}

/** An address as wasm passes it, as a number. */
function address(passed: Passed): number {
  return typeof passed === "bigint" ? Number(BigInt.asUintN(64, passed)) : passed >>> 0;
}
