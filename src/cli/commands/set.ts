import { Command } from "commander";
import { APPEND_WRITE } from "../../../assembly/abi/variable.ts";
import { parseAttributes } from "../../attributes.ts";
import { counted } from "../../decoders/decoded.ts";
import type { StoreFile } from "../../files/store-file.ts";
import { keyOf, type Variable } from "../../formats/variable-set.ts";
import { fromHex } from "../../hex.ts";
import { printableName } from "../../printable.ts";
import { toUcs2 } from "../../ucs2.ts";
import { addEditOptions, addForce, type EditOptions, editStore, forceStore, isStreamed } from "../edit.ts";
import { CommandError, Exit, type Io } from "../io.ts";
import { jsonLine } from "../json.ts";
import { addStore, addVariable, openStore, parseVariableName, readInput } from "../store.ts";

interface Options extends EditOptions {
  data?: string;
  type: string;
  attr?: string;
  append?: boolean;
  auth?: string;
}

const HELP = `
  xenefi set -i vars.fd Timeout --type u16 --data 5
  xenefi set vars.fd -o new.fd security:dbx --auth dbx.auth --append
  xenefi set -i vars.fd Example-11111111-2222-3333-4444-555555555555 --type str16 --data hello`;

/** `xenefi set STORE VAR`: SetVariable as a running system would call it. */
export function setCommand(io: Io): Command {
  const command = new Command("set").description("set a variable through the emulated SetVariable");
  addVariable(addStore(command))
    .option("--data <value>", "the value in the form of --type, or @FILE for a file's bytes")
    .option("--type <type>", "hex, u8, u16, u32, u64, str (ASCII and NUL) or str16 (UCS-2 and NUL)", "hex")
    .option("--attr <attributes>", "as NV+BS+RT, nv,bs,rt, 0x7 or 7; default: the variable's own, else NV+BS+RT")
    .option("--append", "append to the variable")
    .option("--auth <file>", "a signed value, descriptor and all, as sign-efi-sig-list and sbvarsign write it")
    .addHelpText("after", HELP);
  return addForce(addEditOptions(command)).action((path: string, text: string, _: Options, self: Command) => {
    const options = self.optsWithGlobals<Options>();
    const store = openStore(path, options);
    const variable = wanted(store, text, options);
    const { name, guid, attributes, data } = variable;
    if (options.force) forceStore(store, options, io, changed(store, variable));
    else editStore(store, options, io, (client) => client.setVariable(name, guid, attributes, data));
    if (isStreamed(path, options)) return;
    if (options.json) {
      io.out(jsonLine({ schema: "xenefi.set/1", name, guid, attr: attributes, size: data.length }));
    } else if (!options.quiet) io.err(`${printableName(name)}-${guid}: set, ${counted(data.length, "byte")}\n`);
  });
}

/** The variable as the options want it. */
function wanted(store: StoreFile, text: string, options: Options): Variable {
  const { name, guid } = parseVariableName(text, store.variables);
  const old = store.variables.find((variable) => variable.name === name && variable.guid === guid);
  const isSigned = options.auth !== undefined;
  const usual = isSigned ? 0x27 : 0x07;
  const own = usage("--attr", () =>
    options.attr === undefined ? (old?.attributes ?? usual) : parseAttributes(options.attr),
  );
  if (isSigned === (options.data !== undefined)) {
    throw new CommandError(Exit.Usage, "say what the value is: --data VALUE, or --auth FILE");
  }
  const data = isSigned
    ? readInput(options.auth as string)
    : usage("--data", () => encode(options.type, options.data as string));
  return { name, guid, attributes: options.append ? own | APPEND_WRITE : own, data };
}

/** All variables with this one set, past every rule. */
function changed({ variables }: StoreFile, { attributes, ...set }: Variable): Variable[] {
  const at = variables.findIndex((variable) => keyOf(variable) === keyOf(set));
  const old = variables[at];
  const isAppend = (attributes & APPEND_WRITE) !== 0;
  const data = isAppend && old !== undefined ? Uint8Array.of(...old.data, ...set.data) : set.data;
  const variable = { ...old, ...set, data, attributes: attributes & ~APPEND_WRITE };
  return old === undefined ? [...variables, variable] : variables.with(at, variable);
}

/** Bytes of a value: numbers little-endian. */
function encode(type: string, value: string): Uint8Array {
  if (value.startsWith("@")) return readInput(value.slice(1));
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
