import type { Command } from "commander";
import { Client, type Reply } from "../client.ts";
import { backUp, replaceFile } from "../files/bytes.ts";
import { CommandError, Exit, type Globals, type Io } from "./io.ts";
import { attachStore, type StoreFile } from "./store.ts";

export interface EditOptions extends Globals {
  output?: string;
  inPlace?: boolean;
  backup?: boolean;
}

/** Adds where the changed store goes. */
export function addEditOptions(command: Command): Command {
  return command
    .option("-o, --output <file>", "write the changed store there, - for standard output")
    .option("-i, --in-place", "change the store itself")
    .option("--backup", "keep the old store as FILE~");
}

/** Runs one call on a machine over the store and writes the store back. A refusal leaves every file as it is. */
export function editStore(store: StoreFile, options: EditOptions, io: Io, change: (client: Client) => Reply): Reply {
  const target = targetOf(store, options);
  const machine = attachStore(store);
  const reply = change(new Client(machine));
  if (!reply.ok) {
    const number = reply.status === undefined ? "" : ` (0x${reply.status.toString(16).padStart(16, "0")})`;
    throw new CommandError(Exit.Refused, `${store.path}: ${reply.statusName}${number}: ${reply.reason}`);
  }
  const bytes = machine.flash();
  if (target === "-") io.outBytes(bytes);
  else {
    if (options.backup && target === store.path) backUp(target);
    replaceFile(target, bytes);
  }
  return reply;
}

function targetOf(store: StoreFile, options: EditOptions): string {
  if (options.output !== undefined) return options.output;
  if (options.inPlace && store.path !== "-") return store.path;
  if (store.path === "-") return "-";
  throw new CommandError(Exit.Usage, "say where the changed store goes: -o FILE, or -i to change it in place");
}
