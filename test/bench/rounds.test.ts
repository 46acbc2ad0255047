import { expect, test } from "vitest";
import type { Case } from "../../src/bench/case.ts";
import { rowsOf } from "../../src/bench/report.ts";
import { timeRounds, warmUp } from "../../src/bench/rounds.ts";

/** Cases that note what is done with them. */
function notingCases(names: readonly string[], log: string[]): Case[] {
  return names.map((operation): Case => {
    return {
      group: "store",
      operation,
      batch: 7,
      run: (count) => log.push(`${operation} ${count}`),
      restore: () => log.push(`${operation} back`),
    };
  });
}

test("cases take turns: no case has a second slice before all have had one", () => {
  const log: string[] = [];
  const { rounds } = timeRounds(notingCases(["a", "b", "c"], log), 0, () => {});
  const slices = log.map((line) => line[0]).filter((name, i, all) => name !== all[i - 1]);
  expect(rounds).toBe(3);
  expect(slices.join("")).toBe("abcabcabc");
});

test("the state is put back before each batch", () => {
  const log: string[] = [];
  timeRounds(notingCases(["a"], log), 0, () => {});
  warmUp(notingCases(["a"], log), 0.001);
  expect(log.length).toBeGreaterThan(6);
  expect(log).toEqual(log.map((_, i) => (i % 2 === 0 ? "a back" : "a 7")));
});

test("each batch is one sample, those before a slice are none", () => {
  const log: string[] = [];
  const { timings } = timeRounds(notingCases(["a"], log), 0, () => {});
  const batches = log.filter((line) => line === "a 7").length;
  expect(timings[0]?.samples.length).toBeGreaterThanOrEqual(3);
  expect(timings[0]?.samples.length).toBeLessThan(batches);
  expect(timings[0]).toMatchObject({ group: "store", operation: "a", batch: 7 });
});

test("progress comes to an end", () => {
  const parts: number[] = [];
  timeRounds(notingCases(["a"], []), 0.01, (part) => parts.push(part));
  expect(parts.at(-1)).toBe(1);
  expect(parts).toEqual(parts.toSorted((a, b) => a - b));
});

test("rows have p20, p50 and the ratio of p20 to the first row's", () => {
  const timing = (operation: string, samples: number[]) => ({ group: "store", operation, batch: 9, samples }) as const;
  const rows = rowsOf([timing("floor", [4, 2, 3, 1, 5]), timing("other", [40, 10, 30, 20, 50, 60, 70, 80, 90, 100])]);
  expect(rows).toEqual([
    { group: "store", operation: "floor", batch: 9, samples: 5, p20Ns: 1, p50Ns: 3, ratio: 1 },
    { group: "store", operation: "other", batch: 9, samples: 10, p20Ns: 20, p50Ns: 50, ratio: 20 },
  ]);
});
