import { describe, expect, test } from "vitest";
import { STEP_BYTES } from "../../assembly/abi/fuzz.ts";
import { byteStatistics, sequenceStatistics } from "../../src/fuzz/corpus-statistics.ts";
import type { Sample } from "../../src/fuzz/fuzz-run.ts";
import { clockDuration, fullCount, percentText, shortCount, shortDuration } from "../../src/fuzz/quantity.ts";
import { statusLine } from "../../src/fuzz/status-line.ts";

const sample = (seconds: number, runs: number, corpus: number, more: Partial<Sample> = {}): Sample => ({
  seconds,
  runs,
  calls: 7 * runs,
  covered: 1595,
  features: 4000,
  corpus,
  findings: 0,
  ...more,
});

describe("the status line", () => {
  test.each<[string, Sample[], number, string]>([
    ["before anything was noted", [], 2304, "starting"],
    [
      "of the first sample has the rate since the start",
      [sample(2, 3000, 90)],
      2304,
      "3.00k runs 1.50k/s 21.0k calls 10.5k/s cov 69.2% 90 kept 0 found new 0s",
    ],
    [
      "has the rate of the last ten seconds",
      [sample(0, 0, 1), sample(5, 50_000, 90), sample(10, 51_000, 90), sample(15, 52_000, 90, { findings: 2 })],
      2304,
      "52.0k runs 200/s 364k calls 1.40k/s cov 69.2% 90 kept 2 found new 10s",
    ],
    [
      "of a target without a known number of edges has their count",
      [sample(60, 60, 1), sample(120, 120, 2)],
      0,
      "120 runs 1/s 840 calls 7/s cov 1.59k 2 kept 0 found new 0s",
    ],
    [
      "at the very start divides by nothing",
      [sample(0, 5, 1)],
      2304,
      "5 runs 0/s 35 calls 0/s cov 69.2% 1 kept 0 found new 0s",
    ],
  ])("%s", (_, samples, edges, line) => {
    expect(statusLine(samples, edges)).toBe(line);
  });

  test("the last news is when the last input was kept, not when edges or findings came", () => {
    const samples = [
      sample(0, 0, 1),
      sample(60, 1, 2),
      sample(3600, 2, 2, { covered: 1600, findings: 1 }),
      sample(7260, 3, 2),
    ];
    expect(statusLine(samples, 2304)).toMatch(/ new 2h$/);
  });

  test("fits 79 columns whatever the counts", () => {
    const most = 999_499_999_999_999;
    const large = { calls: most, covered: 2304, findings: 99_949 };
    const samples = [
      sample(0, 0, 9_994_999),
      sample(86400 * 99 - 1, 0, 9_994_999, { calls: 0 }),
      sample(86400 * 99, most, 9_994_999, large),
    ];
    for (const edges of [2304, 0]) expect(statusLine(samples, edges).length).toBeLessThanOrEqual(79);
    expect(statusLine(samples, 2304).length).toBeGreaterThan(70);
  });
});

describe("quantities", () => {
  test.each<[number, string]>([
    [0, "0"],
    [0.9, "0"],
    [999, "999"],
    [1000, "1.00k"],
    [9999, "9.99k"],
    [99_999, "99.9k"],
    [999_999, "999k"],
    [1_000_000, "1.00M"],
    [999_999_999_999, "999G"],
  ])("%d is %s in short", (count, text) => {
    expect(shortCount(count)).toBe(text);
  });

  test.each<[number, string, string]>([
    [0, "0s", "0:00:00"],
    [59.9, "59s", "0:00:59"],
    [60, "1m", "0:01:00"],
    [3599, "59m", "0:59:59"],
    [3600, "1h", "1:00:00"],
    [90_061, "1d", "25:01:01"],
  ])("%d seconds are %s, or %s", (seconds, short, clock) => {
    expect(shortDuration(seconds)).toBe(short);
    expect(clockDuration(seconds)).toBe(clock);
  });

  test("only all of something is 100 %", () => {
    expect(percentText(9999, 10_000)).toBe("99.9 %");
    expect(percentText(3, 3)).toBe("100.0 %");
    expect(percentText(0, 0)).toBe("–");
  });

  test("thousands are set apart", () => {
    expect([0, 999, 1000, 1_234_567].map(fullCount)).toEqual(["0", "999", "1\u202f000", "1\u202f234\u202f567"]);
  });
});

describe("corpus statistics", () => {
  /** A sequence on a machine, with steps of these kinds. */
  const sequence = (machine: number, ...kinds: number[]) => {
    const input = new Uint8Array((kinds.length + 1) * STEP_BYTES);
    input[1] = machine;
    for (const [i, kind] of kinds.entries()) input[(i + 1) * STEP_BYTES] = kind;
    return input;
  };

  test("sequences are counted by length, by kinds of steps with the common ones folded, and by machine", () => {
    const inputs = [sequence(0, 6, 7, 39), sequence(3, 23, 24, 29, 30, 31), sequence(1, 0, 14, 15)];
    const { lengths, kinds, machines, ...sums } = sequenceStatistics(inputs, ["first", "second"]);
    expect(sums).toEqual({ inputs: 3, bytes: (4 + 6 + 4) * STEP_BYTES });
    expect([...lengths]).toEqual([
      [3, 2],
      [5, 1],
    ]);
    expect(Object.fromEntries(kinds)).toEqual({
      GetVariable: 2,
      SetVariable: 4,
      GetNextVariableName: 2,
      "any function": 1,
      reboot: 1,
      "power cut": 1,
    });
    expect(Object.fromEntries(machines)).toEqual({ first: 1, second: 2 });
  });

  test("an input that is cut off has its whole steps, and none has less than no step", () => {
    const { lengths } = sequenceStatistics(
      [sequence(0, 6, 6).subarray(0, 3 * STEP_BYTES - 1), new Uint8Array(0)],
      ["one"],
    );
    expect([...lengths]).toEqual([
      [1, 1],
      [0, 1],
    ]);
  });

  test("inputs that are no sequences are counted with their bytes", () => {
    const statistics = byteStatistics([new Uint8Array(3), new Uint8Array(4)]);
    expect(statistics).toEqual({ inputs: 2, bytes: 7, lengths: new Map(), kinds: new Map(), machines: new Map() });
  });
});
