import { Command } from "commander";
import { attributesText } from "../../attributes.ts";
import { sha256 } from "../../files/bytes.ts";
import type { LogEntry } from "../../formats/edk2-store.ts";
import { findGuid, guidName } from "../../guid.ts";
import { toHex } from "../../hex.ts";
import { printable } from "../../printable.ts";
import { toUcs2 } from "../../ucs2.ts";
import { CommandError, Exit, type Globals, type Io } from "../io.ts";
import { previewOf } from "../preview.ts";
import { openStore } from "../store.ts";
import { table } from "../table.ts";

interface Options extends Globals {
  all?: boolean;
  guid?: string;
  name?: string;
  sort: "name" | "size" | "file";
}

/** `xenefi ls STORE`: the variables in enumeration order. */
export function lsCommand(io: Io): Command {
  return new Command("ls")
    .description("list a store's variables in enumeration order")
    .argument("<store>", "variable store file (.fd), - for standard input")
    .option("--all", "dead records, too")
    .option("--guid <guid>", "only this vendor GUID, or short name")
    .option("--name <glob>", "only names that match; * and ? stand for any characters")
    .option("--sort <key>", "name, size or file", "file")
    .action((path: string, _: Options, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      const store = openStore(path);
      const entries = sorted(selected(options.all ? store.log : store.live, options), options.sort);
      if (options.json) {
        const variables = entries.map((entry) => json(entry, options.all === true));
        io.out(`${JSON.stringify({ schema: "xenefi.ls/1", file: path, format: "edk2", variables })}\n`);
        return;
      }
      const rows = entries.map((entry) => row(entry, options.all === true));
      const head = [...(options.all ? ["state"] : []), "name", "vendor", "attributes", "size", "data"];
      const [first, ...lines] = table([head, ...rows], io.columns).split("\n");
      io.out([io.colors.bold(first as string), ...lines].join("\n"));
    });
}

function selected(entries: LogEntry[], options: Options): LogEntry[] {
  const guid = options.guid === undefined ? undefined : findGuid(options.guid);
  if (options.guid !== undefined && guid === undefined) {
    throw new CommandError(Exit.Usage, `--guid: ${JSON.stringify(options.guid)} is no GUID and no short name`);
  }
  const glob = options.name === undefined ? undefined : globPattern(options.name);
  return entries.filter((entry) => (guid === undefined || entry.guid === guid) && (glob?.test(entry.name) ?? true));
}

function sorted(entries: LogEntry[], key: string): LogEntry[] {
  if (key === "file") return entries;
  if (key === "name") return entries.toSorted((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)));
  if (key === "size") return entries.toSorted((a, b) => b.data.length - a.data.length);
  throw new CommandError(Exit.Usage, `--sort: name, size or file, not ${JSON.stringify(key)}`);
}

function globPattern(glob: string): RegExp {
  const escaped = glob
    .replaceAll(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", "[^]*")
    .replaceAll("?", "[^]");
  return new RegExp(`^${escaped}$`);
}

function json(entry: LogEntry, all: boolean) {
  return {
    name: entry.name,
    nameHex: toHex(toUcs2(entry.name)),
    guid: entry.guid,
    attr: entry.attributes,
    size: entry.data.length,
    sha256: sha256(entry.data),
    offset: `0x${entry.offset.toString(16)}`,
    ...(all ? { state: `0x${entry.state.toString(16)}` } : {}),
  };
}

function row(entry: LogEntry, all: boolean): string[] {
  return [
    ...(all ? [`0x${entry.state.toString(16)}`] : []),
    printable(entry.name),
    guidName(entry.guid),
    attributesText(entry.attributes),
    String(entry.data.length),
    previewOf(entry.data),
  ];
}
