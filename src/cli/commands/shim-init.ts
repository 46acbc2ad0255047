import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { Command } from "commander";
import { printable } from "../../printable.ts";
import { CommandError, Exit, type Globals, type Io } from "../io.ts";
import { jsonLine } from "../json.ts";

/** The files of examples/shim, which work as they stand. */
const COPIED = ["README.md", "build.sh", "fuzz.js", "record.js", "shim.c", "shim.test.js"];

/** What builds a shim: one of these programs, and the Debian package that has the first. */
const TOOLS = [
  { programs: ["clang-19", "clang"], package: "clang-19" },
  { programs: ["wasm-ld-19", "wasm-ld"], package: "lld-19" },
];

/** `xenefi shim init [DIR]`: lays out a shim with its build, test, recorder and fuzz driver. Overwrites nothing. */
export function shimInitCommand(io: Io, version: string): Command {
  return new Command("init")
    .description("lay out a kernel shim in C with its build, a test, a recorder and a fuzz driver")
    .argument("[dir]", "the folder, made if it is not there; files in it are not overwritten", "shim-test")
    .action((folder: string, _: Globals, command: Command) => {
      const options = command.optsWithGlobals<Globals>();
      const files = { ...copiedFiles(), "package.json": manifest(version) };
      lay(folder, files);
      const next = nextCommands(folder);
      const paths = Object.keys(files).map((name) => join(folder, name));
      if (options.json) {
        io.out(jsonLine({ schema: "xenefi.shim-init/1", files: paths, next }));
        return;
      }
      io.out(paths.map((path) => `${printable(path)}\n`).join(""));
      if (!options.quiet) io.err(`next:\n${next.map((line) => `  ${line}\n`).join("")}`);
    });
}

function copiedFiles(): Record<string, string> {
  const read = (name: string) => readFileSync(new URL(import.meta.resolve(`#examples/shim/${name}`)), "utf8");
  return Object.fromEntries(COPIED.map((name) => [name, read(name)]));
}

function manifest(version: string): string {
  const scripts = {
    build: "sh build.sh",
    test: "vitest run",
    record: "node record.js && xenefi replay build/trace.jsonl",
    fuzz: "node fuzz.js",
  };
  const devDependencies = { vitest: "^4", xenefi: version };
  return `${JSON.stringify({ private: true, type: "module", scripts, devDependencies }, null, 2)}\n`;
}

/** Writes all files, or none where one is there already. */
function lay(folder: string, files: Record<string, string>): void {
  const there = Object.keys(files).filter((name) => existsSync(join(folder, name)));
  if (there.length > 0)
    throw new CommandError(Exit.Usage, `${folder} has ${there.join(", ")} already: take another folder`);
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { flag: "wx" });
}

/** Command lines, first that which brings what is missing here. */
function nextCommands(folder: string): string[] {
  const missing = TOOLS.filter(({ programs }) => !programs.some(isProgram)).map((tool) => tool.package);
  const install = missing.length === 0 ? [] : [`apt-get install ${missing.join(" ")}`];
  const quoted = /^[\w./+-]+$/.test(folder) ? folder : `'${printable(folder).replaceAll("'", "'\\''")}'`;
  return [...install, `cd ${quoted}`, "npm install", "npm run build", "npm test"];
}

function isProgram(name: string): boolean {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => existsSync(join(folder, name)));
}
