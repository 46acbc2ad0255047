import { aws } from "./aws.ts";
import { dmpstore } from "./dmpstore.ts";
import { edk2Format } from "./edk2-format.ts";
import { efivar } from "./efivar-export.ts";
import { efivarfs } from "./efivarfs.ts";
import type { Format, FormatName } from "./format.ts";
import { hyperv } from "./hyperv.ts";
import { json } from "./json.ts";
import { uboot } from "./uboot-file.ts";
import { FormatError, offsetText } from "./variable-set.ts";
import { varstored } from "./varstored.ts";

/**
 * All formats, in the order in which a file is asked for them: a magic at a fixed place, then what is searched for or
 * summed up, then the first character of a text, then what only looks right.
 */
export const FORMATS: readonly Format[] = [uboot, efivar, aws, varstored, efivarfs, edk2Format, dmpstore, json, hyperv];

/** The format that a file's content shows. Throws a FormatError that lists the formats if it shows none. */
export function detectFormat(bytes: Uint8Array): Format {
  const format = FORMATS.find((candidate) => candidate.detects(bytes));
  if (format !== undefined) return format;
  const known = FORMATS.map(({ name, title }) => `${name} (${title})`).join(", ");
  throw new FormatError(offsetText(0), `a store of one of these formats: ${known}`);
}

export function formatNamed(name: FormatName): Format {
  return FORMATS.find((format) => format.name === name) as Format;
}
