import { guidBytes, guidText } from "../guid.ts";
import { fromHex, toHex } from "../hex.ts";
import { fromUcs2, toUcs2 } from "../ucs2.ts";

/**
 * One argument of a device path node's text, and the bytes of the node's body that it stands for. Offsets count from
 * the first byte behind the node's header of 4; numbers are little-endian unless said otherwise.
 */
export interface Field {
  /** The argument's text; undefined if the body holds nothing to be shown. */
  read(body: Uint8Array): string | undefined;
  /** Puts the bytes into the body, which grows as needed. Throws a SyntaxError for a text that is none of the field. */
  write(text: string, body: number[]): void;
  /** The text may hold commas. */
  greedy?: boolean;
  /** The text may be left out. */
  optional?: boolean;
}

/** Unsigned number of `size` bytes. */
export function unsignedAt(body: Uint8Array | readonly number[], at: number, size: number): bigint {
  let value = 0n;
  for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(body[at + i] ?? 0);
  return value;
}

/** Writes what `unsignedAt` reads; bits that do not fit are cut. */
export function putUnsigned(body: number[], at: number, size: number, value: bigint): void {
  for (let i = 0; i < size; i++) body[at + i] = Number((value >> BigInt(8 * i)) & 0xffn);
}

export function putBytes(body: number[], at: number, bytes: Uint8Array): void {
  for (const [i, byte] of bytes.entries()) body[at + i] = byte;
}

function parseNumber(text: string, pattern: RegExp, prefix: string, size: number, form: string): bigint {
  const value = pattern.test(text) ? BigInt(prefix + text) : undefined;
  if (value === undefined || value >> BigInt(8 * size) !== 0n) {
    throw new SyntaxError(`${JSON.stringify(text)} is no ${form} number of ${size} bytes`);
  }
  return value;
}

function reversed(bytes: Uint8Array, at: number, size: number): Uint8Array {
  return bytes.slice(at, at + size).reverse();
}

/** A decimal number; where the body has 0, `ifZero` is shown. */
export function decimal(at: number, size: number, ifZero = "0"): Field {
  return {
    read: (body) => {
      const value = unsignedAt(body, at, size);
      return value === 0n ? ifZero : String(value);
    },
    write: (text, body) => putUnsigned(body, at, size, parseNumber(text, /^\d+$/, "", size, "decimal")),
  };
}

/** A hexadecimal number with 0x, filled up with zeros to `digits`. */
export function prefixed(at: number, size: number, digits = 1): Field {
  return {
    read: (body) => `0x${unsignedAt(body, at, size).toString(16).padStart(digits, "0")}`,
    write: (text, body) =>
      putUnsigned(body, at, size, parseNumber(text, /^0x[\da-f]+$/i, "", size, "hexadecimal (0x)")),
  };
}

/** A hexadecimal number without 0x. */
export function bare(at: number, size: number, digits = 1): Field {
  return {
    read: (body) => unsignedAt(body, at, size).toString(16).padStart(digits, "0"),
    write: (text, body) => putUnsigned(body, at, size, parseNumber(text, /^[\da-f]+$/i, "0x", size, "hexadecimal")),
  };
}

/** A field over bytes that lie the other way round, most significant first. */
export function bigEndian(field: (at: number, size: number) => Field, at: number, size: number): Field {
  const inner = field(0, size);
  return {
    read: (body) => inner.read(reversed(body, at, size)),
    write: (text, body) => {
      const bytes: number[] = [];
      inner.write(text, bytes);
      putBytes(body, at, Uint8Array.from(bytes.reverse()));
    },
  };
}

/** A word for each value of the bits in `mask`; other values as `otherwise` shows them. */
export function choice(
  at: number,
  size: number,
  words: readonly (readonly [value: number, word: string])[],
  otherwise: Field,
  mask = 0xffff,
): Field {
  return {
    read: (body) => {
      const value = Number(unsignedAt(body, at, size)) & mask;
      return words.find(([known]) => known === value)?.[1] ?? otherwise.read(body);
    },
    write: (text, body) => {
      const known = words.find(([, word]) => word === text);
      if (known === undefined) otherwise.write(text, body);
      else putUnsigned(body, at, size, unsignedAt(body, at, size) | BigInt(known[0]));
    },
  };
}

/** A word that is always there, for nodes whose text begins alike. */
export function word(expected: string): Field {
  return {
    read: () => expected,
    write: (text) => {
      if (text !== expected) throw new SyntaxError(`${JSON.stringify(text)} is not ${expected}`);
    },
  };
}

export function guid(at: number): Field {
  return { read: (body) => guidText(body, at), write: (text, body) => putBytes(body, at, guidBytes(text)) };
}

/** Bytes as two digits each, with a separator between them. */
export function separated(at: number, count: number, separator: string, upper = false): Field {
  return {
    read: (body) => {
      const text = toHex(body.subarray(at, at + count)).replaceAll(/..(?!$)/g, `$&${separator}`);
      return upper ? text.toUpperCase() : text;
    },
    write: (text, body) => {
      const bytes = fromHex(text.split(separator).join(""));
      if (bytes.length !== count) throw new SyntaxError(`${JSON.stringify(text)} is not ${count} bytes`);
      putBytes(body, at, bytes);
    },
  };
}

/** All bytes from `at` on as hexadecimal digits; left out, with its comma, if there is none. */
export function hexRest(at: number): Field {
  return {
    read: (body) => (body.length > at ? toHex(body.subarray(at)) : undefined),
    write: (text, body) => putBytes(body, at, fromHex(text)),
    optional: true,
  };
}

/** UCS-2 text from `at` up to a NUL or the end; written with its NUL if the node's layout asks for one. */
export function ucs2Rest(at: number, terminated: boolean): Field {
  return {
    read: (body) => untilNul(fromUcs2(body.subarray(at))),
    write: (text, body) => putBytes(body, at, toUcs2(terminated ? `${text}\0` : text)),
    greedy: true,
  };
}

/** UTF-8 text from `at` up to a NUL or the end. */
export function textRest(at: number, terminated: boolean): Field {
  return {
    read: (body) => untilNul(new TextDecoder().decode(body.subarray(at))),
    write: (text, body) => putBytes(body, at, new TextEncoder().encode(terminated ? `${text}\0` : text)),
    greedy: true,
  };
}

function untilNul(text: string): string {
  const end = text.indexOf("\0");
  return end === -1 ? text : text.slice(0, end);
}
