import { coreSources, edgeMap } from "./fuzz-core.ts";
import type { ReachedStatement } from "./fuzz-run.ts";
import { whyOutOfReach } from "./out-of-reach.ts";

/** The core's statements, by the edges that were seen; none of a target that knows no edges. */
export function reachedStatements(seen: Uint8Array | undefined): ReachedStatement[] {
  if (seen === undefined || seen.length === 0) return [];
  const lines = new Map(Object.entries(coreSources()).map(([file, text]) => [file, text.split("\n")]));
  return edgeMap().statements.map((statement) => {
    const { file, line, column, edge } = statement;
    const text = lines.get(file)?.[line - 1]?.slice(column - 1) ?? "";
    return { file, line, covered: seen[edge] !== 0, outOfReach: whyOutOfReach(statement, text) };
  });
}

/** How many statements a guest can come to, and how many of them were reached. */
export interface Reach {
  reached: number;
  reachable: number;
}

export function reachOf(statements: readonly ReachedStatement[]): Reach {
  const reachable = statements.filter(({ outOfReach }) => outOfReach === undefined);
  return { reached: reachable.filter(({ covered }) => covered).length, reachable: reachable.length };
}
