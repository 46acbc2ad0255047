import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { BACKPORT, PACKAGES } from "./support/packages.ts";

const ci = (name: string) => readFileSync(new URL(`../../.ci/${name}`, import.meta.url), "utf8");

test("CI installs the packages that tests need, and no others but their Python library", () => {
  const fromDebian = Object.keys(PACKAGES).filter((name) => name !== BACKPORT);
  expect(ci("packages").trim().split("\n")).toEqual([...fromDebian, "python3-cryptography"].sort());
  expect(ci("backports")).toContain(`packages=(${BACKPORT})`);
});
