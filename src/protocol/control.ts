import type { EfiCode } from "../../assembly/abi/status.ts";
import type { Rule } from "../faults/rule.ts";
import type { Variable } from "../formats/variable-set.ts";
import { toHex } from "../hex.ts";
import type { PlatformState } from "../platform.ts";
import { efiStatus, reasonText, statusName } from "../status.ts";
import { isWellFormed, toUcs2 } from "../ucs2.ts";
import { CallLog } from "./call-log.ts";
import { JsonReader } from "./json-reader.ts";
import type { ServedMachine } from "./served-machine.ts";

type Command = (served: ServedMachine, argument: JsonReader) => object;

/** What a CTL frame can ask, by the one member of its object; docs/protocol.md tells arguments and answers. */
export const CONTROLS: Readonly<Record<string, Command>> = {
  get: getVariable,
  set: setVariable,
  delete: deleteVariable,
  list: listVariables,
  clock: clock,
  platform: platform,
  reboot: reboot,
  inject: inject,
  remove: removeRule,
  log: log,
  reason: reason,
};

const PLATFORM_STATE = ["interfaceMatches", "efiBoot", "runtimeServices", "privileged", "platformOps"] as const;
/** Members of a Rule that only a program can give. */
const FUNCTIONS = ["when", "how"];

/** The answer to a CTL frame's text; what is wrong with it, or cannot be, is `{"error": …}`. */
export function control(served: ServedMachine, text: string): string {
  try {
    return JSON.stringify(answer(served, text));
  } catch (error) {
    if (error instanceof RangeError || error instanceof SyntaxError) return JSON.stringify({ error: error.message });
    throw error;
  }
}

function answer(served: ServedMachine, text: string): object {
  const entries = Object.entries(parseObject(text));
  const [name, argument] = entries[0] ?? [];
  if (entries.length !== 1 || name === undefined || !Object.hasOwn(CONTROLS, name)) {
    throw new RangeError(`one of ${Object.keys(CONTROLS).join(", ")}, not ${entries.map(([each]) => each).join(", ")}`);
  }
  const reader = new JsonReader(argument, name);
  return (CONTROLS[name] as Command)(served, reader);
}

function parseObject(text: string): object {
  const value: unknown = JSON.parse(text);
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new RangeError("a JSON object");
  return value;
}

function getVariable({ machine }: ServedMachine, argument: JsonReader): object {
  const { name, guid } = place(argument);
  argument.end();
  const found = machine.variable(name, guid);
  return { variable: found === undefined ? null : plain(found) };
}

function setVariable({ machine }: ServedMachine, argument: JsonReader): object {
  const { name, guid } = place(argument);
  const attributes = argument.attributes("attr", machine.variable(name, guid)?.attributes ?? 7);
  const data = argument.hex("data");
  argument.end();
  return statusOf(machine.storeVariable({ name, guid, attributes, data }));
}

function deleteVariable({ machine }: ServedMachine, argument: JsonReader): object {
  const { name, guid } = place(argument);
  argument.end();
  return statusOf(machine.storeVariable({ name, guid, attributes: 0, data: "" }));
}

function listVariables({ machine }: ServedMachine, argument: JsonReader): object {
  argument.end();
  return { variables: machine.variables().map(plain) };
}

function clock({ machine }: ServedMachine, argument: JsonReader): object {
  const seconds = argument.integer("seconds");
  const advance = argument.integer("advance");
  argument.end();
  if (seconds !== undefined) machine.clock.seconds = seconds;
  if (advance !== undefined) machine.clock.advance(advance);
  return { seconds: machine.clock.seconds };
}

function platform({ machine }: ServedMachine, argument: JsonReader): object {
  const state = PLATFORM_STATE.map((name) => [name, argument.flag(name) ?? machine.platform[name]]);
  argument.end();
  const now: PlatformState = Object.fromEntries(state);
  Object.assign(machine.platform, now);
  return now;
}

function reboot({ machine }: ServedMachine, argument: JsonReader): object {
  argument.end();
  machine.reboot();
  return { refused: machine.bootRefusals.map(({ write, status }) => ({ name: write.name, ...statusOf(status) })) };
}

/** Functions cannot come in JSON; what else a rule may have is checked where it is injected. */
function inject(served: ServedMachine, argument: JsonReader): object {
  for (const member of FUNCTIONS) {
    const value = argument.take(member);
    if (value !== undefined) argument.fail(member, "nothing, for it is a function", value);
  }
  const name = argument.text("name");
  const guid = argument.text("guid");
  const seed = argument.integer("seed");
  const rule: Rule = argument.rest();
  if (name !== undefined) rule.name = name;
  if (guid !== undefined) rule.guid = guid;
  if (seed !== undefined) rule.seed = seed;
  return { rule: served.inject(rule) };
}

function removeRule(served: ServedMachine, argument: JsonReader): object {
  const rule = argument.integer("rule");
  argument.end();
  if (rule === undefined) return argument.fail("rule", "a rule's number", rule);
  served.remove(rule);
  return { rule };
}

function log(served: ServedMachine, argument: JsonReader): object {
  const isOn = argument.flag("on");
  argument.end();
  const taken = served.log?.take() ?? { lines: [], dropped: 0 };
  if (isOn === false) served.log = undefined;
  if (isOn !== true) return taken;
  served.log = new CallLog(served.machine);
  return { ...taken, header: served.log.header };
}

function reason({ machine }: ServedMachine, argument: JsonReader): object {
  argument.end();
  return { reason: reasonText(machine.reason) };
}

function place(argument: JsonReader): { name: string; guid: string } {
  const name = argument.text("name");
  if (name === undefined || name === "" || name.includes("\0"))
    return argument.fail("name", "a name without NUL", name);
  return { name, guid: argument.guid("guid") };
}

/** A variable in a trace's words. */
function plain({ name, guid, attributes, data }: Variable): object {
  const named = isWellFormed(name) ? { name } : { nameHex: toHex(toUcs2(name)) };
  return { ...named, guid, attr: attributes, data: toHex(data) };
}

function statusOf(code: EfiCode): { status: string } {
  return { status: statusName(efiStatus(code)) };
}
