import { statSync } from "node:fs";
import { FileLock, LockedError, realPath } from "../files/lock.ts";
import { CommandError, Exit } from "./io.ts";

/**
 * Does work that replaces a file or directory while nobody else may: neither a running machine nor another command. What
 * only passes bytes on ("-", a device, a pipe) has no lock. Errors name the target.
 */
export function whileLocked<T>(target: string, work: () => T): T {
  const lock = isStream(target) ? undefined : take(target);
  try {
    return work();
  } finally {
    lock?.release();
  }
}

/** True if both paths lead to one file. */
export function isSamePlace(a: string, b: string): boolean {
  return a !== "-" && b !== "-" && (a === b || realPath(a) === realPath(b));
}

function isStream(target: string): boolean {
  if (target === "-") return true;
  const stats = statSync(target, { throwIfNoEntry: false });
  return stats !== undefined && !stats.isFile() && !stats.isDirectory();
}

function take(target: string): FileLock {
  try {
    return FileLock.take(target);
  } catch (error) {
    if (error instanceof LockedError) throw new CommandError(Exit.Unreadable, error.message);
    // The system's message names the lock's file, which the user does not know.
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== undefined) throw new CommandError(Exit.Unreadable, `${target}: cannot be locked: ${message}`);
    throw error;
  }
}
