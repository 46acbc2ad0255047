import { createHash } from "node:crypto";
import { coreBytes } from "../core-bytes.ts";

/** True for a command line that asks for nothing but the version. */
export const asksVersion = (args: readonly string[]): boolean =>
  args.length === 1 && (args[0] === "-V" || args[0] === "--version");

/** The package's version, and which core it has, in a line. */
export function versionText(version: string): string {
  return `${version} (core sha256 ${createHash("sha256").update(coreBytes()).digest("hex")})\n`;
}
