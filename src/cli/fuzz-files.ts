import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { readPlainBytes, replaceFile } from "../files/bytes.ts";
import type { Finding } from "../fuzz/finding.ts";
import type { Target } from "../fuzz/target.ts";
import { named } from "./store.ts";

/** Corpora and findings as libFuzzer and AFL++ keep them: raw inputs, named by the SHA-1 of their bytes. */

export const sha1 = (bytes: Uint8Array): string => createHash("sha1").update(bytes).digest("hex");

export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** The files of a folder in the order of their names, or the file itself. */
export function readInputs(path: string): { path: string; bytes: Uint8Array }[] {
  return named(path, () => {
    if (!isFolder(path)) return [{ path, bytes: readPlainBytes(path) }];
    const names = readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isFile());
    return names
      .map(({ name }) => join(path, name))
      .sort()
      .map((file) => ({ path: file, bytes: readPlainBytes(file) }));
  });
}

/** Adds an input to a corpus; gives the file. */
export function writeInput(folder: string, bytes: Uint8Array): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, sha1(bytes));
  if (statSync(path, { throwIfNoEntry: false }) === undefined) replaceFile(path, bytes);
  return path;
}

/** What libFuzzer calls a finding of this kind. */
export function kindOf({ failure }: Finding): string {
  if (failure.oracle === "timeout" || failure.oracle === "slow-unit") return failure.oracle;
  return "crash";
}

/** The files of a finding, and the trace's text. */
export interface WrittenFinding {
  input: string;
  trace?: string;
  story?: string;
}

/** Writes a finding's input, and its trace if there is one, behind `prefix`: a folder's name with a slash, or a stem. */
export function writeFinding(prefix: string, finding: Finding, target: Target): WrittenFinding {
  const input = `${prefix}${kindOf(finding)}-${sha1(finding.input)}`;
  const folder = input.slice(0, input.lastIndexOf("/") + 1);
  if (folder !== "") mkdirSync(folder, { recursive: true });
  replaceFile(input, finding.input);
  const { oracle, text } = finding.failure;
  const story = target.trace?.(finding.input, `${oracle}: ${text}`);
  if (story === undefined) return { input };
  replaceFile(`${input}.jsonl`, new TextEncoder().encode(story));
  return { input, trace: `${input}.jsonl`, story };
}
