import { availableParallelism, cpus } from "node:os";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { Command, Option } from "commander";
import { readFileBytes, readPlainBytes, replaceFile } from "../../files/bytes.ts";
import { parseDictionary } from "../../fuzz/dictionary.ts";
import { Engine } from "../../fuzz/engine.ts";
import type { Failure } from "../../fuzz/failure.ts";
import { type Finding, minimise } from "../../fuzz/finding.ts";
import { type Lane, type LaneOptions, LocalLane, laneTarget } from "../../fuzz/lane.ts";
import { TARGETS } from "../../fuzz/make-target.ts";
import { fuzzReport } from "../../fuzz/report.ts";
import { runOf } from "../../fuzz/run-of.ts";
import { ROUND_RUNS, Session, type SessionSample } from "../../fuzz/session.ts";
import { statusLine } from "../../fuzz/status-line.ts";
import { Shown, type Target } from "../../fuzz/target.ts";
import { WorkerLane } from "../../fuzz/worker-lane.ts";
import { isFolder, readInputs, type WrittenFinding, writeFinding, writeInput } from "../fuzz-files.ts";
import { CommandError, Exit, type Globals, type Io } from "../io.ts";
import { jsonLine } from "../json.ts";
import { number } from "../number.ts";
import { named } from "../store.ts";

interface Options extends Globals {
  seed: number;
  runs?: number;
  time?: number;
  jobs: number;
  maxLen?: number;
  maxSteps: number;
  variables?: number;
  coverage: boolean;
  maxFindings: number;
  findings: string;
  merge?: true;
  minimise?: true;
  checks: "none" | "some" | "model";
  dict?: string;
  report?: string;
}

const INTERRUPTED = 130 as Exit;
/** Longest run where neither runs nor time are said. */
const SECONDS = 60;

const HELP = `
Targets:
${Object.entries(TARGETS)
  .map(([name, what]) => `  ${name.padEnd(10)} ${what}`)
  .join("\n")}
  shim       FILE.wasm before the inputs: a kernel's shim over a hypervisor that lies
  MODULE     a path of a module of yours that exports fuzz(data) and throws for a finding, as for Jazzer.js

Inputs are folders (corpora: read, and what is new goes to the first one) or files (each is run once, and told). A finding
is made as small as it can be and kept as crash-SHA1, with a trace beside it that \`xenefi replay\` plays. libFuzzer's flags
-runs= -max_total_time= -max_len= -seed= -jobs= -workers= -dict= -artifact_prefix= -merge=1 -minimize_crash=1 work too.

  xenefi fuzz variables corpus --time 600 --jobs 2
  xenefi fuzz variables crash-0123…
  xenefi fuzz variables --merge all corpus-1 corpus-2`;

/** `xenefi fuzz [TARGET] [INPUT…]`: searches for faults. */
export function fuzzCommand(io: Io): Command {
  return new Command("fuzz")
    .description("search for faults, guided by coverage")
    .argument("[target]", "what is searched", "variables")
    .argument("[input...]", "corpora to start from, or single inputs to run")
    .option("--seed <n>", "the same seed, jobs and runs give the same findings", number, 1)
    .option("--runs <n>", "inputs to run, of all jobs together", number)
    .option("--time <s>", `most seconds (default: ${SECONDS}, where --runs is not given)`, number)
    .option("--jobs <n>", `threads (this machine has ${availableParallelism()} cores)`, number, 1)
    .option("--max-steps <n>", "most steps of a sequence", number, 24)
    .option("--max-len <bytes>", "most bytes of an input; of a sequence, 32 a step and 32 before all", number)
    .option("--variables <n>", "one machine with so many variables in place of all kinds", number)
    .addOption(
      new Option("--checks <which>", "slower checks: none, each on some inputs, or the reference model on every call")
        .choices(["none", "some", "model"])
        .default("some"),
    )
    .option("--dict <file>", "tokens for inputs that are no sequences, as libFuzzer and AFL++ have them")
    .option("--report <file>", "write a page (HTML) with coverage, findings and corpus")
    .option("--no-coverage", "do not count edges: faster, and blind")
    .option("--max-findings <n>", "different findings after which it ends", number, 20)
    .option("--findings <prefix>", "where findings go: a folder with / behind it, or the beginning of their names", "")
    .option("--merge", "write what the inputs cover to the first folder, with as few and small inputs as there are")
    .option("--minimise", "make a failing input smaller")
    .addHelpText("after", HELP)
    .action(async (name: string, paths: string[], _: Options, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      const { lane, inputs } = laneOptions(name, paths, options);
      const first = await usable(lane);
      if (options.merge) return merge(first, inputs, io);
      if (options.minimise) return minimiseAll(first, inputs, options, io);
      if (inputs.length > 0 && inputs.every((path) => !isFolder(path))) return runOnce(first, inputs, options, io);
      await search(lane, first, inputs, options, io);
    });
}

