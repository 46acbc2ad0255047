import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { Exit } from "../src/cli/io.ts";
import { Machine, type MachineOptions, machineImage, POLICIES, type Policy } from "../src/index.ts";
import { xenefi } from "./support/cli.ts";
import { fixtureBytes, fixturePath } from "./support/fixtures.ts";

const folder = mkdtempSync(join(tmpdir(), "xenefi-image-"));
afterAll(() => rmSync(folder, { recursive: true }));

const output = join(folder, "machine.img");
const STORE = "stores/ovmf-4m-firstboot.fd.gz";

test.each<[string[], MachineOptions]>([
  [[], {}],
  [["--abi", "x86_32"], { abi: "x86_32" }],
  [["--profile", "xen-arm-mainline"], { profile: "xen-arm-mainline" }],
  [["--policy", "uboot"], { policy: POLICIES.uboot as Policy }],
  [["--store", fixturePath(STORE)], { store: fixtureBytes(STORE) }],
])("image %j writes the image of such a machine", async (args, options) => {
  const image = machineImage(new Machine(options));
  const err = `${output}: ${image.length} bytes\n`;
  expect(await xenefi("image", "-o", output, ...args)).toMatchObject({ exit: Exit.Done, out: "", err });
  expect(Buffer.compare(readFileSync(output), image)).toBe(0);
});

test("a mistake is told, and nothing is written", async () => {
  const bad = join(folder, "bad.fd");
  const unwritten = join(folder, "unwritten.img");
  writeFileSync(bad, "no store");
  expect(await xenefi("image")).toMatchObject({ exit: Exit.Usage, err: expect.stringContaining("--output <file>") });
  expect(await xenefi("image", "-o", unwritten, "--policy", "x")).toMatchObject({ exit: Exit.Usage });
  const { exit, err } = await xenefi("image", "-o", unwritten, "--store", bad);
  expect(exit).toBe(Exit.Unreadable);
  expect(err).toMatch(/^xenefi: .*bad\.fd: /);
  expect(() => readFileSync(unwritten)).toThrow(/ENOENT/);
});
