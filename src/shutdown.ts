import { SHUTDOWN_BY_FIRMWARE, SHUTDOWN_REASON_MASK } from "../assembly/abi/sched.ts";

/** Reasons of SCHEDOP_shutdown by number (xen/include/public/sched.h). */
export const SHUTDOWN_NAMES = ["poweroff", "reboot", "suspend", "crash", "watchdog", "soft_reset"] as const;

export type ShutdownName = (typeof SHUTDOWN_NAMES)[number];

/** How Dom0 ended. */
export interface Shutdown {
  /** Dom0 asked for it by SCHEDOP_shutdown, or the firmware reset the machine within a call. */
  by: "dom0" | "firmware";
  /** Low byte of Dom0's reason; undefined for the firmware. */
  reason: number | undefined;
  /** The reason's name; "unknown" for one that Xen has none for; "warm_reset" for the firmware. */
  name: ShutdownName | "unknown" | "warm_reset";
  /**
   * What the machine does then. Xen halts it after a poweroff; after anything else, a suspend and unknown reasons
   * included, it restarts it (xen/common/shutdown.c, hwdom_shutdown, without `noreboot` and without a crash kernel).
   */
  machine: "halts" | "restarts";
}

/** A call was made on a machine whose Dom0 has ended. */
export class StoppedError extends Error {
  readonly shutdown: Shutdown;

  constructor(shutdown: Shutdown) {
    super(`Dom0 does not run since its ${shutdown.name}; reboot() starts it again`);
    this.name = "StoppedError";
    this.shutdown = shutdown;
  }
}

/** Reads STATE_SHUTDOWN; undefined while Dom0 runs. */
export function readShutdown(value: number): Shutdown | undefined {
  if (value === 0) return undefined;
  if (value === SHUTDOWN_BY_FIRMWARE) {
    return { by: "firmware", reason: undefined, name: "warm_reset", machine: "restarts" };
  }
  const reason = value & SHUTDOWN_REASON_MASK;
  const name = SHUTDOWN_NAMES[reason] ?? "unknown";
  return { by: "dom0", reason, name, machine: name === "poweroff" ? "halts" : "restarts" };
}
