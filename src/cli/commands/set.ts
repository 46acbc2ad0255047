import { readFileSync } from "node:fs";
import { Command } from "commander";
import { APPEND_WRITE } from "../../../assembly/abi/variable.ts";
import { parseAttributes } from "../../attributes.ts";
import { fromHex } from "../../hex.ts";
import { toUcs2 } from "../../ucs2.ts";
import { addEditOptions, type EditOptions, editStore } from "../edit.ts";
import { CommandError, Exit, type Io } from "../io.ts";
import { openStore, parseVariableName } from "../store.ts";

interface Options extends EditOptions {
  data: string;
  type: string;
  attr?: string;
  append?: boolean;
}

/** `xenefi set STORE VAR`: SetVariable as a running Dom0 would call it. */
export function setCommand(io: Io): Command {
  const command = new Command("set")
    .description("set a variable through the emulated SetVariable")
    .argument("<store>", "variable store file (.fd), - for standard input")
    .argument("<variable>", "Name, Name-GUID, GUID-Name, GUID:Name or short:Name")
    .requiredOption("--data <value>", "the value in the form of --type, or @FILE for a file's bytes")
    .option("--type <type>", "hex, u8, u16, u32, u64, str (ASCII and NUL) or str16 (UCS-2 and NUL)", "hex")
    .option("--attr <attributes>", "as NV+BS+RT, nv,bs,rt, 0x7 or 7; default: the variable's own, else NV+BS+RT")
    .option("--append", "append to the variable");
  return addEditOptions(command).action((path: string, text: string, _: Options, self: Command) => {
    const options = self.optsWithGlobals<Options>();
    const store = openStore(path);
    const { name, guid } = parseVariableName(text, store.live);
    const old = store.live.find((entry) => entry.name === name && entry.guid === guid);
    const own = usage("--attr", () =>
      options.attr === undefined ? (old?.attributes ?? 7) : parseAttributes(options.attr),
    );
    const attributes = options.append ? own | APPEND_WRITE : own;
    const data = usage("--data", () => encode(options.type, options.data));
    editStore(store, options, io, (client) => client.setVariable(name, guid, attributes, data));
    if (!options.quiet && !options.json) io.err(`${name}-${guid}: set, ${data.length} bytes\n`);
    if (options.json && options.output !== "-" && path !== "-") {
      io.out(`${JSON.stringify({ schema: "xenefi.set/1", name, guid, attr: attributes, size: data.length })}\n`);
    }
  });
}

/** Bytes of a value: numbers little-endian. */
function encode(type: string, value: string): Uint8Array {
  if (value.startsWith("@")) return new Uint8Array(readFileSync(value.slice(1)));
  const width = { u8: 1, u16: 2, u32: 4, u64: 8 }[type];
  if (width !== undefined) {
    const number = /^(0x[0-9a-f]+|\d+)$/i.test(value) ? BigInt(value) : -1n;
    if (number < 0n || number >> BigInt(8 * width) !== 0n) throw new SyntaxError(`${value} is no ${type}`);
    return Uint8Array.from({ length: width }, (_, i) => Number((number >> BigInt(8 * i)) & 0xffn));
  }
  if (type === "str") return new TextEncoder().encode(`${value}\0`);
  if (type === "str16") return toUcs2(`${value}\0`);
  if (type === "hex") return fromHex(value.replaceAll(/[\s:]/g, ""));
  throw new CommandError(Exit.Usage, `--type: hex, u8, u16, u32, u64, str or str16, not ${JSON.stringify(type)}`);
}

function usage<T>(option: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof SyntaxError) throw new CommandError(Exit.Usage, `${option}: ${error.message}`);
    throw error;
  }
}
