import { INTERFACE_VERSION, OP_BYTES, OP_INTERFACE_VERSION } from "../../assembly/abi/op.ts";
import { SCHEDOP_SHUTDOWN } from "../../assembly/abi/sched.ts";
import type { Hypervisor } from "../client.ts";
import type { Machine } from "../machine.ts";
import { type BugFunction, ShimBugError, type ShimEvent } from "./events.ts";
import { diagnose } from "./layout-diagnosis.ts";
import { printed } from "./printk.ts";
import type { ShimMemory } from "./shim-memory.ts";

/** An address, long or integer as wasm passes it: of 32 bits with a sign, of 64 bits as a BigInt. */
export type Passed = number | bigint;

/** What stands behind a shim's imports; asked for at each call, since a shim has its memory after its imports. */
export interface Behind {
  readonly machine: Machine;
  readonly mem: ShimMemory;
  /** What answers the hypercalls: the machine, or what stands in front of it. */
  readonly through: Hypervisor;
  readonly tell: (event: ShimEvent) => void;
}

/** What the host of a shim does for it. */
export class Host {
  readonly #behind: () => Behind;

  constructor(behind: () => Behind) {
    this.#behind = behind;
  }

  /** Throws a LayoutError for an op that is not laid out as the machine's ABI has it. */
  platformOp(passed: Passed): number {
    const { machine, through } = this.#behind();
    const op = address(passed);
    const wrong = diagnose(machine.view, op, machine.abi, (start) => machine.mappedBytes(start));
    if (wrong !== undefined) throw wrong;
    return through.hypercall(op);
  }

  /** The kernel's wrapper of it, which sets interface_version. */
  wrappedPlatformOp(passed: Passed): number {
    const { machine } = this.#behind();
    const op = address(passed);
    if (machine.mappedBytes(op) >= OP_BYTES) {
      machine.view.setUint32(op + OP_INTERFACE_VERSION, INTERFACE_VERSION, true);
    }
    return this.platformOp(op);
  }

  schedOp(cmd: number, argument: Passed): number {
    const { machine, tell } = this.#behind();
    const ret = machine.schedOp(cmd, address(argument));
    const { shutdown } = machine;
    if (shutdown?.reason === undefined) tell({ kind: "sched_op", cmd, ret });
    else tell({ kind: "reboot", reason: shutdown.reason, name: shutdown.name as "reboot" });
    return ret;
  }

  reboot(reason: number): void {
    const { mem } = this.#behind();
    mem.scoped(() => this.schedOp(SCHEDOP_SHUTDOWN, mem.u32(reason)));
  }

  printk(format: Passed, values: Passed): number {
    const { mem, tell } = this.#behind();
    tell({ kind: "printk", ...printed(mem, address(format), address(values)) });
    return 0;
  }

  /** `format` 0: there is no text. Throws a ShimBugError. */
  bug(by: BugFunction, format: Passed, values: Passed): never {
    const { mem, tell } = this.#behind();
    const text = address(format) === 0 ? "" : printed(mem, address(format), address(values)).text;
    tell({ kind: "bug", by, text });
    throw new ShimBugError(by, text);
  }
}

/** An address as wasm passes it, as a number: the one place where it is converted. */
function address(passed: Passed): number {
  return typeof passed === "bigint" ? Number(BigInt.asUintN(64, passed)) : passed >>> 0;
}
