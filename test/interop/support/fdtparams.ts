import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Kernel, kernelTree } from "./kernel.ts";
import { file, fresh, run } from "./tools.ts";

const SOURCE = fileURLToPath(new URL("fdtparams.c", import.meta.url));

/** What the kernel's file includes. All but libfdt's come from fdtparams.c itself, and are empty here. */
const HEADERS = [
  "asm/unaligned.h",
  ...["efi", "init", "libfdt", "module", "of_fdt", "unaligned"].map((h) => `linux/${h}.h`),
];

/** What Linux finds in a tree. */
export interface Found {
  systemTable: bigint;
  mapStart: bigint;
  mapBytes: number;
  descriptorBytes: number;
  descriptorVersion: number;
  secureBoot: number;
  /** It has taken Xen's parameters. */
  isParavirtual: boolean;
}

const programs = new Map<string, string>();

/** A kernel's parser as a program; one without Xen support knows a boot loader's names only. */
function parser(kernel: Kernel, hasXen: boolean): string {
  const key = `${kernel} ${hasXen}`;
  const known = programs.get(key);
  if (known !== undefined) return known;
  const include = fresh();
  for (const folder of ["asm", "linux"]) mkdirSync(join(include, folder), { recursive: true });
  for (const header of HEADERS) writeFileSync(join(include, header), "");
  const program = fresh();
  const path = join(kernelTree(kernel), "drivers/firmware/efi/fdtparams.c");
  const definitions = [`-DFDTPARAMS="${path}"`, ...(hasXen ? ["-DCONFIG_XEN"] : [])];
  run(
    "gcc",
    "-Wall",
    "-Werror",
    "-Wno-sign-compare",
    "-O1",
    "-g",
    `-I${include}`,
    ...definitions,
    SOURCE,
    "-lfdt",
    "-o",
    program,
  );
  programs.set(key, program);
  return program;
}

/** What a kernel's parser finds; nothing if there is no system table. */
export function fdtParameters(tree: Uint8Array, kernel: Kernel, { hasXen }: { hasXen: boolean }): Found | undefined {
  const lines = run(parser(kernel, hasXen) as "gcc", file(tree, ".dtb"))
    .trim()
    .split("\n");
  const [systemTable, mapStart, ...rest] = lines.map(BigInt) as [bigint, bigint, ...bigint[]];
  const [mapBytes, descriptorBytes, descriptorVersion, secureBoot, paravirtual] = rest.map(Number) as [
    number,
    number,
    number,
    number,
    number,
  ];
  if (systemTable === 0n) return undefined;
  const found = { systemTable, mapStart, mapBytes, descriptorBytes, descriptorVersion, secureBoot };
  return { ...found, isParavirtual: paravirtual === 1 };
}
