import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const CACHE = fileURLToPath(new URL("../../../node_modules/.cache/", import.meta.url));

/** This process's own Node, and later ones that users may have. */
export const NODES = [process.version.slice(1), "22.23.3", "24.21.0"];

/** Path of a Node's program; npm fetches it once. */
export function nodeOf(version: string): string {
  if (`v${version}` === process.version) return process.execPath;
  const name = `node-linux-${process.arch}`;
  const folder = join(CACHE, `${name}-${version}`);
  const program = join(folder, "node_modules", name, "bin/node");
  if (!existsSync(program)) {
    const quiet = ["--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline"];
    execFileSync("npm", ["install", ...quiet, "--prefix", folder, `${name}@${version}`], { stdio: "pipe" });
  }
  return program;
}
