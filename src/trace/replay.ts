import * as abi from "../../assembly/abi/op.ts";
import { RUNTIME_ACCESS } from "../../assembly/abi/variable.ts";
import { fromHex, toHex } from "../hex.ts";
import { opLayout } from "../op.ts";
import { efiStatus, statusName } from "../status.ts";
import { fromUcs2, toUcs2 } from "../ucs2.ts";
import {
  bootWrite,
  type Fields,
  type Trace,
  type TraceCall,
  type TraceHeader,
  toBigInt,
  type Value,
} from "./format.ts";
import { Player } from "./player.ts";
import type { Start } from "./start.ts";

/** One field that came out otherwise than the trace says. */
export interface Difference {
  /** Counts from 1; line 1 is the header. */
  line: number;
  fn: string | number;
  /** As `size`, `time.hour`, `raw.out`. */
  field: string;
  /** Undefined: the field is absent on this side. */
  expected: Value | undefined;
  actual: Value | undefined;
}

export interface Replay {
  calls: number;
  /** Fields compared, differing ones included. */
  fields: number;
  differences: Difference[];
  /** Fields not compared, as "what: field" with their count. */
  exempt: Map<string, number>;
}

/** Plays a trace on its start machine and compares every field. `progress` is told each line that is done. */
export function replay(trace: Trace, start: Start, progress?: (line: number) => void): Replay {
  const comparison = new Comparison(trace.header, start.seeds);
  comparePreload(start, comparison);
  if (start.how === "booted") compareStart(trace, start, comparison);
  else if (start.how === "seeded")
    comparison.skip("seed", "initial_variables", trace.header.initial_variables?.length ?? 0);
  const player = new Player(start.machine);
  for (const { line, call } of trace.calls) {
    const actual = named(player.play(call));
    comparison.call(line, call, actual, player);
    progress?.(line);
  }
  return { calls: trace.calls.length, ...comparison.result };
}

/** What the header says that boot services made, they must have made. */
function comparePreload({ machine, preload }: Start, comparison: Comparison): void {
  for (const { write, status } of machine.bootRefusals) {
    const index = preload.indexOf(write);
    if (index >= 0) comparison.field(1, "header", `preload[${index}]`, "SUCCESS", statusName(efiStatus(status)));
  }
}

/** What a booted machine holds must be what the header says. */
function compareStart(trace: Trace, { machine }: Start, comparison: Comparison): void {
  const expected = trace.header.initial_variables ?? [];
  if (expected.length === 0) return;
  const actual = machine.variables().filter((variable) => (variable.attributes & RUNTIME_ACCESS) !== 0);
  for (let i = 0; i < Math.max(expected.length, actual.length); i++) {
    const wanted = expected[i];
    const found = actual[i];
    const path = `initial_variables[${i}]`;
    const name = wanted && toHex(toUcs2(bootWrite(wanted).name));
    comparison.field(1, "header", `${path}.name`, name, found && toHex(toUcs2(found.name)));
    comparison.field(1, "header", `${path}.guid`, wanted?.guid, found?.guid);
    comparison.field(1, "header", `${path}.attr`, wanted?.attr, found?.attributes);
    comparison.field(1, "header", `${path}.data`, wanted?.data, found && toHex(found.data));
  }
}

/** Sizes from here on may be more than the recorder's machine could allocate: whether they are is the machine's. */
const HUGE_BYTES = 1n << 28n;

class Comparison {
  readonly result: Omit<Replay, "calls"> = { fields: 0, differences: [], exempt: new Map() };
  readonly #header: TraceHeader;
  readonly #seeds: Start["seeds"];

  constructor(header: TraceHeader, seeds: Start["seeds"]) {
    this.#header = header;
    this.#seeds = seeds;
  }

