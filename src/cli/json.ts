import { UNSAFE_CHARACTERS } from "../printable.ts";

/** A document for standard output, in one line. */
export function jsonLine(document: object): string {
  return `${safeJson(JSON.stringify(document))}\n`;
}

/** JSON text in which what a terminal could act on is escaped: it reads back the same. */
export function safeJson(text: string): string {
  return text.replaceAll(UNSAFE_CHARACTERS, unitEscapes);
}

/** JSON escapes UTF-16 units, two of them for a character beyond the basic plane. */
function unitEscapes(character: string): string {
  return character
    .split("")
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .join("");
}
