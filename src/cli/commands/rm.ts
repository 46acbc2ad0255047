import { Command } from "commander";
import { printableName } from "../../printable.ts";
import { addEditOptions, addForce, type EditOptions, editStore, forceStore, isStreamed } from "../edit.ts";
import type { Io } from "../io.ts";
import { jsonLine } from "../json.ts";
import { addStore, addVariable, findVariable, openStore } from "../store.ts";

/** `xenefi rm STORE VAR`: deletes as a running system would. */
export function rmCommand(io: Io): Command {
  const command = new Command("rm").description("delete a variable through the emulated SetVariable");
  addForce(addEditOptions(addVariable(addStore(command))));
  return command.action((path: string, text: string, _: EditOptions, self: Command) => {
    const options = self.optsWithGlobals<EditOptions>();
    const store = openStore(path, options);
    const old = findVariable(store, text);
    const { name, guid, attributes } = old;
    if (options.force)
      forceStore(
        store,
        options,
        io,
        store.variables.filter((variable) => variable !== old),
      );
    else editStore(store, options, io, (client) => client.setVariable(name, guid, attributes));
    if (isStreamed(path, options)) return;
    if (options.json) io.out(jsonLine({ schema: "xenefi.rm/1", name, guid }));
    else if (!options.quiet) io.err(`${printableName(name)}-${guid}: deleted\n`);
  });
}
