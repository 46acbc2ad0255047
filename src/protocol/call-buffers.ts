import * as abi from "../../assembly/abi/op.ts";
import { getLong, type OpLayout } from "../op.ts";
import { BUFFER_BYTES_MAX } from "./layout.ts";

/** A buffer that an op names. */
export interface CallBuffer {
  /** Offset of its handle in the op. */
  field: number;
  address: bigint;
  /** Bytes that the hypervisor looks at or writes, at the most; undefined: up to a terminator. */
  count: number | undefined;
  /** Its content goes in. */
  isRead: boolean;
}

export interface CallBuffers {
  name?: CallBuffer;
  data?: CallBuffer;
}

/** The buffers of an op of 136 bytes at offset `op`; none for one that Xen takes for neither of the two commands. */
export function buffersOf(view: DataView, op: number, layout: OpLayout): CallBuffers {
  if (view.getUint32(op + abi.OP_INTERFACE_VERSION, true) !== abi.INTERFACE_VERSION) return {};
  const cmd = view.getUint32(op + abi.OP_CMD, true);
  if (cmd === abi.CMD_FIRMWARE_INFO) return infoBuffers(view, op, layout);
  return cmd === abi.CMD_EFI_RUNTIME_CALL ? runtimeBuffers(view, op, layout) : {};
}

/** Those of capsule calls are not looked at: no Xen passes these calls on. */
function runtimeBuffers(view: DataView, op: number, layout: OpLayout): CallBuffers {
  const fn = view.getUint32(op + abi.OP_FUNCTION, true);
  const buffer = (field: number, count: number | undefined, isRead: boolean): CallBuffer => ({
    field,
    address: getLong(view, layout, op + field),
    count,
    isRead,
  });
  if (fn === abi.FN_GET_VARIABLE || fn === abi.FN_SET_VARIABLE) {
    const isSet = fn === abi.FN_SET_VARIABLE;
    const long = getLong(view, layout, op + layout.size);
    const size = isSet ? allocated(long) : Math.min(Number(long), BUFFER_BYTES_MAX);
    return { name: buffer(layout.name, undefined, true), data: buffer(layout.data, size, isSet) };
  }
  if (fn !== abi.FN_GET_NEXT_VARIABLE_NAME) return {};
  return { name: buffer(layout.nextName, allocated(getLong(view, layout, op + layout.nextSize)), true) };
}

function infoBuffers(view: DataView, op: number, layout: OpLayout): CallBuffers {
  const isVendor =
    view.getUint32(op + abi.INFO_TYPE, true) === abi.FW_EFI_INFO &&
    view.getUint32(op + abi.INFO_INDEX, true) === abi.EFI_INFO_VENDOR;
  if (!isVendor) return {};
  const count = Math.min(view.getUint32(op + abi.INFO_VENDOR_BUFSZ, true), BUFFER_BYTES_MAX);
  const address = getLong(view, layout, op + abi.INFO_VENDOR_NAME);
  return { data: { field: abi.INFO_VENDOR_NAME, address, count, isRead: false } };
}

/** Bytes of what goes in: a buffer for which the hypervisor has no memory is not looked at. */
function allocated(size: bigint): number {
  return size > BUFFER_BYTES_MAX ? 0 : Number(size);
}
