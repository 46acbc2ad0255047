/** One variable, whatever store it comes from. */
export interface Variable {
  /** UCS-2 code units without terminator; lone surrogates may occur. */
  name: string;
  /** Vendor GUID, lower case. */
  guid: string;
  /** All 32 attribute bits. */
  attributes: number;
  data: Uint8Array;
  /** EFI_TIME, 16 raw bytes; absent or all zero unless the variable is authenticated. */
  stamp?: Uint8Array;
  /** SHA-256 of the signer of a private authenticated variable, 32 bytes, where the format keeps it beside the variable. */
  digest?: Uint8Array;
  /** Monotonic count and public key index of an edk2 record; absent or 0 but for counter-based authentication. */
  count?: bigint;
  keyIndex?: number;
}

/** What tells variables apart: the exact name units, and the vendor GUID. */
export function keyOf({ name, guid }: Pick<Variable, "name" | "guid">): string {
  return `${guid}${name}`;
}

/**
 * Thrown for a file that is not what its format says: where (byte offset, or line), and what was expected there.
 * Nothing has been changed.
 */
export class FormatError extends Error {
  readonly place: string;

  /** `place` reads like "offset 0x64" or "line 3". */
  constructor(place: string, expectation: string) {
    super(`${place}: ${expectation}`);
    this.name = "FormatError";
    this.place = place;
  }
}

/** "offset 0x…" for a FormatError. */
export function offsetText(offset: number): string {
  return `offset 0x${offset.toString(16)}`;
}
