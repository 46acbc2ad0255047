import { describe, expect, test } from "vitest";
import { coverageHunt } from "../../hunts/coverage-hunt.ts";
import { coreSources, edgeMap } from "../../src/fuzz/fuzz-core.ts";
import { fileCoverage, leftOut } from "../../src/fuzz/line-coverage.ts";
import { OUT_OF_REACH, whyOutOfReach } from "../../src/fuzz/out-of-reach.ts";
import { reachedStatements, reachOf } from "../../src/fuzz/statement-coverage.ts";

/** Some seconds' worth of each target. */
const RUNS: Readonly<Record<string, number>> = { variables: 60_000, dispatch: 40_000, auth: 3000 };

describe("what no guest comes to", () => {
  const statements = reachedStatements(new Uint8Array(edgeMap().edges));

  test.each(OUT_OF_REACH)("$file, $why: each function and beginning is in the core", (exclusion) => {
    const own = { ...exclusion };
    const lines = (coreSources()[own.file] as string).split("\n");
    const inFile = edgeMap().statements.filter(({ file }) => file === own.file);
    const inFunctions = own.within === undefined ? inFile : inFile.filter(({ within }) => own.within?.includes(within));
    expect(new Set(own.within)).toEqual(new Set(own.within === undefined ? [] : inFunctions.map((one) => one.within)));
    const texts = inFunctions.map(({ line, column }) => lines[line - 1]?.slice(column - 1) ?? "");
    for (const beginning of own.beginning ?? [""]) {
      expect(texts.some((text) => text.startsWith(beginning))).toBe(true);
    }
  });

  test("is neither counted nor told among the files, but by reason", () => {
    const { reached, reachable } = reachOf(statements);
    const excluded = leftOut(statements);
    expect(reached).toBe(0);
    expect(reachable + excluded.reduce((sum, one) => sum + one.statements, 0)).toBe(edgeMap().statements.length);
    expect(fileCoverage(statements).reduce((sum, one) => sum + one.statements, 0)).toBe(reachable);
    expect(fileCoverage(statements).map(({ file }) => file)).not.toContain("assembly/sched-op.ts");
    expect(excluded).toContainEqual({ file: "assembly/sched-op.ts", why: "another hypercall", statements: 10 });
  });

  test("is told of its own function and beginning only", () => {
    const [file, column, edge, line] = ["assembly/dispatch.ts", 1, 0, 1];
    const why = (within: string, text: string) => whyOutOfReach({ file, line, column, edge, within }, text);
    expect(why("checkMisc", "return 0;")).toBe("a status that the host forces");
    expect(why("withheld", "return -checkCall();")).toBe("a status that the host forces");
    expect(why("withheld", "return 0;")).toBeUndefined();
  });
});

describe("from empty corpora", () => {
  const { statements, findings } = coverageHunt(1, (name, runs) => runs < (RUNS[name] as number));

  test("nine tenths of what a guest can come to are reached within seconds", () => {
    const { reached, reachable } = reachOf(statements);
    expect(reached / reachable).toBeGreaterThan(0.9);
    expect(reached).toBeLessThan(reachable);
  });

  test("nothing is found", () => {
    expect(findings).toEqual([]);
  });

  test("nothing is reached that is out of reach, but for the journal, which the fuzzer itself keeps", () => {
    const wrong = statements.filter(({ covered, outOfReach }) => covered && outOfReach !== undefined);
    expect(new Set(wrong.map(({ file }) => file))).toEqual(new Set(["assembly/store/mark.ts"]));
  });
});
