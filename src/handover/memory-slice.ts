import { hex } from "../formats/flash-bytes.ts";
import type { Report } from "../formats/report.ts";

/** A piece of guest-physical memory: the bytes from an address on. */
export interface MemorySlice {
  address: bigint;
  bytes: Uint8Array;
}

/** A place that a field names: how many bytes, what they are, and the field's own offset for an error. */
export interface Target {
  address: bigint;
  bytes: bigint;
  what: string;
  field: number;
}

/** Where in the slice a target lies; undefined, and told to `report`, if it is not wholly inside. */
export function offsetOf(slice: MemorySlice, { address, bytes, what, field }: Target, report: Report) {
  const offset = address - slice.address;
  const length = BigInt(slice.bytes.length);
  if (offset >= 0n && bytes <= length && offset <= length - bytes) return Number(offset);
  const end = slice.address + length;
  report(field, `${what} inside ${hex(slice.address)} to ${hex(end)}, not ${hex(bytes)} bytes at ${hex(address)}`);
  return undefined;
}