/** What the target's name and the options say, and the inputs that are left. */
function laneOptions(name: string, paths: string[], options: Options): { lane: LaneOptions; inputs: string[] } {
  const lane = commonOptions(options);
  if (name === "shim") {
    const [file, ...inputs] = paths;
    if (file === undefined) throw new CommandError(Exit.Usage, "shim: FILE.wasm before the inputs");
    return { lane: { ...lane, name, shim: named(file, () => new Uint8Array(readFileBytes(file).bytes)) }, inputs };
  }
  if (!Object.hasOwn(TARGETS, name) && /[./\\]/.test(name)) {
    return { lane: { ...lane, name: "file", module: pathToFileURL(resolve(name)).href }, inputs: paths };
  }
  return { lane: { ...lane, name }, inputs: paths };
}

function commonOptions(options: Options): Omit<LaneOptions, "name"> {
  const { seed, variables, maxFindings, coverage, checks, dict } = options;
  const stepsMax = options.maxLen === undefined ? options.maxSteps : Math.floor(options.maxLen / 32) - 1;
  if (stepsMax < 1) throw new CommandError(Exit.Usage, "--max-len: at least 64, the head and a step");
  const text = (path: string) => new TextDecoder().decode(readPlainBytes(path));
  const tokens = dict === undefined ? [] : named(dict, () => parseDictionary(text(dict)).map(({ bytes }) => bytes));
  return { seed, variables, stepsMax, checks, tokens, counts: coverage, findingsMax: maxFindings };
}

/** The target, or wrong usage. */
async function usable(lane: LaneOptions): Promise<Target> {
  try {
    return await laneTarget(lane);
  } catch (error) {
    if (error instanceof RangeError) throw new CommandError(Exit.Usage, error.message);
    if (lane.module !== undefined)
      throw new CommandError(Exit.Unreadable, `${lane.module}: ${(error as Error).message}`);
    throw error;
  }
}

async function search(
  lane: LaneOptions,
  target: Target,
  paths: readonly string[],
  options: Options,
  io: Io,
): Promise<void> {
  const { jobs } = options;
  if (jobs < 1) throw new CommandError(Exit.Usage, "--jobs: at least 1");
  const folder = paths.find(isFolder);
  const started = new Date();
  const session = new Session(lanesOf(lane, target, jobs), {
    runs: options.runs ?? Number.POSITIVE_INFINITY,
    roundRuns: ROUND_RUNS,
    findingsMax: options.maxFindings,
    inputs: paths.flatMap(readInputs).map(({ bytes }) => bytes),
    onRound: (sample, news) => {
      if (folder !== undefined) for (const input of news) writeInput(folder, input);
      if (showsProgress(options, io)) io.err(`\r${statusLine(session.samples, sample.total)}\x1b[K`);
    },
  });
  const signal = await untilEnd(session, options);
  if (showsProgress(options, io)) io.err("\r\x1b[K");
  const files = session.findings.map((finding) => writeFinding(options.findings, finding, target));
  const last = session.samples.at(-1);
  if (last === undefined) return;
  const written = session.findings.map((finding, i) => ({
    finding,
    ...(files[i] as WrittenFinding),
  }));
  if (options.report !== undefined) {
    const machine = `${cpus()[0]?.model ?? "unknown processor"}, Node ${process.version}`;
    const shown = files.map(({ input, story }) => ({
      replay: again(lane, input),
      ...(story === undefined ? {} : { trace: story }),
    }));
    const run = runOf(session, { lane, jobs, machine, started, shown });
    replaceFile(options.report, new TextEncoder().encode(fuzzReport(run)));
  }
  if (options.json) io.out(jsonLine(document(lane, options, last, written)));
  else io.out(summary(lane, last, written));
  if (signal !== undefined) throw new CommandError(signal === "SIGINT" ? INTERRUPTED : Exit.Done, "");
  if (session.findings.length > 0) throw new CommandError(Exit.Negative, "");
}

/** How a finding is run again. */
const again = ({ name, module }: LaneOptions, input: string): string =>
  `xenefi fuzz ${module === undefined ? name : new URL(module).pathname} ${input}`;

function lanesOf(lane: LaneOptions, target: Target, jobs: number): Lane[] {
  if (jobs === 1) return [new LocalLane(target, lane)];
  const file = new URL(import.meta.resolve("#fuzz-worker"));
  return Array.from({ length: jobs }, (_, i) => new WorkerLane({ ...lane, seed: lane.seed + i }, file));
}

