import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { PACKAGES, UNPACKED } from "./support/packages.ts";

const ci = (name: string) => readFileSync(new URL(`../../.ci/${name}`, import.meta.url), "utf8");

test("CI installs the packages that tests need, and no others but their Python library", () => {
  const installed = Object.keys(PACKAGES).filter((name) => !(name in UNPACKED));
  expect(ci("packages").trim().split("\n")).toEqual([...installed, "python3-cryptography"].sort());
});

test.each(Object.entries(UNPACKED))("CI unpacks %s by %s", (name, script) => {
  expect(ci(script.slice(".ci/".length))).toContain(name);
  expect(ci("run")).toContain(`step ${script}\n`);
});
