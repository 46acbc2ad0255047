import { guidBytes } from "../guid.ts";
import { type Field, putUnsigned } from "./node-field.ts";

/**
 * A kind of device path node (UEFI 2.10, 10.3) and the text that libefivar 37, the library of efibootmgr 17, gives it;
 * where that text is broken there, the one of libefivar 38 or what its source means.
 */
export interface Layout {
  name: string;
  type: number;
  subtype: number;
  /** Bytes of the body that must be there; more may follow. */
  size: number;
  /** The arguments, in the order of the text. */
  fields: readonly Field[];
  /** Bytes that tell this layout from others of the type: [offset, bytes]. */
  marks: readonly Mark[];
  /** Bytes that are written with the node and not looked at. */
  presets: readonly Mark[];
}

/** Bytes at an offset of the body. */
export type Mark = readonly [at: number, bytes: Uint8Array];

/** Types of device path nodes (UEFI 2.10, 10.3.1). */
export const HARDWARE = 1;
export const ACPI = 2;
export const MESSAGING = 3;
export const MEDIA = 4;
export const BIOS_BOOT = 5;

/** A layout whose marks and presets may be left out. */
export function layout(
  name: string,
  type: number,
  subtype: number,
  size: number,
  fields: readonly Field[],
  marks: readonly Mark[] = [],
  presets: readonly Mark[] = [],
): Layout {
  return { name, type, subtype, size, fields, marks, presets };
}

/** A number of `size` bytes that tells a node. */
export function mark(at: number, size: number, value: number): Mark {
  const bytes: number[] = [];
  putUnsigned(bytes, 0, size, BigInt(value));
  return [at, Uint8Array.from(bytes)];
}

/** A GUID that tells a node, at the body's begin or at `at`. */
export function guidMark(text: string, at = 0): Mark {
  return [at, guidBytes(text)];
}
