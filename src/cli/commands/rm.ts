import { Command } from "commander";
import { addEditOptions, type EditOptions, editStore } from "../edit.ts";
import { CommandError, Exit, type Io } from "../io.ts";
import { openStore, parseVariableName } from "../store.ts";

/** `xenefi rm STORE VAR`: deletes as a running Dom0 would. */
export function rmCommand(io: Io): Command {
  const command = new Command("rm")
    .description("delete a variable through the emulated SetVariable")
    .argument("<store>", "variable store file (.fd), - for standard input")
    .argument("<variable>", "Name, Name-GUID, GUID-Name, GUID:Name or short:Name");
  return addEditOptions(command).action((path: string, text: string, _: EditOptions, self: Command) => {
    const options = self.optsWithGlobals<EditOptions>();
    const store = openStore(path);
    const { name, guid } = parseVariableName(text, store.live);
    const old = store.live.find((entry) => entry.name === name && entry.guid === guid);
    if (old === undefined) throw new CommandError(Exit.Negative, `${path}: no variable ${name}-${guid}`);
    editStore(store, options, io, (client) => client.setVariable(name, guid, old.attributes));
    if (!options.quiet && !options.json) io.err(`${name}-${guid}: deleted\n`);
    if (options.json && options.output !== "-" && path !== "-") {
      io.out(`${JSON.stringify({ schema: "xenefi.rm/1", name, guid })}\n`);
    }
  });
}
