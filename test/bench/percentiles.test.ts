import { expect, test } from "vitest";
import { percentile, spreadOf, variation } from "../../src/bench/percentiles.ts";

const TEN = [7, 1, 10, 4, 9, 2, 8, 3, 6, 5];
const HUNDRED = Array.from({ length: 100 }, (_, i) => 100 - i);

test.each([
  [TEN, 0, 1],
  [TEN, 0.1, 1],
  [TEN, 0.2, 2],
  [TEN, 0.21, 3],
  [TEN, 0.5, 5],
  [TEN, 0.9, 9],
  [TEN, 0.99, 10],
  [TEN, 1, 10],
  [HUNDRED, 0.2, 20],
  [HUNDRED, 0.99, 99],
  [[3], 0.2, 3],
  [[100, 9, 20], 0.5, 20],
])("of %j, part %d lies at or below %d by nearest rank", (numbers, part, expected) => {
  expect(percentile(numbers, part)).toBe(expected);
});

test("the numbers stay in their order", () => {
  const numbers = [3, 1, 2];
  percentile(numbers, 0.5);
  expect(numbers).toEqual([3, 1, 2]);
});

test("no numbers have no percentile", () => {
  expect(() => percentile([], 0.5)).toThrow(RangeError);
});

test.each([
  [[2, 4, 4, 4, 5, 5, 7, 9], Math.sqrt(32 / 7) / 5],
  [[5, 5, 5], 0],
  [[1, 3], Math.SQRT2 / 2],
  [[5], 0],
  [[], 0],
])("the variation of %j is the sample's standard deviation as part of its mean", (numbers, expected) => {
  expect(variation(numbers)).toBeCloseTo(expected, 12);
});

test("a spread has the smallest, three percentiles and the largest", () => {
  expect(spreadOf(HUNDRED)).toEqual({ min: 1, p50: 50, p90: 90, p99: 99, max: 100 });
});
