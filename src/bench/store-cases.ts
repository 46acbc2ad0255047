import * as abi from "../../assembly/abi/op.ts";
import { EfiCode } from "../../assembly/abi/status.ts";
import type { Variable } from "../formats/variable-set.ts";
import { toHex } from "../hex.ts";
import type { Machine } from "../machine.ts";
import type { Random } from "../random.ts";
import {
  BATCH,
  CALL_EACH,
  CALL_ONE,
  type Case,
  failureOf,
  type Group,
  loop,
  readingCase,
  type Skipped,
  writingCase,
} from "./case.ts";
import { OpSheet, type Subject } from "./op-sheet.ts";
import { DATA_BYTES } from "./workload.ts";

/** The variable that is written: the subject's own may be protected. */
const WRITTEN = { name: "XenefiBenchmark", guid: "5f1c9b0e-2a77-4a0e-9d3b-3c5d2e7a8f20" };
const ABSENT = { ...WRITTEN, name: "XenefiAbsent" };
const NV_BS_RT = 7;

/** The case that all others are compared with: a hypercall that is rejected at the first check, its op being at NULL. */
export const FLOOR = "rejected dispatch";

/** A variable as the operating system can read it, with its op in the sheet. */
export interface Readable {
  variable: Variable;
  op: number;
}

/** Lays a GetVariable out for each variable that the operating system can read, all into one buffer. */
export function layReads(sheet: OpSheet): Readable[] {
  const variables = sheet.machine.variables();
  const buffer = sheet.buffer(variables.reduce((most, { data }) => Math.max(most, data.length), 0));
  const reads = variables.map((variable) => ({ variable, op: sheet.get(variable, buffer, variable.data.length) }));
  return reads.filter(
    ({ op }) => failureOf(sheet, [op], EfiCode.Success, () => sheet.machine.hypercall(op)) === undefined,
  );
}

/** The one whose data have the median size: it stands for the store where one variable is read over and over. */
export function medianOf(reads: readonly Readable[]): Readable | undefined {
  const sorted = reads.toSorted((a, b) => a.variable.data.length - b.variable.data.length);
  return sorted[(sorted.length - 1) >> 1];
}

/** The cases that read: of one variable, of all in random order, of none. */
export function readCases(
  sheet: OpSheet,
  reads: readonly Readable[],
  random: Random,
  place: { group: Group; at?: number },
): (Case | Skipped)[] {
  const read = medianOf(reads);
  const miss = readingCase(
    { ...place, operation: "GetVariable, absent" },
    sheet,
    [sheet.get(ABSENT, sheet.buffer(DATA_BYTES), DATA_BYTES)],
    CALL_ONE,
    EfiCode.NotFound,
  );
  if (read === undefined) return [miss];
  const all = shuffled(
    reads.map(({ op }) => op),
    random,
  );
  return [
    readingCase({ ...place, operation: "GetVariable, one" }, sheet, [read.op], CALL_ONE),
    readingCase({ ...place, operation: "GetVariable, random" }, sheet, all, CALL_EACH),
    miss,
  ];
}

/** A walk by GetNextVariableName; at its end the name is emptied, and it begins again. */
export function walkCase(sheet: OpSheet, names: readonly Subject[], place: { group: Group; at?: number }) {
  const bytes = names.reduce((most, { name }) => Math.max(most, 2 * name.length + 2), 2);
  const buffer = sheet.buffer(bytes);
  const op = sheet.walk(buffer, bytes);
  const size = (op + sheet.layout.nextSize) >> 2;
  const status = (op + abi.OP_STATUS) >> 2;
  const step = `words[${size}] = ${bytes}; machine.hypercall(ops[0]); if (words[${status}] !== 0) words[${buffer >> 2}] = 0;`;
  return readingCase({ ...place, operation: "GetNextVariableName" }, sheet, [op], step);
}

/** All operations over the subject: the sheet's machine is only read, `writer` is another one with the same store. */
export function storeCases(sheet: OpSheet, reads: readonly Readable[], writer: Machine, random: Random) {
  const place = { group: "store" } as const;
  const named = (operation: string) => ({ ...place, operation });
  const query = sheet.call(abi.FN_QUERY_VARIABLE_INFO);
  sheet.words[(query + sheet.layout.queryAttr) >> 2] = NV_BS_RT;
  return [
    floorCase(sheet),
    ...readCases(sheet, reads, random, place),
    ...writeCases(new OpSheet(writer)),
    walkCase(
      sheet,
      reads.map(({ variable }) => variable),
      place,
    ),
    readingCase(named("QueryVariableInfo"), sheet, [query], CALL_ONE),
    readingCase(named("GetTime"), sheet, [sheet.call(abi.FN_GET_TIME)], CALL_ONE),
  ];
}

/** Nothing lies at NULL, so that there is no answer to check but the result. */
function floorCase(sheet: OpSheet): Case {
  const place = { group: "store", operation: FLOOR } as const;
  const result = sheet.machine.hypercall(0);
  if (result >= 0) throw new RangeError(`an op at NULL: a negative result, not ${result}`);
  return { ...place, run: loop(sheet, [0], "machine.hypercall(0);"), batch: BATCH };
}

function writeCases(sheet: OpSheet): (Case | Skipped)[] {
  const { machine, words } = sheet;
  const named = (operation: string) => ({ group: "store", operation }) as const;
  const count = sheet.call(abi.FN_GET_NEXT_HIGH_MONOTONIC_COUNT);
  const { op, size, change } = layWrite(sheet, WRITTEN, DATA_BYTES);
  const call = "machine.hypercall(ops[0]);";
  const pair = `words[${size}] = ${DATA_BYTES}; ${call} words[${size}] = 0; ${call}`;
  const createAndDelete = writingCase(named("SetVariable, create and delete"), sheet, op, pair);
  words[size] = DATA_BYTES;
  const { name, guid } = WRITTEN;
  machine.storeVariable({ name, guid, attributes: NV_BS_RT, data: toHex(new Uint8Array(DATA_BYTES)) });
  return [
    writingCase(named("SetVariable, same size"), sheet, op, `${change} words[${size}] = ${DATA_BYTES}; ${call}`),
    writingCase(
      named("SetVariable, other size"),
      sheet,
      op,
      `${change} words[${size}] = ${DATA_BYTES / 2} + (turn & ${DATA_BYTES / 2 - 1}); ${call}`,
    ),
    createAndDelete,
    writingCase(named("GetNextHighMonotonicCount"), sheet, count, CALL_ONE),
  ];
}

/** A write of a variable: its op, the word of its size, and the text that gives it other data than the last turn had. */
export function layWrite(sheet: OpSheet, subject: Subject, bytes: number) {
  const buffer = sheet.buffer(bytes);
  const op = sheet.set(subject, NV_BS_RT, buffer, bytes);
  return { op, size: (op + sheet.layout.size) >> 2, change: `words[${buffer >> 2}] = turn;` };
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const order = [...items];
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [order[i], order[j]] = [order[j] as T, order[i] as T];
  }
  return order;
}
