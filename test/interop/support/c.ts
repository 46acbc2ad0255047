import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildC } from "../../../scripts/build-c.mjs";
import { coreConstants, coreWords } from "../../../src/core-words.ts";
import { Machine, machineImage } from "../../../src/index.ts";
import type { Package } from "./packages.ts";
import { fresh, run } from "./tools.ts";

/** The C library: its own files, and those that scripts/build-c.mjs makes, in a folder of the test's. */

export const C_PACKAGES: Package[] = ["gcc", "wabt"];

const STRICT = ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror"];
/** Flags with which a program tells its own mistakes in memory, and ends. */
export const SANITIZED = ["-O1", "-g", "-fsanitize=address"];

const SOURCES = ["xenefi.c", "xenefi-ctl.c", "xenefi-json.c", "xenefi-text.c", "xenefi.h"];
const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));
export const EXAMPLES = path("../../../examples/");
let folder: string | undefined;

/** A folder with the library as a package has it. */
export function libraryFolder(): string {
  if (folder === undefined) {
    folder = fresh();
    buildC(folder, coreConstants, coreWords, machineImage(new Machine()));
    for (const name of SOURCES) copyFileSync(path(`../../../c/${name}`), join(folder, name));
  }
  return folder;
}

export type Compiler = "gcc" | "clang-19";

/** Compiles a C file, named as from here, with the library, both with such flags; the program's path. */
export function compile(compiler: Compiler, flags: readonly string[], source: string, ...args: string[]): string {
  return compileAlone(compiler, flags, source, library(compiler, flags), ...args);
}

/** The same of a file that has the library in itself. */
export function compileAlone(compiler: Compiler, flags: readonly string[], source: string, ...args: string[]): string {
  const program = fresh();
  run(
    compiler,
    ...STRICT,
    ...flags,
    "-I",
    libraryFolder(),
    "-I",
    path("."),
    path(source),
    ...args,
    "-lm",
    "-o",
    program,
  );
  return program;
}

const libraries = new Map<string, string>();

/** The library as an object file, compiled at first use: most of what there is to compile. */
function library(compiler: Compiler, flags: readonly string[]): string {
  const key = [compiler, ...flags].join(" ");
  const known = libraries.get(key);
  if (known !== undefined) return known;
  const object = `${fresh()}.o`;
  run(compiler, ...STRICT, ...flags, "-c", join(libraryFolder(), "xenefi.c"), "-o", object);
  libraries.set(key, object);
  return object;
}
