import { FormatError, offsetText } from "./variable-set.ts";

/** Text without spaces, padding at its end only (RFC 4648, 4). */
const GROUPS = /^[A-Za-z0-9+/]*={0,2}$/;
const SPACE = /[ \t\r\n]+/g;

/**
 * Bytes of base64 text, broken into lines or not. Throws a FormatError with the offset for any character or padding that
 * an encoder does not write.
 */
export function decodeBase64(file: Uint8Array): Uint8Array {
  const text = binary(file);
  const wrong = text.search(/[^A-Za-z0-9+/= \t\r\n]/);
  if (wrong >= 0) throw new FormatError(offsetText(wrong), `base64 text, not byte 0x${file[wrong]?.toString(16)}`);
  const flat = text.replaceAll(SPACE, "");
  if (flat.length % 4 !== 0 || !GROUPS.test(flat)) {
    const padding = text.indexOf("=");
    throw new FormatError(
      offsetText(padding < 0 ? file.length : padding),
      "base64 text in groups of 4 characters, padded with = at its end",
    );
  }
  const bytes = Uint8Array.from(atob(flat), (character) => character.charCodeAt(0));
  const lastGroup = btoa(binary(bytes.subarray(-(bytes.length % 3 || 3))));
  if (lastGroup !== flat.slice(-4)) {
    throw new FormatError(offsetText(file.length), "a last base64 group whose unused bits are 0");
  }
  return bytes;
}

/** Base64 text of bytes in one line, without a line feed. */
export function encodeBase64(bytes: Uint8Array): Uint8Array {
  return new TextEncoder().encode(btoa(binary(bytes)));
}

/** Base64 text of bytes in lines as long as those of another text, and ended as they are. */
export function encodeBase64Like(base: Uint8Array, bytes: Uint8Array): Uint8Array {
  const text = binary(base);
  const lineEnd = /\r?\n/.exec(text)?.[0] ?? "";
  const lines = text.trim().split(/\r?\n/);
  const flat = btoa(binary(bytes));
  const width = lines.length === 1 ? flat.length : (lines[0] as string).length;
  const broken = flat.match(new RegExp(`.{1,${width}}`, "g")) ?? [];
  return new TextEncoder().encode(broken.join(lineEnd) + (text.endsWith("\n") ? lineEnd : ""));
}

/** The first bytes of a file in binary or in base64 text; undefined if it is neither or too short. */
export function startsWith(file: Uint8Array, magic: Uint8Array): "binary" | "base64" | undefined {
  if (magic.every((byte, n) => file[n] === byte)) return "binary";
  const groups = binary(file.subarray(0, 64))
    .replaceAll(SPACE, "")
    .slice(0, 4 * Math.ceil(magic.length / 3));
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(groups) || groups.length % 4 !== 0) return undefined;
  const start = atob(groups);
  return magic.every((byte, n) => start.charCodeAt(n) === byte) ? "base64" : undefined;
}

/** Text of one character a byte. */
function binary(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
