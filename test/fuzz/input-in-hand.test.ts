import { expect, test } from "vitest";
import { ByteTarget } from "../../src/fuzz/byte-target.ts";
import { InputInHand } from "../../src/fuzz/input-in-hand.ts";
import type { Lane, LaneReport } from "../../src/fuzz/lane.ts";
import { Session } from "../../src/fuzz/session.ts";
import { Random } from "../../src/random.ts";

test("another thread sees which run goes on, and its input", () => {
  const mine = new InputInHand({ bytesMax: 4 });
  const theirs = new InputInHand(mine.memory);
  expect(theirs.run).toBeUndefined();
  mine.begin(Uint8Array.of(1, 2, 3));
  expect([theirs.run, [...theirs.input]]).toEqual([1, [1, 2, 3]]);
  mine.end();
  expect(theirs.run).toBeUndefined();
  mine.begin(Uint8Array.of(9));
  expect([theirs.run, [...theirs.input]]).toEqual([2, [9]]);
});

test("of an input that is too long the beginning is seen", () => {
  const inHand = new InputInHand({ bytesMax: 2 });
  inHand.begin(Uint8Array.of(1, 2, 3));
  expect([...inHand.input]).toEqual([1, 2]);
});

test("a byte target shows each run while it goes on, also one that throws, and each repetition of a slow one", () => {
  const inHand = new InputInHand({ bytesMax: 8 });
  const seen: unknown[] = [];
  const target = new ByteTarget(
    {
      name: "test",
      bytesMax: 8,
      seeds: [],
      tokens: [],
      millisecondsMax: (bytes) => (bytes === 2 ? -1 : 1e9),
      run: (input) => {
        seen.push([inHand.run, [...inHand.input]]);
        if (input[0] === 1) throw new Error("planted");
        return undefined;
      },
    },
    new Random(1),
  );
  target.inHand = inHand;
  target.run(Uint8Array.of(0));
  target.run(Uint8Array.of(1));
  expect(seen).toEqual([
    [1, [0]],
    [2, [1]],
  ]);
  expect(inHand.run).toBeUndefined();
  target.run(Uint8Array.of(2, 2));
  expect(seen.slice(2).map((each) => (each as [number])[0])).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
});

test("a lane that hangs ends the session, and its last finding is told", async () => {
  const stopped: number[] = [];
  const report = (more: Partial<LaneReport>): LaneReport => ({
    ...{
      runs: 1,
      calls: 1,
      coverage: { covered: 0, total: 0, features: 0 },
      seen: undefined,
      corpus: 0,
      corpusBytes: 0,
    },
    ...{ lastNews: 0, news: [], findings: [] },
    ...more,
  });
  const failure = { oracle: "timeout", text: "no end" };
  const input = Uint8Array.of(7);
  const finding = { failure, input, first: input, run: 1, calls: 1, count: 1 };
  let release = () => {};
  const lane = (i: number): Lane => ({
    // The second lane is in its round until somebody stops it.
    round: async () => {
      if (i === 0) return report({ findings: [finding], hangs: true });
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      return report({});
    },
    stop: () => {
      stopped.push(i);
      release();
    },
    close: async () => {},
  });
  const session = new Session([lane(0), lane(1)], {
    ...{ runs: Number.POSITIVE_INFINITY, roundRuns: 1, findingsMax: 20, inputs: [] },
    onRound: () => {},
  });
  await session.run();
  expect(stopped).toEqual([0, 1]);
  expect(session.samples).toHaveLength(1);
  expect(session.findings).toEqual([finding]);
});
