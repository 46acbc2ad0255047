import { availableParallelism } from "node:os";
import { Command, Option } from "commander";
import { TARGETS } from "../../fuzz/make-target.ts";
import { isFolder } from "../fuzz-files.ts";
import { merge, minimiseAll, runOnce } from "../fuzz-inputs.ts";
import { type FuzzOptions, huntOf, SECONDS, usableTarget } from "../fuzz-options.ts";
import { search } from "../fuzz-search.ts";
import type { Io } from "../io.ts";
import { number } from "../number.ts";

const HELP = `
Targets:
${Object.entries(TARGETS)
  .map(([name, what]) => `  ${name.padEnd(10)} ${what}`)
  .join("\n")}
  shim       FILE.wasm before the inputs: a kernel's shim over a hypervisor that lies
  MODULE     a path of a module of yours that exports fuzz(data) and throws for a finding, as for Jazzer.js

Inputs are folders (corpora: read, and what is new goes to the first one) or files (each is run once, and told). A finding
is made as small as it can be and kept as crash-SHA1, with a trace beside it that \`xenefi replay\` plays. libFuzzer's flags
-runs= -max_total_time= -timeout= -max_len= -seed= -jobs= -workers= -dict= -artifact_prefix= -merge=1 -minimize_crash=1
work too.

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
    .option("--timeout <s>", "seconds of one run of a target in JavaScript, after which the search ends", number, 25)
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
    .action(async (name: string, paths: string[], _: FuzzOptions, command: Command) => {
      const options = command.optsWithGlobals<FuzzOptions>();
      const hunt = huntOf(name, paths, options);
      const { inputs } = hunt;
      const target = await usableTarget(hunt.lane);
      if (options.merge) return merge(target, inputs, io);
      if (options.minimise) return minimiseAll(target, inputs, options, io);
      if (inputs.length > 0 && inputs.every((path) => !isFolder(path))) return runOnce(target, inputs, options, io);
      await search(hunt, target, options, io);
    });
}
