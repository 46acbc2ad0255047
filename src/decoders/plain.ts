import { hexDump, toHex } from "../hex.ts";
import { fromUcs2 } from "../ucs2.ts";
import type { Decoded, Json } from "./decoded.ts";
import { counted } from "./decoded.ts";

/** Bytes that the one-line form of a value shows. */
const SUMMARY_BYTES = 16;
/** Letters, marks, numbers, punctuation, symbols and blanks: what people write. */
const READABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S}\p{Zs}\r\n\t]+$/u;
/** Shorter text than this would be found in too many numbers. */
const MIN_CHARACTERS = 2;
const LATIN_END = 0x100;
const ascii = new TextDecoder();

/** Text of a value that is text as a whole, one NUL at its end or none. */
export type FoundText = { encoding: "UTF-16" | "ASCII"; text: string };

/** The text that the bytes are: UTF-16 of mostly Latin letters, else ASCII; undefined if neither. */
export function findText(data: Uint8Array): FoundText | undefined {
  const ucs2 = fromUcs2(data).replace(/\0$/, "");
  if (data.length % 2 === 0 && isMostlyLatin(ucs2) && READABLE.test(ucs2)) {
    return { encoding: "UTF-16", text: ucs2 };
  }
  const end = data.at(-1) === 0 ? data.length - 1 : data.length;
  if (end < MIN_CHARACTERS || !data.subarray(0, end).every(isAscii)) return undefined;
  return { encoding: "ASCII", text: ascii.decode(data.subarray(0, end)) };
}

/** Two ASCII characters are some letter of the east: half of the units at least must be Latin. */
function isMostlyLatin(text: string): boolean {
  let count = 0;
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) < LATIN_END) count++;
  return text.length >= MIN_CHARACTERS && 2 * count >= text.length;
}

function isAscii(byte: number): boolean {
  return (byte >= 0x20 && byte < 0x7f) || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}

/** Digits of the first bytes. */
export function shortHex(data: Uint8Array): string {
  const digits = toHex(data.subarray(0, SUMMARY_BYTES));
  return data.length > SUMMARY_BYTES ? `${digits}…` : digits;
}

/** Offset, 16 bytes and their characters a line. */
export function hexLines(data: Uint8Array): string[] {
  return data.length === 0 ? ["empty"] : hexDump(data).trimEnd().split("\n");
}

/** A value of which nothing is known but its bytes: an integer by its size unless it is text, else hexadecimal. */
export function decodePlain(data: Uint8Array): Decoded {
  if (data.length === 1 || data.length === 2) return decodeInteger(data);
  const found = findText(data);
  if (found !== undefined) {
    const { encoding, text } = found;
    const summary = (encoding === "UTF-16" ? "L" : "") + JSON.stringify(text);
    return { kind: "text", summary, lines: text.split(/\r?\n/), value: { encoding, text } };
  }
  if (data.length === 4 || data.length === 8) return decodeInteger(data);
  const summary = data.length === 0 ? "empty" : `${shortHex(data)} (${counted(data.length, "byte")})`;
  return {
    kind: "bytes",
    summary,
    get lines() {
      return hexLines(data);
    },
    get value() {
      return { data: toHex(data) };
    },
  };
}

function decodeInteger(data: Uint8Array): Decoded {
  const digits = toHex(data.slice().reverse());
  const number = BigInt(`0x${digits}`);
  const value: Json = data.length === 8 ? `0x${number.toString(16)}` : Number(number);
  const summary = `${number} (0x${digits})`;
  return { kind: "integer", summary, lines: [summary], value: { bytes: data.length, number: value } };
}
