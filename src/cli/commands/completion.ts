import { Argument, Command } from "commander";
import { completionScript, SHELLS, type Shell } from "../completion.ts";
import type { Io } from "../io.ts";

/** `xenefi completion SHELL`: what makes a shell complete this program's commands. */
export function completionCommand(io: Io): Command {
  return new Command("completion")
    .description('print a completion script; in bash: eval "$(xenefi completion bash)"')
    .addArgument(new Argument("<shell>", "which shell").choices(SHELLS))
    .action((shell: Shell, _: object, command: Command) => io.out(completionScript(command.parent as Command, shell)));
}
