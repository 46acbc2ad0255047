import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildC } from "../../../scripts/build-c.mjs";
import { Machine, machineImage } from "../../../src/index.ts";
import { coreConstants } from "../../../src/machine-image.ts";
import type { Package } from "./packages.ts";
import { fresh, run } from "./tools.ts";

/** The C library: its own files, and those that scripts/build-c.mjs makes, in a folder of the test's. */

export const C_PACKAGES: Package[] = ["gcc", "wabt"];

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const OWN = path("../../../c");
let generated: string | undefined;

/** Arguments of a C compiler for a program that uses the library. */
export function libraryArguments(): string[] {
  if (generated === undefined) {
    generated = fresh();
    buildC(generated, coreConstants, machineImage(new Machine()));
  }
  return ["-I", OWN, "-I", generated, join(OWN, "xenefi.c")];
}

/** Compiles a program of the test's own with the library; its path. */
export function compile(source: string, ...args: string[]): string {
  const program = fresh();
  const all = [
    "-std=gnu11",
    "-O2",
    "-Wall",
    "-Wextra",
    "-Werror",
    ...args,
    path(source),
    ...libraryArguments(),
    "-o",
    program,
  ];
  run("gcc", ...all);
  return program;
}

/** A file of this content. */
export function written(bytes: Uint8Array): string {
  const file = fresh();
  writeFileSync(file, bytes);
  return file;
}
