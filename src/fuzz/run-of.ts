import { byteStatistics, sequenceStatistics } from "./corpus-statistics.ts";
import { coreSources } from "./fuzz-core.ts";
import type { FuzzRun } from "./fuzz-run.ts";
import { sequenceOptions, type TargetOptions } from "./make-target.ts";
import type { Session } from "./session.ts";
import { reachedStatements } from "./statement-coverage.ts";

export interface RunFacts {
  lane: TargetOptions;
  jobs: number;
  /** Processor and Node, in a line. */
  machine: string;
  started: Date;
  /** For each finding the command line that shows it again, and its trace. */
  shown: readonly { replay: string; trace?: string }[];
}

/** A session that is over, as its report takes it. */
export function runOf(session: Session, { lane, jobs, machine, started, shown }: RunFacts): FuzzRun {
  const last = session.samples.at(-1);
  const sequences = sequenceOptions(lane);
  const machines = sequences?.machines.map(({ policy }, i) => `${i} ${policy?.name ?? "ovmf-4m"}`) ?? [];
  const inputs = session.corpus;
  return {
    target: lane.name,
    seed: lane.seed,
    jobs,
    machine,
    started,
    ended: new Date(),
    runs: last?.runs ?? 0,
    calls: last?.calls ?? 0,
    edges: last?.total ?? 0,
    samples: session.samples,
    statements: reachedStatements(session.seenEdges),
    sources: sequences === undefined ? {} : coreSources(),
    findings: session.findings.map(({ failure: { oracle, text }, run, count, input }, i) => ({
      oracle,
      text,
      run,
      count,
      input,
      ...(shown[i] ?? { replay: "" }),
    })),
    corpus: sequences === undefined ? byteStatistics(inputs) : sequenceStatistics(inputs, machines),
  };
}
