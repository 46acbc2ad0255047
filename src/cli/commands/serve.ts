import { Command, Option } from "commander";
import { nodeVerifier } from "../../crypto/node-verifier.ts";
import { readBytes } from "../../files/bytes.ts";
import { LockedError } from "../../files/lock.ts";
import { type FileMachine, openMachine } from "../../files/machine-file.ts";
import { FlashError } from "../../flash-device.ts";
import type { GuestMemory } from "../../guest-memory.ts";
import { Machine, type MachineOptions } from "../../machine.ts";
import type { Abi } from "../../op.ts";
import { POLICIES } from "../../policies/index.ts";
import { chooseProfile } from "../../profiles.ts";
import { BUFFER_BYTES_MAX } from "../../protocol/layout.ts";
import { ServedMachine } from "../../protocol/served-machine.ts";
import { type Opener, Session } from "../../protocol/session.ts";
import { CommandError, Exit, type Globals, type Io } from "../io.ts";
import { serveStdio } from "../serve-stdio.ts";
import { serveUnix } from "../serve-unix.ts";
import { named } from "../store.ts";
import { abiOption, profileOption, xenOf } from "../xen.ts";

interface Options extends Globals {
  stdio?: boolean;
  unix?: string;
  shared?: boolean;
  store?: string;
  inPlace?: boolean;
  abi?: Abi;
  profile: string;
  policy?: string;
}

const HELP = `
The frames are those of docs/protocol.md. Each client of a socket has a machine of its own, so that tests can run side by
side, unless --shared makes it one for all, as for a guest and the program that watches it. Without --abi a machine of one client
is of the ABI that its client says.

  xenefi serve --stdio
  xenefi serve --unix xenefi.sock --store vars.fd
  xenefi serve --unix xenefi.sock --shared --store vars.fd --in-place`;

/** `xenefi serve`: answers hypercalls of other processes. */
export function serveCommand(io: Io): Command {
  const policies = new Option("--policy <name>", "the firmware (default: ovmf-4m)").choices(Object.keys(POLICIES));
  return new Command("serve")
    .description("answer the hypercalls of other processes, in any language")
    .option("--stdio", "serve one client at standard input and output, until its end")
    .option("--unix <path>", "serve clients at this Unix socket, until SIGINT or SIGTERM")
    .option("--shared", "one machine for all clients of the socket")
    .option("--store <file>", "boot over this store instead of a blank one")
    .option("-i, --in-place", "write each change to the store; needs --stdio or --shared")
    .addOption(abiOption())
    .addOption(profileOption())
    .addOption(policies)
    .addHelpText("after", HELP)
    .action(async (_: Options, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      checkOptions(options);
      try {
        await serve(options, io);
      } catch (error) {
        // Whose lock it is says the one, the other says what the store's device did.
        if (error instanceof LockedError) throw new CommandError(Exit.Unreadable, error.message);
        if (error instanceof FlashError) throw new CommandError(Exit.Unreadable, `${options.store}: ${error.message}`);
        throw error;
      }
    });
}

async function serve(options: Options, io: Io): Promise<void> {
  const { unix } = options;
  const { opener, close } = machinesOf(options);
  const open = () => new Session(opener);
  try {
    if (unix === undefined) serveStdio(open(), io);
    else await serveUnix(unix, open, () => tell(options, io));
  } finally {
    close();
  }
}

function tell({ unix, quiet }: Options, io: Io): void {
  if (!quiet) io.err(`xenefi: listening at ${unix}\n`);
}

function checkOptions({ stdio, unix, shared, store, inPlace, ...xen }: Options): void {
  const wrong = (message: string) => {
    throw new CommandError(Exit.Usage, message);
  };
  xenOf(xen);
  if ((stdio === undefined) === (unix === undefined)) wrong("say where clients are: --stdio, or --unix PATH");
  if (shared && unix === undefined) wrong("--shared: of the clients of a socket, --unix PATH");
  if (inPlace && store === undefined) wrong("--in-place: needs --store FILE");
  if (inPlace && unix !== undefined && !shared) wrong("--in-place: one machine holds the store; add --shared");
}

/** Who serves which client, and what is to be done at the end. What is wrong with the store is told at once. */
function machinesOf(options: Options): { opener: Opener; close: () => void } {
  if (options.inPlace) {
    let held: FileMachine | undefined;
    const served = new ServedMachine((guestMemory) => {
      held = named(options.store as string, () =>
        openMachine(options.store as string, machineOptions(options, guestMemory)),
      );
      return held;
    });
    return { opener: sharing(served), close: () => held?.close() };
  }
  const { store } = options;
  const bytes = store === undefined ? {} : { store: named(store, () => readBytes(store)) };
  const make = (abi?: Abi) =>
    new ServedMachine((guestMemory) => new Machine({ ...machineOptions({ ...options, abi }, guestMemory), ...bytes }));
  const first = named(store ?? "store", () => make(options.abi));
  return { opener: options.shared ? sharing(first) : owning(options, make), close: () => {} };
}

/** Every client has the machine. */
function sharing(served: ServedMachine): Opener {
  return (abi) => {
    const own = served.machine.abi;
    if (abi !== undefined && abi !== own) throw new RangeError(`${own}, the ABI of the machine, not ${abi}`);
    return served;
  };
}

/** Every client has a machine of its own, for its ABI unless the options say which. */
function owning({ abi: fixed, profile }: Options, make: (abi?: Abi) => ServedMachine): Opener {
  return (abi) => {
    if (fixed !== undefined && abi !== undefined && abi !== fixed) throw new RangeError(`${fixed}, not ${abi}`);
    return make(chooseProfile(profile, fixed ?? abi).abi);
  };
}

function machineOptions(
  options: Pick<Options, "profile" | "policy"> & { abi?: Abi | undefined },
  guestMemory: GuestMemory,
) {
  const { abi, profile, policy } = options;
  const made: Omit<MachineOptions, "store" | "flash" | "start"> = {
    ...xenOf({ profile, ...(abi === undefined ? {} : { abi }) }),
    guestMemory,
    verifier: nodeVerifier,
    allocationLimit: BigInt(BUFFER_BYTES_MAX),
  };
  const firmware = POLICIES[policy ?? ""];
  return firmware === undefined ? made : { ...made, policy: firmware };
}
