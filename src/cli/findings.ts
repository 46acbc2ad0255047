import { counted } from "../decoders/decoded.ts";
import type { Finding } from "../formats/finding.ts";
import { printable } from "../printable.ts";
import { CommandError, Exit, type Io } from "./io.ts";

/** What a check of a file found, one a line, and how many of each kind. */
export function printFindings(
  path: string,
  findings: readonly Finding[],
  { quiet }: { quiet?: boolean },
  io: Io,
): void {
  for (const finding of findings) io.out(lineOf(path, finding, io));
  const errors = errorsOf(findings);
  if (!quiet)
    io.err(`${printable(path)}: ${counted(errors, "error")}, ${counted(findings.length - errors, "warning")}\n`);
}

/** Ends the command with exit 1 for an error; if it is to be strict, for any finding. */
export function endBy(findings: readonly Finding[], { strict }: { strict?: boolean }): void {
  if (errorsOf(findings) > 0 || (strict && findings.length > 0)) throw new CommandError(Exit.Negative, "");
}

function errorsOf(findings: readonly Finding[]): number {
  return findings.filter(({ severity }) => severity === "error").length;
}

function lineOf(path: string, { place, severity, text }: Finding, { colors }: Io): string {
  const mark = severity === "error" ? colors.red(severity) : colors.yellow(severity);
  return `${printable(path)}: ${place}: ${mark}: ${text}\n`;
}
