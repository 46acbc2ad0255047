import { FormatError } from "../formats/variable-set.ts";
import { guidBytes } from "../guid.ts";
import { fromHex, toHex } from "../hex.ts";
import { FUNCTION_NAMES } from "../op.ts";
import { toUcs2 } from "../ucs2.ts";
import { type Fields, formatLine, type Trace, type TraceCall, toBigInt } from "./format.ts";
import { NOWHERE } from "./player.ts";

/** A trace as examples/privcmd/play.c reads it, and what of it is not in it. */
export interface PrivcmdScript {
  text: string;
  /** Calls in the script. */
  calls: number;
  /** How many calls were left out, by their function. */
  leftOut: Map<string, number>;
}

const PLAYED = ["get_variable", "set_variable", "get_next_variable_name", "query_variable_info"];
/** Inputs that a process in Dom0 cannot bring about. */
const NOT_OURS = ["opPtr", "opMapped", "privileged", "interface_version"];
/** Largest buffer that is laid out; what a size says beyond it is not mapped. */
const BUFFER_MAX = 0x100000n;

/**
 * The calls of the four variable functions as a script: "xenefi-script 1", the header's JSON, then a line a call: function,
 * misc, size and attr as numbers, the GUID's bytes, name and data (each mapped bytes, then "x" and what they begin with or
 * "@" and an address in hexadecimal), and {fn, in} as JSON, with one blank between fields. Throws a FormatError for an ABI
 * whose longs have 4 bytes.
 */
export function privcmdScript({ header, calls }: Trace): PrivcmdScript {
  if (header.abi !== "x86_64" && header.abi !== "arm64")
    throw new FormatError("line 1", `abi x86_64 or arm64, not ${header.abi}`);
  const lines = ["xenefi-script 1", formatLine(header)];
  const leftOut = new Map<string, number>();
  for (const { call } of calls) {
    if (isPlayed(call)) lines.push(scriptLine(call));
    else leftOut.set(String(call.fn), (leftOut.get(String(call.fn)) ?? 0) + 1);
  }
  return { text: `${lines.join("\n")}\n`, calls: lines.length - 2, leftOut };
}

function isPlayed({ fn, in: input, fault }: TraceCall): boolean {
  return PLAYED.includes(String(fn)) && fault === undefined && !NOT_OURS.some((name) => input[name] !== undefined);
}

function scriptLine({ fn, in: input }: TraceCall): string {
  const size = toBigInt(input.size) ?? 0n;
  return [
    FUNCTION_NAMES.indexOf(fn as never),
    input.misc ?? 0,
    size,
    input.attr ?? 0,
    input.guid === undefined ? "a5".repeat(16) : toHex(guidBytes(input.guid as string)),
    nameField(fn, input, size),
    dataField(input, size),
    formatLine({ fn, in: input } as TraceCall),
  ].join(" ");
}

/** A name with its terminator; of GetNextVariableName the whole buffer of `size` bytes. */
function nameField(fn: string | number, input: Fields, size: bigint): string {
  const bytes = input.nameHex === undefined ? toUcs2(`${input.name ?? ""}\0`) : fromHex(input.nameHex as string);
  const whole = fn === "get_next_variable_name" ? atMost(size) : BigInt(bytes.length);
  return bufferField(bytes, input.nameMapped, whole, input.namePtr);
}

/** A write's data; of a read a buffer of `size` bytes with what it held, if that is told. */
function dataField(input: Fields, size: bigint): string {
  const held = (input.data ?? input.dataHeld ?? "") as string;
  const whole = input.data === undefined ? atMost(size) : BigInt(held.length / 2);
  return bufferField(fromHex(held), input.dataMapped, whole, input.dataPtr);
}

function bufferField(bytes: Uint8Array, mapped: unknown, whole: bigint, pointer: unknown): string {
  const content = pointer === undefined ? `x${toHex(bytes)}` : `@${addressOf(pointer as string).toString(16)}`;
  return `${toBigInt(mapped) ?? whole} ${content}`;
}

function addressOf(pointer: string): bigint {
  return NOWHERE[pointer] ?? BigInt(pointer);
}

function atMost(size: bigint): bigint {
  return size < BUFFER_MAX ? size : BUFFER_MAX;
}
