import { Command, CommanderError, Option } from "commander";
import { FormatError } from "../formats/variable-set.ts";
import { bootCommand } from "./commands/boot.ts";
import { callCommand } from "./commands/call.ts";
import { checkCommand } from "./commands/check.ts";
import { completionCommand } from "./commands/completion.ts";
import { convertCommand } from "./commands/convert.ts";
import { diffCommand } from "./commands/diff.ts";
import { dumpCommand } from "./commands/dump.ts";
import { getCommand } from "./commands/get.ts";
import { infoCommand } from "./commands/info.ts";
import { lsCommand } from "./commands/ls.ts";
import { recordCommand } from "./commands/record.ts";
import { replayCommand } from "./commands/replay.ts";
import { rmCommand } from "./commands/rm.ts";
import { sbCommand } from "./commands/sb.ts";
import { setCommand } from "./commands/set.ts";
import { CommandError, Exit, type Io } from "./io.ts";

const HELP = `
Exit codes:
  0    done
  1    a negative answer: variable absent, stores or replay differ, a finding, something that cannot be kept
  2    wrong usage
  3    input unreadable or malformed
  4    the service refused; the status is printed
  70   internal error
  130  interrupted (SIGINT)`;

/** Runs the command line and gives the exit code. Nothing but `io` is written to, apart from files that it names. */
export async function run(args: readonly string[], io: Io, version: string): Promise<Exit> {
  const program = makeProgram(io, version);
  try {
    await program.parseAsync(verbFirst(program, args), { from: "user" });
    return Exit.Done;
  } catch (error) {
    return report(error, args, io);
  }
}

function makeProgram(io: Io, version: string): Command {
  const program = new Command("xenefi")
    .description("Xen's EFI runtime-services hypercall, answered in a process")
    .version(version)
    .option("--json", "one JSON document on standard output")
    .addOption(new Option("--color <when>", "colours").choices(["auto", "always", "never"]).default("auto"))
    .option("-q, --quiet", "no diagnostics but errors")
    .option("-v, --verbose", "more diagnostics; stack traces")
    .option("--no-progress", "no progress line")
    .addHelpText("after", HELP);
  const commands = [
    lsCommand(io),
    getCommand(io),
    setCommand(io),
    rmCommand(io),
    infoCommand(io),
    checkCommand(io),
    dumpCommand(io),
    convertCommand(io),
    diffCommand(io),
    bootCommand(io),
    sbCommand(io),
    callCommand(io),
    recordCommand(io, version),
    replayCommand(io),
    completionCommand(io),
  ];
  for (const command of commands) program.addCommand(command);
  for (const command of [program, ...commands, ...commands.flatMap((command) => command.commands)]) {
    command.exitOverride().configureOutput({ writeOut: (text) => io.out(text), writeErr: (text) => io.err(text) });
  }
  return program;
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
  if (error instanceof CommanderError) return error.exitCode === 0 ? Exit.Done : Exit.Usage;
  const exit = codeOf(error);
  // A command that has printed its results ends with an empty message.
  if (error instanceof CommandError && error.message === "") return exit;
  const message = oneLine(error instanceof Error ? error.message : String(error));
  if (args.includes("--json")) io.out(`${JSON.stringify({ schema: "xenefi.error/1", exit, error: message })}\n`);
  else io.err(`xenefi: ${exit === Exit.Internal ? `internal error: ${message}` : message}\n`);
  if ((args.includes("-v") || args.includes("--verbose")) && error instanceof Error) io.err(`${error.stack}\n`);
  return exit;
}

/** Control characters as escapes: a message stays one line and cannot disturb a terminal. */
function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is escaped
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

function codeOf(error: unknown): Exit {
  if (error instanceof CommandError) return error.exit;
  if (error instanceof FormatError) return Exit.Unreadable;
  const code = (error as NodeJS.ErrnoException)?.code;
  // Errors of node:fs and node:zlib, which name the file or the stream.
  return typeof code === "string" && /^(E[A-Z]+|Z_.*)$/.test(code) ? Exit.Unreadable : Exit.Internal;
}
