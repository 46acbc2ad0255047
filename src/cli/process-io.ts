import { writeSync } from "node:fs";
import pc from "picocolors";
import { CommandError, Exit, type Io } from "./io.ts";

/** The process's own streams. A closed pipe ends the process quietly; an interrupt ends it as the shell expects. */
export function processIo(args: readonly string[]): Io {
  return {
    out: write,
    outBytes: write,
    err: tell,
    showsProgress: process.stderr.isTTY === true && process.env.CI === undefined,
    colors: pc.createColors(hasColor(args)),
    columns: process.stdout.isTTY === true ? (process.stdout.columns ?? 80) : undefined,
  };
}

/** `--color` wins over NO_COLOR and FORCE_COLOR, which win over the terminal's own word. */
function hasColor(args: readonly string[]): boolean {
  const at = args.findIndex((arg) => arg.startsWith("--color"));
  const when = args[at]?.includes("=") ? args[at].split("=")[1] : args[at + 1];
  if (at >= 0 && (when === "always" || when === "never")) return when === "always";
  if (process.env.NO_COLOR) return false;
  if (process.env.FORCE_COLOR) return true;
  return process.stdout.isTTY === true;
}

/** Where nobody hears them, messages are no reason to end otherwise. */
function tell(text: string): void {
  try {
    writeAll(2, text);
  } catch {}
}

/** A reader that has seen enough is no error. */
function write(data: string | Uint8Array): void {
  try {
    writeAll(1, data);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EPIPE") process.exit(Exit.Done);
    throw new CommandError(Exit.Unreadable, `standard output: ${(error as Error).message}`);
  }
}

/** Writes all of it, however often the stream asks to wait. */
function writeAll(stream: 1 | 2, data: string | Uint8Array): void {
  let rest = typeof data === "string" ? new TextEncoder().encode(data) : data;
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(stream, rest));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
    }
  }
}
