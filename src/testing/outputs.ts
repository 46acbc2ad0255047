import { type EfiTime, TIME_BYTES } from "../time.ts";
import type { Capabilities } from "./results.ts";
import type { ShimMemory } from "./shim-memory.ts";

/** An argument through which a function gives something back. */
export interface Output<T> {
  /** Its address, in memory that is put there for the call; 0 for NULL. */
  put: (mem: ShimMemory) => number;
  read: (mem: ShimMemory, address: number) => T;
  /** What is read through NULL. */
  none: T;
}

/** What outputs of these names give. */
export type Answers<Outputs> = { [Name in keyof Outputs]: Outputs[Name] extends Output<infer T> ? T : never };

export const U32: Output<number> = { put: (mem) => mem.alloc(4), read: (mem, at) => mem.readU32(at), none: 0 };
export const U64: Output<bigint> = { put: (mem) => mem.alloc(8), read: (mem, at) => mem.readU64(at), none: 0n };
/** efi_bool_t. */
export const FLAG: Output<boolean> = {
  put: (mem) => mem.alloc(1),
  read: (mem, at) => mem.readU8(at) !== 0,
  none: false,
};
/** EFI_TIME. */
export const TIME: Output<EfiTime | undefined> = {
  put: (mem) => mem.alloc(TIME_BYTES),
  read: (mem, at) => mem.readTime(at),
  none: undefined,
};

/** EFI_TIME_CAPABILITIES: u32, u32, u8, and padding. */
export const CAPABILITIES: Output<Capabilities> = {
  put: (mem) => mem.alloc(12),
  read: (mem, at) => ({
    resolution: mem.readU32(at),
    accuracy: mem.readU32(at + 4),
    setsToZero: mem.readU8(at + 8) !== 0,
  }),
  none: { resolution: 0, accuracy: 0, setsToZero: false },
};

/** A size in and out, an unsigned long; null is NULL. */
export function sizeOf(bytes: number | null): Output<number> {
  return { put: (mem) => (bytes === null ? 0 : mem.ulong(bytes)), read: (mem, at) => mem.readUlong(at), none: 0 };
}

/** What is at an address already, or to be read later: it gives the address. */
export function placeOf(put: (mem: ShimMemory) => number): Output<number> {
  return { put, read: (_, at) => at, none: 0 };
}
