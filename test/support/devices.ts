import { execFileSync } from "node:child_process";
import { join } from "node:path";

const MINORS = { null: 3, zero: 5, full: 7 };

/**
 * A memory device to write to or read from (Linux, major 1). Root could replace or lock the system's own if the code under
 * test is wrong, so root gets a node in the folder; nobody else can, and gets the system's.
 */
export function device(folder: string, name: keyof typeof MINORS): string {
  if (process.getuid?.() !== 0) return `/dev/${name}`;
  const path = join(folder, name);
  execFileSync("mknod", [path, "c", "1", String(MINORS[name])]);
  return path;
}
