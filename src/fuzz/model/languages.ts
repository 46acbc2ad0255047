import { GLOBAL_GUID } from "../../guid.ts";
import { VariableKey } from "./key.ts";

/** Bytes of a language in LangCodes: ISO 639-2, without terminator. */
const ISO_BYTES = 3;
const SEMICOLON = 0x3b;
const HYPHEN = 0x2d;

/** Names that the firmware couples, whatever their GUID; it writes the partner under the global one. */
export const LANG = VariableKey.of("Lang", GLOBAL_GUID);
export const PLATFORM_LANG = VariableKey.of("PlatformLang", GLOBAL_GUID);
export const LANG_CODES = VariableKey.of("LangCodes", GLOBAL_GUID);
export const PLATFORM_LANG_CODES = VariableKey.of("PlatformLangCodes", GLOBAL_GUID);

/** One language by both lists: data of Lang and of PlatformLang, terminated. */
export interface Language {
  lang: Uint8Array;
  platformLang: Uint8Array;
}

/**
 * The languages that a firmware offers: the n-th code of LangCodes and of PlatformLangCodes are one language
 * (Variable.c, AutoUpdateLangVariable and VariableGetBestLanguage).
 */
export class Languages {
  readonly #languages: Language[];

  /** Data of LangCodes (three letters a language) and PlatformLangCodes (RFC 4646, divided by semicolons). */
  constructor(langCodes: Uint8Array, platformLangCodes: Uint8Array) {
    const codes = split(platformLangCodes);
    this.#languages = codes.map((code, n) => ({
      lang: terminated(untilNul(langCodes).subarray(ISO_BYTES * n, ISO_BYTES * (n + 1))),
      platformLang: terminated(code),
    }));
  }

  /** The best match of Lang's value: its first three bytes, or fewer if it is shorter. */
  ofLang(value: Uint8Array): Language | undefined {
    const bytes = Math.min(ISO_BYTES, lengthOf(value));
    if (bytes === 0) return undefined;
    return this.#languages.find(({ lang }) => startsWith(lang, value, bytes));
  }

  /** The best match of PlatformLang's first code, shortened subtag by subtag until a supported one begins with it. */
  ofPlatformLang(value: Uint8Array): Language | undefined {
    const end = lengthOf(value);
    let bytes = 0;
    while (bytes < end && value[bytes] !== SEMICOLON) bytes++;
    while (bytes > 0) {
      const length = bytes;
      const found = this.#languages.find(({ platformLang }) => startsWith(platformLang, value, length));
      if (found !== undefined) return found;
      for (bytes--; bytes > 0 && value[bytes] !== HYPHEN; ) bytes--;
    }
    return undefined;
  }
}

function split(codes: Uint8Array): Uint8Array[] {
  const text = untilNul(codes);
  const parts: Uint8Array[] = [];
  for (let start = 0; start < text.length; ) {
    const semicolon = text.indexOf(SEMICOLON, start);
    const end = semicolon < 0 ? text.length : semicolon;
    if (end > start) parts.push(text.subarray(start, end));
    start = end + 1;
  }
  return parts;
}

function lengthOf(value: Uint8Array): number {
  const end = value.indexOf(0);
  return end < 0 ? value.length : end;
}

function untilNul(value: Uint8Array): Uint8Array {
  return value.subarray(0, lengthOf(value));
}

/** True if the first `bytes` of both are the same; a terminated code that is shorter differs at its terminator. */
function startsWith(code: Uint8Array, value: Uint8Array, bytes: number): boolean {
  if (bytes >= code.length) return false;
  for (let i = 0; i < bytes; i++) if (code[i] !== value[i]) return false;
  return true;
}

function terminated(code: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(code.length + 1);
  bytes.set(code);
  return bytes;
}
