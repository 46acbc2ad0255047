/**
 * HYPERVISOR_sched_op(cmd, argument) as far as it is answered (xen/include/public/sched.h). The argument of
 * SCHEDOP_SHUTDOWN points to struct sched_shutdown, the same for every ABI:
 *
 *   0 reason u32
 */

/** Hypercall number of `sched_op`. */
export const HYPERCALL_SCHED_OP = 29;
export const SCHEDOP_SHUTDOWN = 2;
export const SCHED_SHUTDOWN_BYTES = 4;

/**
 * STATE_SHUTDOWN: 0 while Dom0 runs; SHUTDOWN_BY_DOM0 with the reason's low byte, which is all that Xen keeps of it; or
 * SHUTDOWN_BY_FIRMWARE.
 */
export const SHUTDOWN_BY_DOM0 = 0x100;
export const SHUTDOWN_BY_FIRMWARE = 0x200;
export const SHUTDOWN_REASON_MASK = 0xff;
