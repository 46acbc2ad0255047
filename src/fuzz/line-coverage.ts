import type { ReachedStatement } from "./fuzz-run.ts";

/** A file of the core with its statements: how many there are and were reached, and which lines were. */
export interface FileCoverage {
  file: string;
  statements: number;
  covered: number;
  /** By line from 1 on: whether every statement that begins there was reached. */
  lines: ReadonlyMap<number, boolean>;
}

/** Coverage by file, the files in order of their names. */
export function fileCoverage(statements: readonly ReachedStatement[]): FileCoverage[] {
  const files = new Map<string, ReachedStatement[]>();
  for (const statement of statements) files.set(statement.file, [...(files.get(statement.file) ?? []), statement]);
  return [...files]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([file, own]) => ({
      file,
      statements: own.length,
      covered: own.filter(({ covered }) => covered).length,
      lines: lineCoverage(own),
    }));
}

function lineCoverage(statements: readonly ReachedStatement[]): Map<number, boolean> {
  const lines = new Map<number, boolean>();
  for (const { line, covered } of statements) lines.set(line, covered && lines.get(line) !== false);
  return lines;
}
