import { describe, expect, test } from "vitest";
import { Behaviours, withoutValues } from "../../src/fuzz/behaviours.ts";
import { ByteMutator } from "../../src/fuzz/byte-mutator.ts";
import { Random } from "../../src/random.ts";

const TOKEN = new TextEncoder().encode("token");
const OTHER = new Uint8Array(50).fill(0xbb);
const ROOM = 120;

/** The inputs that a seed makes of a row of 100 bytes of 0xaa. */
function mutations(seed: number, count: number, bytes = 100): Uint8Array[] {
  const mutator = new ByteMutator(new Random(seed), [TOKEN]);
  return Array.from({ length: count }, () => {
    const into = new Uint8Array(ROOM).fill(0xaa);
    return into.slice(0, mutator.mutate(into, bytes, OTHER));
  });
}

const all = mutations(1, 2000);

test("the same seed changes a row in the same way, another in another", () => {
  expect(mutations(1, 200)).toEqual(all.slice(0, 200));
  expect(mutations(2, 200)).not.toEqual(all.slice(0, 200));
});

test.each<[string, (bytes: Uint8Array) => boolean]>([
  ["a bit alone is changed", (b) => b.length === 100 && differing(b).length === 1 && isBit(differing(b)[0] as number)],
  ["a row is shortened", (b) => b.length < 100],
  ["a row grows", (b) => b.length > 100],
  ["a token is put in whole", (b) => Buffer.from(b).includes(Buffer.from(TOKEN))],
  ["a piece of another row is taken", (b) => Buffer.from(b).includes(Buffer.from(OTHER.subarray(0, 8)))],
  ["a word is made the highest", (b) => Buffer.from(b).includes(Buffer.from([255, 255, 255, 255]))],
])("%s", (_, isSo) => {
  expect(all.some(isSo)).toBe(true);
});

test.each([0, 1, 3, ROOM])("a row of %i bytes stays within its room", (bytes) => {
  for (const changed of mutations(3, 2000, bytes)) expect(changed.length).toBeLessThanOrEqual(ROOM);
});

function differing(bytes: Uint8Array): number[] {
  return Array.from(bytes, (byte) => byte ^ 0xaa).filter((change) => change !== 0);
}

function isBit(change: number): boolean {
  return (change & (change - 1)) === 0;
}

describe("behaviours", () => {
  test.each([
    ["offset 0x3e9c: entry of 12 bytes", "offset #: entry of # bytes"],
    ["a length of at least 0xeba bytes", "a length of at least # bytes"],
    ['fn: "x" is "y" here', "fn: “” here"],
    ["a version 1, not 7 and so on", "a version #"],
    ["no aaf32c78-947b-439a-a180-2e144ec37792", "no #"],
  ])("%s counts as %s", (message, same) => {
    expect(withoutValues(message)).toBe(same);
  });

  test("one is new once", () => {
    const behaviours = new Behaviours();
    behaviours.note("a");
    expect([behaviours.takeNew(), behaviours.takeNew()]).toEqual([true, false]);
    behaviours.note("a");
    behaviours.noteSize("size", 5);
    behaviours.noteSize("size", 7);
    expect([behaviours.takeNew(), behaviours.count]).toEqual([true, 2]);
  });
});
