import { Command, CommanderError, Option, type OutputConfiguration } from "commander";
import { FormatError } from "../formats/variable-set.ts";
import { printable } from "../printable.ts";
import { COMMANDS } from "./commands.ts";
import { ownSpelling } from "./fuzz-arguments.ts";
import { CommandError, Exit, type Io } from "./io.ts";
import { jsonLine } from "./json.ts";
import { asksVersion, versionText } from "./version.ts";

const HELP = `
Exit codes:
  0    done
  1    a negative answer: variable absent, stores or replay differ, a finding, something that cannot be kept
  2    wrong usage
  3    input unreadable or malformed, output not writable, or a file held by somebody else
  4    the service refused; the status is printed
  70   internal error
  130  interrupted (SIGINT)`;

/** Runs the command line and gives the exit code. Nothing but `io` is written to, apart from files that it names. */
export async function run(argv: readonly string[], io: Io, version: string): Promise<Exit> {
  const args = ownSpelling(argv);
  try {
    const program = await makeProgram(args, io, version);
    await program.parseAsync(verbFirst(program, args), { from: "user" });
    return Exit.Done;
  } catch (error) {
    if (error instanceof CommanderError && error.code === VERSION_ASKED) return printVersion(io, version);
    return report(error, args, io);
  }
}

/** The code of what ends the parsing of the version's option. */
const VERSION_ASKED = "commander.version";

function printVersion(io: Io, version: string): Exit {
  io.out(versionText(version));
  return Exit.Done;
}

async function makeProgram(args: readonly string[], io: Io, version: string): Promise<Command> {
  const program = new Command("xenefi")
    .description("Xen's EFI runtime-services hypercall, answered in a process")
    .option("-V, --version", "print the version, and the SHA-256 of the core")
    .option("--json", "one JSON document on standard output")
    .addOption(new Option("--color <when>", "colours").choices(["auto", "always", "never"]).default("auto"))
    .option("-q, --quiet", "no diagnostics but errors")
    .option("-v, --verbose", "more diagnostics; stack traces")
    .option("--no-progress", "no progress line")
    .addHelpText("after", HELP);
  program.on("option:version", () => {
    throw new CommanderError(Exit.Done, VERSION_ASKED, version);
  });
  const commands = await Promise.all(loadersFor(args).map((load) => load(io, version)));
  for (const command of commands) program.addCommand(command);
  for (const command of [program, ...commands, ...commands.flatMap((command) => command.commands)]) {
    command
      .exitOverride()
      .configureOutput(outputTo(io, isJson(args)))
      .configureHelp({ showGlobalOptions: true });
  }
  return program;
}

/** The loader of the command that is called; all of them where the program itself answers, or completes. */
function loadersFor(args: readonly string[]) {
  const name = args.find((argument) => !argument.startsWith("-")) ?? "";
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (load !== undefined && name !== "completion") return [load];
  return asksVersion(args) ? [] : Object.values(COMMANDS);
}

/** Help as it is, and wrong usage in one line as all errors; as JSON it is told by `report`. */
function outputTo(io: Io, asJson: boolean): OutputConfiguration {
  return {
    writeOut: (text) => io.out(text),
    writeErr: (text) => (asJson ? undefined : io.err(text)),
    outputError: (text, write) => write(`xenefi: ${usageText(text)}\n`),
  };
}

/** "unknown option '--al' (Did you mean --all?)" */
function usageText(text: string): string {
  return printable(
    text
      .replace(/^error: /, "")
      .trimEnd()
      .replaceAll(/\s*\n\s*/g, " "),
  );
}

/** `boot STORE list` is `boot list STORE`, too: what the store is comes first in every other command. */
function verbFirst(program: Command, [group, store, verb, ...rest]: readonly string[]): readonly string[] {
  const verbs = program.commands.find((command) => command.name() === group)?.commands.map((command) => command.name());
  const all = [group, store, verb, ...rest].filter((argument) => argument !== undefined);
  if (!verbs?.includes(verb as string) || verbs.includes(store as string)) return all;
  return [group as string, verb as string, store as string, ...rest];
}

/** Prints an error as one line, or as an object where JSON was asked for. */
function report(error: unknown, args: readonly string[], io: Io): Exit {
  const exit = codeOf(error);
  if (isTold(error, isJson(args))) return exit;
  const message = messageOf(error);
  const line = `xenefi: ${exit === Exit.Internal ? `internal error: ${message}` : message}\n`;
  if (isJson(args)) {
    try {
      io.out(jsonLine({ schema: "xenefi.error/1", exit, error: message }));
    } catch {
      // It may be standard output that failed.
      io.err(line);
    }
  } else io.err(line);
  if ((args.includes("-v") || args.includes("--verbose")) && error instanceof Error) io.err(`${error.stack}\n`);
  return exit;
}

/** True if nothing is left to say: a command that has printed its results ends with an empty message. */
function isTold(error: unknown, asJson: boolean): boolean {
  if (error instanceof CommanderError) return error.exitCode === 0 || !asJson;
  return error instanceof CommandError && error.message === "";
}

/** One line, without what could disturb a terminal. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return printable(String(error));
  if (!(error instanceof CommanderError)) return printable(error.message);
  return error.code === "commander.help" ? "say which command; --help lists them" : usageText(error.message);
}

function isJson(args: readonly string[]): boolean {
  return args.includes("--json");
}

function codeOf(error: unknown): Exit {
  if (error instanceof CommanderError) return error.exitCode === 0 ? Exit.Done : Exit.Usage;
  if (error instanceof CommandError) return error.exit;
  if (error instanceof FormatError) return Exit.Unreadable;
  const code = (error as NodeJS.ErrnoException)?.code;
  // Errors of node:fs and node:zlib, which name the file or the stream.
  return typeof code === "string" && /^(E[A-Z]+|Z_.*)$/.test(code) ? Exit.Unreadable : Exit.Internal;
}
