import { Command } from "commander";
import { nodeVerifier } from "../../crypto/node-verifier.ts";
import { readBytes, readPlainBytes, replaceFile, sha256 } from "../../files/bytes.ts";
import { formatVolume } from "../../formats/edk2-store.ts";
import { Machine, type MachineOptions } from "../../machine.ts";
import type { Abi } from "../../op.ts";
import { ovmf4m } from "../../policies/ovmf.ts";
import { formatLine, PLAYER_WINDOW_BYTES, Player, parseTrace, recordHeader } from "../../trace/index.ts";
import type { Globals, Io } from "../io.ts";
import { named } from "../store.ts";
import { abiOption, profileOption, xenOf } from "../xen.ts";

interface Options extends Globals {
  store?: string;
  abi?: Abi;
  profile: string;
  output?: string;
}

/** `xenefi record CALLS`: makes the calls of a file and writes the trace. */
export function recordCommand(io: Io, version: string): Command {
  return new Command("record")
    .description("make the calls of a file (JSON Lines of {fn, in}, or a trace) and write a trace with their answers")
    .argument("<calls>", "the file, - for standard input")
    .option("--store <file>", "boot over this store instead of a blank one")
    .addOption(abiOption())
    .addOption(profileOption())
    .option("-o, --output <file>", "the trace; default standard output")
    .action((path: string, _: Options, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      const xen = xenOf(options);
      const calls = named(path, () => readCalls(new TextDecoder().decode(readPlainBytes(path)), xen.abi));
      const from = options.store;
      const store = from === undefined ? formatVolume(ovmf4m.geometry) : named(from, () => readBytes(from));
      const machineOptions: MachineOptions = {
        ...xen,
        store,
        windowBytes: PLAYER_WINDOW_BYTES,
        verifier: nodeVerifier,
      };
      const machine = named(options.store ?? "store", () => new Machine(machineOptions));
      const source = `xenefi ${version}, ${machine.policy.title}`;
      const lines = [formatLine(recordHeader(machine, { source, vars_before_sha256: sha256(store) }))];
      const player = new Player(machine);
      for (const { call } of calls) lines.push(formatLine({ ...call, out: player.play(call) }));
      const text = `${lines.join("\n")}\n`;
      if (options.output === undefined) io.out(text);
      else replaceFile(options.output, new TextEncoder().encode(text));
      if (!options.quiet && options.output !== undefined) io.err(`${options.output}: ${calls.length} calls\n`);
    });
}

/** Calls of a trace, or of a file without header, whose first line then is a call. */
function readCalls(text: string, abi: Abi) {
  const hasHeader = /"format"\s*:\s*"xenefi-trace"/.test(text.split("\n", 1)[0] as string);
  if (hasHeader) return parseTrace(text).calls;
  // The header takes no line of its own, so that errors name the file's lines.
  const header = `{"format":"xenefi-trace","version":1,"abi":"${abi}"}`;
  try {
    return parseTrace(`${header}\n${text}`).calls;
  } catch (error) {
    if (error instanceof Error) error.message = error.message.replace(/^line (\d+)/, (_, n) => `line ${n - 1}`);
    throw error;
  }
}
