import type { ReachedStatement } from "./fuzz-run.ts";

/** A file of the core with its statements: how many there are and were reached, and which lines were. */
export interface FileCoverage {
  file: string;
  statements: number;
  covered: number;
  /** By line from 1 on: whether every statement that begins there was reached. */
  lines: ReadonlyMap<number, boolean>;
}

/** Coverage by file, the files in order of their names, without statements that are out of reach. */
export function fileCoverage(statements: readonly ReachedStatement[]): FileCoverage[] {
  const files = new Map<string, ReachedStatement[]>();
  const reachable = statements.filter(({ outOfReach }) => outOfReach === undefined);
  for (const statement of reachable) files.set(statement.file, [...(files.get(statement.file) ?? []), statement]);
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

/** Numbers of the lines in which a statement was not reached, in order. */
export const missedLines = ({ lines }: FileCoverage): number[] =>
  [...lines]
    .filter(([, covered]) => !covered)
    .map(([line]) => line)
    .sort((a, b) => a - b);

/** What is left out of a file, and why. */
export interface LeftOut {
  file: string;
  why: string;
  statements: number;
}

/** The statements that are out of reach, by file and reason, in the statements' order. */
export function leftOut(statements: readonly ReachedStatement[]): LeftOut[] {
  const all = new Map<string, LeftOut>();
  for (const { file, outOfReach } of statements) {
    if (outOfReach === undefined) continue;
    const key = `${file} ${outOfReach}`;
    all.set(key, { file, why: outOfReach, statements: (all.get(key)?.statements ?? 0) + 1 });
  }
  return [...all.values()];
}
