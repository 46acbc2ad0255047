import * as abi from "../../assembly/abi/op.ts";
import { guidBytes } from "../guid.ts";
import { setLong } from "../op.ts";
import { foldStatus } from "../status.ts";
import { overwriteTime } from "../time.ts";
import type { FaultOutputs } from "./fault.ts";
import type { PlatformCall } from "./platform-call.ts";

/** Writes a 64-bit status into an answered op, as the caller's ABI has it; firmware_info has none. */
export function writeStatus({ isRuntime, layout, abi: abiName }: PlatformCall, op: Uint8Array, status: bigint): void {
  if (!isRuntime) return;
  const isNarrow = abiName === "arm32" || abiName === "x86_32";
  setLong(viewOf(op), layout, abi.OP_STATUS, isNarrow ? foldStatus(status) : status);
}

/** The size field of a call that has one: bytes. */
export function writeSize({ fn, layout, size }: PlatformCall, op: Uint8Array, bytes: bigint): void {
  const view = viewOf(op);
  if (size === undefined) return;
  if (fn === "firmware_info") view.setUint32(abi.INFO_VENDOR_BUFSZ, Number(BigInt.asUintN(32, bytes)), true);
  else setLong(view, layout, fn === "get_next_variable_name" ? layout.nextSize : layout.size, bytes);
}

/** Overwrites those of the fields that the call's function has. */
export function writeOutputs(call: PlatformCall, op: Uint8Array, out: FaultOutputs): void {
  const view = viewOf(op);
  const { fn, layout } = call;
  const u32 = (offset: number, value: number | undefined) => {
    if (value !== undefined) view.setUint32(offset, value, true);
  };
  const u64 = (offset: number, value: bigint | undefined) => {
    if (value !== undefined) view.setBigUint64(offset, value, true);
  };
  if (call.isRuntime) u32(abi.OP_MISC, out.misc);
  if (out.size !== undefined) writeSize(call, op, out.size);
  switch (fn) {
    case "get_time":
      u32(layout.resolution, out.resolution);
      u32(layout.accuracy, out.accuracy);
      overwriteTime(view, layout.time, out.time ?? {});
      break;
    case "get_wakeup_time":
      overwriteTime(view, layout.time, out.time ?? {});
      break;
    case "get_next_variable_name":
      if (out.guid !== undefined) op.set(guidBytes(out.guid), layout.nextGuid);
      break;
    case "query_variable_info":
      u64(layout.maxStoreSize, out.max_store_size);
      u64(layout.remainStoreSize, out.remain_store_size);
      u64(layout.maxSize, out.max_size);
      break;
    case "query_capsule_capabilities":
      u64(layout.maxCapsuleSize, out.max_capsule_size);
      u32(layout.resetType, out.reset_type);
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
