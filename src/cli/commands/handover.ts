import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { Command, Option } from "commander";
import { replaceFile } from "../../files/bytes.ts";
import { BOOT_PATHS, type BootPath, type BootPathName, placedHandover } from "../../handover/boot-paths.ts";
import type { Handover, HandoverPart } from "../../handover/handover.ts";
import { writeMemoryMap } from "../../handover/memory-map.ts";
import { printable } from "../../printable.ts";
import { handoverText } from "../handover-listing.ts";
import { CommandError, Exit, type Globals, type Io } from "../io.ts";
import { jsonLine } from "../json.ts";
import { named } from "../store.ts";
import { handoverShowCommand } from "./handover-show.ts";

interface Options extends Globals {
  preset?: BootPathName;
  chosen?: boolean;
  out?: string;
  text?: boolean;
  qemu?: boolean;
  overwrite?: boolean;
}

const HELP = `
Addresses are those of QEMU's virt board with 512 MiB, on x86 those of the machine whose firmware the tables are of.

  xenefi handover --preset arm-acpi --text
  xenefi handover --preset arm-acpi --out dom0/ --qemu
  xenefi handover show dom0/dom0.dtb`;

/** `xenefi handover`: what Xen hands over to a kernel, as files; `show` looks at such files. */
export function handoverCommand(io: Io): Command {
  return new Command("handover")
    .description("what Xen hands over beside runtime services: system table, memory map, device tree")
    .addOption(new Option("--preset <name>", "how the kernel comes to run").choices(Object.keys(BOOT_PATHS)))
    .option("--chosen", "tell a kernel that knows no Xen, too: the same under /chosen")
    .option("--out <folder>", "write dom0.dtb, system-table.bin, memory-map.bin and listing.txt, those that there are")
    .option("--overwrite", "replace such files")
    .option("--text", "print tables and tree (default without --out and --qemu)")
    .option("--qemu", "print the command line that shows the files of --out to an arm64 kernel, Image")
    .addHelpText("after", HELP)
    .addCommand(handoverShowCommand(io))
    .action((_: Options, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      const { preset, out } = options;
      if (preset === undefined) throw new CommandError(Exit.Usage, "say which path: --preset, or show a file");
      const made = placedHandover(withChosen(BOOT_PATHS[preset], options));
      const content = made === undefined ? "nothing is handed over\n" : handoverText(made);
      const listing = `${preset}: ${BOOT_PATHS[preset].title}\n\n${content}`;
      const commandLine = options.qemu ? qemuLine(made, preset, out) : undefined;
      const files = out === undefined ? [] : writeFiles(out, filesOf(made, listing), options);
      if (options.json) {
        const parts = made?.parts.map(partJson) ?? [];
        io.out(
          jsonLine({ schema: "xenefi.handover/1", preset, parts, files, ...(commandLine && { qemu: commandLine }) }),
        );
        return;
      }
      if (options.text || (out === undefined && !options.qemu)) io.out(listing);
      if (commandLine !== undefined) io.out(`${commandLine}\n`);
      if (!options.quiet) for (const file of files) io.err(`${printable(file)}\n`);
    });
}

/** Secure Boot is off for whoever asks a boot loader (2, as efi_secureboot_mode_disabled of Linux). */
function withChosen(path: BootPath, { chosen }: Options): BootPath {
  const { handover } = path;
  if (!chosen) return path;
  if (handover?.tree === undefined || handover.tables === undefined) {
    throw new CommandError(Exit.Usage, `--chosen: on ${path.name} no device tree tells of UEFI`);
  }
  return { ...path, handover: { ...handover, tree: { ...handover.tree, bootLoader: { secureBoot: 2 } } } };
}

function partJson({ what, address, bytes }: HandoverPart) {
  return { what, address: `0x${address.toString(16)}`, size: bytes.length };
}

/** Files by name. The configuration tables' own bytes go with the system table, in front of which they are nothing. */
function filesOf(made: Handover | undefined, listing: string): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  const tree = made?.parts.find(({ what }) => what === "device tree");
  const tables = made?.parts.filter(({ what }) => what === "system table" || what === "configuration tables") ?? [];
  if (tree !== undefined) files.set("dom0.dtb", tree.bytes);
  if (made !== undefined && tables.length > 0) {
    files.set("system-table.bin", oneBlock(tables));
    files.set("memory-map.bin", writeMemoryMap(made.memoryMap));
  }
  return files.set("listing.txt", new TextEncoder().encode(listing));
}

function oneBlock(parts: readonly HandoverPart[]): Uint8Array {
  const [first, last] = [parts[0], parts.at(-1)] as [HandoverPart, HandoverPart];
  const bytes = new Uint8Array(Number(last.address - first.address) + last.bytes.length);
  for (const part of parts) bytes.set(part.bytes, Number(part.address - first.address));
  return bytes;
}

function writeFiles(folder: string, files: Map<string, Uint8Array>, { overwrite }: Options): string[] {
  const paths = [...files.keys()].map((name) => join(folder, name));
  const old = paths.find((path) => existsSync(path));
  if (old !== undefined && !overwrite) {
    throw new CommandError(Exit.Usage, `${old} is there already: --overwrite replaces it`);
  }
  named(folder, () => mkdirSync(folder, { recursive: true }));
  for (const [name, bytes] of files) named(join(folder, name), () => replaceFile(join(folder, name), bytes));
  return paths;
}

/** The kernel prints what it has found of UEFI before it looks for a timer, which this tree does not tell of. */
function qemuLine(made: Handover | undefined, preset: string, folder = "."): string {
  const placeOf = (name: HandoverPart["what"]) => made?.parts.find(({ what }) => what === name)?.address;
  if (placeOf("device tree") === undefined) throw new CommandError(Exit.Usage, `--qemu: ${preset} has no device tree`);
  const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
  // A comma ends a property of -device, two are one.
  const fileOf = (name: string) => join(folder, name).replaceAll(",", ",,");
  const load = (name: string, address: bigint | undefined) =>
    address === undefined
      ? []
      : [`-device ${quoted(`loader,file=${fileOf(name)},addr=0x${address.toString(16)},force-raw=on`)}`];
  return [
    "qemu-system-aarch64 -machine virt -cpu cortex-a57 -m 512 -display none -net none -serial stdio -no-reboot",
    `-kernel Image -dtb ${quoted(join(folder, "dom0.dtb"))}`,
    ...load("system-table.bin", placeOf("system table")),
    ...load("memory-map.bin", placeOf("memory map")),
    "-append 'earlycon=pl011,0x9000000 efi=debug loglevel=8'",
  ].join(" \\\n  ");
}
