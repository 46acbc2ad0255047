import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import fixture from "../fixtures/abi-offsets.json" with { type: "json" };
import { build, KERNEL_PACKAGES, KERNELS, kernelTree, SHIM_ABIS, type ShimAbi, shimModule } from "./support/kernel.ts";
import { named, nativeValues, OFFSETS_SOURCE } from "./support/offsets.ts";
import { PATH } from "./support/packages.ts";
import { file, fresh, need } from "./support/tools.ts";

need(...KERNEL_PACKAGES);

const C: Record<ShimAbi, Record<string, number>> = fixture.abis;

/** Values of the op under a kernel's headers, as the build for an ABI has them. */
function values(tree: string, abi: ShimAbi, ...args: string[]): Record<string, number> {
  const output = build(tree, abi, { args: [OFFSETS_SOURCE, ...args] });
  if (abi === "x86_64") return nativeValues(output);
  const module = new WebAssembly.Module(readFileSync(output));
  const imports = WebAssembly.Module.imports(module).map(({ name }) => [name, () => 0]);
  const { exports } = new WebAssembly.Instance(module, { env: Object.fromEntries(imports) });
  return named(exports.shim_value as (n: number) => number);
}

describe.each(KERNELS)("Linux %s", (kernel) => {
  test.each(SHIM_ABIS)("the op of a build for %s lies as Xen's own headers have it", (abi) => {
    const found = values(kernelTree(kernel), abi);
    expect(Object.keys(found).length).toBeGreaterThan(80);
    expect(C[abi]).toMatchObject(found);
  });

  test("without its alignment of 64-bit types, an x86 shim on wasm32 has a layout that is nobody's", () => {
    const types = readFileSync(new URL("../../shim/include/linux/types.h", import.meta.url), "utf8");
    const natural = file(types.replace("__attribute__((aligned(4)))", ""), ".h");
    const found = values(kernelTree(kernel), "x86_32", "-include", natural);
    expect([found.CALL_BODY, found.LONG_BYTES, C.x86_32.CALL_BODY]).toEqual([24, 4, 20]);
  });

  test.each([
    ["arm32", ["HYPERVISOR_platform_op_raw", "xen_reboot", "BUG"]],
    ["x86_32", ["HYPERVISOR_platform_op_raw", "xen_reboot", "BUG", "_printk"]],
  ] as const)("a module for %s imports what a host answers, and nothing else", (abi, names) => {
    const imports = WebAssembly.Module.imports(shimModule(kernel, abi));
    const warns = kernel === "6.12" && abi === "arm32" ? ["_printk"] : [];
    expect(imports.map(({ module, name }) => `${module}.${name}`).sort()).toEqual(
      [...names, ...warns].map((name) => `env.${name}`).sort(),
    );
    expect(imports.map(({ kind }) => kind)).toEqual(imports.map(() => "function"));
  });
});

test("a wasm-opt in PATH has no say in what is built", () => {
  const folder = fresh();
  mkdirSync(folder);
  writeFileSync(join(folder, "wasm-opt"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
  const env = { PATH: `${folder}:${PATH}` };
  expect(() => build(kernelTree("6.12"), "arm32", { env })).not.toThrow();
});

describe("build.sh says what is wrong", () => {
  const tree = () => kernelTree("6.12");
  const missing = { CLANG: "no-clang", WASM_LD: "no-ld", CC: "no-cc" };
  const { CLANG, WASM_LD, CC } = missing;

  test.each([
    [
      "a folder that is no kernel",
      () => build(fresh(), "arm32"),
      /drivers\/xen\/efi\.c is missing: is .* a Linux source tree/,
    ],
    ["an unknown ABI", () => build(tree(), "arm64"), "ABI: arm32, x86_32 or x86_64, not arm64"],
    ["no clang", () => build(tree(), "arm32", { env: { CLANG } }), "no-clang is missing: Debian's clang-19"],
    ["no linker", () => build(tree(), "arm32", { env: { WASM_LD } }), "no-ld is missing: Debian's lld-19"],
    ["no gcc", () => build(tree(), "x86_64", { env: { CC } }), "no-cc is missing: a C compiler, such as Debian's gcc"],
    [
      "another output",
      () => build(tree(), "x86_64", { output: "shim.wasm" }),
      "OUTPUT: a .o or .so file, not shim.wasm",
    ],
    [
      "a compiler that ignores -fshort-wchar",
      () => build(tree(), "x86_32", { args: ["-fno-short-wchar"] }),
      "this compiler ignores -fshort-wchar",
    ],
  ])("%s", (_, act, message) => {
    expect(act).toThrow(message);
  });
});
