import pc from "picocolors";
import { expect, test } from "vitest";
import { parseBaseline } from "../../src/bench/baseline.ts";
import { compare } from "../../src/bench/verdict.ts";
import { comparisonText, reportText } from "../../src/cli/bench-text.ts";
import { madeReport, rowOf } from "../support/bench-report.ts";

const HOSTILE = "a\u001b[31m\r\nb\u202e";
const colors = pc.createColors(false);
const UNSAFE = /[\p{Cc}\p{Cf}]/u;

/** What a terminal could act on, line ends aside. */
function unsafeIn(text: string): boolean {
  return text.split("\n").some((line) => UNSAFE.test(line));
}

test("names of files and variables disturb no terminal", () => {
  const { subject, distribution } = madeReport();
  const named = { name: HOSTILE, guid: "11111111-2222-3333-4444-555555555555", bytes: 4 };
  const text = reportText(
    madeReport({
      subject: {
        ...subject,
        store: { file: HOSTILE, format: "edk2", sha256: "aa" },
        trace: { file: HOSTILE, sha256: "bb", timedCalls: 3, playedCalls: 2 },
      },
      read: named,
      distribution: distribution && { ...distribution, variables: [{ ...named, ns: 40 }] },
    }),
  );
  expect(text.split("a\\u001b[31m\\u000d\\u000ab\\u202e")).toHaveLength(5);
  expect(unsafeIn(text)).toBe(false);
});

test("neither does what a baseline says", () => {
  const machine = { ...madeReport().machine, cpu: HOSTILE, node: HOSTILE };
  const rows = [rowOf({ group: "store", operation: HOSTILE }, 1)];
  const baseline = parseBaseline(new TextEncoder().encode(JSON.stringify(madeReport({ machine, rows }))));
  const text = comparisonText(compare(baseline, madeReport()), baseline, madeReport().machine, { colors });
  expect(text).toContain("in the baseline only: a\\u001b");
  expect(text).toContain("another machine: a\\u001b");
  expect(unsafeIn(text)).toBe(false);
});

test("a verdict says from what to what, and how many times", () => {
  const now = madeReport({ rows: [rowOf({ group: "growth", operation: "GetVariable, one", at: 10 }, 7.5)] });
  const before = parseBaseline(new TextEncoder().encode(JSON.stringify(madeReport())));
  expect(comparisonText(compare(before, now), before, now.machine, { colors }).split("\n")[0]).toBe(
    "slower: GetVariable, one; 10 variables: 5.00 -> 7.50 times a rejected dispatch (1.50 times as slow)",
  );
});

test("calls that are only played are told", () => {
  const { subject } = madeReport();
  const trace = { file: "a.jsonl", sha256: "bb", timedCalls: 3, playedCalls: 2 };
  expect(reportText(madeReport({ subject: { ...subject, trace } }))).toContain(
    "trace a.jsonl: 3 calls timed, 2 between them only played",
  );
});

test("stalls are beside as many as fall into the same time", () => {
  const lines = reportText(madeReport()).split("\n");
  const at = lines.findIndex((line) => line.startsWith("stalls per million turns"));
  expect(lines.slice(at + 1, at + 4).map((line) => line.split(/ {2,}/))).toEqual([
    ["loop with a dispatch", "200.0", "20.0", "2.0", "90.0"],
    ["the same loop without", "100.0", "10.0", "1.0", "45.0"],
    ["... in as much time", "200.0", "20.0", "2.0"],
  ]);
});
