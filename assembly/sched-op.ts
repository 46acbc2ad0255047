import { SCHED_SHUTDOWN_BYTES, SCHEDOP_SHUTDOWN, SHUTDOWN_BY_DOM0, SHUTDOWN_REASON_MASK } from "./abi/sched";
import { Reason, XenErrno } from "./abi/status";
import { FAULT, viewFirst } from "./guest";
import { state } from "./state";

/**
 * Answers HYPERVISOR_sched_op with its argument at guest address `high`:`argument`: 0 or a negative XenErrno. A shutdown is kept
 * in state.shutdown, of its reason the low byte (xen/common/sched/core.c, do_sched_op; xen/common/domain.c,
 * domain_shutdown).
 */
export function schedOp(cmd: u32, argument: u32, high: u32): i32 {
  state.reason = Reason.None;
  if (cmd !== SCHEDOP_SHUTDOWN) return refused(XenErrno.ENOSYS, Reason.UnknownSchedOp);
  const shutdown = viewFirst(((<u64>high) << 32) | argument, SCHED_SHUTDOWN_BYTES);
  if (shutdown === FAULT) return refused(XenErrno.EFAULT, Reason.ArgumentNotMapped);
  state.shutdown = SHUTDOWN_BY_DOM0 | (load<u32>(shutdown) & SHUTDOWN_REASON_MASK);
  return 0;
}

function refused(errno: XenErrno, reason: Reason): i32 {
  state.reason = reason;
  return -errno;
}
