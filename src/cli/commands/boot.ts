import { Command } from "commander";
import { activate, addOption, nameOf, removeOption, writeNumber, writeOrder } from "../../boot-options.ts";
import type { Client, Reply } from "../../client.ts";
import { parseDevicePath } from "../../decoders/device-path-text.ts";
import { decode } from "../../decoders/index.ts";
import { LOAD_OPTION_ACTIVE, type LoadOption, readLoadOption } from "../../decoders/load-option.ts";
import type { StoreFile } from "../../files/store-file.ts";
import type { Variable } from "../../formats/variable-set.ts";
import { GLOBAL_GUID } from "../../guid.ts";
import { printable } from "../../printable.ts";
import { toUcs2 } from "../../ucs2.ts";
import { contextOf } from "../context.ts";
import { addEditOptions, type EditOptions, editStore, isStreamed } from "../edit.ts";
import { CommandError, Exit, type Io } from "../io.ts";
import { jsonLine } from "../json.ts";
import { addStore, findVariable, openStore, readInput, type StoreOptions } from "../store.ts";

interface AddOptions extends EditOptions {
  label: string;
  path?: string;
  loader?: string;
  data?: string;
  number?: string;
  last?: boolean;
  order: boolean;
  active: boolean;
}

interface NumberOptions extends EditOptions {
  delete?: boolean;
}

const OPTION_NAME = /^Boot[\dA-F]{4}$/;

/** `xenefi boot list|add|rm|order|next|timeout|activate|deactivate STORE`: the boot manager's variables. */
export function bootCommand(io: Io): Command {
  const boot = new Command("boot").description("boot options, as efibootmgr shows and changes them");
  for (const command of [
    listCommand(io),
    addCommand(io),
    rmCommand(io),
    orderCommand(io),
    numberCommand(io, "next", "BootNext", "the option of the next boot alone"),
    numberCommand(io, "timeout", "Timeout", "seconds that the boot manager waits; 65535: for ever"),
    activateCommand(io, "activate", true),
    activateCommand(io, "deactivate", false),
  ]) {
    boot.addCommand(command);
  }
  return boot;
}

function listCommand(io: Io): Command {
  return addStore(new Command("list").description("order, next, timeout and options")).action(
    (path: string, _: StoreOptions, command: Command) => {
      const options = command.optsWithGlobals<StoreOptions>();
      const { variables } = openStore(path, options);
      io.out(options.json ? json(path, variables) : listing(variables));
    },
  );
}

/** What there is of these, in efibootmgr's order, then the options by number. */
function shown(variables: readonly Variable[]): { facts: Variable[]; entries: Variable[] } {
  const own = variables.filter(({ guid }) => guid === GLOBAL_GUID);
  const facts = ["BootCurrent", "Timeout", "BootNext", "BootOrder"].flatMap((name) =>
    own.filter((v) => v.name === name),
  );
  const entries = own.filter(({ name }) => OPTION_NAME.test(name)).sort((a, b) => (a.name < b.name ? -1 : 1));
  return { facts, entries };
}

function listing(variables: readonly Variable[]): string {
  const { facts, entries } = shown(variables);
  const context = contextOf(variables);
  const lines = facts.map((variable) => `${variable.name}: ${decode(variable, context).summary}`);
  for (const entry of entries) lines.push(`${entry.name}${decode(entry, context).summary}`);
  return lines.map((line) => `${line}\n`).join("");
}

function json(path: string, variables: readonly Variable[]): string {
  const { facts, entries } = shown(variables);
  const context = contextOf(variables);
  const decoded = (variable: Variable) => decode(variable, context).value;
  return jsonLine({
    schema: "xenefi.boot/1",
    file: path,
    ...Object.fromEntries(facts.map((variable) => [variable.name, decoded(variable)])),
    options: entries.map((entry) => ({ name: entry.name, value: decoded(entry) })),
  });
}

function addCommand(io: Io): Command {
  const command = new Command("add").description("add an option, first in the order");
  addStore(command)
    .requiredOption("--label <text>", "what it is called")
    .option("--path <path>", "its device path: HD(1,GPT,UUID,0x800,0x100000)/File(\\EFI\\x.efi)")
    .option("--loader <file>", "a file on the first system partition that has it: \\EFI\\x.efi")
    .option("--data <text>", "optional data, UTF-16, or @FILE for a file's bytes")
    .option("--number <XXXX>", "its number, hexadecimal; default: the lowest that is free")
    .option("--last", "last in the order")
    .option("--no-order", "not in the order at all")
    .option("--no-active", "one that is not tried by itself");
  return addEditOptions(command).action((path: string, _: AddOptions, self: Command) => {
    const options = self.optsWithGlobals<AddOptions>();
    const option = optionOf(options);
    const place = options.order ? (options.last ? "last" : "first") : "none";
    const number = options.number === undefined ? undefined : hexDigits(options.number);
    change(path, options, io, `${printable(options.label)}: added`, (client) =>
      addOption(client, option, place, number),
    );
  });
}

