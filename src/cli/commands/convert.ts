import { statSync } from "node:fs";
import { Command, Option } from "commander";
import { counted } from "../../decoders/decoded.ts";
import { type Content, changedContent, type StoreFile, streamOf, writeContent } from "../../files/store-file.ts";
import { type Geometry, LAYOUTS } from "../../formats/edk2-store.ts";
import { serializeDirectory } from "../../formats/efivarfs.ts";
import { FORMAT_NAMES, type FormatName } from "../../formats/format.ts";
import { formatNamed } from "../../formats/index.ts";
import { printable } from "../../printable.ts";
import { CommandError, Exit, type Io } from "../io.ts";
import { jsonLine } from "../json.ts";
import { isSamePlace, whileLocked } from "../lock.ts";
import { lossText } from "../losses.ts";
import { addStore, named, openStore, type StoreOptions } from "../store.ts";

interface Options extends StoreOptions {
  to?: FormatName;
  base?: string;
  lossy?: boolean;
  overwrite?: boolean;
  layout: string;
}

/** Formats by the ends that their files usually have. */
const ENDINGS: readonly (readonly [ending: RegExp, format: FormatName])[] = [
  [/\.fd(\.gz)?$/i, "edk2"],
  [/\.var$/i, "uboot"],
  [/\.json$/i, "json"],
  [/\.aws$/i, "aws"],
  [/\.efivar$/i, "efivar"],
  [/\.(dmp|dmpstore)$/i, "dmpstore"],
  [/\.(varstored|xapi|b64)$/i, "varstored"],
  [/\.(nvram|hyperv|vmgs)$/i, "hyperv"],
  [/(\/|\.tar(\.gz)?)$/i, "efivarfs"],
];

const HELP = `
  xenefi convert vars.fd vars.json
  xenefi convert --lossy vars.fd efivars/
  xenefi convert --base old.fd vars.json new.fd`;

/** `xenefi convert IN OUT`: the same variables in another format, or in the same one over a base. */
export function convertCommand(io: Io): Command {
  return addStore(new Command("convert").description("write a store's variables in any format"))
    .argument("<output>", "the new file, a directory for efivarfs, - for standard output")
    .addOption(
      new Option("--to <format>", "default: told by the output's name, or the base").choices([...FORMAT_NAMES]),
    )
    .option("--base <file>", "keep everything else of this store: padding, dead records, areas of others")
    .option("--lossy", "leave out what the format cannot keep")
    .option("--overwrite", "replace the output if it is there")
    .addOption(new Option("--layout <name>", "of a new edk2 volume").choices(Object.keys(LAYOUTS)).default("ovmf-4m"))
    .addHelpText("after", HELP)
    .action((path: string, output: string, _: Options, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      const store = openStore(path, options);
      const base = options.base === undefined ? undefined : openStore(options.base, { ...options, ...unread });
      const to = options.to ?? base?.format ?? formatOf(output);
      if (base !== undefined && base.format !== to) {
        throw new CommandError(Exit.Usage, `--base: ${options.base} has format ${base.format}, not ${to}`);
      }
      checkTarget(output, options);
      const count = store.variables.length - checkLosses(store, to, options, io);
      const isDirectory = to === "efivarfs" && output !== "-" && !/\.tar(\.gz)?$/i.test(output);
      const content = named(path, () =>
        isDirectory ? serializeDirectory(store.variables) : converted(store, base, to, options),
      );
      whileLocked(output, () => write(output, content, io));
      if (output === "-") return;
      if (options.json)
        io.out(jsonLine({ schema: "xenefi.convert/1", file: path, output, format: to, variables: count }));
      else if (!options.quiet) io.err(`${printable(output)}: ${to}, ${counted(count, "variable")}\n`);
    });
}

/** --from is about the input alone. */
const unread = { from: undefined } as unknown as StoreOptions;

function converted(store: StoreFile, base: StoreFile | undefined, to: FormatName, { layout }: Options): Content {
  if (base !== undefined) return changedContent(base, store.variables);
  return formatNamed(to).serialize(store.variables, { geometry: LAYOUTS[layout] as Geometry });
}

function formatOf(output: string): FormatName {
  if (statSync(output, { throwIfNoEntry: false })?.isDirectory()) return "efivarfs";
  const known = ENDINGS.find(([ending]) => ending.test(output));
  if (known === undefined) throw new CommandError(Exit.Usage, `${output}: say which format it is to have: --to`);
  return known[1];
}

function checkTarget(output: string, { overwrite, base }: Options): void {
  const isBase = base !== undefined && isSamePlace(output, base);
  if (overwrite || isBase || !isThere(output)) return;
  throw new CommandError(Exit.Usage, `${output} is there already: --overwrite replaces it`);
}

/** A device or a pipe takes what it is given. */
function isThere(output: string): boolean {
  const stats = output === "-" ? undefined : statSync(output, { throwIfNoEntry: false });
  return stats !== undefined && (stats.isFile() || stats.isDirectory());
}

/** What gets lost is said, and refused unless it is wanted. Gives the number of variables that are lost as a whole. */
function checkLosses(store: StoreFile, to: FormatName, options: Options, io: Io): number {
  const all = formatNamed(to).losses(store.variables);
  const losses = all.map(lossText);
  if (losses.length > 0 && !options.lossy) {
    const more = losses.length === 1 ? "" : ` and ${losses.length - 1} more`;
    throw new CommandError(
      Exit.Negative,
      `${store.path}: ${to} cannot keep ${losses[0]}${more}; --lossy leaves it out`,
    );
  }
  if (!options.quiet) for (const loss of losses) io.err(`lost: ${loss}\n`);
  return all.filter(({ what }) => what.startsWith("the variable: ")).length;
}

function write(output: string, content: Content, io: Io): void {
  if (output === "-") io.outBytes(named("standard output", () => streamOf(content)));
  else named(output, () => writeContent(output, content, output.endsWith(".gz") ? "gzip" : "file"));
}
