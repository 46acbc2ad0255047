import { parse as parseLossless } from "lossless-json";
import type { FaultKnobs } from "../faults/fault.ts";
import { readFault } from "../faults/read-fault.ts";
import { FormatError } from "../formats/variable-set.ts";
import { guidBytes } from "../guid.ts";
import { fromHex } from "../hex.ts";
import { toBigInt } from "../integer.ts";
import { ABIS, type Abi, FUNCTION_NAMES } from "../op.ts";
import type { BootWrite } from "../policies/policy.ts";
import { fromUcs2 } from "../ucs2.ts";

export { toBigInt };

/** An integer as traces have it: a number, a bigint past 2^53, or "0x…". */
export type Integer = number | bigint | string;
export type Value = Integer | boolean | { [member: string]: Integer };
export type Fields = Record<string, Value>;

/** A variable of a header: name as text, or nameHex as the units' bytes without terminator; data as hexadecimal text. */
export interface TraceVariable {
  name?: string;
  nameHex?: string;
  guid: string;
  attr: number;
  data: string;
}

/** First line of a trace. Fields without meaning for a replay pass unchanged. */
export interface TraceHeader {
  format: "xenefi-trace";
  version: 1;
  abi: Abi;
  match?: "subset";
  /** What a scenario assumes of the machine (scenario.ts). */
  assume?: unknown;
  preload?: TraceVariable[];
  initial_variables?: TraceVariable[];
  preset_variables?: TraceVariable[];
  efi_memory_map?: { start: string; end: string; type: number; attr: string }[];
  hypervisor_options?: string;
  start_state?: string;
  vars_before_sha256?: string;
  vars_after_sha256?: string;
  [field: string]: unknown;
}

/** One call: what goes in, what came out. */
export interface TraceCall {
  /** A name of FUNCTION_NAMES, "firmware_info", "raw", "reset", or the number of an unknown runtime function. */
  fn: string | number;
  in: Fields;
  out: Fields;
  note?: string;
  /** Fields of `out`, or members as `time.sec`, that no replay can reproduce. */
  volatile?: string[];
  phase?: string;
  /** What disturbs the call: a machine that replays it is disturbed in the same way. */
  fault?: FaultKnobs;
  /** The whole op before and after, 136 bytes each. */
  raw?: { in: string; out: string };
}

export interface Trace {
  header: TraceHeader;
  /** `line` counts from 1; the header is line 1. */
  calls: { line: number; call: TraceCall }[];
}

/** Reads a trace. Throws a FormatError that names line and field. */
export function parseTrace(text: string): Trace {
  const lines = text.split("\n");
  const header = parseHeader(lines[0] as string);
  const calls: Trace["calls"] = [];
  for (const [i, line] of lines.entries()) {
    if (i === 0 || line.trim() === "") continue;
    calls.push({ line: i + 1, call: parseCall(line, i + 1) });
  }
  return { header, calls };
}

/** The text of a header or a call, without line end. Integers past 2^53 stay integers. */
export function formatLine(value: TraceHeader | TraceCall): string {
  // JSON has no bigint: they travel as a marked string that is stripped of its quotes afterwards.
  const marked = JSON.stringify(value, (_, item) => (typeof item === "bigint" ? `\u0001${item}\u0001` : item));
  return marked.replaceAll(/"\\u0001(-?\d+)\\u0001"/g, "$1");
}

function parseHeader(line: string): TraceHeader {
  const header = parseObject(line, 1);
  if (header.format !== "xenefi-trace")
    throw new FormatError("line 1", `format "xenefi-trace", not ${show(header.format)}`);
  if (header.version !== 1) throw new FormatError("line 1", `version 1, not ${show(header.version)}`);
  if (!ABIS.includes(header.abi as Abi))
    throw new FormatError("line 1", `abi one of ${ABIS.join(", ")}, not ${show(header.abi)}`);
  if (header.match !== undefined && header.match !== "subset") {
    throw new FormatError("line 1", `match "subset" or none, not ${show(header.match)}`);
  }
  for (const field of ["initial_variables", "preset_variables", "preload"]) {
    if (header[field] !== undefined) checkVariables(header[field], `${field}:`);
  }
  checkMap(header.efi_memory_map);
  return header as unknown as TraceHeader;
}

