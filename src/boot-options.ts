import type { Client, Reply } from "./client.ts";
import { hexNumber } from "./decoders/decoded.ts";
import { LOAD_OPTION_ACTIVE, type LoadOption, readLoadOption, writeLoadOption } from "./decoders/load-option.ts";
import { GLOBAL_GUID } from "./guid.ts";

/**
 * The boot manager's variables as a system's tools change them (UEFI 2.10, 3.3): options Boot####, BootOrder, BootNext and
 * Timeout. Each change is a row of SetVariable calls that stops at the first refusal, whose reply it gives.
 */

/** NV+BS+RT, what the specification asks of all of them. */
const ATTRIBUTES = 0x07;
const NUMBERS_MAX = 0x10000;

/** Adds an option under the number, or the lowest one that is free, and puts it into the order. */
export function addOption(
  client: Client,
  option: LoadOption,
  place: "first" | "last" | "none",
  number?: number,
): Reply {
  const free = number ?? freeNumber(client);
  const order = readOrder(client) ?? [];
  const calls = [() => write(client, nameOf(free), writeLoadOption(option))];
  if (place !== "none") calls.push(() => writeOrder(client, place === "first" ? [free, ...order] : [...order, free]));
  return untilRefused(calls);
}

/** Deletes an option, its numbers in the order, and BootNext if that is it. */
export function removeOption(client: Client, number: number): Reply {
  const calls = [() => remove(client, nameOf(number))];
  const order = readOrder(client);
  if (order?.includes(number))
    calls.push(() =>
      writeOrder(
        client,
        order.filter((other) => other !== number),
      ),
    );
  if (readNumber(client, "BootNext") === number) calls.push(() => remove(client, "BootNext"));
  return untilRefused(calls);
}

/** Marks an option as one that the boot manager tries, or not. Throws a FormatError if it is malformed. */
export function activate(client: Client, number: number, active: boolean): Reply {
  const { data } = client.getVariable(nameOf(number), GLOBAL_GUID);
  const option = readLoadOption(data ?? new Uint8Array(0));
  const others = option.attributes & ~LOAD_OPTION_ACTIVE;
  const attributes = (active ? others | LOAD_OPTION_ACTIVE : others) >>> 0;
  return write(client, nameOf(number), writeLoadOption({ ...option, attributes }));
}

/** Sets BootOrder; an empty one is deleted. */
export function writeOrder(client: Client, order: readonly number[]): Reply {
  if (order.length === 0) return remove(client, "BootOrder");
  return write(client, "BootOrder", Uint8Array.from(order.flatMap(littleEndian)));
}

/** Sets BootNext or Timeout, a u16; undefined deletes it. */
export function writeNumber(client: Client, name: "BootNext" | "Timeout", value: number | undefined): Reply {
  return value === undefined ? remove(client, name) : write(client, name, Uint8Array.from(littleEndian(value)));
}

/** BootOrder's numbers; undefined if there is none. An odd byte at its end counts for nothing. */
export function readOrder(client: Client): number[] | undefined {
  const { data } = client.getVariable("BootOrder", GLOBAL_GUID);
  if (data === undefined) return undefined;
  return Array.from({ length: data.length >> 1 }, (_, i) => u16(data, 2 * i));
}

/** A u16 variable; undefined if there is none of two bytes. */
export function readNumber(client: Client, name: "BootNext" | "BootCurrent" | "Timeout"): number | undefined {
  const { data } = client.getVariable(name, GLOBAL_GUID);
  return data?.length === 2 ? u16(data, 0) : undefined;
}

/** "Boot000A" */
export function nameOf(number: number): string {
  return `Boot${hexNumber(number, 4)}`;
}

function freeNumber(client: Client): number {
  for (let number = 0; number < NUMBERS_MAX; number++) {
    if (client.getVariable(nameOf(number), GLOBAL_GUID, 0).statusName === "NOT_FOUND") return number;
  }
  throw new RangeError("no free number for a boot option");
}

/** The last reply, or that of the first call that was refused. */
function untilRefused(calls: readonly (() => Reply)[]): Reply {
  let reply: Reply | undefined;
  for (const call of calls) {
    reply = call();
    if (!reply.ok) break;
  }
  return reply as Reply;
}

function write(client: Client, name: string, data: Uint8Array): Reply {
  return client.setVariable(name, GLOBAL_GUID, ATTRIBUTES, data);
}

function remove(client: Client, name: string): Reply {
  return client.setVariable(name, GLOBAL_GUID, ATTRIBUTES);
}

function littleEndian(number: number): [number, number] {
  return [number & 0xff, number >> 8];
}

function u16(data: Uint8Array, at: number): number {
  return (data[at] as number) | ((data[at + 1] as number) << 8);
}
