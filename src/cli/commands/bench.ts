import { arch, cpus, platform } from "node:os";
import { basename } from "node:path";
import { Command, Option } from "commander";
import { type Baseline, checkSubject, parseBaseline } from "../../bench/baseline.ts";
import { runBenchmark } from "../../bench/benchmark.ts";
import { OpSheet } from "../../bench/op-sheet.ts";
import { type MachineFacts, type Report, SCHEMA, type SubjectFacts } from "../../bench/report.ts";
import { layReads } from "../../bench/store-cases.ts";
import { TRACE_WINDOW_BYTES, TraceSheet } from "../../bench/trace-sheet.ts";
import { type Comparison, compare } from "../../bench/verdict.ts";
import {
  type Firmware,
  generatedMachine,
  generatedVariables,
  VARIABLES_MAX,
  WINDOW_BYTES,
} from "../../bench/workload.ts";
import { coreBytes } from "../../core-bytes.ts";
import { nodeVerifier } from "../../crypto/node-verifier.ts";
import { readPlainBytes, replaceFile, sha256 } from "../../files/bytes.ts";
import { findStartStore } from "../../files/start-store.ts";
import { type StoreFile, streamOf } from "../../files/store-file.ts";
import { attachStore, ownerOf } from "../../files/store-machine.ts";
import type { Machine } from "../../machine.ts";
import type { Abi } from "../../op.ts";
import { benchHtml } from "../../pictures/bench-html.ts";
import { POLICIES } from "../../policies/index.ts";
import { ovmf4m } from "../../policies/ovmf.ts";
import { parseTrace, startMachine } from "../../trace/index.ts";
import { comparisonText, reportText } from "../bench-text.ts";
import { CommandError, Exit, type Io } from "../io.ts";
import { jsonLine } from "../json.ts";
import { isSamePlace } from "../lock.ts";
import { addReadOptions, named, openStore, readInput, type StoreOptions } from "../store.ts";
import { abiOption } from "../xen.ts";

interface Options extends StoreOptions {
  variables?: string;
  policy?: string;
  abi?: Abi;
  trace?: string;
  time: string;
  seed: string;
  baseline?: string;
  html?: string;
}

const HELP = `
Nanoseconds a call are p20 and p50 over the means of batches. Single calls are not timed, since the clock takes longer
than most of them. Create and delete are two calls, told as one. Compare ratios to the rejected dispatch, which is the
least that a call can take, and not nanoseconds: the speed of machines drifts.

  xenefi bench vars.fd --json > before.json
  xenefi bench vars.fd --baseline before.json     exit 1 if an operation has become slower`;

const SECONDS = { least: 0.05, most: 3600 };
const SEED_MAX = 0xffffffff;

/** `xenefi bench [STORE]`: what each operation takes on this machine, with the user's own store and trace. */
export function benchCommand(io: Io): Command {
  const command = new Command("bench")
    .description("measure the latency of each operation on this machine, over a store and a trace")
    .argument("[store]", "a store in any format, - for standard input; default: generated variables");
  return addReadOptions(command)
    .option("--variables <n>", `so many generated variables of 64 bytes (default: 50, at most ${VARIABLES_MAX})`)
    .addOption(
      new Option("--policy <name>", "the firmware; default: the format's own, ovmf-4m").choices(Object.keys(POLICIES)),
    )
    .addOption(abiOption())
    .option("--trace <file>", "time the calls of this trace, too, by kind and as a whole")
    .option("--time <seconds>", "how long all of it may take, about", "5")
    .option("--seed <n>", "of the order in which variables are read at random", "1")
    .option("--baseline <file>", "compare with a document that --json printed; exit 1 if an operation is slower")
    .option("--html <file>", "write the report as a page with pictures")
    .addHelpText("after", HELP)
    .action((path: string | undefined, _: Options, self: Command) => {
      const options = self.optsWithGlobals<Options>();
      const { baseline: before, html } = options;
      const baseline = before === undefined ? undefined : named(before, () => parseBaseline(readInput(before)));
      checkTarget(html, [path, options.trace, before]);
      const report = measure(path, options, io, (subject) => {
        if (baseline !== undefined) named(before as string, () => checkSubject(baseline, subject));
      });
      const comparison = baseline && compare(baseline, report);
      if (html !== undefined) replaceFile(html, new TextEncoder().encode(benchHtml(report, comparison)));
      if (options.json) io.out(jsonLine(rounded({ ...report, comparison: comparison ?? null })));
      else io.out(text(report, baseline, comparison, io));
      if (comparison?.verdicts.some(({ verdict }) => verdict === "slower")) throw new CommandError(Exit.Negative, "");
    });
}

function text(report: Report, baseline: Baseline | undefined, comparison: Comparison | undefined, io: Io): string {
  const all = reportText(report);
  return baseline && comparison ? `${all}\n${comparisonText(comparison, baseline, report.machine, io)}` : all;
}

