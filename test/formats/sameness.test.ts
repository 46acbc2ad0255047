import { expect, test } from "vitest";
import { areSame, areSameLists } from "../../src/formats/sameness.ts";
import { variable } from "../support/variables.ts";

test.each([
  ["time stamp", { stamp: new Uint8Array(16) }],
  ["signer digest", { digest: new Uint8Array(32) }],
  ["count", { count: 0n }],
  ["key index", { keyIndex: 0 }],
])("a %s of zeros is as none", (_, fields) => {
  expect(areSame(variable(), variable(fields))).toBe(true);
  expect(areSame(variable(fields), variable())).toBe(true);
});

test.each([
  ["name", { name: "boot0001" }],
  ["GUID", { guid: "d719b2cb-3d3a-4596-a3bc-dad00e67656f" }],
  ["attributes", { attributes: 3 }],
  ["data", { data: Uint8Array.of(1, 2, 4) }],
  ["longer data", { data: Uint8Array.of(1, 2, 3, 0) }],
  ["time stamp", { stamp: new Uint8Array(16).fill(1) }],
  ["signer digest", { digest: new Uint8Array(32).fill(1) }],
  ["count", { count: 1n }],
  ["key index", { keyIndex: 1 }],
])("another %s makes another variable", (_, fields) => {
  expect(areSame(variable(), variable(fields))).toBe(false);
  expect(areSame(variable(fields), variable())).toBe(false);
});

test("lists are the same in number and order only", () => {
  const [a, b] = [variable({ name: "A" }), variable({ name: "B" })];
  expect(areSameLists([a, b], [{ ...a }, { ...b }])).toBe(true);
  expect(areSameLists([a, b], [b, a])).toBe(false);
  expect(areSameLists([a], [a, b])).toBe(false);
});
