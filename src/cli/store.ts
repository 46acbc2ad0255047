import { type Command, Option } from "commander";
import { readPlainBytes } from "../files/bytes.ts";
import { parseStore, readContent, type StoreFile } from "../files/store-file.ts";
import { findVolume, type LogEntry, readLog, type Volume } from "../formats/edk2-store.ts";
import { FORMAT_NAMES, type FormatName } from "../formats/format.ts";
import { FormatError, type Variable } from "../formats/variable-set.ts";
import { findGuid, GLOBAL_GUID } from "../guid.ts";
import { fromPrintableName, printableName } from "../printable.ts";
import { CommandError, Exit, type Globals } from "./io.ts";

/** How a store is to be read. */
export interface StoreOptions extends Globals {
  from?: FormatName;
  dictionary?: string;
}

/** Adds the store's place and how it is read. */
export function addStore(command: Command): Command {
  return addReadOptions(
    command.argument("<store>", "a store in any format, an efivarfs directory, - for standard input"),
  );
}

export function addReadOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--from <format>", "the store's format; default: told by its content").choices([...FORMAT_NAMES]),
    )
    .option("--dictionary <file>", "preset dictionary of an AWS stream");
}

/** Adds the place of one variable in the store. */
export function addVariable(command: Command): Command {
  return command.argument("<variable>", "Name, Name-GUID, GUID-Name, GUID:Name or short:Name; \\u000a as ls prints it");
}

/** Reads a store; errors name the file. */
export function openStore(path: string, options: StoreOptions): StoreFile {
  return parseContent({ path, ...named(path, () => readContent(path)) }, options);
}

/** Bytes of a file that an option names; errors name it. */
export function readInput(path: string): Uint8Array {
  return named(path, () => readPlainBytes(path));
}

/** The store that content from a file is; errors name the file. */
export function parseContent(source: Parameters<typeof parseStore>[0], { from, dictionary }: StoreOptions): StoreFile {
  const options = {
    ...(from === undefined ? {} : { from }),
    ...(dictionary === undefined ? {} : { dictionary: readInput(dictionary) }),
  };
  return named(source.path, () => parseStore(source, options));
}

/** The log of an edk2 volume, dead records included; undefined for other formats, which have none. */
export function logOf({ format, content }: StoreFile): { volume: Volume; log: LogEntry[] } | undefined {
  if (format !== "edk2") return undefined;
  const bytes = content as Uint8Array;
  const volume = findVolume(bytes);
  return { volume, log: readLog(bytes, volume) };
}

/** Puts the file's name in front of what is wrong with its bytes. */
export function named<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const name = path === "-" ? "standard input" : path;
    if (error instanceof FormatError || error instanceof RangeError) {
      throw new CommandError(Exit.Unreadable, `${name}: ${expectation(error)}`);
    }
    const { code, path: place, message } = error as NodeJS.ErrnoException;
    // Errors of reading and writing name no file.
    if (/^E[A-Z0-9]+$/.test(code ?? "") && place === undefined) {
      throw new CommandError(Exit.Unreadable, `${name}: ${message}`);
    }
    throw error;
  }
}

function expectation(error: FormatError | RangeError): string {
  if (!(error instanceof FormatError)) return error.message;
  return `${error.place}: expected ${error.message.slice(error.place.length + 2)}`;
}

/** The variable of a VAR argument, or an error that says there is none (exit 1). */
export function findVariable(store: StoreFile, text: string): Variable {
  const { name, guid } = parseVariableName(text, store.variables);
  const found = store.variables.find((variable) => variable.name === name && variable.guid === guid);
  if (found === undefined)
    throw new CommandError(Exit.Negative, `${store.path}: no variable ${printableName(name)}-${guid}`);
  return found;
}

/**
 * Name and GUID of a VAR argument: `Name-GUID`, `GUID-Name`, `GUID:Name`, with short GUID names in the last form; a bare
 * name is the store's only variable of that name, else a global one. Names are as they are printed, with escapes.
 */
export function parseVariableName(text: string, live: readonly Variable[] = []): { name: string; guid: string } {
  const { name, guid } = splitName(text);
  const exact = fromPrintableName(name);
  if (/^$|\0/.test(exact))
    throw new CommandError(Exit.Usage, `${JSON.stringify(text)}: a name is not empty, and has no NUL`);
  if (guid !== undefined) return { name: exact, guid };
  const found = live.filter((entry) => entry.name === exact);
  if (found.length > 1) {
    const all = found.map((entry) => `${name}-${entry.guid}`).join(", ");
    throw new CommandError(Exit.Usage, `${text}: more than one variable has this name: ${all}`);
  }
  return { name: exact, guid: found[0]?.guid ?? GLOBAL_GUID };
}

function splitName(text: string): { name: string; guid?: string } {
  const front = /^\{?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\}?[-:](.+)$/is.exec(text);
  if (front) return { guid: (front[1] as string).toLowerCase(), name: front[2] as string };
  const back = /^(.+)-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/is.exec(text);
  if (back) return { guid: (back[2] as string).toLowerCase(), name: back[1] as string };
  const short = /^\{?(\w+)\}?:(.+)$/s.exec(text);
  const guid = short && findGuid(short[1] as string);
  return short && guid ? { guid, name: short[2] as string } : { name: text };
}
