import { HEAD_BOOTS, HEAD_BOOTS_ON, KIND_POWER_CUT, STEP_BYTES } from "../../../assembly/abi/fuzz.ts";
import { FN_SET_VARIABLE } from "../../../assembly/abi/op.ts";
import { keyOf, type Variable } from "../../formats/variable-set.ts";
import { toHex } from "../../hex.ts";
import type { Machine } from "../../machine.ts";
import type { Random } from "../../random.ts";
import type { Failure } from "../failure.ts";
import type { FuzzMachine } from "../fuzz-machine.ts";
import type { Oracle } from "../sequence-target.ts";
import { stepKind } from "../step-kind.ts";

/** More steps of writing flash than anything takes. */
const NEVER = 0xffffffff;
/** The count goes on with every boot, the interrupted one included. */
const COUNT = { name: "MTC", guid: "eb704011-1402-11d3-8e77-00a0c969723b" };

/** Every variable with all that is stored of it, by name and GUID. */
type Contents = ReadonlyMap<string, string>;

/**
 * Power is cut at some step of flash writing of one SetVariable, and again in the boot that mends it. Each variable then
 * has the value that a boot finds without the call, or the one that it finds behind the whole call; and stays so.
 *
 * Not where nothing can be torn or no store promises it: a firmware that keeps no run-time writes has none in flash, and
 * without fault-tolerant-write areas a reclaim writes over the only copy.
 */
export function powerOracle(oneIn: number): Oracle {
  return { name: "power", oneIn, tries: 8, check };
}

function check(machine: FuzzMachine, input: Uint8Array, random: Random): Failure | undefined {
  const { volume, policy } = machine.machine;
  if (!policy.keepsRuntimeWrites || volume.geometry.workBytes === 0) return undefined;
  const writes = writesOf(input);
  if (writes.length === 0) return undefined;
  const step = random.pick(writes);
  machine.lay(input);
  machine.play(step);
  const text = cutIn(machine, step, random);
  machine.restart();
  return text === undefined ? undefined : { oracle: "power", text, step };
}

/** Steps that are SetVariable, before the sequence cuts power itself: behind that answers have no meaning. */
function writesOf(input: Uint8Array): number[] {
  const steps = (input.length / STEP_BYTES) | 0;
  const writes: number[] = [];
  for (let step = 1; step < steps; step++) {
    const kind = stepKind(input, step);
    if (kind === KIND_POWER_CUT && input[HEAD_BOOTS] === HEAD_BOOTS_ON) break;
    if (kind === FN_SET_VARIABLE) writes.push(step);
  }
  return writes;
}

/** Tells what a cut in this step has spoilt. */
function cutIn(machine: FuzzMachine, step: number, random: Random): string | undefined {
  const plain = machine.machine;
  const before = plain.snapshot();
  const guest = machine.guest.slice();
  const call = (steps: number) => {
    plain.restore(before);
    machine.guest.set(guest);
    plain.cutPower(steps);
    machine.play(step + 1, step);
  };
  call(NEVER);
  const steps = NEVER - (plain.stepsToCut as number);
  if (steps === 0) return undefined;
  plain.reboot();
  const fresh = contentsOf(plain);
  plain.restore(before);
  const bootSteps = stepsOfBoot(plain);
  const old = contentsOf(plain);
  const cut = random.below(steps);
  call(cut);
  const torn = plain.snapshot();
  plain.reboot();
  const spoilt = firstSpoilt(contentsOf(plain), old, fresh);
  if (spoilt !== undefined) return `${spoilt} after a cut at flash step ${cut} of ${steps}`;
  plain.restore(torn);
  const second = random.below(Math.max(1, bootSteps));
  plain.rebootInterrupted(second);
  plain.reboot();
  const lost = firstSpoilt(contentsOf(plain), old, fresh);
  if (lost !== undefined) return `${lost} after cuts at flash step ${cut} of ${steps} and ${second} of the boot`;
  return undefined;
}

/** Boots, and gives the steps of flash writing that it took. */
function stepsOfBoot(machine: Machine): number {
  machine.rebootInterrupted(NEVER);
  return NEVER - (machine.stepsToCut as number);
}

function contentsOf(machine: Machine): Contents {
  const count = keyOf(COUNT);
  return new Map(
    machine.variables().map((variable) => {
      const key = keyOf(variable);
      return [key, key === count ? "counted" : textOf(variable)];
    }),
  );
}

function textOf({ attributes, data, stamp }: Variable): string {
  return `${attributes} ${toHex(data)} ${toHex(stamp ?? new Uint8Array(0))}`;
}

/** What is wrong with the first variable that has neither its old value nor its new one. */
function firstSpoilt(found: Contents, old: Contents, fresh: Contents): string | undefined {
  for (const key of new Set([...found.keys(), ...old.keys(), ...fresh.keys()])) {
    const value = found.get(key);
    if (value === old.get(key) || value === fresh.get(key)) continue;
    return value === undefined ? "a variable is lost" : "a variable has neither its old value nor its new one";
  }
  return undefined;
}
