import { OP_MISC, OP_STATUS } from "../../assembly/abi/op.ts";
import { EfiCode } from "../../assembly/abi/status.ts";
import { getLong, setLong } from "../op.ts";
import { efiCode, reasonText, statusName } from "../status.ts";
import type { OpSheet } from "./op-sheet.ts";

/** What a case belongs to: the subject's own store, a row of growing stores, or of growing data. */
export type Group = "store" | "growth" | "size" | "trace";

/** What a row is about: `at` is the number of variables in group "growth", the bytes of data in group "size". */
export interface Place {
  group: Group;
  operation: string;
  at?: number;
}

/** Something to time. */
export interface Case extends Place {
  /** So many turns of the operation, in a loop that is this case's own. */
  run(count: number): void;
  /** Turns between two readings of the clock. */
  batch: number;
  /** Puts the machine's state back before each batch, where the operation changes it. */
  restore?: () => void;
}

/** A case that cannot be timed here. */
export interface Skipped extends Place {
  why: string;
}

/** Turns of a batch, where the store has room for them. */
export const BATCH = 1000;
/** Fewer than these say more of the clock than of the operation. */
const BATCH_MIN = 8;
/** Part of the writes for which there is room that a batch makes: their sizes differ from batch to batch. */
const ROOM_PART = 0.9;

/**
 * A loop compiled from a text of its own: call sites that cases share would slow all of them down. `step` is what is done
 * in a turn; it sees the machine, the words of guest memory, the ops and the number of the turn.
 */
export function loop({ machine, words }: OpSheet, ops: readonly number[], step: string): (count: number) => void {
  const body = `let turn = 0;
    return function (count) {
      for (let i = 0; i < count; i++) { turn = (turn + 1) & 0x3fffffff; ${step} }
    };`;
  return new Function("machine", "words", "ops", body)(machine, words, ops);
}

/** The step that calls each op in turn; misc, which carries outputs of the last call, is cleared first. */
export const CALL_EACH = `const op = ops[turn % ops.length]; words[(op + ${OP_MISC}) >> 2] = 0; machine.hypercall(op);`;
export const CALL_ONE = `words[(ops[0] + ${OP_MISC}) >> 2] = 0; machine.hypercall(ops[0]);`;

/** No firmware's status: an op that still holds it has not been answered. */
const UNANSWERED = 0x3efefefen;

/** Why one of the ops was not answered with that status when `run` called them; undefined if all were. */
export function failureOf(
  { machine, layout }: OpSheet,
  ops: readonly number[],
  expected: EfiCode,
  run: () => void,
): string | undefined {
  const { view } = machine;
  for (const op of ops) setLong(view, layout, op + OP_STATUS, UNANSWERED);
  run();
  const statuses = ops.map((op) => getLong(view, layout, op + OP_STATUS));
  const status = statuses.find((said) => efiCode(said) !== expected);
  if (status === undefined) return undefined;
  const said = status === UNANSWERED ? "refused by the hypervisor" : statusName(status);
  const reason = reasonText(machine.reason);
  return reason === "" ? said : `${said}: ${reason}`;
}

/** A case that leaves the machine as it was, or why it cannot be timed. */
export function readingCase(
  place: Place,
  sheet: OpSheet,
  ops: readonly number[],
  step: string,
  expected = EfiCode.Success,
): Case | Skipped {
  const run = loop(sheet, ops, step);
  const why = failureOf(sheet, ops, expected, () => run(ops.length));
  return why === undefined ? { ...place, run, batch: BATCH } : { ...place, why };
}

/**
 * A case that changes the machine, which is put back before each batch; or why it cannot be timed. A batch is as long as
 * there is room for what the turns write.
 */
export function writingCase(place: Place, sheet: OpSheet, op: number, step: string): Case | Skipped {
  const { machine } = sheet;
  const run = loop(sheet, [op], step);
  const before = machine.snapshot();
  const restore = () => machine.restore(before);
  let why: string | undefined;
  let turns = 0;
  while (why === undefined && turns < BATCH) {
    why = failureOf(sheet, [op], EfiCode.Success, () => run(1));
    if (why === undefined) turns++;
  }
  restore();
  const batch = turns === BATCH ? BATCH : Math.floor(turns * ROOM_PART);
  if (batch >= BATCH_MIN) return { ...place, run, batch, restore };
  return { ...place, why: turns === 0 ? (why as string) : `the store has room for ${turns} of them, then ${why}` };
}
