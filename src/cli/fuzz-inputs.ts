import { Engine } from "../fuzz/engine.ts";
import type { Failure } from "../fuzz/failure.ts";
import { minimise } from "../fuzz/finding.ts";
import { Shown, type Target } from "../fuzz/target.ts";
import { isFolder, readInputs, writeFinding, writeInput } from "./fuzz-files.ts";
import type { FuzzOptions } from "./fuzz-options.ts";
import { CommandError, Exit, type Io } from "./io.ts";
import { jsonLine } from "./json.ts";

/** Runs single inputs, each once, and tells what came of it. */
export function runOnce(target: Target, paths: readonly string[], { json }: FuzzOptions, io: Io): void {
  const results = paths.flatMap(readInputs).map(({ path, bytes }) => ({ path, failure: failureOf(target, bytes) }));
  if (json) {
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
export function merge(target: Target, [out, ...from]: readonly string[], io: Io): void {
  if (out === undefined || from.length === 0) throw new CommandError(Exit.Usage, "--merge: OUT and at least one IN");
  const engine = new Engine(target, { seed: 0, findingsMax: Number.POSITIVE_INFINITY });
  const inputs = [...(isFolder(out) ? readInputs(out) : []), ...from.flatMap(readInputs)].map(({ bytes }) => bytes);
  inputs.sort((a, b) => a.length - b.length || Buffer.compare(a, b));
  for (const input of inputs) engine.offer(input);
  for (const input of engine.corpus.inputs) writeInput(out, input);
  io.out(`${out}: ${engine.corpus.size} of ${inputs.length} inputs, ${engine.corpus.bytes} bytes\n`);
  if (engine.findings.length > 0) io.err(`xenefi: ${engine.findings.length} findings among the inputs are left out\n`);
}

/** Makes each failing input as small as it can be, and writes it as a finding. */
export function minimiseAll(target: Target, paths: readonly string[], { findings }: FuzzOptions, io: Io): void {
  if (paths.length === 0) throw new CommandError(Exit.Usage, "--minimise: at least one failing input");
  for (const { path, bytes } of paths.flatMap(readInputs)) {
    const failure = failureOf(target, bytes);
    if (failure === undefined) throw new CommandError(Exit.Negative, `${path}: shows no finding`);
    const smallest = minimise(target, bytes, failure);
    const finding = { ...smallest, first: bytes, run: 1, calls: target.calls, count: 1 };
    const files = writeFinding(findings, finding, target);
    io.out(
      `${path}: ${failure.oracle}: ${failure.text}\n  ${bytes.length} -> ${smallest.input.length} bytes: ${files.input}\n`,
    );
  }
}
