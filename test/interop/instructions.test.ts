import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { countInstructions, type FunctionCost, type Instructions } from "../../bench/instructions.ts";
import { need } from "./support/tools.ts";

need("gcc", "valgrind", "wabt");

/** What another compiler's figures may differ from the written ones. */
const OTHER_COMPILER = 0.1;

const written = JSON.parse(
  readFileSync(new URL("../../bench/instructions.json", import.meta.url), "utf8"),
) as Instructions;
let counting: Promise<Instructions> | undefined;

/** Counts at first use. */
function count(): Promise<Instructions> {
  counting ??= countInstructions();
  return counting;
}

const operations = [...Object.entries(written.operations), ...Object.entries(written.refusals)].map(
  ([name, instructions]) => ({ name, instructions }),
);

describe("the core's instructions, by npm run bench:instructions -- --update", () => {
  test("all operations are written down", async () => {
    const counted = await count();
    expect(operations.length).toBeGreaterThan(10);
    expect(Object.keys(counted.operations)).toEqual(Object.keys(written.operations));
    expect(Object.keys(counted.refusals)).toEqual(Object.keys(written.refusals));
  });

  test.each(operations)("$name takes $instructions", async ({ name, instructions }) => {
    const counted = await count();
    const now = (counted.operations[name] ?? counted.refusals[name]) as number;
    if (counted.compiler === written.compiler) expect(now).toBe(instructions);
    else expect(Math.abs(now / instructions - 1)).toBeLessThan(OTHER_COMPILER);
  });

  test.each(Object.keys(written.functions))("those of %s are those of its functions", async (call) => {
    const counted = await count();
    const functions = counted.functions[call] as Record<string, FunctionCost>;
    if (counted.compiler === written.compiler) expect(functions).toEqual(written.functions[call]);
    const sum = Object.values(functions).reduce((total, { own }) => total + own, 0);
    expect(sum).toBeCloseTo(counted.operations[call] as number, 0);
    expect(functions.dispatch_dispatch?.all).toBeGreaterThan(0.99 * sum);
  });
});

test("two counts agree to the instruction", async () => {
  expect(await countInstructions()).toEqual(await count());
});
