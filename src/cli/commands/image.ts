import { Command, Option } from "commander";
import { readBytes, replaceFile } from "../../files/bytes.ts";
import { Machine, type MachineOptions } from "../../machine.ts";
import { machineImage } from "../../machine-image.ts";
import type { Abi } from "../../op.ts";
import { POLICIES } from "../../policies/index.ts";
import type { Policy } from "../../policies/policy.ts";
import type { Globals, Io } from "../io.ts";
import { named } from "../store.ts";
import { abiOption, profileOption, xenOf } from "../xen.ts";

interface Options extends Globals {
  store?: string;
  abi?: Abi;
  profile: string;
  policy: string;
  output: string;
}

/** `xenefi image -o FILE`: boots a machine and writes it for xenefi_open of the C library. */
export function imageCommand(io: Io): Command {
  return new Command("image")
    .description("boot a machine and write it as an image, which the C library opens")
    .requiredOption("-o, --output <file>", "the image")
    .option("--store <file>", "boot over this store instead of a blank one")
    .addOption(new Option("--policy <name>", "the firmware").choices(Object.keys(POLICIES)).default("ovmf-4m"))
    .addOption(abiOption())
    .addOption(profileOption())
    .action((_: Options, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      const image = machineImage(boot(options));
      replaceFile(options.output, image);
      if (!options.quiet) io.err(`${options.output}: ${image.length} bytes\n`);
    });
}

function boot(options: Options): Machine {
  const { store } = options;
  const machineOptions: MachineOptions = { ...xenOf(options), policy: POLICIES[options.policy] as Policy };
  if (store === undefined) return new Machine(machineOptions);
  return named(store, () => new Machine({ ...machineOptions, store: readBytes(store) }));
}
