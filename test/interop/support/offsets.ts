import { readFileSync } from "node:fs";
import { file, fresh, run } from "./tools.ts";

/** What the op's fields are for a compiler under the kernel's headers, beside what Xen's own say. */

const FIXTURE = readFileSync(new URL("../../fixtures/abi-offsets.c", import.meta.url), "utf8");

/** What Linux's headers do not define, or name otherwise. */
const XEN_ONLY = /VARINFO_BOOT_SNAPSHOT|EFI_INFO_PCI_ROM|APPLE|INFO_PCI_|FW_KBD|XEN_ERRNO/;

const STRUCTS: Record<string, [string, string]> = {
  CALL: ["struct xen_platform_op", "u.efi_runtime_call."],
  CALL_BODY: ["struct xen_platform_op", "u.efi_runtime_call.u."],
  INFO: ["struct xen_platform_op", "u.firmware_info."],
  EFI_INFO: ["struct xen_platform_op", "u.firmware_info.u.efi_info."],
  TIME: ["struct xenpf_efi_time", ""],
  GUID: ["struct xenpf_efi_guid", ""],
};

/** The fixture's values, as name and C expression. */
const VALUES = [...FIXTURE.matchAll(/^ {4}(VALUE|CALL|CALL_BODY|INFO|EFI_INFO|TIME|GUID)\((\w+), (.+)\);$/gm)]
  .filter(([line]) => !XEN_ONLY.test(line))
  .map(([, macro, name, what]) => ({ name: name as string, expression: expression(macro as string, what as string) }));

function expression(macro: string, what: string): string {
  const struct = STRUCTS[macro];
  if (struct !== undefined) return `offsetof(${struct[0]}, ${struct[1]}${what})`;
  return what.replace("XEN_GUEST_HANDLE", "GUEST_HANDLE").replace(/\bop\b/, "struct xen_platform_op");
}

/** A C file for build.sh whose `shim_value` answers the n-th value. */
export const OFFSETS_SOURCE = file(
  `#include <linux/types.h>
#include <xen/interface/xen.h>
#include <xen/interface/platform.h>
#ifdef __wasm__
__attribute__((export_name("shim_value")))
#endif
int shim_value(int n)
{
	static const int values[] = { ${VALUES.map(({ expression }) => expression).join(",\n\t\t")} };
	return values[n];
}
`,
  ".c",
);

/** The values by name, from a function that answers the n-th. */
export function named(value: (n: number) => number): Record<string, number> {
  return Object.fromEntries(VALUES.map(({ name }, n) => [name, value(n)]));
}

/** What an object file for this computer answers; it defines all but what the host of a shim does. */
export function nativeValues(object: string): Record<string, number> {
  const main = file(
    `#include <stdio.h>
#include <stdlib.h>
int shim_value(int n);
int HYPERVISOR_platform_op_raw(void *op) { abort(); }
void xen_reboot(int reason) { abort(); }
void BUG(void) { abort(); }
int _printk(const char *format, ...) { abort(); }
int main(void) { for (int n = 0; n < ${VALUES.length}; n++) printf("%d\\n", shim_value(n)); }
`,
    ".c",
  );
  const program = fresh();
  run("gcc", "-o", program, main, object);
  const answers = run(program as "gcc")
    .trim()
    .split("\n")
    .map(Number);
  return named((n) => answers[n] as number);
}
