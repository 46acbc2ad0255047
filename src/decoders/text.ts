import { FormatError, offsetText, type Variable } from "../formats/variable-set.ts";
import type { Decoded } from "./decoded.ts";

const NUL = 0;

/** ASCII text up to its NUL, or to the end. Throws a FormatError for other bytes, and for any behind the NUL. */
function asciiOf(data: Uint8Array): string {
  const nul = data.indexOf(NUL);
  const end = nul === -1 ? data.length : nul;
  const wrong = data.findIndex((byte, i) => (i < end ? byte > 0x7f : byte !== NUL));
  if (wrong !== -1) throw new FormatError(offsetText(wrong), "ASCII text up to one NUL");
  return new TextDecoder().decode(data.subarray(0, end));
}

/** `Lang`, `PlatformLang` (UEFI 2.10, 3.3): a language code with NUL. */
export function decodeLanguage({ data }: Variable): Decoded {
  const text = asciiOf(data);
  return { kind: "language", summary: text || "empty", lines: [text || "empty"], value: { language: text } };
}

/** `PlatformLangCodes`: RFC 4646 codes with semicolons between them. */
export function decodeLanguages({ data }: Variable): Decoded {
  return languages(asciiOf(data).split(";"));
}

/** `LangCodes`: ISO 639-2 codes of three letters, back to back. */
export function decodeOldLanguages({ data }: Variable): Decoded {
  return languages(asciiOf(data).match(/.{1,3}/gs) ?? []);
}

function languages(codes: readonly string[]): Decoded {
  const known = codes.filter((code) => code !== "");
  return {
    kind: "languages",
    summary: known.join(" ") || "none",
    lines: known.length === 0 ? ["none"] : known,
    value: { languages: known },
  };
}

/** shim's `SbatLevel` and `SbatLevelRT`: lines of component, generation and, in the first, a date (shim SBAT.md). */
export function decodeSbatLevel({ data }: Variable): Decoded {
  const rows = asciiOf(data)
    .split("\n")
    .filter((line) => line !== "");
  const levels = rows.map((row) => {
    const [component = "", generation = "", date] = row.split(",");
    return { component, generation, ...(date === undefined ? {} : { date }) };
  });
  return {
    kind: "SBAT level",
    summary: rows.join("; ") || "empty",
    lines: rows.length === 0 ? ["empty"] : rows,
    value: { levels },
  };
}
