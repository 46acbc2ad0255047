import { writeSync } from "node:fs";
import pc from "picocolors";
import { Exit, type Io } from "./io.ts";

/** The process's own streams. A closed pipe ends the process quietly; an interrupt ends it as the shell expects. */
export function processIo(args: readonly string[]): Io {
  return {
    out: (text) => write(1, text),
    outBytes: (bytes) => write(1, bytes),
    err: (text) => write(2, text),
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

/** Writes all of it, however often the stream asks to wait. */
function write(stream: 1 | 2, data: string | Uint8Array): void {
  let rest = typeof data === "string" ? new TextEncoder().encode(data) : data;
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(stream, rest));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EPIPE") process.exit(Exit.Done);
      if (code !== "EAGAIN") throw error;
    }
  }
}
