import {
  HEAD_BOOTS,
  HEAD_BOOTS_ON,
  KIND_CLOCK,
  KIND_POWER_CUT,
  KIND_REBOOT,
  STEP_BYTES,
  STEP_SEED,
} from "../../assembly/abi/fuzz.ts";
import type { MachineOptions } from "../machine.ts";
import { formatLine, Recorder, recordHeader, type TraceCall } from "../trace/index.ts";
import { FuzzMachine } from "./fuzz-machine.ts";
import { cutSteps, stepKind } from "./step-kind.ts";
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
  const keep = (call: TraceCall) => {
    lines.push(formatLine(note === undefined ? call : { ...call, note }));
    note = undefined;
  };
  const recorder = new Recorder(player.machine, keep);
  const end = player.lay(input);
  try {
    for (let step = 1; step < end; step++) {
      const hasPower = player.machine.stepsToCut === undefined;
      if (player.layStep(step)) recorder.hypercall(player.opAddress <= 0xffffffff ? player.opAddress : NOWHERE);
      else if (isReset(input, step)) keep({ fn: "reset", in: {}, out: { ret: 0 } });
      else
        note = [note, changeText(input, step, hasPower)].filter((text) => text !== undefined).join("; ") || undefined;
    }
  } catch (error) {
    if (!(error instanceof WebAssembly.RuntimeError)) throw error;
  }
  return lines.map((line) => `${line}\n`).join("");
}

const playsBoots = (input: Uint8Array): boolean => input[HEAD_BOOTS] === HEAD_BOOTS_ON;

const isReset = (input: Uint8Array, step: number): boolean =>
  stepKind(input, step) === KIND_REBOOT && playsBoots(input);

/** What a step that is no call does before the next one; nothing where it is passed over. */
function changeText(input: Uint8Array, step: number, hasPower: boolean): string | undefined {
  const seed = new DataView(input.buffer, input.byteOffset).getUint32(step * STEP_BYTES + STEP_SEED, true);
  switch (stepKind(input, step)) {
    case KIND_CLOCK:
      return `before it the clock goes on by ${seed % 0x100000} s`;
    case KIND_POWER_CUT:
      return playsBoots(input) && hasPower
        ? `before it power is cut, ${cutSteps(seed)} steps of flash writing later`
        : undefined;
    case KIND_REBOOT:
      return undefined;
    default:
      return "before it the machine's owner changes what is mapped or allowed";
  }
}
