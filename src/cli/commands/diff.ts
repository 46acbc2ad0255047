import { Command } from "commander";
import { attributesText } from "../../attributes.ts";
import { type Context, decode } from "../../decoders/index.ts";
import { keyOf, type Variable } from "../../formats/variable-set.ts";
import { guidName } from "../../guid.ts";
import { toHex } from "../../hex.ts";
import { printableName } from "../../printable.ts";
import { contextOf } from "../context.ts";
import { globPattern } from "../glob.ts";
import { CommandError, Exit, type Io } from "../io.ts";
import { jsonLine } from "../json.ts";
import { addReadOptions, openStore, type StoreOptions } from "../store.ts";

interface Options extends StoreOptions {
  ignore: string[];
  exitCode: boolean;
}

/** One variable that two stores hold otherwise; undefined: a store has none. */
interface Change {
  before: Variable | undefined;
  after: Variable | undefined;
}

/** `xenefi diff A B`: what is in one store and not, or otherwise, in the other. */
export function diffCommand(io: Io): Command {
  const command = new Command("diff")
    .description("tell which variables two stores hold otherwise, whatever their formats")
    .argument("<a>", "a store, - for standard input")
    .argument("<b>", "another store");
  return addReadOptions(command)
    .option("--ignore <glob>", "leave out variables of such names; can be repeated", collect, [])
    .option("--exit-code", "exit 1 if they differ", true)
    .option("--no-exit-code", "exit 0 even if they differ")
    .action((a: string, b: string, _: Options, self: Command) => {
      const options = self.optsWithGlobals<Options>();
      if (a === "-" && b === "-")
        throw new CommandError(Exit.Usage, "standard input can be one of the stores, not both");
      const [before, after] = [a, b].map((path) => openStore(path, options).variables) as [Variable[], Variable[]];
      const changes = changesBetween(before, after, options.ignore.map(globPattern));
      if (options.json) io.out(json(a, b, changes));
      else for (const change of changes) io.out(describe(change, contextOf(before), contextOf(after), io));
      if (changes.length > 0 && options.exitCode) throw new CommandError(Exit.Negative, "");
    });
}

function collect(value: string, all: string[]): string[] {
  return [...all, value];
}

/** In the order of the first store, then of the second. */
function changesBetween(before: Variable[], after: Variable[], ignored: RegExp[]): Change[] {
  const now = new Map(after.map((variable) => [keyOf(variable), variable]));
  const known = new Set(before.map(keyOf));
  const changes = [
    ...before.map((variable) => ({ before: variable, after: now.get(keyOf(variable)) })),
    ...after
      .filter((variable) => !known.has(keyOf(variable)))
      .map((variable) => ({ before: undefined, after: variable })),
  ];
  return changes.filter((change) => {
    const { name } = (change.before ?? change.after) as Variable;
    return aspects(change).length > 0 && !ignored.some((glob) => glob.test(name));
  });
}

/** What differs: "attributes", "data", "time". */
function aspects({ before, after }: Change): string[] {
  if (before === undefined || after === undefined) return ["variable"];
  return [
    ...(before.attributes === after.attributes ? [] : ["attributes"]),
    ...(Buffer.compare(before.data, after.data) === 0 ? [] : ["data"]),
    ...(timeOf(before) === timeOf(after) ? [] : ["time"]),
  ];
}

function timeOf({ stamp }: Variable): string {
  return stamp?.some((byte) => byte !== 0) ? toHex(stamp) : "";
}

/** "+" and a line for what is new, "-" for what is gone, both under a heading for what has changed. */
function describe(change: Change, old: Context, now: Context, { colors }: Io): string {
  const { before, after } = change;
  const gone = (variable: Variable) => colors.red(`- ${lineOf(variable, old)}`);
  const made = (variable: Variable) => colors.green(`+ ${lineOf(variable, now)}`);
  if (before === undefined) return `${made(after as Variable)}\n`;
  if (after === undefined) return `${gone(before)}\n`;
  const head = `! ${printableName(before.name)}  ${guidName(before.guid)}: ${aspects(change).join(", ")}`;
  return `${colors.bold(head)}\n  ${gone(before)}\n  ${made(after)}\n`;
}

function lineOf(variable: Variable, context: Context): string {
  const { name, guid, attributes, data } = variable;
  const facts = `${printableName(name)}  ${guidName(guid)}  ${attributesText(attributes)}  ${data.length} bytes`;
  return `${facts}  ${decode(variable, context).summary}`;
}

function json(a: string, b: string, changes: readonly Change[]): string {
  const side = (variable: Variable | undefined) =>
    variable && { attr: variable.attributes, data: toHex(variable.data), time: timeOf(variable) };
  const list = changes.map((change) => {
    const { name, guid } = (change.before ?? change.after) as Variable;
    const kind = change.before === undefined ? "added" : change.after === undefined ? "removed" : "changed";
    return {
      name,
      guid,
      change: kind,
      aspects: aspects(change),
      before: side(change.before) ?? null,
      after: side(change.after) ?? null,
    };
  });
  return jsonLine({ schema: "xenefi.diff/1", a, b, changes: list });
}
