import { OP_BYTES } from "../../assembly/abi/op.ts";
import { ADDRESS_END, type Region } from "./client-memory.ts";
import { FrameError } from "./frame-error.ts";
import * as layout from "./layout.ts";
import type { CallRequest, Range } from "./remote-call.ts";

/** Reads a CALL; op and bytes stay in the frame. */
export function readCall(frame: Uint8Array, view: DataView): CallRequest {
  checkLength(view, layout.CALL_OP, "at least");
  const opBytes = view.getUint16(layout.CALL_OP_BYTES, true);
  const regions = view.getUint16(layout.CALL_REGIONS, true);
  const opAddress = view.getBigUint64(layout.CALL_OP_ADDRESS, true);
  if (opBytes > OP_BYTES) throw new FrameError(layout.CALL_OP_BYTES, `at most ${OP_BYTES} bytes, not ${opBytes}`);
  if (regions > layout.REGIONS_MAX) {
    throw new FrameError(layout.CALL_REGIONS, `at most ${layout.REGIONS_MAX} regions, not ${regions}`);
  }
  checkAddress(layout.CALL_OP_ADDRESS, opAddress, opBytes);
  let at = layout.CALL_OP + opBytes;
  checkRoom(view, layout.CALL_OP_BYTES, at);
  const op = frame.subarray(layout.CALL_OP, at);
  const read: Region[] = [];
  for (let i = 0; i < regions; i++) {
    checkRoom(view, at, at + layout.REGION_BYTES);
    const region = readRegion(frame, view, at);
    read.push(region);
    at += layout.REGION_BYTES + (region.given?.length ?? 0);
  }
  checkLength(view, at);
  return { number: view.getUint32(layout.CALL_NUMBER, true), opAddress, op, regions: read };
}

function readRegion(frame: Uint8Array, view: DataView, at: number): Region {
  const address = view.getBigUint64(at + layout.REGION_ADDRESS, true);
  const length = view.getUint32(at + layout.REGION_LENGTH, true);
  const given = view.getUint32(at + layout.REGION_GIVEN, true);
  checkAddress(at + layout.REGION_ADDRESS, address, length);
  if (given === layout.NOT_MAPPED) return { address, length, given: undefined };
  if (given > length) throw new FrameError(at + layout.REGION_GIVEN, `at most ${length} bytes given, not ${given}`);
  const first = at + layout.REGION_BYTES;
  checkRoom(view, at + layout.REGION_GIVEN, first + given);
  return { address, length, given: frame.subarray(first, first + given) };
}

/** The bytes of each range that was asked for, in the frame. */
export function readHave(frame: Uint8Array, view: DataView, asked: readonly Range[]): Uint8Array[] {
  let at = layout.HAVE_FIRST;
  const read = asked.map(({ length }) => {
    checkRoom(view, at, at + 4);
    const count = view.getUint32(at, true);
    if (count > length) throw new FrameError(at, `at most the ${length} bytes that were asked for, not ${count}`);
    const first = at + 4;
    checkRoom(view, at, first + count);
    at = first + count;
    return frame.subarray(first, at);
  });
  checkLength(view, at);
  return read;
}

/** Throws unless the frame has that length. */
export function checkLength({ byteLength }: DataView, wanted: number, how?: "at least"): void {
  if (how === undefined ? byteLength === wanted : byteLength >= wanted) return;
  const text = how === undefined ? `${wanted} bytes` : `${how} ${wanted} bytes`;
  throw new FrameError(layout.LENGTH, `a frame of ${text}, not ${byteLength}`);
}

/** Throws unless what the field at `offset` counts, up to `end`, lies in the frame. */
function checkRoom({ byteLength }: DataView, offset: number, end: number): void {
  if (end > byteLength) throw new FrameError(offset, `a frame of at least ${end} bytes, not ${byteLength}`);
}

function checkAddress(offset: number, address: bigint, length: number): void {
  if (address + BigInt(length) <= ADDRESS_END) return;
  throw new FrameError(offset, `${length} bytes below 2^64, not at 0x${address.toString(16)}`);
}
