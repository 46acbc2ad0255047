import { FormatError } from "../../formats/variable-set.ts";
import type { Random } from "../../random.ts";
import { formatLine, parseTrace, type Trace } from "../../trace/format.ts";
import { replay } from "../../trace/replay.ts";
import { type Start, startMachine } from "../../trace/start.ts";
import type { Behaviours } from "../behaviours.ts";
import type { Subject } from "../byte-target.ts";
import type { Failure } from "../failure.ts";
import { changedJson } from "./json-changes.ts";
import { SEED_TRACES } from "./seed-traces.ts";

const BYTES_MAX = 0x2000;
const LINE_FEED = 0x0a;
/** Machines that are kept, by what they were made of: one takes as long to make as some fifty traces to read. */
const MACHINES_MAX = 24;
/** One in so many traces that need another machine get one, and one in so many are written and read again. */
const MADE_ONE_IN = 8;
const REWRITTEN_ONE_IN = 8;
/** Answers that a machine without a store is made of (startMachine). */
const SEEDING = '"query_variable_info"';
/** "line 3" is where a reader of traces says that something is wrong. */
const PLACE = /^line \d+$/;

/**
 * The trace reader and the player: any text is refused with a FormatError that names the line, or it is a trace that can be
 * replayed, and written and read again the same.
 */
export class TraceSubject implements Subject {
  readonly name = "trace";
  readonly bytesMax = BYTES_MAX;
  readonly seeds = SEED_TRACES.map((text) => new TextEncoder().encode(text));
  readonly tokens: readonly Uint8Array[];
  readonly #starts = new Map<string, Start>();
  /** Traces that could be read, and those that needed another machine. */
  #read = 0;
  #unmade = 0;
  readonly #parse: (text: string) => Trace;

  /** `parse`: the reader, for a test that wraps it. */
  constructor(tokens: readonly Uint8Array[], parse = parseTrace) {
    this.tokens = tokens;
    this.#parse = parse;
  }

  millisecondsMax(bytes: number): number {
    return 250 + bytes / 32;
  }

  /** Lines with their line feeds. */
  partsOf(input: Uint8Array): number[] {
    const starts = [0];
    for (let at = input.indexOf(LINE_FEED); at >= 0 && at + 1 < input.length; at = input.indexOf(LINE_FEED, at + 1)) {
      starts.push(at + 1);
    }
    return starts;
  }

  mutate(into: Uint8Array, bytes: number, random: Random): number {
    const changed = changedJson(new TextDecoder().decode(into.subarray(0, bytes)), random);
    return new TextEncoder().encodeInto(changed, into).written;
  }

  /** A trace that behaves anew is always written and read again. */
  run(input: Uint8Array, behaviours: Behaviours, thorough: boolean): Failure | undefined {
    const text = new TextDecoder().decode(input);
    try {
      const trace = this.#parse(text);
      this.#played(trace, text, behaviours, thorough);
      const isDue = this.#read++ % REWRITTEN_ONE_IN === 0;
      return thorough || isDue || behaviours.hasNew ? rewritten(trace) : undefined;
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      behaviours.noteError("trace", error.message);
      if (PLACE.test(error.place)) return undefined;
      return { oracle: "place", text: `an error that names no line: ${error.message}` };
    }
  }

  #played(trace: Trace, text: string, behaviours: Behaviours, thorough: boolean): void {
    const key = keyOf(text);
    if (!this.#starts.has(key) && !thorough && this.#unmade++ % MADE_ONE_IN !== 0) return;
    const start = this.#takeStart(trace, key);
    const { differences, calls } = replay(trace, start);
    start.machine.undo();
    this.#starts.set(key, start);
    if (this.#starts.size > MACHINES_MAX) this.#starts.delete(this.#starts.keys().next().value as string);
    behaviours.noteSize("calls", calls);
    for (const { fn, field, actual } of differences) {
      const isStatus = field === "ret" || field === "status";
      behaviours.note(`${typeof fn === "number" ? "?" : fn} ${field.slice(0, 20)} ${isStatus ? actual : ""}`);
    }
  }

  /** A kept machine, or a new one. It is not kept while it plays: one that an exception leaves is no start for others. */
  #takeStart(trace: Trace, key: string): Start {
    const kept = this.#starts.get(key);
    this.#starts.delete(key);
    if (kept !== undefined) return kept;
    const start = startMachine(trace, undefined);
    start.machine.mark();
    return start;
  }
}

/** What a trace's start is made of: its header, and where it asks for room. */
function keyOf(text: string): string {
  const lines = text.split("\n");
  return lines
    .map((line, i) => (i === 0 || line.includes(SEEDING) ? line : ""))
    .join("\n")
    .trimEnd();
}

function rewritten({ header, calls }: Trace): Failure | undefined {
  const lines = [formatLine(header), ...calls.map(({ call }) => formatLine(call))];
  const again = parseTrace(lines.join("\n"));
  const written = [formatLine(again.header), ...again.calls.map(({ call }) => formatLine(call))];
  const at = lines.findIndex((line, i) => line !== written[i]);
  return at < 0 ? undefined : { oracle: "store", text: `line ${at + 1} is another when written and read again` };
}
