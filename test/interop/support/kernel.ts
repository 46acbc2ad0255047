import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Package } from "./packages.ts";
import { ENVIRONMENT, fresh, run, ToolError } from "./tools.ts";

/** Linux's Xen EFI shim, built from Debian's source packages by shim/build.sh. */

export const KERNEL_PACKAGES: Package[] = [
  ...(["clang-19", "gcc", "linux-source-6.1", "linux-source-6.12", "lld-19", "tar", "xz-utils"] as const),
];

export const KERNELS = ["6.1", "6.12"] as const;
export type Kernel = (typeof KERNELS)[number];

/** What build.sh can build for. */
export const SHIM_ABIS = ["arm32", "x86_32", "x86_64"] as const;
export type ShimAbi = (typeof SHIM_ABIS)[number];
/** Those that a module can be built for. */
export type WasmAbi = Exclude<ShimAbi, "x86_64">;

/** The shims that can be modules: of which kernel, for which ABI. */
export const BUILDS = KERNELS.flatMap((kernel) => (["arm32", "x86_32"] as const).map((abi) => [kernel, abi] as const));

/** The files of a kernel that a shim is made of, and its parser of UEFI parameters, as patterns of tar. */
const FILES = [
  ...["drivers/xen/efi.c", "arch/x86/xen/efi.c", "arch/x86/xen/xen-ops.h", "include/xen/interface/*"],
  ...["include/xen/arm/*", "arch/arm/include/asm/xen/*", "arch/x86/include/asm/xen/interface*.h"],
  ...[
    "drivers/firmware/efi/fdtparams.c",
    "arch/x86/include/asm/pvclock-abi.h",
    "arch/x86/include/asm/emulate_prefix.h",
  ],
];

const BUILD = fileURLToPath(new URL("../../../shim/build.sh", import.meta.url));

const trees = new Map<Kernel, string>();

/** The source tree of a kernel, unpacked at first use. */
export function kernelTree(kernel: Kernel): string {
  const known = trees.get(kernel);
  if (known !== undefined) return known;
  const folder = fresh();
  mkdirSync(folder);
  const patterns = FILES.map((file) => `*/${file}`);
  const archive = `/usr/src/linux-source-${kernel}.tar.xz`;
  run("tar", "-C", folder, "--use-compress-program=xz -T0", "-xf", archive, "--wildcards", ...patterns);
  const tree = join(folder, `linux-source-${kernel}`);
  trees.set(kernel, tree);
  return tree;
}

/** Runs build.sh in an environment of these variables too. Path of the output; a ToolError has what it said. */
export function build(
  tree: string,
  abi: string,
  { output = fresh() + (abi === "x86_64" ? ".o" : ".wasm"), args = [] as string[], env = {} as NodeJS.ProcessEnv } = {},
): string {
  try {
    execFileSync("sh", [BUILD, tree, abi, output, ...args], { env: { ...ENVIRONMENT, ...env }, stdio: "pipe" });
    return output;
  } catch (error) {
    throw new ToolError(String((error as { stderr: Buffer }).stderr));
  }
}

const modules = new Map<string, WebAssembly.Module>();

/** The shim of a kernel as a module, built at first use. */
export function shimModule(kernel: Kernel, abi: WasmAbi): WebAssembly.Module {
  const key = `${kernel} ${abi}`;
  const known = modules.get(key);
  if (known !== undefined) return known;
  const module = new WebAssembly.Module(readFileSync(build(kernelTree(kernel), abi)));
  modules.set(key, module);
  return module;
}
