import type { Command } from "commander";
import type { Io } from "./io.ts";

/** Makes a command; its modules are loaded then, so that none pays for what another one uses. */
type Loader = (io: Io, version: string) => Promise<Command>;

/** All commands, in the order of the help. */
export const COMMANDS: Readonly<Record<string, Loader>> = {
  ls: async (io) => (await import("./commands/ls.ts")).lsCommand(io),
  get: async (io) => (await import("./commands/get.ts")).getCommand(io),
  set: async (io) => (await import("./commands/set.ts")).setCommand(io),
  rm: async (io) => (await import("./commands/rm.ts")).rmCommand(io),
  info: async (io) => (await import("./commands/info.ts")).infoCommand(io),
  check: async (io) => (await import("./commands/check.ts")).checkCommand(io),
  dump: async (io) => (await import("./commands/dump.ts")).dumpCommand(io),
  convert: async (io) => (await import("./commands/convert.ts")).convertCommand(io),
  diff: async (io) => (await import("./commands/diff.ts")).diffCommand(io),
  boot: async (io) => (await import("./commands/boot.ts")).bootCommand(io),
  sb: async (io) => (await import("./commands/sb.ts")).sbCommand(io),
  call: async (io) => (await import("./commands/call.ts")).callCommand(io),
  handover: async (io) => (await import("./commands/handover.ts")).handoverCommand(io),
  record: async (io, version) => (await import("./commands/record.ts")).recordCommand(io, version),
  replay: async (io) => (await import("./commands/replay.ts")).replayCommand(io),
  bench: async (io) => (await import("./commands/bench.ts")).benchCommand(io),
  script: async (io) => (await import("./commands/script.ts")).scriptCommand(io),
  shim: async (io, version) => (await import("./commands/shim.ts")).shimCommand(io, version),
  serve: async (io) => (await import("./commands/serve.ts")).serveCommand(io),
  image: async (io) => (await import("./commands/image.ts")).imageCommand(io),
  fuzz: async (io) => (await import("./commands/fuzz.ts")).fuzzCommand(io),
  completion: async (io) => (await import("./commands/completion.ts")).completionCommand(io),
};
