import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { C_PACKAGES, compile, compileAlone, EXAMPLES, SANITIZED } from "./support/c.ts";
import { build, KERNEL_PACKAGES, KERNELS, type Kernel, kernelTree } from "./support/kernel.ts";
import { file, fresh, need, run, ToolError } from "./support/tools.ts";

need(...C_PACKAGES, ...KERNEL_PACKAGES, "libcmocka-dev");

const TEST = `${EXAMPLES}cmocka/linux-shim-test.c`;
const FUZZER = `${EXAMPLES}libfuzzer/size-fuzzer.c`;

const shims = new Map<Kernel, string>();

/** The native shim of a kernel as an object file. */
function shimObject(kernel: Kernel): string {
  const object = shims.get(kernel) ?? build(kernelTree(kernel), "x86_64");
  shims.set(kernel, object);
  return object;
}

/** The cmocka example's tests over such a shim. */
function testShim(object: string): string {
  return run(compile("gcc", [], TEST, object, "-lcmocka") as "gcc");
}

describe.each(KERNELS)("Linux %s, native", (kernel) => {
  test("the shim's functions and its probe do as they should over the machine", () => {
    expect(testShim(shimObject(kernel))).toMatch(/Running 17 test\(s\)[\s\S]*17 test\(s\) run/);
  });
});

test.each([
  ["set_time asks for the time", "INIT_EFI_OP(set_time)", "INIT_EFI_OP(get_time)", "reads_and_sets_the_clock"],
  ["the size is lost", "*data_size = efi_data(op).u.get_variable.size", "(void)0", "a_short_buffer_learns_the_size"],
  ["the alarm is always set", "if (enabled)\n\t\tefi_data", "efi_data", "reads_and_sets_the_alarm"],
  ["a refusal is no error", "< 0)\n\t\treturn EFI_UNSUPPORTED", "< 0)\n\t\treturn 0", "bad_pointers_are_efault"],
])("a shim in which %s is found", (_, right, wrong, name) => {
  const tree = fresh();
  cpSync(kernelTree("6.12"), tree, { recursive: true });
  const path = join(tree, "drivers/xen/efi.c");
  const source = readFileSync(path, "utf8");
  expect(source).toContain(right);
  writeFileSync(path, source.replaceAll(right, wrong));
  const act = () => testShim(build(tree, "x86_64"));
  expect(act).toThrow(ToolError);
  expect(act).toThrow(`[  FAILED  ] ${name}`);
});

describe("the libFuzzer example", () => {
  const fuzz = (...args: string[]) => {
    const flags = [...SANITIZED, "-fsanitize=fuzzer"];
    const program = compile("clang-19", flags, FUZZER, shimObject("6.12"), "-I", `${EXAMPLES}cmocka`, ...args);
    return run(program as "clang-19", "-seed=1", "-runs=20000", "-max_len=64", `-artifact_prefix=${fresh()}`);
  };

  test("finds a caller that trusts the size it is told", () => {
    expect(() => fuzz("-DTRUSTING")).toThrow(/ERROR: AddressSanitizer: heap-buffer-overflow[\s\S]*READ of size 1 /);
  });

  test("finds nothing in one that does not", () => {
    expect(fuzz()).toBe("");
  });
});

test("a sanitizer sees the hypervisor write behind a buffer that is smaller than its size says", () => {
  const source = file(
    new TextEncoder().encode(`#include <stdlib.h>
#include "xenefi.h"
#include "op.h"
int main(int count, char **arguments)
{
	struct xenefi *x = xenefi_open(NULL);
	struct op op = variable_op(GET_VARIABLE, u"BootOrder", xenefi_global_guid, malloc(6), 6);
	(void)arguments;
	xenefi_set_guest(x, XENEFI_GUARDED);
	if (xenefi_platform_op(x, &op) != 0 || op.status != 0)
		return 1;
	op.misc = 0;
	op.data = malloc(6 - (count > 1));
	return xenefi_platform_op(x, &op) != 0;
}
`),
    ".c",
  );
  const program = compile("clang-19", SANITIZED, source);
  const environment = "ASAN_OPTIONS=detect_leaks=0";
  expect(run("env" as "gcc", environment, program)).toBe("");
  expect(() => run("env" as "gcc", environment, program, "less")).toThrow(
    /heap-buffer-overflow[\s\S]*WRITE of size 6 /,
  );
});

test("the benchmark's machines answer alike", () => {
  const said = run(compileAlone("gcc", ["-DROUNDS=5"], `${EXAMPLES}../bench/c/bench.c`) as "gcc");
  expect(said).toMatch(/^ +window .*\n +ranges .*\n +guarded .*\n +probed .*\n$/);
});
