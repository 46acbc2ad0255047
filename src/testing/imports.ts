import type { BugFunction } from "./events.ts";

/** An address, long or integer as wasm passes it: of 32 bits with a sign, of 64 bits as a BigInt. */
export type Passed = number | bigint;

/** What the host of a shim does for it. */
export interface Host {
  platformOp(op: Passed): number;
  /** The kernel's wrapper of it, which sets interface_version. */
  wrappedPlatformOp(op: Passed): number;
  schedOp(cmd: number, argument: Passed): number;
  reboot(reason: number): void;
  printk(format: Passed, values: Passed): number;
  /** `format` 0: there is no text. */
  bug(by: BugFunction, format: Passed, values: Passed): never;
}

const PLATFORM_OP = 7;

/** Functions under the names that C code imports them by. */
function known(host: Host): Record<string, (...args: never[]) => unknown> {
  return {
    HYPERVISOR_platform_op: host.wrappedPlatformOp,
    HYPERVISOR_platform_op_raw: host.platformOp,
    _hypercall1: (number: Passed, argument: Passed) => {
      if (Number(number) === PLATFORM_OP) return host.platformOp(argument);
      throw new Error(`the shim made hypercall ${number}; only platform_op, ${PLATFORM_OP}, is answered here`);
    },
    HYPERVISOR_sched_op: host.schedOp,
    xen_reboot: host.reboot,
    printk: host.printk,
    _printk: host.printk,
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
  const functions: Record<string, unknown> = { ...known(host), ...own };
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
