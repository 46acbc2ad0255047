import { FN_GET_VARIABLE, FN_SET_VARIABLE, OP_BYTES, OP_FUNCTION, OP_STATUS } from "../assembly/abi/op.ts";
import { stepLoop, type Target } from "./batch.ts";
import { DATA_BYTES } from "./steps.ts";
import type { OpCase, Workload } from "./workload.ts";

/**
 * One step of a case: its op as it then is, and 64 bytes of the data of a GetVariable or SetVariable, in hexadecimal, as
 * bench/c/native.c answers it.
 */
export function answerOf({ words, ...target }: Target, { step, ops }: OpCase, workload: Workload): string {
  stepLoop({ ...target, words }, { step, ops }, workload.layout, 1)();
  const bytes = Buffer.from(words.buffer, words.byteOffset, words.byteLength);
  const op = ops[0] as number;
  const fn = bytes.readUInt32LE(op + OP_FUNCTION);
  const hex = (at: number, count: number) => bytes.toString("hex", at, at + count);
  const data = workload.dataOf(op);
  return hex(op, OP_BYTES) + (fn === FN_GET_VARIABLE || fn === FN_SET_VARIABLE ? hex(data, DATA_BYTES) : "");
}

/**
 * Throws unless the answer has the case's status and is that of the other targets: a benchmark of errors would pass for a
 * fast one.
 */
export function checkAnswers(operation: OpCase, answers: ReadonlyMap<string, string>): void {
  const [[first, answer] = ["", ""], ...others] = answers;
  const status = Number.parseInt(answer.slice(2 * OP_STATUS, 2 * OP_STATUS + 2), 16);
  if (operation.status !== undefined && status !== operation.status) {
    throw new Error(`${operation.name}: ${first} answers ${status}, not ${operation.status}`);
  }
  for (const [name, other] of others) {
    if (other !== answer) throw new Error(`${operation.name}: ${name} answers\n${other}\n, ${first}\n${answer}`);
  }
}
