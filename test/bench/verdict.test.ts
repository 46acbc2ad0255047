import { describe, expect, test } from "vitest";
import { compare } from "../../src/bench/verdict.ts";
import { madeReport, rowOf } from "../support/bench-report.ts";

/** A report with one operation of that ratio, and that noise. */
function reportOf(ratio: number, floorVariation = 0) {
  const noise = { floorVariation, rounds: 10, clockNs: 45 };
  return madeReport({ rows: [rowOf({ group: "store", operation: "GetTime" }, ratio)], noise });
}

test.each([
  [0, 0, 0.25],
  [0.1, 0.05, 0.25],
  [0.3, 0.4, 1],
  [0.2, 0, 0.4],
])("noise of %d and %d gives room of %d", (before, now, room) => {
  expect(compare(reportOf(1, before), reportOf(1, now)).room).toBeCloseTo(room, 12);
});

test.each([
  [4, 5, 0, "same"],
  [4, 5.01, 0, "slower"],
  [5, 4, 0, "same"],
  [5, 3.99, 0, "faster"],
  [4, 5.01, 0.2, "same"],
  [4, 6.3, 0.2, "slower"],
  [4, 2.6, 0.2, "faster"],
])("from %d to %d with noise of %d is %s", (before, now, noise, verdict) => {
  const { verdicts } = compare(reportOf(before), reportOf(now, noise));
  expect(verdicts).toEqual([{ group: "store", operation: "GetTime", before, now, verdict }]);
});

test("nanoseconds are not compared: a slow day makes the rejected dispatch slow, too", () => {
  const slow = madeReport();
  for (const row of slow.rows) row.p20Ns *= 3;
  expect(compare(madeReport(), slow).verdicts.map(({ verdict }) => verdict)).toEqual(Array(7).fill("same"));
});

describe("operations are told apart by group, name and step", () => {
  const rows = madeReport().rows;

  test("each is compared with its own", () => {
    for (const [i, row] of rows.entries()) {
      const changed = rows.map((other, j) => (i === j ? rowOf(row, row.ratio * 2) : other));
      const slower = compare(madeReport(), madeReport({ rows: changed })).verdicts.filter((v) => v.verdict !== "same");
      const { group, operation, at } = row;
      expect(slower).toEqual([expect.objectContaining({ group, operation, verdict: "slower" })]);
      expect(slower[0]?.at).toBe(at);
    }
  });

  test("what only one of the reports has is no verdict", () => {
    const { verdicts, onlyBefore, onlyNow } = compare(
      madeReport({ rows: rows.slice(0, 3) }),
      madeReport({ rows: rows.slice(1, 4) }),
    );
    expect(verdicts.map(({ operation }) => operation)).toEqual(["GetVariable, one", "GetVariable, one"]);
    expect(onlyBefore).toEqual([{ group: "store", operation: "rejected dispatch" }]);
    expect(onlyNow).toEqual([{ group: "growth", operation: "GetVariable, one", at: 3000 }]);
  });
});
