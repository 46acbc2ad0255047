import { type Command, Option } from "commander";
import { Client, type Reply } from "../client.ts";
import {
  type Content,
  changedContent,
  isSameContent,
  type StoreFile,
  streamOf,
  writeContent,
} from "../files/store-file.ts";
import { editThrough, ownerOf } from "../files/store-machine.ts";
import { formatNamed } from "../formats/index.ts";
import type { Variable } from "../formats/variable-set.ts";
import { POLICIES } from "../policies/index.ts";
import { CommandError, Exit, type Io } from "./io.ts";
import { isSamePlace, whileLocked } from "./lock.ts";
import { lossText } from "./losses.ts";
import { named, openStore, type StoreOptions } from "./store.ts";

export interface EditOptions extends StoreOptions {
  output?: string;
  inPlace?: boolean;
  backup?: boolean;
  policy?: string;
  force?: boolean;
}

/** Adds which firmware judges the change, and where the changed store goes. */
export function addEditOptions(command: Command): Command {
  const policies = new Option("--policy <name>", "the firmware that judges; default: the format's own");
  return addTarget(command.addOption(policies.choices(Object.keys(POLICIES))));
}

function addTarget(command: Command): Command {
  return command
    .option("-o, --output <file>", "write the changed store there, - for standard output")
    .option("-i, --in-place", "change the store itself; this or -o is needed")
    .option("--backup", "keep the old store as FILE~");
}

/** Adds the way past the firmware. */
export function addForce(command: Command): Command {
  return command.option("--force", "edit the bytes: no firmware is asked");
}

/** Runs calls on a machine over the store and writes the store back. The first refusal leaves every file as it is. */
export function editStore(store: StoreFile, options: EditOptions, io: Io, change: (client: Client) => Reply): Reply {
  return replaceStore(store, options, io, () => {
    const policy = POLICIES[options.policy ?? ""] ?? ownerOf(store);
    const { result: reply, content } = editThrough(store, policy, (machine) => change(new Client(machine)));
    if (!reply.ok) {
      const number = reply.status === undefined ? "" : ` (0x${reply.status.toString(16).padStart(16, "0")})`;
      throw new CommandError(Exit.Refused, `${store.path}: ${reply.statusName}${number}: ${reply.reason}`);
    }
    return [content(), reply];
  });
}

/** Writes the store back with other variables, whatever a firmware would say. */
export function forceStore(store: StoreFile, options: EditOptions, io: Io, variables: readonly Variable[]): void {
  const { losses } = formatNamed(store.format);
  const before = new Set(losses(store.variables).map(lossText));
  const loss = losses(variables)
    .map(lossText)
    .find((text) => !before.has(text));
  if (loss !== undefined) throw new CommandError(Exit.Negative, `${store.path}: ${store.format} cannot keep ${loss}`);
  replaceStore(store, options, io, () => [changedContent(store, variables), undefined]);
}

/**
 * Puts new content in the place that the options name. A file that is replaced must be nobody else's: neither a running
 * machine's, nor changed since it was read.
 */
function replaceStore<T>(store: StoreFile, options: EditOptions, io: Io, make: () => [Content, T]): T {
  const target = targetOf(store, options);
  return whileLocked(target, () => {
    const isOwn = isSamePlace(target, store.path);
    if (isOwn && !isSameContent(openStore(target, options).content, store.content)) {
      throw new CommandError(Exit.Unreadable, `${target}: changed by somebody else since it was read`);
    }
    const [content, result] = named(store.path, make);
    if (target === "-") io.outBytes(named("standard output", () => streamOf(content, store.container)));
    else named(target, () => writeContent(target, content, store.container, options.backup && isOwn));
    return result;
  });
}

/** True if the changed store itself goes to standard output, which then has no room for a report. */
export function isStreamed(path: string, options: EditOptions): boolean {
  return options.output === "-" || (options.output === undefined && path === "-");
}

function targetOf(store: StoreFile, options: EditOptions): string {
  if (options.output !== undefined && options.inPlace) {
    throw new CommandError(Exit.Usage, "either -o FILE, or -i to change the store in place, not both");
  }
  if (options.output !== undefined) return options.output;
  if (options.inPlace && store.path !== "-") return store.path;
  if (store.path === "-") return "-";
  throw new CommandError(Exit.Usage, "say where the changed store goes: -o FILE, or -i to change it in place");
}
