import { unionOfEdges } from "../src/fuzz/edge-coverage.ts";
import { Engine } from "../src/fuzz/engine.ts";
import type { Finding } from "../src/fuzz/finding.ts";
import type { ReachedStatement } from "../src/fuzz/fuzz-run.ts";
import { makeTarget } from "../src/fuzz/make-target.ts";
import type { SequenceTarget } from "../src/fuzz/sequence-target.ts";
import { reachedStatements } from "../src/fuzz/statement-coverage.ts";

/** The targets whose inputs are calls. */
export const NAMES = ["variables", "dispatch", "auth"];

/** Runs between two looks at whether to go on. */
const ROUND_RUNS = 500;
const STEPS_MAX = 24;

export interface CoverageHunt {
  statements: ReachedStatement[];
  /** Of all targets. */
  runs: number;
  findings: Finding[];
}

/**
 * Fuzzes each of the targets from an empty corpus as long as `goesOn` says for its name and its runs, without slower checks,
 * which reach nothing that counts; what was reached is told of all together.
 */
export function coverageHunt(seed: number, goesOn: (name: string, runs: number) => boolean): CoverageHunt {
  const engines = NAMES.map((name) => {
    const target = makeTarget({ name, seed, stepsMax: STEPS_MAX, counts: true, checks: "none" });
    const engine = new Engine(target, { seed, findingsMax: 20 });
    while (!engine.isFull && goesOn(name, engine.runs)) engine.run(ROUND_RUNS);
    return engine;
  });
  const seen = engines.map(({ target }) => (target as SequenceTarget).seenEdges());
  return {
    statements: reachedStatements(unionOfEdges(seen)),
    runs: engines.reduce((sum, { runs }) => sum + runs, 0),
    findings: engines.flatMap(({ findings }) => findings),
  };
}
