import { FormatError } from "../formats/variable-set.ts";
import { show, toBigInt } from "./format.ts";

/**
 * One object of a header's `assume`. Its members are taken one by one; what has not been taken at the end is unknown. All
 * errors are FormatErrors of line 1 that name the member.
 */
export class Assumed {
  readonly #members: Map<string, unknown>;
  readonly #path: string;

  /** Undefined: no members. `path` as in "assume.config". */
  constructor(value: unknown, path: string) {
    this.#path = path;
    if (value !== undefined && (typeof value !== "object" || value === null || Array.isArray(value))) {
      throw new FormatError("line 1", `${path}: an object`);
    }
    this.#members = new Map(Object.entries(value ?? {}));
  }

  /** A member in whatever form; undefined: there is none. */
  take(name: string): unknown {
    const value = this.#members.get(name);
    this.#members.delete(name);
    return value;
  }

  object(name: string): Assumed {
    return new Assumed(this.take(name), `${this.#path}.${name}`);
  }

  list(name: string): Assumed[] | undefined {
    const value = this.take(name);
    if (value === undefined) return undefined;
    if (!Array.isArray(value)) this.#fail(name, "an array");
    return (value as unknown[]).map((item, i) => new Assumed(item, `${this.#path}.${name}[${i}]`));
  }

  flag(name: string): boolean | undefined {
    const value = this.take(name);
    if (value !== undefined && typeof value !== "boolean") this.#fail(name, "true or false", value);
    return value as boolean | undefined;
  }

  /** One of the given words. */
  text(name: string, words: readonly string[]): string | undefined {
    const value = this.take(name);
    if (value !== undefined && !words.includes(value as string)) this.#fail(name, `one of ${words.join(", ")}`, value);
    return value as string | undefined;
  }

  /** An integer in any of a trace's forms, from 0 to `most`. */
  integer(name: string, most: bigint): number | undefined {
    const value = this.#integer(name, most);
    return value === undefined ? undefined : Number(value);
  }

  /** The same up to 2^64 - 1. */
  long(name: string): bigint | undefined {
    return this.#integer(name, 0xffffffffffffffffn);
  }

  /** Every member must have been taken, but for remarks: members of words, such as what may be assumed of a clock. */
  end(): void {
    for (const [name, value] of this.#members) if (typeof value !== "string") this.#fail(name, "a known member");
  }

  #integer(name: string, most: bigint): bigint | undefined {
    const value = this.take(name);
    if (value === undefined) return undefined;
    const integer = toBigInt(value);
    if (integer === undefined || integer < 0n || integer > most) {
      this.#fail(name, `an integer from 0 to 0x${most.toString(16)}`, value);
    }
    return integer;
  }

  #fail(name: string, wanted: string, value?: unknown): never {
    const found = value === undefined ? "" : `, not ${show(value)}`;
    throw new FormatError("line 1", `${this.#path}.${name}: ${wanted}${found}`);
  }
}
