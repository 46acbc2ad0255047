import * as abi from "../../assembly/abi/op.ts";
import { EfiCode } from "../../assembly/abi/status.ts";
import type { OpLayout } from "../op.ts";
import { efiCode } from "../status.ts";
import type { PlatformCall } from "./platform-call.ts";

/** What a byte holds that nobody has set. */
export const POISON = 0xa5;

/** Bytes of an op from an offset on, as [offset, bytes]. */
type Part = readonly [offset: number, bytes: number];

/** Fills what an answer leaves unset of the part of the op that is written back: padding, and outputs of a failed call. */
export function poisonOp(call: PlatformCall, op: Uint8Array, status: bigint): void {
  const start = call.isRuntime ? call.layout.callBody : abi.INFO_BODY;
  const end = call.writtenFrom + call.writtenBytes;
  const set = call.isRuntime ? callParts(call, efiCode(status) === EfiCode.Success) : infoParts(call);
  if (set === undefined) return;
  const filled = op.slice(start, end).fill(POISON);
  for (const [offset, bytes] of set) filled.set(op.subarray(offset, offset + bytes), offset - start);
  op.set(filled, start);
}

/** Members of a runtime call's union that the caller or the service has set; undefined: all of it. */
function callParts({ fn, layout }: PlatformCall, ok: boolean): Part[] | undefined {
  const long = layout.longBytes;
  switch (fn) {
    case "get_time":
      return ok ? [...timeParts(layout), [layout.resolution, 4], [layout.accuracy, 4]] : [];
    case "get_wakeup_time":
      return ok ? timeParts(layout) : [];
    case "set_time":
    case "set_wakeup_time":
      return timeParts(layout);
    case "get_next_high_monotonic_count":
      return [];
    case "get_next_variable_name":
      return [
        [layout.nextSize, long],
        [layout.nextName, long],
        [layout.nextGuid, abi.GUID_BYTES],
      ];
    case "query_variable_info":
      return [[layout.queryAttr, 4], ...(ok ? longs(layout.maxStoreSize, layout.remainStoreSize, layout.maxSize) : [])];
    default:
      return undefined;
  }
}

function infoParts({ misc: index, op }: PlatformCall): Part[] | undefined {
  if (op[abi.INFO_TYPE] !== abi.FW_EFI_INFO) return undefined;
  switch (index) {
    case abi.EFI_INFO_VERSION:
    case abi.EFI_INFO_RT_VERSION:
      return [[abi.INFO_VERSION, 4]];
    case abi.EFI_INFO_CONFIG_TABLE:
      return [...longs(abi.INFO_CONFIG_ADDR), [abi.INFO_CONFIG_NENT, 4]];
    case abi.EFI_INFO_MEM_INFO:
      return [...longs(abi.INFO_MEM_ADDR, abi.INFO_MEM_SIZE, abi.INFO_MEM_ATTR), [abi.INFO_MEM_TYPE, 4]];
    default:
      return undefined;
  }
}

/** An EFI_TIME but for its two pad bytes. */
function timeParts({ time }: OpLayout): Part[] {
  return [
    [time, abi.TIME_PAD1],
    [time + abi.TIME_NANOSECOND, abi.TIME_PAD2 - abi.TIME_NANOSECOND],
  ];
}

function longs(...offsets: number[]): Part[] {
  return offsets.map((offset) => [offset, 8]);
}
