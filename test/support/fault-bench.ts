import { expect } from "vitest";
import { differenceText } from "../../src/cli/difference.ts";
import {
  Client,
  formatLine,
  Machine,
  type MachineOptions,
  opLayout,
  PLAYER_WINDOW_BYTES,
  parseTrace,
  Recorder,
  recordHeader,
  replay,
  startMachine,
  type TraceCall,
} from "../../src/index.ts";

export const GUID = "11111111-2222-3333-4444-555555555555";
export const VALUE = Uint8Array.of(1, 2, 3, 4);
export const OP = 0x1000;
export const NAME = 0x2000;
export const DATA = 0x12000;

/** A machine with V (four bytes) and W (one), a kernel on it, and what a recorder saw since. */
export class Bench {
  readonly machine: Machine;
  readonly dom0: Client;
  readonly header;
  readonly store: Uint8Array;
  readonly calls: TraceCall[] = [];

  constructor(options: MachineOptions = {}) {
    this.machine = new Machine({ windowBytes: PLAYER_WINDOW_BYTES, ...options });
    const plain = new Client(this.machine);
    plain.setVariable("V", GUID, 7, VALUE);
    plain.setVariable("W", GUID, 7, Uint8Array.of(9));
    this.store = this.machine.flash();
    this.machine.reboot();
    this.machine.memory.fill(0);
    this.header = recordHeader(this.machine, { source: "test" });
    this.dom0 = new Client(this.machine, new Recorder(this.machine, (call) => this.calls.push(call)));
  }

  /** The trace's text, read again and replayed. */
  differences(): string[] {
    const trace = parseTrace([this.header, ...this.calls].map(formatLine).join("\n"));
    const header = { ...trace.header, initial_variables: [] };
    const { differences, calls } = replay({ ...trace, header }, startMachine({ ...trace, header }, this.store));
    expect(calls).toBe(this.calls.length);
    return differences.map(differenceText);
  }
}

export const get =
  (size = 16) =>
  ({ dom0 }: Bench) =>
    dom0.getVariable("V", GUID, size);
export const set = ({ dom0 }: Bench) => dom0.setVariable("V", GUID, 7, Uint8Array.of(5, 6));
export const next = ({ dom0 }: Bench) => dom0.getNextVariableName("V", GUID, 64);
export const time = ({ dom0 }: Bench) => dom0.getTime();
export const space = ({ dom0 }: Bench) => dom0.queryVariableInfo(7);
export const again = (bench: Bench) => ({ first: set(bench), later: get()(bench) });
export const opBytes = (call: (bench: Bench) => unknown, from: number, bytes: number) => (bench: Bench) => {
  call(bench);
  return bench.machine.memory.slice(OP + from, OP + from + bytes);
};
export const count = ({ dom0 }: Bench) => dom0.getNextHighMonotonicCount().high;
export const bytes = (count: number, byte: number) => new Uint8Array(count).fill(byte);
export const layout = opLayout("x86_64");
