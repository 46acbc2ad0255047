import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Instructions } from "../bench/instructions.ts";
import { withTables } from "../bench/page.ts";

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");

test("docs/performance.md has the instructions that are written down", () => {
  const page = read("docs/performance.md");
  expect(withTables(page, JSON.parse(read("bench/instructions.json")) as Instructions)).toBe(page);
});

test("docs/performance.md names commands that there are", () => {
  const { scripts } = JSON.parse(read("package.json"));
  const named = [...read("docs/performance.md").matchAll(/npm run ([\w:]+)/g)].map((match) => match[1] as string);
  expect(named.length).toBeGreaterThan(3);
  expect(named.filter((name) => !(name in scripts))).toEqual([]);
});
