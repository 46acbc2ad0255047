import { Command } from "commander";
import { attributesText } from "../../attributes.ts";
import { decode } from "../../decoders/index.ts";
import { sha256 } from "../../files/bytes.ts";
import type { StoreFile } from "../../files/store-file.ts";
import type { LogEntry } from "../../formats/edk2-store.ts";
import type { Variable } from "../../formats/variable-set.ts";
import { findGuid, guidName } from "../../guid.ts";
import { toHex } from "../../hex.ts";
import { printableName } from "../../printable.ts";
import { toUcs2 } from "../../ucs2.ts";
import { contextOf } from "../context.ts";
import { globPattern } from "../glob.ts";
import { CommandError, Exit, type Io } from "../io.ts";
import { jsonLine } from "../json.ts";
import { addStore, logOf, openStore, type StoreOptions } from "../store.ts";
import { table } from "../table.ts";

interface Options extends StoreOptions {
  all?: boolean;
  guid?: string;
  name?: string;
  sort: "name" | "size" | "file";
}

/** A row of the list: a live variable, or a record of a log. */
type Entry = Variable & Partial<Pick<LogEntry, "offset" | "state">>;

/** `xenefi ls STORE`: the variables in the order of the file. */
export function lsCommand(io: Io): Command {
  return addStore(new Command("ls").description("list a store's variables in the order of the file"))
    .option("--all", "dead records, too (edk2)")
    .option("--guid <guid>", "only this vendor GUID, or short name")
    .option("--name <glob>", "only names that match; * and ? stand for any characters, [0-9] for one of them")
    .option("--sort <key>", "name, size or file", "file")
    .action((path: string, _: Options, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      const store = openStore(path, options);
      const entries = sorted(selected(entriesOf(store, options), options), options.sort);
      if (options.json) {
        const variables = entries.map((entry) => json(entry, options.all === true));
        io.out(jsonLine({ schema: "xenefi.ls/1", file: path, format: store.format, variables }));
        return;
      }
      const context = contextOf(store.variables);
      const rows = entries.map((entry) => [
        ...(options.all ? [`0x${entry.state?.toString(16)}`] : []),
        printableName(entry.name),
        guidName(entry.guid),
        attributesText(entry.attributes),
        String(entry.data.length),
        decode(entry, context).summary,
      ]);
      const head = [...(options.all ? ["state"] : []), "name", "vendor", "attributes", "size", "data"];
      const [first, ...lines] = table([head, ...rows], io.columns).split("\n");
      io.out([io.colors.bold(first as string), ...lines].join("\n"));
    });
}

function entriesOf(store: StoreFile, options: Options): Entry[] {
  if (!options.all) return store.variables;
  const log = logOf(store)?.log;
  if (log === undefined) throw new CommandError(Exit.Usage, `--all: ${store.format} keeps no dead records`);
  return log;
}

function selected(entries: Entry[], options: Options): Entry[] {
  const guid = options.guid === undefined ? undefined : findGuid(options.guid);
  if (options.guid !== undefined && guid === undefined) {
    throw new CommandError(Exit.Usage, `--guid: ${JSON.stringify(options.guid)} is no GUID and no short name`);
  }
  const glob = options.name === undefined ? undefined : globPattern(options.name);
  return entries.filter(
    (entry) => (guid === undefined || entry.guid === guid) && (glob === undefined || glob.test(entry.name)),
  );
}

function sorted(entries: Entry[], key: Options["sort"]): Entry[] {
  if (key === "file") return entries;
  if (key === "name") return entries.toSorted((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)));
  if (key === "size") return entries.toSorted((a, b) => b.data.length - a.data.length);
  throw new CommandError(Exit.Usage, `--sort: name, size or file, not ${JSON.stringify(key)}`);
}

function json(entry: Entry, all: boolean) {
  const { stamp, digest, offset, state } = entry;
  return {
    name: entry.name,
    nameHex: toHex(toUcs2(entry.name)),
    guid: entry.guid,
    attr: entry.attributes,
    size: entry.data.length,
    sha256: sha256(entry.data),
    ...(stamp?.some((byte) => byte !== 0) ? { time: toHex(stamp) } : {}),
    ...(digest === undefined ? {} : { digest: toHex(digest) }),
    ...(offset === undefined ? {} : { offset: `0x${offset.toString(16)}` }),
    ...(all ? { state: `0x${state?.toString(16)}` } : {}),
  };
}
