import {
  FINDING,
  FINDING_DETAIL,
  FINDING_OP,
  HEAD_BOOTS,
  HEAD_BOOTS_ON,
  KIND_CLOCK,
  KIND_PLATFORM,
  KIND_POWER_CUT,
  KIND_REBOOT,
} from "../../../assembly/abi/fuzz.ts";
import { HOLE_UNMAPPED, HOLES, STATE_HOLE_COUNT } from "../../../assembly/abi/layout.ts";
import * as abi from "../../../assembly/abi/op.ts";
import { FUNCTION_NAMES } from "../../op.ts";
import type { Failure } from "../failure.ts";
import { FuzzMachine } from "../fuzz-machine.ts";
import type { ReferenceModel } from "../model/reference-model.ts";
import type { Oracle } from "../sequence-target.ts";
import { stepKind } from "../step-kind.ts";
import { Models } from "./models.ts";

/** What comes between calls and changes what the model must know. */
const BEYOND_THE_MODEL = [KIND_CLOCK, KIND_PLATFORM];
const OF_BOOTS = [KIND_REBOOT, KIND_POWER_CUT];

/**
 * The reference model answers each call of a sequence as well, on the shadow of the guest's memory: the result, the op and
 * the buffer are compared at once, all of memory at the end; if it differs, the sequence is played again up to the step that
 * shows it.
 *
 * The comparison ends at a call that the model does not cover, and where the clock, the platform or a boot changes what it
 * must know; holes in the guest's memory are handed over. There is none on machines that are not the model's.
 */
export function modelOracle(oneIn: number): Oracle {
  const models = new Models();
  return {
    name: "model",
    oneIn,
    tries: 1,
    check(machine, input) {
      const model = models.of(machine, FuzzMachine.abiOf(input));
      if (model === undefined) return undefined;
      const failure = new Comparison(machine, model, input).run();
      return failure === undefined ? undefined : { oracle: "model", ...failure };
    },
  };
}

type Difference = Omit<Failure, "oracle">;

/** One sequence on both sides. */
class Comparison {
  readonly #machine: FuzzMachine;
  readonly #model: ReferenceModel;
  readonly #input: Uint8Array;

  constructor(machine: FuzzMachine, model: ReferenceModel, input: Uint8Array) {
    this.#machine = machine;
    this.#model = model;
    this.#input = input;
  }

  run(): Difference | undefined {
    const machine = this.#machine;
    const difference = this.#play(false) ?? (machine.core.exports.compare() === 0 ? this.#again() : undefined);
    if (difference === undefined) machine.goBack();
    else machine.recover();
    this.#leave();
    return difference;
  }

  /** Memory differs in the end: where it first did. */
  #again(): Difference | undefined {
    this.#machine.recover();
    this.#leave();
    return this.#play(true);
  }

  #leave(): void {
    this.#model.reset();
    this.#model.guest.unmapped = NONE;
    this.#model.guest.readOnly = NONE;
  }

  #play(comparesAll: boolean): Difference | undefined {
    const machine = this.#machine;
    const { exports } = machine.core;
    const end = machine.lay(this.#input);
    for (let step = 1; step < end; step++) {
      if (!this.#follows(step)) return undefined;
      if (!machine.layStep(step)) {
        this.#takeHoles();
        continue;
      }
      const wanted = this.#model.answer(machine.shadow, machine.opAddress);
      if (wanted === undefined) return undefined;
      const ret = machine.call();
      const isSame = exports.note(ret) !== 0;
      if (ret !== wanted) return { step, text: `${this.#callName()}: result ${ret}, and ${wanted} of the model` };
      if (!isSame || (comparesAll && exports.compare() === 0)) return { step, text: this.#textOfByte() };
    }
    return undefined;
  }

  #follows(step: number): boolean {
    const kind = stepKind(this.#input, step);
    if (kind < KIND_REBOOT) return true;
    return !BEYOND_THE_MODEL.includes(kind) && !(OF_BOOTS.includes(kind) && this.#input[HEAD_BOOTS] === HEAD_BOOTS_ON);
  }

  /** There is at most one hole (KIND_HOLE). */
  #takeHoles(): void {
    const { view } = this.#machine.core;
    const { guest } = this.#model;
    const isThere = view.getUint32(STATE_HOLE_COUNT, true) !== 0;
    const hole = { start: view.getUint32(HOLES, true), end: view.getUint32(HOLES + 4, true) };
    const isUnmapped = view.getUint32(HOLES + 8, true) === HOLE_UNMAPPED;
    guest.unmapped = isThere && isUnmapped ? [hole] : NONE;
    guest.readOnly = isThere && !isUnmapped ? [hole] : NONE;
  }

  #callName(): string {
    const { view } = this.#machine.core;
    const command = view.getUint32(FINDING + FINDING_OP, true);
    if (command === abi.CMD_FIRMWARE_INFO) return "firmware_info";
    if (command !== abi.CMD_EFI_RUNTIME_CALL) return `command ${command}`;
    const fn = view.getUint32(FINDING + FINDING_OP + abi.OP_FUNCTION, true);
    return FUNCTION_NAMES[fn] || `function ${fn}`;
  }

  #textOfByte(): string {
    const { core, guest, shadow, opAddress } = this.#machine;
    const at = core.view.getUint32(FINDING + FINDING_DETAIL, true);
    const place = placeOf(at, at - opAddress);
    return `${this.#callName()}: ${place} 0x${guest[at]?.toString(16)}, and 0x${shadow[at]?.toString(16)} of the model`;
  }
}

function placeOf(at: number, offset: number): string {
  if (offset < 0 || offset >= abi.OP_BYTES) return `at guest address 0x${at.toString(16)}`;
  if (offset < abi.OP_STATUS) return `misc at 0x${offset.toString(16)}`;
  return `${offset < abi.COMPAT_CALL_BODY ? "the status" : "the op's body"} at 0x${offset.toString(16)}`;
}

const NONE: readonly never[] = [];
