import { guidText } from "../../guid.ts";
import { fromHex, toHex } from "../../hex.ts";
import type { BootWrite } from "../../policies/policy.ts";
import type { VariablePolicy } from "../../policies/variable-policy.ts";
import { type Fields, type TraceCall, toBigInt } from "../../trace/format.ts";
import { fromUcs2, isWellFormed, toUcs2 } from "../../ucs2.ts";
import { type EVENTS, eventMessage, lockMessage, type Named } from "./message.ts";
import { type Communication, terminatorOf, VariableDriver } from "./variable-driver.ts";

/** A device with a life of its own. */
export interface Device extends Communication {
  /** Resets the machine: non-volatile variables stay. Then the boot begins. */
  reset(): Promise<void>;
  /** Another device, as new, in place of this one, which may have ended. */
  restart(): Promise<void>;
  /** How it ended, if it did: what it was asked then was not answered. */
  readonly end: string | undefined;
}

/** Largest name buffer that is laid out, as players of traces do. */
const BUFFER_MAX = 0x100000n;

/** What boot services do before an operating system runs. */
export interface Boot {
  /** Variables that they make, in order. */
  writes: readonly BootWrite[];
  /** Names that they lock then. */
  locks: readonly VariablePolicy[];
}

/** An edk2 over a uefi-vars device, at run time; Xen, which asks it, is only as much of it as shows in a trace's answers. */
export class Firmware {
  readonly #driver: VariableDriver;
  /** Of the boot's writes, in order. */
  readonly bootStatuses: readonly bigint[];

  private constructor(driver: VariableDriver, bootStatuses: readonly bigint[]) {
    this.#driver = driver;
    this.bootStatuses = bootStatuses;
  }

  /** From a device that was just reset to ExitBootServices. */
  static async boot(device: Device, { writes, locks }: Boot): Promise<Firmware> {
    const driver = await VariableDriver.load(device);
    await device.communicate(eventMessage("endOfDxe"));
    const statuses: bigint[] = [];
    for (const { name, guid, attributes, data } of writes)
      statuses.push(await driver.setVariable(named(name, guid), attributes, fromHex(data)));
    for (const { name, guid } of locks) await device.communicate(lockMessage(named(name, guid)));
    for (const event of ["readyToBoot", "exitBootServices"] satisfies (keyof typeof EVENTS)[])
      await device.communicate(eventMessage(event));
    return new Firmware(driver, statuses);
  }

  /**
   * Makes a call of the four variable functions, one that Xen passes on, and gives its `out`: what the firmware decides of
   * it, and no more.
   */
  async play({ fn, in: input }: TraceCall): Promise<Fields> {
    const size = toBigInt(input.size) ?? 0n;
    const guid = (input.guid as string | undefined) ?? NO_GUID;
    switch (fn) {
      case "get_variable":
        return await this.#get({ name: nameOf(input), guid }, Number(input.misc ?? 0), size);
      case "set_variable": {
        const data = fromHex((input.data as string | undefined) ?? "").subarray(0, Number(size));
        const status = await this.#driver.setVariable({ name: nameOf(input), guid }, Number(input.misc ?? 0), data);
        return { ret: 0, status: statusText(status) };
      }
      case "get_next_variable_name":
        return await this.#next({ name: nameBuffer(input, size), guid }, size);
      case "query_variable_info":
        return await this.#query(Number(input.attr ?? 0));
    }
    throw new RangeError(`${fn} is no variable function`);
  }

  async #get(variable: Named, attributes: number, size: bigint): Promise<Fields> {
    const got = await this.#driver.getVariable(variable, attributes, size);
    const out: Fields = { ret: 0, status: statusText(got.status), misc: got.attributes, size: plain(got.size) };
    if (got.status === 0n) out.data = toHex(got.data);
    return out;
  }

  async #next(variable: Named, size: bigint): Promise<Fields> {
    const got = await this.#driver.getNextVariableName(variable, size);
    const out: Fields = { ret: 0, status: statusText(got.status), size: plain(got.size) };
    if (got.next === undefined) return out;
    const text = fromUcs2(got.next.name.subarray(0, -2));
    const name: Fields = isWellFormed(text) ? { name: text } : { nameHex: toHex(toUcs2(text)) };
    return { ...out, ...name, guid: guidText(got.next.guid) };
  }

  async #query(attributes: number): Promise<Fields> {
    const { status, info } = await this.#driver.queryVariableInfo(attributes);
    const out: Fields = { ret: 0, status: statusText(status) };
    if (info === undefined) return out;
    const [max_store_size, remain_store_size, max_size] = info.map((count) => `0x${count.toString(16)}`);
    return { ...out, max_store_size, remain_store_size, max_size } as Fields;
  }
}

/**
 * A device as new. All variables are deleted, also those that only one of boot and run time sees; where one withstands, or
 * the device has ended, there is another device, which takes longer.
 */
export async function renew(device: Device): Promise<void> {
  if (device.end === undefined && (await wipe(device))) return;
  await device.restart();
}

/** True if only the device's own variables are left. */
async function wipe(device: Device): Promise<boolean> {
  for (let phase = 0; phase < 2; phase++) {
    const driver = await VariableDriver.load(device);
    // QEMU asks no more of an empty write than that the variable can be seen.
    for (const variable of await walk(driver)) await driver.setVariable(variable, 0, new Uint8Array(0));
    await device.reset();
  }
  return (await walk(await VariableDriver.load(device))).length === OWN_VARIABLES;
}

/** SetupMode, SignatureSupport, SecureBoot, CustomMode, VendorKeysNv, VendorKeys (var-service-auth.c, uefi_vars_auth_init). */
const OWN_VARIABLES = 6;

/** All variables that can be seen, in order, until one comes again. */
async function walk(driver: VariableDriver): Promise<Named[]> {
  const found = new Map<string, Named>();
  let at: Named = named("", NO_GUID);
  for (;;) {
    const { next } = await driver.getNextVariableName(at, BUFFER_MAX);
    if (next === undefined) return [...found.values()];
    at = { name: next.name.slice(), guid: guidText(next.guid) };
    const key = `${at.guid} ${toHex(at.name)}`;
    if (found.has(key)) return [...found.values()];
    found.set(key, at);
  }
}

const NO_GUID = "00000000-0000-0000-0000-000000000000";

function named(name: string, guid: string): Named {
  return { name: toUcs2(`${name}\0`), guid };
}

/** The name with its terminator, as Xen copies it. */
function nameOf(input: Fields): Uint8Array {
  const bytes = givenName(input);
  return bytes.slice(0, (terminatorOf(bytes) ?? bytes.length) + 2);
}

/** GetNextVariableName's buffer: the given bytes, then zeros. */
function nameBuffer(input: Fields, size: bigint): Uint8Array {
  const buffer = new Uint8Array(Number(size < BUFFER_MAX ? size : BUFFER_MAX));
  buffer.set(givenName(input).subarray(0, buffer.length));
  return buffer;
}

function givenName(input: Fields): Uint8Array {
  if (input.nameHex !== undefined) return fromHex(input.nameHex as string);
  return toUcs2(`${(input.name as string | undefined) ?? ""}\0`);
}

function statusText(status: bigint): string {
  return `0x${status.toString(16).padStart(16, "0")}`;
}

function plain(value: bigint): number | bigint {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}
