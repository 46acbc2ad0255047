import {
  HEAD_BOOTS,
  HEAD_BOOTS_ON,
  INPUT,
  KIND_CLOCK,
  KIND_POWER_CUT,
  KIND_REBOOT,
  KINDS,
  STEP_BYTES,
  STEP_KIND,
  STEP_SEED,
} from "../../assembly/abi/fuzz.ts";
import type { MachineOptions } from "../machine.ts";
import { formatLine, Recorder, recordHeader, type TraceCall } from "../trace/index.ts";
import { FuzzMachine } from "./fuzz-machine.ts";
import type { Tables } from "./tables.ts";

/** Where an op of more than 32 bits of address is: nothing is mapped there. */
const NOWHERE = 0xdead0000;

/**
 * A sequence as an xenefi-trace with the answers of this core, up to where it traps. What the machine's owner does between
 * calls stands in the next call's note, but for boots: a trace has resets.
 */
export function traceOf(options: MachineOptions, tables: Tables, input: Uint8Array, about: string): string {
  const abi = FuzzMachine.abiOf(input);
  const player = new FuzzMachine({ ...options, abi }, tables, { counts: false });
  const header = recordHeader(player.machine, { source: "xenefi fuzz", about });
  const lines = [formatLine(header)];
  let note: string | undefined;
  const recorder = new Recorder(player.machine, (call) => {
    lines.push(formatLine(note === undefined ? call : { ...call, note }));
    note = undefined;
  });
  const end = player.lay(input);
  try {
    for (let step = 1; step < end; step++) {
      const op = player.prepare(step);
      if (op !== undefined) recorder.hypercall(op <= 0xffffffffn ? Number(op) : NOWHERE);
      else if (isReset(input, step)) lines.push(formatLine({ fn: "reset", in: {}, out: { ret: 0 } } as TraceCall));
      else note = [note, changeText(player, step)].filter((text) => text !== undefined).join("; ");
    }
  } catch (error) {
    if (!(error instanceof WebAssembly.RuntimeError)) throw error;
  }
  return lines.map((line) => `${line}\n`).join("");
}

function isReset(input: Uint8Array, step: number): boolean {
  const kind = (input[step * STEP_BYTES + STEP_KIND] as number) % KINDS;
  return kind === KIND_REBOOT && input[HEAD_BOOTS] === HEAD_BOOTS_ON;
}

/** What a step that is no call did before the next one. */
function changeText({ core }: FuzzMachine, step: number): string | undefined {
  const at = INPUT + step * STEP_BYTES;
  const kind = (core.bytes[at + STEP_KIND] as number) % KINDS;
  const seed = core.view.getUint32(at + STEP_SEED, true);
  if (kind === KIND_CLOCK) return `before it the clock goes on by ${seed % 0x100000} s`;
  if (kind === KIND_POWER_CUT) return `before it power is cut, ${seed % 0x400} steps of flash writing later`;
  if (kind === KIND_REBOOT) return undefined;
  return "before it the machine's owner changes what is mapped or allowed";
}
