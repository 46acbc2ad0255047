import type { Kernel, WasmAbi } from "../kernel.ts";
import type { Edit } from "./edit.ts";
import type { Mistake, Mistakes } from "./mistakes.ts";
import { DESCRIPTOR_MISTAKES, OTHER_MISTAKES } from "./wrong-others.ts";
import { PROBE_MISTAKES } from "./wrong-probe.ts";
import { TIME_MISTAKES } from "./wrong-times.ts";
import { VARIABLE_MISTAKES } from "./wrong-variables.ts";

/** A shim with one mistake. */
export interface WrongShim extends Edit {
  /** What it does, as a sentence whose subject is the shim. */
  mistake: string;
  /** The rule of an examination that it fails. */
  caughtBy: string;
}

const RUNTIME = "drivers/xen/efi.c";
const PROBE = "arch/x86/xen/efi.c";
const INTERFACE = "include/xen/interface/platform.h";

/** Mistakes that are in no function. */
const ANYWHERE: [file: string, ...Mistake][] = [
  [
    INTERFACE,
    "speaks another version of the interface",
    "#define XENPF_INTERFACE_VERSION 0x03000001",
    "#define XENPF_INTERFACE_VERSION 0x03000000",
    "reads the clock",
  ],
  [
    RUNTIME,
    "passes flags in every call",
    "u.efi_runtime_call.misc = 0",
    "u.efi_runtime_call.misc = 4",
    "reads with no flags",
  ],
  [
    RUNTIME,
    "makes another platform op",
    ".cmd = XENPF_efi_runtime_call",
    ".cmd = XENPF_firmware_info",
    "reads the clock",
  ],
];

const EVERYWHERE: WrongShim[] = [
  ...ANYWHERE.map(([file, mistake, from, to, caughtBy]) => ({ file, mistake, from, to, caughtBy })),
  ...inFunctions(RUNTIME, { ...TIME_MISTAKES, ...VARIABLE_MISTAKES, ...OTHER_MISTAKES }),
];

/** Those that can be made of a kernel's source for an ABI. */
export function wrongShims(kernel: Kernel, abi: WasmAbi): WrongShim[] {
  return [
    ...EVERYWHERE,
    ...(kernel === "6.1" ? [] : inFunctions(RUNTIME, DESCRIPTOR_MISTAKES)),
    ...(abi === "x86_32" ? inFunctions(PROBE, PROBE_MISTAKES) : []),
  ];
}

function inFunctions(file: string, mistakes: Mistakes): WrongShim[] {
  return Object.entries(mistakes).flatMap(([fn, rows]) =>
    rows.map(([mistake, from, to, caughtBy]) => ({ file, fn, mistake, from, to, caughtBy })),
  );
}
