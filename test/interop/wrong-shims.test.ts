import { describe, expect, test } from "vitest";
import { BUILDS, KERNEL_PACKAGES, shimModule } from "./support/kernel.ts";
import { edited, editedModule } from "./support/shims/edit.ts";
import { examine } from "./support/shims/examination.ts";
import { examinationsOf } from "./support/shims/examinations.ts";
import { wrongShims } from "./support/shims/wrong-shims.ts";
import { need, ToolError } from "./support/tools.ts";

need(...KERNEL_PACKAGES);

describe.each(BUILDS)("of Linux %s, built for %s,", (kernel, abi) => {
  const examinations = examinationsOf(kernel, abi);
  /** The rules that a shim breaks. */
  const broken = (module: WebAssembly.Module) =>
    examinations.filter((each) => examine(module, abi, each) !== undefined).map(({ rule }) => rule);
  const rows = wrongShims(kernel, abi).map(
    (shim) => [shim.mistake, shim.fn ?? shim.file, shim.caughtBy, shim] as const,
  );

  test("the right shim breaks no rule, of more than 60", () => {
    expect(examinations.length).toBeGreaterThan(60);
    expect(broken(shimModule(kernel, abi))).toEqual([]);
  });

  test.each(rows)("a shim that %s (%s) is caught by: %s", (_mistake, _place, caughtBy, wrong) => {
    const module = editedModule(kernel, abi, wrong);
    const named = examinations.filter(({ rule }) => rule === caughtBy);
    expect(named.length).toBe(1);
    if (named.some((each) => examine(module, abi, each) === undefined)) {
      // What it breaks in place of the rule says what it is.
      expect(broken(module)).toContain(caughtBy);
    }
  });
});

describe("an edit", () => {
  const SOURCE = "int f(int a)\n{\n\treturn a;\n}\n\nint g(int a)\n{\n\treturn a;\n}\n";

  test("is made in its function alone", () => {
    const changed = edited(SOURCE, { fn: "g", from: "return a", to: "return $&" });
    expect(changed).toBe("int f(int a)\n{\n\treturn a;\n}\n\nint g(int a)\n{\n\treturn $&;\n}\n");
  });

  test.each([
    ["at no place", { fn: "g", from: "return b", to: "" }, '"return b" is there 0 times in g, not once'],
    ["at several places", { from: "return a", to: "" }, '"return a" is there 2 times, not once'],
    ["in no function", { fn: "h", from: "a", to: "" }, "no function h is defined"],
    ["in a function that is only called", { fn: "return", from: "a", to: "" }, "no function return is defined"],
  ])("%s is refused", (_, edit, message) => {
    expect(() => edited(SOURCE, edit)).toThrow(message);
  });

  test("that does not compile is no shim that is caught", () => {
    const edit = { file: "drivers/xen/efi.c", fn: "xen_efi_get_time", from: "return EFI_UNSUPPORTED;", to: "return;" };
    expect(() => editedModule("6.12", "arm32", edit)).toThrow(ToolError);
  });
});
