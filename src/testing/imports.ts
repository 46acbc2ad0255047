import type { Hypervisor } from "../client.ts";
import type { Machine } from "../machine.ts";
import type { ShimEvent } from "./events.ts";
import { type Behind, Host, type Passed } from "./host.ts";
import { longBytesOf, ShimMemory } from "./shim-memory.ts";

const PLATFORM_OP = 7;

export interface HypercallOptions {
  /** What answers in front of the machine, such as a Recorder. Default the machine itself. */
  through?: Hypervisor;
  /** Is told what the shim does beside its hypercalls: printk, reboots, BUGs. */
  tell?: (event: ShimEvent) => void;
}

/**
 * The functions that a shim imports from `env`, by their names in C, for a module that is instantiated without loadShim.
 * The machine's `guestMemory` must be the module's memory: bufferMemory(() => memory.buffer). Both are asked for the memory
 * at a call and not before, so that it can be one that the module exports.
 */
export function hypercallImports(
  machine: Machine,
  memory: () => WebAssembly.Memory,
  { through = machine, tell = () => {} }: HypercallOptions = {},
): Record<string, (...args: never[]) => unknown> {
  let mem: ShimMemory | undefined;
  const behind: Behind = {
    ...{ machine, through, tell },
    get mem() {
      mem ??= new ShimMemory(memory(), longBytesOf(memory()));
      return mem;
    },
  };
  return functionsOf(new Host(() => behind));
}

/** Functions under the names that C code imports them by. */
function functionsOf(host: Host): Record<string, (...args: never[]) => unknown> {
  return {
    HYPERVISOR_platform_op: (op: Passed) => host.wrappedPlatformOp(op),
    HYPERVISOR_platform_op_raw: (op: Passed) => host.platformOp(op),
    _hypercall1: (number: Passed, argument: Passed) => {
      if (Number(number) === PLATFORM_OP) return host.platformOp(argument);
      throw new Error(`the shim made hypercall ${number}; only platform_op, ${PLATFORM_OP}, is answered here`);
    },
    HYPERVISOR_sched_op: (cmd: number, argument: Passed) => host.schedOp(cmd, argument),
    xen_reboot: (reason: number) => host.reboot(reason),
    printk: (format: Passed, values: Passed) => host.printk(format, values),
    _printk: (format: Passed, values: Passed) => host.printk(format, values),
    BUG: () => host.bug("BUG", 0, 0),
    panic: (format: Passed, values: Passed) => host.bug("panic", format, values),
    abort: () => host.bug("abort", 0, 0),
  };
}

/**
 * The imports of a module: the host's functions and those of `own`, which come first. A function that neither has throws
 * when it is called, and names itself. Throws a TypeError if the module imports anything but functions.
 */
export function importsOf(module: WebAssembly.Module, host: Host, own: Record<string, unknown>): WebAssembly.Imports {
  const functions: Record<string, unknown> = { ...functionsOf(host), ...own };
  const imports: Record<string, Record<string, WebAssembly.ImportValue>> = {};
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
    if (kind !== "function" && !(from === "env" && name in own)) {
      throw new TypeError(`the shim imports the ${kind} ${from}.${name}; only functions are imported`);
    }
    const found = from === "env" && Object.hasOwn(functions, name) ? functions[name] : thrower(`${from}.${name}`, name);
    imports[from] = { ...imports[from], [name]: found as WebAssembly.ImportValue };
  }
  return imports;
}

function thrower(path: string, name: string) {
  return () => {
    throw new Error(`the shim called ${path}, which is not here; give loadShim a function as imports.${name}`);
  };
}