  call(line: number, call: TraceCall, actual: Fields, player: Player): void {
    const subset = this.#header.match === "subset";
    const { fn } = call;
    const expected = named(call.out);
    const names = new Set(Object.keys(expected));
    if (!subset) for (const name of Object.keys(actual)) names.add(name);
    const volatile = call.volatile ?? [];
    for (const name of names) {
      if (volatile.includes(name)) this.skip("volatile", name);
      else if (this.#isMachineBound(call, name, actual)) this.skip("machine-bound", `${fn} ${name}`);
      else if (this.#seeds.get(line)?.includes(name)) this.skip("seed", name);
      else this.#value(line, fn, name, own(expected, name), own(actual, name), volatile, subset);
    }
    if (call.raw !== undefined) this.#raw(line, call, player);
  }

  /** Compares one field and notes it if it differs. */
  field(
    line: number,
    fn: string | number,
    field: string,
    expected: Value | undefined,
    actual: Value | undefined,
  ): void {
    this.result.fields++;
    const equal = field === "name" ? expected === actual : same(expected, actual);
    if (!equal) this.result.differences.push({ line, fn, field, expected, actual });
  }

  /** Counts a field that is not compared. */
  skip(why: string, field: string, count = 1): void {
    const key = `${why}: ${field}`;
    this.result.exempt.set(key, (this.result.exempt.get(key) ?? 0) + count);
  }

  #value(
    line: number,
    fn: string | number,
    name: string,
    expected: Value | undefined,
    actual: Value | undefined,
    volatile: string[],
    subset: boolean,
  ): void {
    if (!isFields(expected) || !isFields(actual)) {
      this.field(line, fn, name, expected, actual);
      return;
    }
    const members = new Set(Object.keys(expected));
    if (!subset) for (const member of Object.keys(actual)) members.add(member);
    for (const member of members) {
      const path = `${name}.${member}`;
      if (volatile.includes(path)) this.skip("volatile", path);
      else this.field(line, fn, path, own(expected, member), own(actual, member));
    }
  }

  /** Values of the recorder's machine that no other has. */
  #isMachineBound({ fn, in: input, out: expected }: TraceCall, name: string, actual: Fields): boolean {
    if (this.#header.match === "subset") return false;
    if (fn === "firmware_info") {
      if (input.type === abi.FW_EFI_INFO) return input.index === abi.EFI_INFO_CONFIG_TABLE && name === "addr";
      return input.type === abi.FW_DISK_INFO || input.type === abi.FW_DISK_MBR_SIGNATURE;
    }
    if (fn === "raw") {
      // A command that the recorder's Xen knew and the emulator does not.
      return input.cmd !== abi.CMD_EFI_RUNTIME_CALL && input.cmd !== abi.CMD_FIRMWARE_INFO && expected.ret === 0;
    }
    const huge = (toBigInt(input.size) ?? 0n) >= HUGE_BYTES;
    return huge && (expected.ret === NO_MEMORY) !== (actual.ret === NO_MEMORY);
  }

  /** The whole op after the call but its handles, and its time where that is volatile. */
  #raw(line: number, call: TraceCall, player: Player): void {
    const expected = fromHex((call.raw as { out: string }).out);
    const actual = player.op();
    const layout = opLayout(this.#header.abi);
    const clear = (why: string, field: string, offset: number, bytes: number) => {
      this.skip(why, `raw.out ${field}`);
      expected.fill(0, offset, offset + bytes);
      actual.fill(0, offset, offset + bytes);
    };
    if (call.fn === "get_variable" || call.fn === "set_variable") {
      clear("machine-bound", "handle", layout.name, layout.longBytes);
      clear("machine-bound", "handle", layout.data, layout.longBytes);
    }
    if (call.fn === "get_next_variable_name") clear("machine-bound", "handle", layout.nextName, layout.longBytes);
    if (call.fn === "firmware_info" && call.in.index === abi.EFI_INFO_VENDOR)
      clear("machine-bound", "handle", abi.INFO_VENDOR_NAME, layout.longBytes);
    if (call.volatile?.some((name) => /^time\b/.test(name))) clear("volatile", "time", layout.time, abi.TIME_BYTES);
    this.field(line, call.fn, "raw.out", toHex(expected), toHex(actual));
  }
}

const NO_MEMORY = -12;

/** Numbers are equal in whatever form, bytes and GUIDs whatever the case of their digits. */
function same(a: Value | undefined, b: Value | undefined): boolean {
  const x = toBigInt(a);
  const y = toBigInt(b);
  if (x !== undefined && y !== undefined) return x === y;
  return typeof a === "string" && typeof b === "string" ? a.toLowerCase() === b.toLowerCase() : a === b;
}

/** A member that the object has itself, for "constructor" and "__proto__" are names like any other. */
function own<T>(fields: Record<string, T>, name: string): T | undefined {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}

function isFields(value: Value | undefined): value is Extract<Value, object> {
  return typeof value === "object" && value !== null;
}

/** An answer whose name is text, also where it has it as bytes. */
function named(out: Fields): Fields {
  if (typeof out.nameHex !== "string" || out.name !== undefined) return out;
  const { nameHex, ...rest } = out;
  return { ...rest, name: fromUcs2(fromHex(nameHex)).replace(/\0$/, "") };
}
