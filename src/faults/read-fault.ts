import { guidBytes } from "../guid.ts";
import { fromHex, toHex } from "../hex.ts";
import { toBigInt } from "../integer.ts";
import { namedErrno, namedStatus } from "../status.ts";
import type { EfiTime } from "../time.ts";
import {
  FAULT_BYTES_MAX,
  type Fault,
  type FaultKnobs,
  type FaultOutputs,
  type GuestChange,
  type PowerFault,
} from "./fault.ts";

/** Most repetitions of a call, and most seconds that a clock leaps (a thousand years). */
const RETRIES_MAX = 100;
const SECONDS_MAX = 31_556_952_000;
const U32_MAX = 0xffffffff;

/** Reads one member; `path` names it in the error. */
type Reader<T> = (value: unknown, path: string) => T;
type Readers<T> = { readonly [K in keyof T]-?: Reader<Exclude<T[K], undefined>> };

/**
 * Reads a fault as a rule or a trace states it. Throws a RangeError that names the member and what it may be, also for
 * unknown members and for a fault without any.
 */
export function readFault(value: unknown, path = "fault"): Fault {
  const fault = members(FAULT)(value, path);
  if (Object.keys(fault).length === 0) fail(path, `at least one of ${Object.keys(FAULT).join(", ")}`);
  return fault;
}

/** The same fault in JSON's types. */
export function faultFields(fault: Fault): FaultKnobs {
  const { data, mutateGuest, status, statusAfter, out, ...plain } = fault;
  const fields: FaultKnobs = plain;
  if (status !== undefined) fields.status = hex(status);
  if (statusAfter !== undefined) fields.statusAfter = hex(statusAfter);
  if (data !== undefined) fields.data = toHex(data);
  if (mutateGuest !== undefined) fields.mutateGuest = mutateGuest.map((c) => ({ ...c, bytes: toHex(c.bytes) }));
  if (out !== undefined) {
    const longs = Object.entries(out).map(([name, item]) => [name, typeof item === "bigint" ? hex(item) : item]);
    fields.out = Object.fromEntries(longs);
  }
  return fields;
}

const u32: Reader<number> = (value, path) => integer(value, path, 0, U32_MAX);
const count: Reader<number> = (value, path) => integer(value, path, 0, FAULT_BYTES_MAX);
const after: Reader<{ after: number }> = (value, path) => {
  const limit = members({ after: count })(value, path);
  return limit.after === undefined ? fail(`${path}.after`, "a count of bytes") : { after: limit.after };
};

const TIME: Readers<EfiTime> = {
  year: (value, path) => integer(value, path, 0, 0xffff),
  month: u8,
  day: u8,
  hour: u8,
  min: u8,
  sec: u8,
  ns: u32,
  tz: (value, path) => integer(value, path, -0x8000, 0x7fff),
  daylight: u8,
};

const OUTPUTS: Readers<FaultOutputs> = {
  misc: u32,
  size: long,
  guid: guid,
  time: members(TIME),
  resolution: u32,
  accuracy: u32,
  max_store_size: long,
  remain_store_size: long,
  max_size: long,
  max_capsule_size: long,
  reset_type: u32,
};

const FAULT: Readers<Fault> = {
  clockJumpSeconds: (value, path) => integer(value, path, -SECONDS_MAX, SECONDS_MAX),
  power: power,
  errno: errno,
  mutateGuest: changes,
  copyIn: after,
  copyOut: after,
  status: status,
  retry: (value, path) => integer(value, path, 0, RETRIES_MAX),
  statusAfter: status,
  data: bytes,
  out: members(OUTPUTS),
  poison: flag,
  writeBack: flag,
  delaySeconds: (value, path) => integer(value, path, 0, SECONDS_MAX),
};

/** An object of these members, none of which it must have. */
function members<T extends object>(readers: Readers<T>): Reader<Partial<T>> {
  return (value, path) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return fail(path, "an object", value);
    const read: Partial<T> = {};
    for (const [name, member] of Object.entries(value)) {
      if (member === undefined) continue;
      if (!Object.hasOwn(readers, name)) fail(`${path}.${name}`, `one of ${Object.keys(readers).join(", ")}`);
      const key = name as keyof T;
      read[key] = readers[key](member, `${path}.${name}`) as T[keyof T];
    }
    return read;
  };
}

function integer(value: unknown, path: string, least: number, most: number): number {
  const number = Number(toBigInt(value) ?? Number.NaN);
  return number >= least && number <= most ? number : fail(path, `an integer from ${least} to ${most}`, value);
}

function u8(value: unknown, path: string): number {
  return integer(value, path, 0, 0xff);
}

function long(value: unknown, path: string): bigint {
  const number = toBigInt(value) ?? -1n;
  return number >= 0n && number >> 64n === 0n ? number : fail(path, "an integer of 64 bits", value);
}

function flag(value: unknown, path: string): boolean {
  return typeof value === "boolean" ? value : fail(path, "true or false", value);
}

function status(value: unknown, path: string): bigint {
  const named = typeof value === "string" ? namedStatus(value) : undefined;
  return named ?? (toBigInt(value) === undefined ? fail(path, "a status's name or 64 bits", value) : long(value, path));
}

function errno(value: unknown, path: string): number {
  const named = typeof value === "string" ? namedErrno(value) : undefined;
  return (
    named ?? (typeof value === "string" ? fail(path, "a name such as -EFAULT, or a number", value) : i32(value, path))
  );
}

function i32(value: unknown, path: string): number {
  return integer(value, path, -0x80000000, 0x7fffffff);
}

function power(value: unknown, path: string): PowerFault {
  const words = ["before", "torn", "after"];
  if (typeof value !== "string") return integer(value, path, 0, U32_MAX);
  return words.includes(value) ? (value as PowerFault) : fail(path, `${words.join(", ")} or steps`, value);
}

function bytes(value: unknown, path: string): Uint8Array {
  if (value instanceof Uint8Array && value.length <= FAULT_BYTES_MAX) return value;
  if (typeof value !== "string" || value.length > 2 * FAULT_BYTES_MAX) {
    return fail(path, `at most ${FAULT_BYTES_MAX} bytes, or their hexadecimal text`, value);
  }
  try {
    return fromHex(value);
  } catch (error) {
    throw new RangeError(`${path}: ${(error as Error).message}`);
  }
}

function guid(value: unknown, path: string): string {
  try {
    guidBytes(String(value));
  } catch (error) {
    throw new RangeError(`${path}: ${(error as Error).message}`);
  }
  return String(value);
}

function changes(value: unknown, path: string): GuestChange[] {
  if (!Array.isArray(value)) return fail(path, "an array of {in, offset, bytes}", value);
  return value.map((item, i) => {
    const change = members<GuestChange>({ in: place, offset: count, bytes })(item, `${path}[${i}]`);
    const { in: where, offset = 0, bytes: written } = change;
    if (where === undefined || written === undefined) return fail(`${path}[${i}]`, "in and bytes", item);
    return { in: where, offset, bytes: written };
  });
}

function place(value: unknown, path: string): GuestChange["in"] {
  const known = value === "op" || value === "name" || value === "data";
  return known ? value : fail(path, "op, name or data", value);
}

function hex(value: bigint): string {
  return `0x${value.toString(16)}`;
}

function fail(path: string, wanted: string, value?: unknown): never {
  const text = typeof value === "bigint" ? String(value) : JSON.stringify(value);
  const found = text === undefined ? "" : `, not ${text.length > 60 ? `${text.slice(0, 57)}...` : text}`;
  throw new RangeError(`${path}: ${wanted}${found}`);
}
