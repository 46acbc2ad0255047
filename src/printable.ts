/**
 * What a terminal could act on, or show as something else: control characters, formatting ones (bidirectional controls,
 * characters without width), line and paragraph separators, lone surrogates, and what is no character. Classes of the Unicode Character Database.
 */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Cn}\p{Zl}\p{Zp}]/gu;

/** The text with each unsafe character as `\u000a`, or `\u{e0001}` beyond the basic plane; all else stays. */
export function printable(text: string): string {
  return text.replaceAll(UNSAFE, (character) => {
    const digits = (character.codePointAt(0) as number).toString(16);
    return digits.length > 4 ? `\\u{${digits}}` : `\\u${digits.padStart(4, "0")}`;
  });
}
