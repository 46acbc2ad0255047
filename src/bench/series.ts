import type { Random } from "../random.ts";
import { CALL_ONE, type Case, readingCase, type Skipped, writingCase } from "./case.ts";
import { OpSheet } from "./op-sheet.ts";
import { layReads, layWrite, readCases, walkCase } from "./store-cases.ts";
import { type Firmware, generatedMachine, generatedVariables, variablesOfSizes } from "./workload.ts";

/** Variables in the stores of the growth series. */
export const COUNTS: readonly number[] = [10, 50, 300, 3000];
/** Bytes of data in the size series. */
export const SIZES: readonly number[] = [0, 8, 64, 512, 4096, 32768];
/** A buffer that takes the largest of them. Each call leaves the size of the data: a buffer of none would be no buffer. */
const READ_BYTES = 32768;

/** Reads and walks of generated stores that grow. */
export function growthCases(firmware: Firmware, random: Random): (Case | Skipped)[] {
  return COUNTS.flatMap((count) => {
    const variables = generatedVariables(count);
    const sheet = new OpSheet(generatedMachine(variables, firmware));
    const place = { group: "growth", at: count } as const;
    return [...readCases(sheet, layReads(sheet), random, place), walkCase(sheet, variables, place)];
  });
}

/** Reads and writes of variables whose data grow. A write of nothing is a deletion, and none of these. */
export function sizeCases(firmware: Firmware): (Case | Skipped)[] {
  const variables = variablesOfSizes(SIZES);
  const reader = new OpSheet(generatedMachine(variables, firmware));
  const writer = new OpSheet(generatedMachine(variables, firmware));
  const buffer = reader.buffer(READ_BYTES);
  const reads = variables.map((variable) => {
    const place = { group: "size", operation: "GetVariable, one", at: variable.data.length } as const;
    const op = reader.get(variable, buffer, READ_BYTES);
    return readingCase(place, reader, [op], `words[${(op + reader.layout.size) >> 2}] = ${READ_BYTES}; ${CALL_ONE}`);
  });
  const writes = variables
    .filter(({ data }) => data.length > 0)
    .map((variable) => {
      const bytes = variable.data.length;
      const { op, change } = layWrite(writer, variable, bytes);
      const place = { group: "size", operation: "SetVariable, same size", at: bytes } as const;
      return writingCase(place, writer, op, `${change} machine.hypercall(ops[0]);`);
    });
  return [...reads, ...writes];
}
