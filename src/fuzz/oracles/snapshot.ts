import { CAPSULES_NAME, CAPSULES_NAME_BYTES, CAPSULES_VALUE } from "../../../assembly/abi/capsule.ts";
import { FINDING } from "../../../assembly/abi/fuzz.ts";
import {
  CAPSULES,
  HOLE_BYTES,
  HOLES,
  HOLES_MAX,
  MARK_WORDS,
  MARK_WORDS_BYTES,
  OP,
  STATE,
  STATE_HOLE_COUNT,
} from "../../../assembly/abi/layout.ts";
import { OP_BYTES } from "../../../assembly/abi/op.ts";
import { viewOf } from "../../formats/flash-bytes.ts";
import type { Random } from "../../random.ts";
import { snapshotBlocks } from "../../snapshot.ts";
import type { Failure } from "../failure.ts";
import { FuzzMachine } from "../fuzz-machine.ts";
import type { Oracle } from "../sequence-target.ts";
import { firstOtherPart, type Story, storyOf } from "./answers.ts";
import { firstDifference } from "./difference.ts";

/** What the player keeps between steps lies before its copy of the op. */
const FINDING_KEPT_BYTES = 64;

/**
 * Going back: `undo` after the sequence leads to the bytes of the start; and from a snapshot at some step the rest of the
 * sequence, played twice, answers the same and leads to the same bytes.
 */
export function snapshotOracle(oneIn: number): Oracle {
  return {
    name: "snapshot",
    oneIn,
    tries: 4,
    check: (machine, input, random) => checkUndo(machine, input) ?? checkRestore(machine, input, random),
  };
}

function checkUndo(machine: FuzzMachine, input: Uint8Array): Failure | undefined {
  const start = meaningOf(machine.machine.snapshot());
  machine.play(machine.lay(input));
  machine.recover();
  const place = firstOtherByte(start, meaningOf(machine.machine.snapshot()));
  if (place === undefined) return undefined;
  machine.restart();
  return { oracle: "snapshot", text: `undo leaves another byte at core address ${place}` };
}

function checkRestore(machine: FuzzMachine, input: Uint8Array, random: Random): Failure | undefined {
  const end = machine.lay(input);
  const from = 1 + random.below(Math.max(1, end - 1));
  machine.play(Math.min(from, end));
  const moment = momentOf(machine);
  const [first, again] = [1, 2].map(() => {
    goTo(machine, moment);
    return restOf(machine, input, from, end);
  }) as [Rest, Rest];
  machine.restart();
  const part = firstOtherPart(first.story, again.story);
  const text = `${part?.name}, played again from a snapshot`;
  if (part !== undefined) return { oracle: "snapshot", text, step: part.step };
  const place = firstOtherByte(first.state, again.state);
  if (place !== undefined) {
    return { oracle: "snapshot", text: `another byte at core address ${place}, played again from a snapshot` };
  }
  const at = firstDifference(first.guest, again.guest);
  if (at === undefined) return undefined;
  return { oracle: "snapshot", text: `guest address 0x${at.toString(16)}, played again from a snapshot` };
}

/** The machine at some step: its state, and what the player and the guest have. */
interface Moment {
  snapshot: Uint8Array;
  guest: Uint8Array;
  kept: Uint8Array;
}

function momentOf({ machine, core, guest }: FuzzMachine): Moment {
  const kept = core.bytes.slice(FINDING, FINDING + FINDING_KEPT_BYTES);
  return { snapshot: machine.snapshot(), guest: guest.slice(), kept };
}

function goTo({ machine, core, guest }: FuzzMachine, moment: Moment): void {
  machine.restore(moment.snapshot);
  guest.set(moment.guest);
  core.bytes.set(moment.kept, FINDING);
}

interface Rest {
  story: Story;
  state: Uint8Array;
  guest: Uint8Array;
}

function restOf(machine: FuzzMachine, input: Uint8Array, from: number, end: number): Rest {
  const story = storyOf(machine, FuzzMachine.abiOf(input), from, end);
  return { story, state: meaningOf(machine.machine.snapshot()), guest: machine.guest.slice() };
}

/**
 * A snapshot without what has no meaning between calls: the copy of the last op, the journal, holes that are no more, and
 * where UpdateCapsule puts its variable together.
 */
function meaningOf(snapshot: Uint8Array): Uint8Array {
  for (const { address, bytes } of snapshotBlocks(snapshot)) {
    if (address !== STATE) continue;
    const holes = viewOf(bytes).getUint32(STATE_HOLE_COUNT - STATE, true);
    bytes.fill(0, CAPSULES - STATE + CAPSULES_VALUE, CAPSULES - STATE + CAPSULES_NAME + CAPSULES_NAME_BYTES);
    bytes.fill(0, OP - STATE, OP - STATE + OP_BYTES);
    bytes.fill(0, MARK_WORDS - STATE, MARK_WORDS - STATE + MARK_WORDS_BYTES);
    bytes.fill(0, HOLES - STATE + holes * HOLE_BYTES, HOLES - STATE + HOLES_MAX * HOLE_BYTES);
  }
  return snapshot;
}

/** Core address of the first byte in which two snapshots differ. */
function firstOtherByte(a: Uint8Array, b: Uint8Array): string | undefined {
  const others = [...snapshotBlocks(b)];
  for (const [i, { address, bytes }] of [...snapshotBlocks(a)].entries()) {
    const other = others[i]?.bytes;
    if (other?.length !== bytes.length) return `0x${address.toString(16)}, in a block of another size`;
    const at = firstDifference(bytes, other);
    if (at !== undefined) return `0x${(address + at).toString(16)}`;
  }
  return undefined;
}
