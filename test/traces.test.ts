import { describe, expect, test } from "vitest";
import { differenceText } from "../src/cli/difference.ts";
import { sha256 } from "../src/files/bytes.ts";
import { fixtureBytes, readTrace, replayTrace, traceNames } from "./support/fixtures.ts";

const captured = traceNames("traces");

describe("a trace captured from Xen 4.17.7 on OVMF 2022.11", () => {
  test("there are 21 of them", () => {
    expect(captured).toHaveLength(21);
  });

  test.each(captured)("%s replays without a difference from the store that its machine was booted over", (name) => {
    const { start, result } = replayTrace("traces", readTrace("traces", name), name);
    expect(start.how).toBe("booted");
    expect(result.differences.map(differenceText)).toEqual([]);
    expect([...result.exempt.keys()].filter((what) => what.startsWith("seed"))).toEqual([]);
  });

  test.each(captured)("%s leaves the flash to the byte as OVMF left it", (name) => {
    const trace = readTrace("traces", name);
    const { start } = replayTrace("traces", trace, name);
    expect(sha256(start.machine.flash())).toBe(trace.header.vars_after_sha256);
  });

  test.each(captured)("%s replays without a difference from its header alone", (name) => {
    const { result } = replayTrace("traces", readTrace("traces", name), name, true);
    expect(result.differences.map(differenceText)).toEqual([]);
  });
});

describe.each(["conformance", "scenarios"] as const)("a scenario of %s", (folder) => {
  test.each(traceNames(folder))("%s is answered as edk2 answers it", (name) => {
    const { result } = replayTrace(folder, readTrace(folder, name), name);
    expect(result.differences.map(differenceText)).toEqual([]);
    expect(result.fields).toBeGreaterThan(15);
  });
});

test("a captured image differs from another run's, so that comparing them means something", () => {
  expect(sha256(fixtureBytes("traces/sizes.after.fd.gz"))).not.toBe(sha256(fixtureBytes("traces/time.after.fd.gz")));
});
