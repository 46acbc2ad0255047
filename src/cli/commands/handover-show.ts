import { Command, InvalidArgumentError } from "commander";
import { readBytes } from "../../files/bytes.ts";
import { type InspectionOptions, inspect } from "../../handover/inspection.ts";
import { isDescriptorSize } from "../../handover/memory-map.ts";
import { endBy, printFindings } from "../findings.ts";
import { inspectionJson, inspectionText } from "../handover-listing.ts";
import type { Globals, Io } from "../io.ts";
import { jsonLine } from "../json.ts";
import { named } from "../store.ts";

interface Options extends Globals, InspectionOptions {
  strict?: boolean;
}

/** `xenefi handover show FILE`: what a device tree, a system table or a memory map says, and what is wrong with it. */
export function handoverShowCommand(io: Io): Command {
  return new Command("show")
    .description("print and check a device tree, a system table or a memory map, one finding a line")
    .argument("<file>", "from any source; - for standard input")
    .option(
      "--address <address>",
      "of the file's first byte in memory (default: the configuration table's page)",
      address,
    )
    .option(
      "--descriptor-bytes <number>",
      "of each of a memory map's descriptors (default: 40, or 48)",
      descriptorBytes,
    )
    .option("--strict", "warnings are an error, too (exit 1)")
    .action((path: string, _: Options, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      const found = named(path, () => inspect(readBytes(path), options));
      const { kind, findings } = found;
      if (options.json) {
        io.out(jsonLine({ schema: "xenefi.handover-show/1", file: path, kind, findings, ...inspectionJson(found) }));
      } else {
        io.out(inspectionText(found));
        printFindings(path, findings, options, io);
      }
      endBy(findings, options);
    });
}

function address(text: string): bigint {
  if (/^(0x[0-9a-f]{1,16}|\d{1,19})$/i.test(text)) return BigInt(text);
  throw new InvalidArgumentError("An address: 0x… or a decimal number.");
}

function descriptorBytes(text: string): number {
  if (isDescriptorSize(Number(text))) return Number(text);
  throw new InvalidArgumentError("At least 40, a multiple of 8.");
}
