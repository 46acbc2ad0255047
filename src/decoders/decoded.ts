import { FormatError, offsetText, type Variable } from "../formats/variable-set.ts";

/** What can be written as JSON. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** What a variable's value says. All text is safe for a terminal. */
export interface Decoded {
  /** What the value was taken for, as "load option"; "bytes" if for nothing. */
  kind: string;
  /** One line. */
  summary: string;
  /** All that there is to say, a line each; never empty. */
  lines: string[];
  /** The same for programs: bytes as lower-case hexadecimal digits, numbers of 64 bits as "0x…". */
  value: Json;
  /** What is not as the specification has it, where the value could not be read, or only in part. */
  faults?: string[];
}

/** Where decoders find the variables that a value names. */
export interface Context {
  find(name: string, guid: string): Variable | undefined;
}

/**
 * Makes something of a value. Throws a FormatError with the offset for one that is not what its name says; it is then
 * shown as bytes, with the error.
 */
export type Decoder = (variable: Variable, context: Context) => Decoded;

/** A value of one line. */
export function oneLine(kind: string, summary: string, value: Json): Decoded {
  return { kind, summary, lines: [summary], value };
}

/** A view of the value; throws a FormatError unless it has this many bytes. */
export function viewOf(data: Uint8Array, bytes: number): DataView {
  if (data.length !== bytes) throw new FormatError(offsetText(0), `a value of ${bytes} bytes, not ${data.length}`);
  return new DataView(data.buffer, data.byteOffset, data.length);
}

/** A number of 32 bits or less, little-endian, in 1, 2 or 4 bytes of which the value consists. */
export function numberOf(data: Uint8Array, bytes: 1 | 2 | 4): number {
  const view = viewOf(data, bytes);
  if (bytes === 1) return view.getUint8(0);
  return bytes === 2 ? view.getUint16(0, true) : view.getUint32(0, true);
}

/** "1 certificate", "2 certificates". */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** Number in at least so many digits, as in Boot000A. */
export function hexNumber(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, "0");
}