function parseCall(line: string, number: number): TraceCall {
  const place = `line ${number}`;
  const call = parseObject(line, number);
  const known = [...FUNCTION_NAMES.slice(1), "firmware_info", "raw", "reset"] as unknown[];
  const isNumber = typeof call.fn === "number" && Number.isInteger(call.fn) && call.fn >= 0 && call.fn <= 0xffffffff;
  if (!isNumber && !known.includes(call.fn))
    throw new FormatError(place, `fn: a function's name or number, not ${show(call.fn)}`);
  call.in ??= {};
  call.out ??= {};
  for (const side of ["in", "out"] as const) {
    const fields = call[side];
    if (!isObject(fields)) throw new FormatError(place, `${side}: an object`);
    for (const [name, value] of Object.entries(fields))
      checkField(`${side}.${name}`, name, value, place, side === "in");
  }
  const input = call.in as Fields;
  for (const name of U32_FIELDS) if (input[name] !== undefined) input[name] = Number(input[name]);
  if (isNumber) call.fn = FUNCTION_NAMES[call.fn as number] || call.fn;
  if (call.fault !== undefined) checkFault(call.fault, place);
  const { volatile, raw } = call as Record<string, unknown>;
  if (volatile !== undefined && !(Array.isArray(volatile) && volatile.every((name) => typeof name === "string"))) {
    throw new FormatError(place, "volatile: an array of field names");
  }
  if (raw !== undefined) {
    const whole = isObject(raw) && [raw.in, raw.out].every((side) => typeof side === "string" && side.length === 272);
    if (!whole) throw new FormatError(place, "raw: in and out of 136 bytes each");
    checkField("raw.in", "data", (raw as Record<string, unknown>).in, place, true);
    checkField("raw.out", "data", (raw as Record<string, unknown>).out, place, true);
  }
  return call as unknown as TraceCall;
}

function checkFault(fault: unknown, place: string): void {
  try {
    readFault(fault);
  } catch (error) {
    throw new FormatError(place, (error as Error).message);
  }
}

const HEX_FIELDS = ["data", "nameHex", "body", "dataHeld", "opHeld", "dataTouched", "nameTail", "rawOut"];
const TEXT_FIELDS = ["name", "namePtr", "dataPtr", "opPtr", "ptr"];
const U32_FIELDS = ["misc", "attr", "type", "index", "bufsz", "cmd", "interface_version", "segment", "bus", "devfn"];
const U64_FIELDS = ["size", "addr", "count", "sg_list", "vendor", "devid"];
/** Bytes that are mapped of a buffer, at the most; bytes that an input may have. */
const MAPPED_FIELDS: Readonly<Record<string, bigint>> = {
  nameMapped: 0x100000n,
  dataMapped: 0x100000n,
  opMapped: 136n,
};
const BYTES_MAX: Readonly<Record<string, number>> = {
  data: 0x100000,
  dataHeld: 0x100000,
  nameHex: 0x100000,
  name: 0x80000,
  body: 128,
};
const CAPSULES_MAX = 1024;
const OTHER_FIELDS = ["guid", "privileged", "time", "capsules"];
const INPUT_FIELDS = [
  ...HEX_FIELDS.slice(0, 5),
  ...TEXT_FIELDS,
  ...U32_FIELDS,
  ...U64_FIELDS,
  ...Object.keys(MAPPED_FIELDS),
  ...OTHER_FIELDS,
];
const CAPSULE_FIELDS = ["flags", "header_size", "image_size"];
const TIME_MEMBERS = ["year", "month", "day", "hour", "min", "sec", "ns", "tz", "daylight"];

/** An input field must be of its form; of an output only the form of bytes is checked, for it is only compared. */
function checkField(path: string, name: string, value: unknown, place: string, input: boolean): void {
  const fail = (wanted: string) => {
    throw new FormatError(place, `${path}: ${wanted}, not ${show(value)}`);
  };
  if (HEX_FIELDS.includes(name)) {
    if (typeof value !== "string") fail("hexadecimal text");
    try {
      fromHex(value as string);
    } catch (error) {
      throw new FormatError(place, `${path}: ${(error as Error).message}`);
    }
  }
  if (!input) return;
  if (!INPUT_FIELDS.includes(name)) fail("a known field");
  if (TEXT_FIELDS.includes(name) && typeof value !== "string") fail("text");
  if (name.endsWith("Ptr") || name === "ptr") {
    if (!/^(null|bad|xen|kernel|tail|0x[0-9a-f]{1,16})$/i.test(value as string)) fail("null, bad, xen, kernel or 0x…");
  }
  if (U32_FIELDS.includes(name) && !inRange(value, 0xffffffffn)) fail("an integer of 32 bits");
  const length = typeof value === "string" ? value.length / (HEX_FIELDS.includes(name) ? 2 : 1) : 0;
  if (length > (BYTES_MAX[name] ?? Number.POSITIVE_INFINITY))
    fail(`at most ${BYTES_MAX[name]} ${name === "name" ? "units" : "bytes"}`);
  const mapped = MAPPED_FIELDS[name];
  if (mapped !== undefined && !inRange(value, mapped)) fail(`an integer from 0 to ${mapped}`);
  if (U64_FIELDS.includes(name) && !inRange(value, 0xffffffffffffffffn)) fail("an integer of 64 bits");
  if (name === "guid") checkGuid(value, `${place}: ${path}`);
  if (name === "capsules") checkCapsules(value, path, place);
  if (name === "privileged" && typeof value !== "boolean") fail("true or false");
  if (name === "time") {
    const whole = isObject(value) && TIME_MEMBERS.every((member) => Number.isSafeInteger(value[member]));
    if (!whole) fail(`an object of integers ${TIME_MEMBERS.join(", ")}`);
  }
}