function optionOf({ label, path, loader, data, active }: AddOptions): LoadOption {
  if ((path === undefined) === (loader === undefined)) {
    throw new CommandError(Exit.Usage, "say what it loads: --path DEVICE_PATH, or --loader FILE");
  }
  return {
    attributes: active ? LOAD_OPTION_ACTIVE : 0,
    description: label,
    paths: devicePath(path ?? `File(${loader})`),
    optionalData: data?.startsWith("@") ? readInput(data.slice(1)) : toUcs2(data ?? ""),
  };
}

function devicePath(text: string): Uint8Array {
  try {
    return parseDevicePath(text);
  } catch (error) {
    if (error instanceof SyntaxError) throw new CommandError(Exit.Usage, `device path: ${error.message}`);
    throw error;
  }
}

function rmCommand(io: Io): Command {
  const command = addStore(new Command("rm").description("delete an option, also from the order"));
  command.argument("<number>", "four hexadecimal digits");
  return addEditOptions(command).action((path: string, digits: string, _: EditOptions, self: Command) => {
    const number = hexDigits(digits);
    change(
      path,
      self.optsWithGlobals(),
      io,
      `${nameOf(number)}: deleted`,
      (client) => removeOption(client, number),
      number,
    );
  });
}

function orderCommand(io: Io): Command {
  const command = addStore(new Command("order").description("set BootOrder"));
  command.argument("[numbers]", "0001,0000: hexadecimal, the first one is tried first").option("--delete", "delete it");
  return addEditOptions(command).action((path: string, list: string | undefined, _: NumberOptions, self: Command) => {
    const options = self.optsWithGlobals<NumberOptions>();
    const order = wanted(list, options)?.split(",").map(hexDigits) ?? [];
    change(path, options, io, "BootOrder: set", (client) => writeOrder(client, order));
  });
}

function numberCommand(io: Io, verb: string, name: "BootNext" | "Timeout", about: string): Command {
  const command = addStore(new Command(verb).description(`set ${name}: ${about}`));
  const form = name === "BootNext" ? "four hexadecimal digits" : "seconds";
  command.argument("[value]", form).option("--delete", "delete it");
  return addEditOptions(command).action((path: string, text: string | undefined, _: NumberOptions, self: Command) => {
    const options = self.optsWithGlobals<NumberOptions>();
    const given = wanted(text, options);
    const value = given === undefined ? undefined : name === "BootNext" ? hexDigits(given) : seconds(given);
    change(path, options, io, `${name}: set`, (client) => writeNumber(client, name, value));
  });
}

function activateCommand(io: Io, verb: string, active: boolean): Command {
  const command = addStore(
    new Command(verb).description(active ? "let an option be tried" : "let an option be skipped"),
  );
  command.argument("<number>", "four hexadecimal digits");
  return addEditOptions(command).action((path: string, digits: string, _: EditOptions, self: Command) => {
    const number = hexDigits(digits);
    const done = `${nameOf(number)}: ${active ? "active" : "inactive"}`;
    change(path, self.optsWithGlobals(), io, done, (client) => activate(client, number, active), number);
  });
}

/** Edits the store; `number` is an option that must be there, and well formed. */
function change(
  path: string,
  options: EditOptions,
  io: Io,
  done: string,
  calls: (client: Client) => Reply,
  number?: number,
): void {
  const store = openStore(path, options);
  if (number !== undefined) checkOption(store, number);
  editStore(store, options, io, calls);
  if (isStreamed(path, options)) return;
  if (options.json) io.out(jsonLine({ schema: "xenefi.boot/1", file: path, done }));
  else if (!options.quiet) io.err(`${done}\n`);
}

function checkOption(store: StoreFile, number: number): void {
  readLoadOption(findVariable(store, `${GLOBAL_GUID}:${nameOf(number)}`).data);
}

/** The value, or undefined to delete it. */
function wanted(value: string | undefined, options: NumberOptions): string | undefined {
  if ((value === undefined) !== (options.delete === true)) {
    throw new CommandError(Exit.Usage, "give a value, or --delete");
  }
  return value;
}

function hexDigits(text: string): number {
  if (/^[\da-f]{4}$/i.test(text)) return Number.parseInt(text, 16);
  throw new CommandError(Exit.Usage, `${JSON.stringify(text)}: the number of an option is four hexadecimal digits`);
}

function seconds(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 0xffff) return Number(text);
  throw new CommandError(Exit.Usage, `${JSON.stringify(text)}: seconds, from 0 to 65535`);
}
