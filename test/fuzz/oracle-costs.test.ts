import { expect, test } from "vitest";
import { machineChoices, machineWith } from "../../src/fuzz/machines.ts";
import { oneInFor, recordsOf } from "../../src/fuzz/oracles/costs.ts";
import { oraclesFor } from "../../src/fuzz/oracles/index.ts";
import { Machine } from "../../src/machine.ts";

test.each([
  [{ base: 10, perThousand: 0 }, 5000, 20, 200],
  [{ base: 10, perThousand: 100 }, 50, 20, 300],
  [{ base: 0.3, perThousand: 0 }, 50, 2, 1],
])("a check of cost %o over %i records is made for one in %i * cost inputs", (cost, records, part, oneIn) => {
  expect(oneInFor(cost, records, part)).toBe(oneIn);
});

test.each([0, 50, 2000])("the records of a machine with %i variables more are reckoned before it is made", (count) => {
  const options = machineWith(count);
  const records = recordsOf([options]);
  expect(Math.abs(records - new Machine(options).variables().length)).toBeLessThan(10);
  expect(recordsOf([machineWith(0), options])).toBe(records);
});

test("the same machines are checked as often at each run, larger stores less often", () => {
  const shares = (machines: Parameters<typeof oraclesFor>[0]) =>
    new Map(oraclesFor(machines).map(({ name, oneIn }) => [name, oneIn]));
  const few = shares(machineChoices());
  expect(few).toEqual(shares(machineChoices()));
  const many = shares([machineWith(2000)]);
  expect(many.get("store")).toBeGreaterThan(2 * (few.get("store") as number));
  expect([...few.keys()]).toEqual([...many.keys()]);
});