/** Headers of capsules: a GUID, and integers; or the bytes of a whole capsule as hexadecimal text. */
function checkCapsules(value: unknown, path: string, place: string): void {
  if (!Array.isArray(value)) throw new FormatError(place, `${path}: an array`);
  if (value.length > CAPSULES_MAX) throw new FormatError(place, `${path}: at most ${CAPSULES_MAX} capsules`);
  for (const [i, capsule] of value.entries()) {
    if (typeof capsule === "string") {
      checkField(`${path}[${i}]`, "data", capsule, place, true);
      continue;
    }
    if (!isObject(capsule)) throw new FormatError(place, `${path}[${i}]: an object or hexadecimal text`);
    const { guid, ...rest } = capsule;
    checkGuid(guid, `${place}: ${path}[${i}].guid`);
    for (const [name, integer] of Object.entries(rest)) {
      const wanted = CAPSULE_FIELDS.includes(name) ? "an integer of 32 bits" : "a known field";
      if (CAPSULE_FIELDS.includes(name) && inRange(integer, 0xffffffffn)) continue;
      throw new FormatError(place, `${path}[${i}].${name}: ${wanted}, not ${show(integer)}`);
    }
  }
}

/** A header's list of variables. `path` as in "preload:". */
export function checkVariables(variables: unknown, path: string): TraceVariable[] {
  if (!Array.isArray(variables)) throw new FormatError("line 1", `${path} an array`);
  const field = path.slice(0, path.indexOf(":"));
  for (const [i, variable] of variables.entries()) checkVariable(variable, `${field}[${i}]`);
  return variables as TraceVariable[];
}

/** A header's variable as one that boot services make. nameHex may have a terminator. */
export function bootWrite(variable: TraceVariable): BootWrite {
  const name = variable.name ?? fromUcs2(fromHex(variable.nameHex as string)).replace(/\0$/, "");
  return { name, guid: variable.guid, attributes: variable.attr, data: variable.data };
}

/** What boot services made before the first call, in a recording's words and a scenario's. */
export function preloadOf({ preset_variables = [], preload = [] }: TraceHeader): BootWrite[] {
  return [...preset_variables, ...preload].map(bootWrite);
}

function checkVariable(variable: unknown, path: string): void {
  if (!isObject(variable)) throw new FormatError("line 1", `${path}: an object`);
  const { name, nameHex, guid, attr, data } = variable;
  if (typeof name !== "string" && typeof nameHex !== "string") throw new FormatError("line 1", `${path}: a name`);
  checkGuid(guid, `line 1: ${path}.guid`);
  if (!inRange(attr, 0xffffffffn))
    throw new FormatError("line 1", `${path}.attr: an integer of 32 bits, not ${show(attr)}`);
  checkField(`${path}.data`, "data", data, "line 1", true);
  if (nameHex !== undefined) checkField(`${path}.nameHex`, "nameHex", nameHex, "line 1", true);
}

function checkMap(map: unknown): void {
  if (map === undefined) return;
  const isRange = (range: unknown) =>
    isObject(range) &&
    [range.start, range.end, range.attr].every((value) => toHexInteger(value) !== undefined) &&
    inRange(range.type, 0xffffffffn);
  if (!Array.isArray(map) || !map.every(isRange)) {
    throw new FormatError("line 1", "efi_memory_map: an array of {start, end, type, attr}");
  }
}

/** As toBigInt, for listings with leading zeros past 16 digits. */
export function toHexInteger(value: unknown): bigint | undefined {
  if (typeof value !== "string" || !/^0x[0-9a-f]+$/i.test(value)) return toBigInt(value);
  return BigInt.asUintN(64, BigInt(value)) === BigInt(value) ? BigInt(value) : undefined;
}

/** Throws a FormatError unless the value is a GUID's text. `path`: place and field, as in "line 1: preload[0].guid". */
export function checkGuid(value: unknown, path: string): void {
  try {
    guidBytes(String(value));
  } catch (error) {
    const [place, ...rest] = path.split(": ");
    throw new FormatError(place as string, `${rest.join(": ")}: ${(error as Error).message}`);
  }
}

function parseObject(line: string, number: number): Record<string, unknown> {
  let value: unknown;
  try {
    // Only integers that a double may not hold need the slower reader.
    value = /\d{16}/.test(line) ? parseLossless(line, undefined, parseNumber) : JSON.parse(line);
  } catch (error) {
    throw new FormatError(`line ${number}`, `a JSON object (${(error as Error).message})`);
  }
  if (!isObject(value)) throw new FormatError(`line ${number}`, "a JSON object");
  return value;
}

function parseNumber(text: string): number | bigint {
  const value = Number(text);
  return Number.isSafeInteger(value) || !/^-?\d+$/.test(text) ? value : BigInt(text);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function inRange(value: unknown, most: bigint): boolean {
  const integer = toBigInt(value);
  return integer !== undefined && integer >= 0n && integer <= most;
}

/** Integers past 2^53 may stand anywhere in a value, and JSON has none. */
export function show(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "bigint") return String(value);
  const text = JSON.stringify(value, (_, item) => (typeof item === "bigint" ? Number(item) : item));
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
