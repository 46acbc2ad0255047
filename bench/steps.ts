import { OP_MISC, OP_STATUS } from "../assembly/abi/op.ts";
import type { OpLayout } from "../src/index.ts";

/** Bytes of data that a creation writes, as bench/c/native.c has it. */
export const DATA_BYTES = 64;

/**
 * What is done again and again to an op of a case; bench/c/native.c has the same steps by the same names.
 *
 *   call        the call alone
 *   get         the same with misc cleared, which has carried something out
 *   ask         get, with room for no data
 *   otherData   the data's first word differs from the last time's
 *   otherSize   from 32 to 63 bytes, by turns
 *   create      with data
 *   delete      without
 *   walk        GetNextVariableName: the size goes back to the buffer's, at the end the name is emptied
 */
export const STEPS = ["call", "get", "ask", "otherData", "otherSize", "create", "delete", "walk"] as const;
export type Step = (typeof STEPS)[number];

/**
 * The step in JavaScript: what is done with op `o` in turn `turn`, `words` being guest memory by 32 bits and `call` the text
 * of the call.
 */
export function stepText(step: Step, layout: OpLayout, call: string): string {
  const field = (offset: number) => `words[(o + ${offset}) >> 2]`;
  switch (step) {
    case "call":
      return call;
    case "get":
      return `${field(OP_MISC)} = 0; ${call}`;
    case "ask":
      return `${field(OP_MISC)} = 0; ${field(layout.size)} = 0; ${call}`;
    case "otherData":
      return `words[${field(layout.data)} >> 2] = turn; ${call}`;
    case "otherSize":
      return `${field(layout.size)} = 32 + (turn & 31); words[${field(layout.data)} >> 2] = turn; ${call}`;
    case "create":
      return `${field(layout.size)} = ${DATA_BYTES}; ${call}`;
    case "delete":
      return `${field(layout.size)} = 0; ${call}`;
    case "walk":
      return `${field(layout.nextSize)} = 1024; ${call}; if (${field(OP_STATUS)} !== 0) words[${field(layout.nextName)} >> 2] = 0;`;
  }
}
