import { execFile } from "node:child_process";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
export const TSC = join(ROOT, "node_modules/typescript/bin/tsc");
/** Not taken along when the project is copied: made anew, or no part of a package. */
const LEFT_BEHIND = ["node_modules", ".git", "build", "dist", "coverage"];
/** What a release build leaves in build/. */
const BUILT = ["release.wasm", "core-bytes.js", "fuzz.wasm", "fuzz-bare.wasm", "fuzz-edges.json", "fuzz-sources.z"];

const run = promisify(execFile);

/** Runs a program as a user would: without the settings of this test run. Answers what it wrote, or throws with it. */
export async function output(cwd: string, file: string, ...args: string[]): Promise<string> {
  const { XENEFI_CORE: _, NODE_OPTIONS: __, npm_config_local_prefix: ___, ...env } = process.env;
  try {
    const { stdout } = await run(file, args, { cwd, env });
    return stdout;
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${[file, ...args].join(" ")}\n${stdout}${stderr}`, { cause: error });
  }
}

/** The package as npm packs and installs it. */
export interface Installed {
  tarball: string;
  version: string;
  /** Where a user's project stands that has it. */
  user: string;
}

/** Packs the project and installs it for a user, all in a folder. */
export async function installPackage(folder: string): Promise<Installed> {
  const user = join(folder, "user");
  await mkdir(user);
  await output(await builtCopy(folder), "npm", "pack", "--ignore-scripts", "--pack-destination", folder);
  await writeFile(join(user, "package.json"), JSON.stringify({ name: "user", private: true, type: "module" }));
  const { version } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8"));
  const tarball = join(folder, `xenefi-${version}.tgz`);
  await output(user, "npm", "install", "--prefer-offline", "--no-audit", "--no-fund", tarball);
  return { tarball, version, user };
}

/** A copy of the project as `npm run build` leaves it, so that a stale or half-written dist/ does not come in. */
async function builtCopy(folder: string): Promise<string> {
  const copy = join(folder, "project");
  await cp(ROOT, copy, { recursive: true, filter: (path) => !LEFT_BEHIND.includes(relative(ROOT, path)) });
  await mkdir(join(copy, "build"));
  for (const name of BUILT) await cp(join(ROOT, "build", name), join(copy, "build", name));
  await output(ROOT, process.execPath, TSC, "-p", "tsconfig.build.json", "--outDir", join(copy, "dist"));
  await output(ROOT, process.execPath, "scripts/bundle.mjs", join(copy, "dist"));
  return copy;
}
