import { parseAttributes } from "../attributes.ts";
import { findGuid, GLOBAL_GUID, guidBytes } from "../guid.ts";
import { fromHex } from "../hex.ts";

/** An object's members, each read once by name. Throws RangeErrors that name the member and what it may be. */
export class JsonReader {
  readonly #path: string;
  readonly #members: Map<string, unknown>;

  constructor(value: unknown, path: string) {
    if (!isObject(value)) throw new RangeError(`${path}: an object, not ${shown(value)}`);
    this.#path = path;
    this.#members = new Map(Object.entries(value));
  }

  /** The member as it is; undefined if there is none. */
  take(name: string): unknown {
    const value = this.#members.get(name);
    this.#members.delete(name);
    return value;
  }

  flag(name: string): boolean | undefined {
    const value = this.take(name);
    if (value === undefined || typeof value === "boolean") return value;
    return this.fail(name, "true or false", value);
  }

  /** An integer of at most 2^53 in size. */
  integer(name: string): number | undefined {
    const value = this.take(name);
    if (value === undefined || Number.isSafeInteger(value)) return value as number | undefined;
    return this.fail(name, "an integer", value);
  }

  text(name: string): string | undefined {
    const value = this.take(name);
    if (value === undefined || typeof value === "string") return value;
    return this.fail(name, "text", value);
  }

  /** A GUID, or its short name; none is that of global variables. */
  guid(name: string): string {
    const value = this.text(name) ?? GLOBAL_GUID;
    const guid = findGuid(value) ?? value;
    this.#checked(name, () => guidBytes(guid));
    return guid.toLowerCase();
  }

  /** Attribute bits as a number or as text. */
  attributes(name: string, otherwise: number): number {
    const value = this.take(name) ?? otherwise;
    if (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 0xffffffff) return value as number;
    if (typeof value !== "string") return this.fail(name, "attributes of 32 bits", value);
    return this.#checked(name, () => parseAttributes(value));
  }

  /** Hexadecimal text. */
  hex(name: string): string {
    const value = this.text(name);
    if (value === undefined) return this.fail(name, "hexadecimal text", value);
    this.#checked(name, () => fromHex(value));
    return value;
  }

  /** All members that nobody has read. */
  rest(): Record<string, unknown> {
    const left = Object.fromEntries(this.#members);
    this.#members.clear();
    return left;
  }

  /** To be called last: throws for a member that nobody has read. */
  end(): void {
    const [left] = this.#members.keys();
    if (left !== undefined) throw new RangeError(`${this.#path}.${left}: no such member`);
  }

  fail(name: string, wanted: string, value: unknown): never {
    throw new RangeError(`${this.#path}.${name}: ${wanted}, not ${shown(value)}`);
  }

  #checked<T>(name: string, read: () => T): T {
    try {
      return read();
    } catch (error) {
      throw new RangeError(`${this.#path}.${name}: ${(error as Error).message}`);
    }
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
