import { Command } from "commander";
import { nodeVerifier } from "../../crypto/node-verifier.ts";
import { readBytes, readPlainBytes, replaceFile, sha256 } from "../../files/bytes.ts";
import { checkStartStore, findStartStore } from "../../files/start-store.ts";
import { findFlashDifference } from "../../formats/flash-difference.ts";
import { type Difference, parseTrace, type Replay, replay, startMachine, type Trace } from "../../trace/index.ts";
import { differenceText, type Result } from "../difference.ts";
import { CommandError, Exit, type Globals, type Io } from "../io.ts";
import { jsonLine } from "../json.ts";
import { junit } from "../junit.ts";
import { named } from "../store.ts";

interface Options extends Globals {
  store?: string;
  junit?: string;
  failFast?: boolean;
  flash?: string | true;
}

/** Lines between two updates of the progress line. */
const PROGRESS_STEP = 256;

/** `xenefi replay TRACE…`: plays traces and prints every field that comes out otherwise. */
export function replayCommand(io: Io): Command {
  return new Command("replay")
    .description("replay traces and print every difference")
    .argument("<trace...>", "trace files (JSON Lines), - for standard input")
    .option(
      "--store <file>",
      "the store over which the trace's machine was booted; default: found by the header's SHA-256",
    )
    .option(
      "--flash [file]",
      "compare the flash image at the end with this file, or with the header's vars_after_sha256",
    )
    .option("--fail-fast", "stop at the first trace that differs")
    .option("--junit <file>", "write a JUnit report, too")
    .action((paths: string[], _: Options, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      const results: Result[] = [];
      for (const path of paths) {
        const result = replayFile(path, options, io);
        results.push(result);
        if (!options.json) io.out(describe(result, io));
        if (options.failFast && result.differences.length > 0) break;
      }
      if (options.junit !== undefined) replaceFile(options.junit, new TextEncoder().encode(junit(results)));
      if (options.json) io.out(json(results));
      else if (results.length > 1) io.out(summary(results));
      if (results.some((result) => result.differences.length > 0)) throw new CommandError(Exit.Negative, "");
    });
}

function replayFile(path: string, options: Options, io: Io): Result {
  const { store } = options;
  const given = store === undefined ? undefined : named(store, () => readBytes(store));
  return named(path, () => {
    const trace = parseTrace(new TextDecoder().decode(readPlainBytes(path)));
    if (given !== undefined) checkStartStore(trace.header, given);
    const start = startMachine(trace, given ?? findStartStore(trace.header, path), nodeVerifier);
    const showsProgress = io.showsProgress && options.progress !== false && !options.quiet && !options.json;
    const last = trace.calls.at(-1)?.line ?? 1;
    const result = replay(trace, start, (line) => {
      if (showsProgress && line % PROGRESS_STEP === 0) io.err(`\r${path}: line ${line} of ${last}\x1b[K`);
    });
    if (showsProgress) io.err("\r\x1b[K");
    if (options.flash !== undefined) compareFlash(trace, start.machine.flash(), options.flash, result);
    return { file: path, start: start.how, ...result };
  });
}

/** Adds the first difference of the flash images to the result, or that of their digests. */
function compareFlash(trace: Trace, actual: Uint8Array, wanted: string | true, result: Replay): void {
  const line = trace.calls.at(-1)?.line ?? 1;
  result.fields++;
  if (wanted === true) {
    const expected = trace.header.vars_after_sha256;
    if (expected === undefined)
      throw new CommandError(Exit.Usage, "--flash: the trace has no vars_after_sha256; name a file");
    const digest = sha256(actual);
    if (digest !== expected) result.differences.push({ line, fn: "flash", field: "sha256", expected, actual: digest });
    return;
  }
  const difference = named(wanted, () => findFlashDifference(readBytes(wanted), actual));
  if (difference === undefined) return;
  const { record, field, offset, ...bytes } = difference;
  const place = `offset 0x${offset.toString(16)}, ${record}${field === "" ? "" : `, ${field}`}`;
  result.differences.push({ line, fn: "flash", field: place, ...bytes });
}

/** One line a difference, then what was compared and what was not. */
function describe(result: Result, { colors }: Io): string {
  const lines = result.differences.map((difference) => `${result.file}:${colors.red(differenceText(difference))}\n`);
  const count = result.differences.length;
  const text = `${count} ${count === 1 ? "difference" : "differences"}`;
  const head = `${result.file}: ${result.calls} calls, ${result.fields} fields compared, ${count === 0 ? colors.green(text) : colors.red(text)} (start: ${result.start})`;
  const exempt = [...result.exempt].map(([what, times]) => `  not compared: ${what} (${times})\n`);
  return `${lines.join("")}${head}\n${exempt.join("")}`;
}

function summary(results: Result[]): string {
  const sum = (of: (result: Result) => number) => results.reduce((total, result) => total + of(result), 0);
  const differing = results.filter((result) => result.differences.length > 0).length;
  return `${results.length} traces: ${sum((r) => r.calls)} calls, ${sum((r) => r.fields)} fields compared, ${sum(
    (r) => r.differences.length,
  )} differences in ${differing} traces\n`;
}

function json(results: Result[]): string {
  const traces = results.map((result) => ({
    ...result,
    exempt: Object.fromEntries(result.exempt),
    differences: result.differences.map(({ expected, actual, ...place }) => ({
      ...place,
      expected: plain(expected),
      actual: plain(actual),
    })),
  }));
  return jsonLine({ schema: "xenefi.replay/1", traces });
}

/** JSON has no bigint: "0x…" instead; an absent value is null. */
function plain(value: Difference["expected"]): unknown {
  if (value === undefined) return null;
  return typeof value === "bigint" ? `0x${value.toString(16)}` : value;
}
