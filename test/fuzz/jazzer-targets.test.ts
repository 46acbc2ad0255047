import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { edgeMap } from "../../src/fuzz/fuzz-core.ts";
import { FindingError, HARNESS_NAMES, harnessOf } from "../../src/fuzz/harness.ts";

const FUZZ = fileURLToPath(new URL("../../fuzz", import.meta.url));

test("each target has a file for Jazzer.js, options, and a corpus; there is nothing else", () => {
  const namesOf = (suffix: string) =>
    readdirSync(FUZZ)
      .filter((file) => file.endsWith(suffix))
      .map((file) => file.slice(0, -suffix.length));
  const names = [...HARNESS_NAMES].sort();
  expect(namesOf(".fuzz.js")).toEqual(names);
  expect(namesOf(".options")).toEqual(names);
  expect(readdirSync(join(FUZZ, "corpus")).sort()).toEqual(names);
  for (const name of names) expect(readFileSync(join(FUZZ, `${name}.fuzz.js`), "utf8")).toContain(`fuzzOf("${name}")`);
});

describe.each(HARNESS_NAMES)("%s", (name) => {
  const folder = join(FUZZ, "corpus", name);
  const files = existsSync(folder) ? readdirSync(folder) : [];

  test("takes each input of its corpus, in any order, as an engine gives it", () => {
    const fuzz = harnessOf(name);
    expect(files.length).toBeGreaterThan(3);
    for (const file of [...files, ...files.toReversed()]) {
      const input = readFileSync(join(folder, file));
      expect(createHash("sha1").update(input).digest("hex")).toBe(file);
      fuzz(input);
    }
  });
});

test.each(["variables", "dispatch"])("%s gives an engine the counts of the run's edges, and of no other", (name) => {
  let counters = new Uint8Array(0);
  const fuzz = harnessOf(name, (count) => {
    counters = new Uint8Array(count);
    return counters;
  });
  expect(counters).toHaveLength(edgeMap().edges);
  const folder = join(FUZZ, "corpus", name);
  const inputs = readdirSync(folder).map((file) => readFileSync(join(folder, file)));
  const countsOf = (input: Uint8Array) => {
    fuzz(input);
    return counters.slice();
  };
  const first = countsOf(inputs[0] as Uint8Array);
  expect(first.some((count) => count !== 0)).toBe(true);
  expect(inputs.map(countsOf).some((counts) => counts.join() !== first.join())).toBe(true);
  expect(countsOf(inputs[0] as Uint8Array)).toEqual(first);
});

test("a finding is an exception that has the check's name", () => {
  const error = new FindingError("store", "text");
  expect([error.name, error.message, error instanceof Error]).toEqual(["store", "text", true]);
});

test("a name that is no target is refused", () => {
  expect(() => harnessOf("nothing")).toThrow(RangeError);
});
