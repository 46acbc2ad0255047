import type { Machine } from "../machine.ts";
import { formatLine, type TraceCall } from "../trace/format.ts";
import { Recorder, recordHeader } from "../trace/recorder.ts";

/** Characters of lines that a log keeps; they fit a frame. */
const CHARACTERS_MAX = 0x180000;

/** Calls as lines of a trace: the last ones, until they are taken. */
export class CallLog {
  readonly #recorder: Recorder;
  #lines: string[] = [];
  #characters = 0;
  #dropped = 0;
  /** First line of the trace: the machine as it was when the log began. */
  readonly header: string;

  constructor(machine: Machine) {
    this.header = formatLine(recordHeader(machine, { source: "xenefi serve" }));
    this.#recorder = new Recorder(machine, (call) => this.#keep(call));
  }

  /** As Machine.hypercall. */
  hypercall(op: number): number {
    return this.#recorder.hypercall(op);
  }

  /** The lines since the last time, and how many older ones had no room. */
  take(): { lines: string[]; dropped: number } {
    const taken = { lines: this.#lines, dropped: this.#dropped };
    this.#lines = [];
    this.#characters = this.#dropped = 0;
    return taken;
  }

  #keep(call: TraceCall): void {
    const line = formatLine(call);
    this.#lines.push(line);
    this.#characters += line.length;
    while (this.#characters > CHARACTERS_MAX) {
      this.#characters -= (this.#lines.shift() as string).length;
      this.#dropped++;
    }
  }
}
