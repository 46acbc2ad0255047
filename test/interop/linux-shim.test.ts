import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { GLOBAL_GUID } from "../../src/index.ts";
import { loadShim, Shim } from "../../src/testing/index.ts";
import { BUILDS, build, KERNEL_PACKAGES, kernelTree, shimModule } from "./support/kernel.ts";
import { editedModule } from "./support/shims/edit.ts";
import { examine } from "./support/shims/examination.ts";
import { examinationsOf } from "./support/shims/examinations.ts";
import { SERVICES } from "./support/shims/refusals.ts";
import { file, need } from "./support/tools.ts";

need(...KERNEL_PACKAGES);

describe.each(BUILDS)("the shim of Linux %s, built for %s,", (kernel, abi) => {
  test.each(examinationsOf(kernel, abi).map((each) => [each.rule, each] as const))("%s", (_, examination) => {
    const error = examine(shimModule(kernel, abi), abi, examination);
    if (error !== undefined) throw error;
  });
});

test("a shim whose compiler aligned 64-bit types to 8 is told apart from one whose calls fail", async () => {
  const types = readFileSync(new URL("../../shim/include/linux/types.h", import.meta.url), "utf8");
  const natural = file(types.replace("__attribute__((aligned(4)))", ""), ".h");
  const misaligned = build(kernelTree("6.12"), "x86_32", { args: ["-include", natural] });
  const { efi } = await loadShim(misaligned, { abi: "x86_32" });
  const message = /the op does not fit x86_32: .* no Xen has them.* build with the types\.h of xenefi's shim\/include/;
  expect(() => efi.getVariable("BootOrder", GLOBAL_GUID)).toThrow(message);
  expect(() => efi.getNextVariable("", "00000000-0000-0000-0000-000000000000")).toThrow(message);
});

test("a shim that speaks another version of the interface has every service unsupported: -EACCES", () => {
  const version = "#define XENPF_INTERFACE_VERSION 0x0300000";
  const file = "include/xen/interface/platform.h";
  const module = editedModule("6.12", "arm32", { file, from: `${version}1`, to: `${version}0` });
  const { efi, log } = new Shim(module, { abi: "arm32" });
  const statuses = Object.values(SERVICES).map((call) => call(efi).status);
  expect(statuses).toEqual(statuses.map(() => "UNSUPPORTED"));
  expect(log.map(({ out }) => out.ret)).toEqual(statuses.map(() => -13));
});

test("a shim for x86_32 is told from one for arm32", async () => {
  const forX86 = await loadShim(shimModule("6.12", "x86_32"), { abi: "arm32" });
  expect(() => forX86.efi.getVariable("BootOrder", GLOBAL_GUID)).toThrow("load the shim with abi x86_32");
  const forArm = await loadShim(shimModule("6.12", "arm32"), { abi: "x86_32" });
  expect(() => forArm.efi.getVariable("BootOrder", GLOBAL_GUID)).toThrow("load the shim with abi arm32");
});