/** Runs the session until its runs or its time are over, or somebody asks it to end: which signal that was. */
async function untilEnd(session: Session, { runs, time }: Options): Promise<NodeJS.Signals | undefined> {
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

const showsProgress = (options: Options, io: Io): boolean =>
  io.showsProgress && options.progress !== false && !options.quiet && !options.json;

interface Written extends WrittenFinding {
  finding: Finding;
}

function summary(lane: LaneOptions, last: SessionSample, findings: readonly Written[]): string {
  const perSecond = (count: number) => Math.round(count / Math.max(last.seconds, 0.001)).toLocaleString("en");
  const edges = last.total === 0 ? "" : `, ${last.covered} of ${last.total} edges, ${last.features} features`;
  const head =
    `${lane.name}: ${last.runs.toLocaleString("en")} runs (${perSecond(last.runs)}/s), ` +
    `${last.calls.toLocaleString("en")} calls (${perSecond(last.calls)}/s)${edges}, ${last.corpus} inputs kept\n`;
  if (findings.length === 0) return `${head}no finding\n`;
  return head + findings.map((written) => findingText(lane, written)).join("");
}

function findingText(lane: LaneOptions, { finding, input, trace }: Written): string {
  const { failure, run, first } = finding;
  const sizes = `${finding.input.length} bytes, of ${first.length} at first`;
  const replay = trace === undefined ? "" : `  xenefi replay ${trace}\n`;
  return `finding ${failure.oracle}: ${failure.text} (run ${run}; ${sizes})\n  ${again(lane, input)}\n${replay}`;
}

function document(
  lane: LaneOptions,
  { jobs, seed }: Options,
  last: SessionSample,
  findings: readonly Written[],
): object {
  return {
    schema: "xenefi.fuzz/1",
    target: lane.name,
    seed,
    jobs,
    ...last,
    findings: findings.map(({ finding, input, trace }) => ({
      ...finding.failure,
      run: finding.run,
      calls: finding.calls,
      bytes: finding.input.length,
      input,
      trace,
    })),
  };
}

/** Runs single inputs, each once, and tells what came of it. */
function runOnce(target: Target, paths: readonly string[], options: Options, io: Io): void {
  const results = paths.flatMap(readInputs).map(({ path, bytes }) => ({ path, failure: failureOf(target, bytes) }));
  if (options.json) {
    io.out(jsonLine({ schema: "xenefi.fuzz-inputs/1", target: target.name, inputs: results }));
  } else {
    for (const { path, failure } of results) {
      io.out(`${path}: ${failure === undefined ? "no finding" : `${failure.oracle}: ${failure.text}`}\n`);
    }
  }
  if (results.some(({ failure }) => failure !== undefined)) throw new CommandError(Exit.Negative, "");
}

function failureOf(target: Target, input: Uint8Array): Failure | undefined {
  return target.run(input.subarray(0, target.bytesMax), "any") === Shown.Failure ? target.failure : undefined;
}

/** Keeps of all inputs, the smallest first, those that show something new. */
function merge(target: Target, [out, ...from]: readonly string[], io: Io): void {
  if (out === undefined || from.length === 0) throw new CommandError(Exit.Usage, "--merge: OUT and at least one IN");
  const engine = new Engine(target, { seed: 0, findingsMax: Number.POSITIVE_INFINITY });
  const inputs = [...(isFolder(out) ? readInputs(out) : []), ...from.flatMap(readInputs)].map(({ bytes }) => bytes);
  inputs.sort((a, b) => a.length - b.length || Buffer.compare(a, b));
  for (const input of inputs) engine.offer(input);
  for (const input of engine.corpus.inputs) writeInput(out, input);
  io.out(`${out}: ${engine.corpus.size} of ${inputs.length} inputs, ${engine.corpus.bytes} bytes\n`);
  if (engine.findings.length > 0) io.err(`xenefi: ${engine.findings.length} findings among the inputs are left out\n`);
}

function minimiseAll(target: Target, paths: readonly string[], options: Options, io: Io): void {
  if (paths.length === 0) throw new CommandError(Exit.Usage, "--minimise: at least one failing input");
  for (const { path, bytes } of paths.flatMap(readInputs)) {
    const failure = failureOf(target, bytes);
    if (failure === undefined) throw new CommandError(Exit.Negative, `${path}: shows no finding`);
    const smallest = minimise(target, bytes, failure);
    const finding = { ...smallest, first: bytes, run: 1, calls: target.calls, count: 1 };
    const files = writeFinding(options.findings, finding, target);
    io.out(
      `${path}: ${failure.oracle}: ${failure.text}\n  ${bytes.length} -> ${smallest.input.length} bytes: ${files.input}\n`,
    );
  }
}
