/**
 * What a terminal could act on, or show as something else: control characters, formatting ones (bidirectional controls,
 * characters without width), line and paragraph separators, lone surrogates, and what is no character. Classes of the Unicode Character Database.
 */
export const UNSAFE_CHARACTERS = /[\p{Cc}\p{Cf}\p{Cs}\p{Cn}\p{Zl}\p{Zp}]/gu;
/** Most texts; told much faster than by classes. */
const ASCII = /^[ -~]*$/;
/** A text's own characters that read like an escape. */
const LOOKALIKE = /\\(?=u(?:[\da-f]{4}|\{[\da-f]{1,6}\}))/gi;
const ESCAPE = /\\u(?:([\da-f]{4})|\{([\da-f]{1,6})\})/gi;

/** The text with each unsafe character as `\u000a`, or `\u{e0001}` beyond the basic plane; all else stays. */
export function printable(text: string): string {
  return ASCII.test(text) ? text : text.replaceAll(UNSAFE_CHARACTERS, escapeOf);
}

/** A variable's name as `printable`, and the backslash of what reads like an escape: no two names come out the same. */
export function printableName(name: string): string {
  return printable(name.replaceAll(LOOKALIKE, escapeOf));
}

/** The name that `printableName` was given. Escapes of no character stay as they are. */
export function fromPrintableName(text: string): string {
  return text.replaceAll(ESCAPE, (found, unit?: string, character?: string) => {
    const code = Number.parseInt(unit ?? character ?? "", 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : found;
  });
}

function escapeOf(character: string): string {
  const digits = (character.codePointAt(0) as number).toString(16);
  return digits.length > 4 ? `\\u{${digits}}` : `\\u${digits.padStart(4, "0")}`;
}