/** Measured numbers have six digits: the others mean nothing. */
function rounded(document: object): object {
  const short = (_: string, value: unknown) =>
    typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value;
  return JSON.parse(JSON.stringify(document, short));
}

/** The page never overwrites what it is about. */
function checkTarget(html: string | undefined, inputs: readonly (string | undefined)[]): void {
  if (html === undefined || !inputs.some((input) => input !== undefined && isSamePlace(html, input))) return;
  throw new CommandError(Exit.Usage, `${html}: this is an input; name another file for the page`);
}

/** Measures; `check` is told beforehand what will be. */
function measure(path: string | undefined, options: Options, io: Io, check: (subject: SubjectFacts) => void): Report {
  const seconds = numberOf("--time", options.time, SECONDS.least, SECONDS.most);
  const seed = integerOf("--seed", options.seed, 0, SEED_MAX);
  const { firmware, store, make, facts } = subjectOf(path, options);
  const sheet = new OpSheet(make());
  const reads = layReads(sheet);
  const trace = options.trace === undefined ? undefined : openTrace(options.trace, store);
  const subject: SubjectFacts = {
    store: facts,
    variables: reads.length,
    policy: firmware.policy.name,
    abi: firmware.abi,
    seed,
    trace: trace?.facts ?? null,
  };
  check(subject);
  const showsProgress = io.showsProgress && options.progress !== false && !options.quiet && !options.json;
  const progress = (what: string, part: number) => {
    if (showsProgress) io.err(`\r${what} ${Math.round(100 * part)} %\x1b[K`);
  };
  const traced = trace === undefined ? {} : { trace: trace.sheet };
  const measured = runBenchmark({ firmware, sheet, reads, writer: make(), ...traced, seed, seconds, progress });
  if (showsProgress) io.err("\r\x1b[K");
  return { schema: SCHEMA, subject, machine: machineFacts(), seconds, ...measured };
}

/** What is measured: the firmware, and how a machine over the store is made. */
function subjectOf(path: string | undefined, options: Options) {
  const abi = options.abi ?? "x86_64";
  const asked = POLICIES[options.policy ?? ""];
  if (path === undefined) {
    const firmware: Firmware = { policy: asked ?? ovmf4m, abi };
    const variables = generatedVariables(integerOf("--variables", options.variables ?? "50", 1, VARIABLES_MAX));
    return { firmware, store: undefined, make: () => generatedMachine(variables, firmware), facts: null };
  }
  if (options.variables !== undefined) {
    throw new CommandError(Exit.Usage, "--variables: how many are generated where no store is given");
  }
  const store = openStore(path, options);
  const firmware: Firmware = { policy: asked ?? ownerOf(store), abi };
  const make = (): Machine =>
    named(path, () => attachStore(store, firmware.policy, { abi, windowBytes: WINDOW_BYTES }));
  const file = path === "-" ? "standard input" : basename(path);
  return { firmware, store, make, facts: { file, format: store.format, sha256: digestOf(store) } };
}

/** The SHA-256 of the store's bytes; of a directory's that of its files, by name. */
function digestOf({ content }: StoreFile): string {
  if (content instanceof Uint8Array) return sha256(streamOf(content));
  const files = [...content].map(([name, bytes]) => `${sha256(bytes)}  ${name}\n`);
  return sha256(new TextEncoder().encode(files.join("")));
}

/** The trace's calls on the machine of its header, over the store that is measured if the header names that one. */
function openTrace(path: string, store: StoreFile | undefined) {
  return named(path, () => {
    const bytes = readPlainBytes(path);
    const trace = parseTrace(new TextDecoder().decode(bytes));
    const isNamed = store?.content instanceof Uint8Array && sha256(store.content) === trace.header.vars_before_sha256;
    const start = isNamed ? (store.content as Uint8Array) : findStartStore(trace.header, path);
    const { machine } = startMachine(trace, start, nodeVerifier, undefined, TRACE_WINDOW_BYTES);
    const sheet = new TraceSheet(trace, machine);
    const { timedCalls, playedCalls } = sheet;
    const file = path === "-" ? "standard input" : basename(path);
    return { sheet, facts: { file, sha256: sha256(bytes), timedCalls, playedCalls } };
  });
}

function machineFacts(): MachineFacts {
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() ?? "unknown",
    cores: processors.length,
    platform: `${platform()} ${arch()}`,
    node: process.version,
    core: sha256(coreBytes()),
  };
}

function integerOf(option: string, text: string, least: number, most: number): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new CommandError(Exit.Usage, `${option}: an integer from ${least} to ${most}, not ${JSON.stringify(text)}`);
}

function numberOf(option: string, text: string, least: number, most: number): number {
  const value = /^\d{1,5}(\.\d{1,3})?$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new CommandError(Exit.Usage, `${option}: seconds from ${least} to ${most}, not ${JSON.stringify(text)}`);
}
