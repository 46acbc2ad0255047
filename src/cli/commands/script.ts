import { Command } from "commander";
import { readPlainBytes, replaceFile } from "../../files/bytes.ts";
import { parseTrace } from "../../trace/format.ts";
import { privcmdScript } from "../../trace/privcmd-script.ts";
import type { Globals, Io } from "../io.ts";
import { named } from "../store.ts";

interface Options extends Globals {
  output?: string;
}

/** `xenefi script TRACE`: the trace's variable calls for examples/privcmd/play.c, which makes them on a real Dom0. */
export function scriptCommand(io: Io): Command {
  return new Command("script")
    .description("write a trace's variable calls as a script for examples/privcmd, which makes them on a real Dom0")
    .argument("<trace>", "trace file (JSON Lines), - for standard input")
    .option("-o, --output <file>", "the script; default standard output")
    .action((path: string, _: Options, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      const { text, calls, leftOut } = named(path, () =>
        privcmdScript(parseTrace(new TextDecoder().decode(readPlainBytes(path)))),
      );
      if (options.output === undefined) io.out(text);
      else replaceFile(options.output, new TextEncoder().encode(text));
      if (options.quiet) return;
      for (const [fn, count] of leftOut) io.err(`${path}: left out: ${fn} (${count})\n`);
      if (options.output !== undefined) io.err(`${options.output}: ${calls} calls\n`);
    });
}
