import type { Geometry } from "./edk2-geometry.ts";
import type { Variable } from "./variable-set.ts";

export const FORMAT_NAMES = [
  "edk2",
  "uboot",
  "json",
  "aws",
  "efivarfs",
  "efivar",
  "dmpstore",
  "varstored",
  "hyperv",
] as const;
export type FormatName = (typeof FORMAT_NAMES)[number];

/** Something of a variable, or a variable, that a format cannot hold. */
export interface Loss {
  variable: Pick<Variable, "name" | "guid">;
  /** Such as "time stamp", or "the variable: its name is no Unicode text". */
  what: string;
}

/** What readers and writers can be given. */
export interface FormatOptions {
  /** Preset dictionary of an AWS stream that names one. */
  dictionary?: Uint8Array;
  /** Layout of a new edk2 volume; default that of OVMF's 4 MiB build. */
  geometry?: Geometry;
  /** A new edk2 volume has the older records without count, time stamp and key index. */
  plainRecords?: boolean;
}

/**
 * A store format whose content is one row of bytes: pure functions from bytes to variables and back. (An efivarfs
 * directory has several files: efivarfs.ts.)
 */
export interface Format {
  readonly name: FormatName;
  /** What it is, for people: "edk2 firmware volume". */
  readonly title: string;
  /** True if the bytes show by magic, GUID or structure that this is what they are meant to be; says nothing of the rest. */
  detects(bytes: Uint8Array): boolean;
  /** The live variables, in the order of the file. Throws a FormatError with the offset for anything malformed. */
  parse(bytes: Uint8Array, options?: FormatOptions): Variable[];
  /** What `serialize` would leave out or change, one entry a variable and cause. */
  losses(variables: readonly Variable[], options?: FormatOptions): Loss[];
  /** A new file. What `losses` names is left out. Throws a RangeError for more than the format's limits take. */
  serialize(variables: readonly Variable[], options?: FormatOptions): Uint8Array;
  /**
   * The base file with its variables changed to these: padding, dead records, dialect and areas of others stay; equal
   * variables give equal bytes.
   */
  edit(base: Uint8Array, variables: readonly Variable[], options?: FormatOptions): Uint8Array;
}
