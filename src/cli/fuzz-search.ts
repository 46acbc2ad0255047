import { cpus } from "node:os";
import { replaceFile } from "../files/bytes.ts";
import { ByteTarget } from "../fuzz/byte-target.ts";
import { type Lane, type LaneOptions, LocalLane } from "../fuzz/lane.ts";
import { fuzzReport } from "../fuzz/report.ts";
import { type RunFacts, runOf } from "../fuzz/run-of.ts";
import { ROUND_RUNS, Session, type SessionSample } from "../fuzz/session.ts";
import { reachedStatements, reachOf } from "../fuzz/statement-coverage.ts";
import { statusLine } from "../fuzz/status-line.ts";
import type { Target } from "../fuzz/target.ts";
import { WorkerLane } from "../fuzz/worker-lane.ts";
import { isFolder, readInputs, writeFinding, writeInput } from "./fuzz-files.ts";
import { type FuzzOptions, type Hunt, SECONDS } from "./fuzz-options.ts";
import { again, document, summary, type Written } from "./fuzz-text.ts";
import { CommandError, Exit, type Io } from "./io.ts";
import { jsonLine } from "./json.ts";

const INTERRUPTED = 130 as Exit;

interface ReportFacts extends Pick<RunFacts, "lane" | "jobs" | "started">, Pick<Hunt, "words"> {}

/** Searches until its runs or its time are over, writes what it found, and tells. */
export async function search(hunt: Hunt, target: Target, options: FuzzOptions, io: Io): Promise<void> {
  const { lane, inputs, words } = hunt;
  const { jobs } = options;
  if (jobs < 1) throw new CommandError(Exit.Usage, "--jobs: at least 1");
  if (options.timeout < 1) throw new CommandError(Exit.Usage, "--timeout: at least 1");
  const folder = inputs.find(isFolder);
  const started = new Date();
  const session = new Session(lanesOf(lane, target, options), {
    runs: options.runs ?? Number.POSITIVE_INFINITY,
    roundRuns: ROUND_RUNS,
    findingsMax: options.maxFindings,
    inputs: inputs.flatMap(readInputs).map(({ bytes }) => bytes),
    onRound: (sample, news) => {
      if (folder !== undefined) for (const input of news) writeInput(folder, input);
      if (showsProgress(options, io)) io.err(`\r${statusLine(session.samples, sample.total)}\x1b[K`);
    },
  });
  const signal = await untilEnd(session, options);
  if (showsProgress(options, io)) io.err("\r\x1b[K");
  const found = session.findings.map((finding) => ({ finding, ...writeFinding(options.findings, finding, target) }));
  if (options.report !== undefined) writeReport(options.report, session, found, { lane, jobs, started, words });
  const last = session.samples.at(-1) as SessionSample;
  const reach = reachOf(reachedStatements(session.seenEdges));
  io.out(options.json ? jsonLine(document(hunt, options, last, reach, found)) : summary(hunt, last, reach, found));
  if (signal === "SIGINT") throw new CommandError(INTERRUPTED, "");
  if (found.length > 0) throw new CommandError(Exit.Negative, "");
}

function writeReport(
  path: string,
  session: Session,
  found: readonly Written[],
  { words, ...facts }: ReportFacts,
): void {
  const machine = `${cpus()[0]?.model ?? "unknown processor"}, Node ${process.version}`;
  const shown = found.map(({ input, story }) => {
    const replay = again(words, input);
    return story === undefined ? { replay } : { replay, trace: story };
  });
  replaceFile(path, new TextEncoder().encode(fuzzReport(runOf(session, { ...facts, machine, shown }))));
}

/** What is written in JavaScript has no count of turns that would end a loop: it runs in threads, which can be ended. */
function lanesOf(lane: LaneOptions, target: Target, { jobs, timeout }: FuzzOptions): Lane[] {
  const watch = target instanceof ByteTarget ? { bytesMax: target.bytesMax, seconds: timeout } : undefined;
  if (jobs === 1 && watch === undefined) return [new LocalLane(target, lane)];
  const file = new URL(import.meta.resolve("#fuzz-worker"));
  return Array.from({ length: jobs }, (_, i) => new WorkerLane({ ...lane, seed: lane.seed + i }, file, watch));
}

/** Runs the session until its runs or its time are over, or somebody asks it to end: which signal that was. */
async function untilEnd(session: Session, { runs, time }: FuzzOptions): Promise<NodeJS.Signals | undefined> {
  let asked: NodeJS.Signals | undefined;
  const stop = (signal: NodeJS.Signals) => {
    asked = signal;
    session.stop();
  };
  const seconds = time ?? (runs === undefined ? SECONDS : undefined);
  const timer = seconds === undefined ? undefined : setTimeout(() => session.stop(), seconds * 1000);
  process.on("SIGINT", stop).on("SIGTERM", stop);
  try {
    await session.run();
  } finally {
    clearTimeout(timer);
    process.off("SIGINT", stop).off("SIGTERM", stop);
  }
  return asked;
}

const showsProgress = (options: FuzzOptions, io: Io): boolean =>
  io.showsProgress && options.progress !== false && !options.quiet && !options.json;
