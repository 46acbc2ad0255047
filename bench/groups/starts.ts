import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ROOT } from "../native.ts";
import type { Table } from "../report.ts";
import { figuresOf } from "../sampling.ts";

const NOTHING = "node -e 0";
const LIBRARY = pathToFileURL(join(ROOT, "dist/lib/index.js")).href;
const IMPORT = `import "${LIBRARY}";`;
const FIRST_ANSWER = `import { Client, GLOBAL_GUID, Machine } from "${LIBRARY}";
if (!new Client(new Machine()).getVariable("BootOrder", GLOBAL_GUID, 64).ok) process.exit(1);`;
/** A module that makes a process tell its user and system time at its end, in microseconds. */
const TELL = `data:text/javascript,${encodeURIComponent(`import { writeSync } from "node:fs";
process.on("exit", () => {
  const { user, system } = process.cpuUsage();
  writeSync(2, String(user + system));
});`)}`;

/** Processes by their arguments: what each takes from its start to its first answer. */
const PROCESSES = {
  [NOTHING]: ["-e", "0"],
  "import of the library": ["--input-type=module", "-e", IMPORT],
  "import, Machine, GetVariable": ["--input-type=module", "-e", FIRST_ANSWER],
  "xenefi --version": [join(ROOT, "dist/cli/main.js"), "--version"],
};

/** Processor time, for the clock's is mostly that of other processes; by turns as everything else. */
export async function* starts(quick: boolean): AsyncGenerator<Table> {
  const times = new Map<string, number[]>(Object.keys(PROCESSES).map((name) => [name, []]));
  for (let round = 0; round < (quick ? 10 : 25); round++) {
    for (const [name, args] of Object.entries(PROCESSES)) times.get(name)?.push(cpuTime(args));
  }
  const rows = [...times].map(([name, ns]) => ({ name, target: "node", ...figuresOf(ns) }));
  const base = rows[0]?.p20 ?? Number.NaN;
  const notes = rows.slice(1).map(({ name, p20 }) => `${name}: ${((p20 - base) / 1e6).toFixed(1)} ms above ${NOTHING}`);
  yield { title: "start of a process, CPU time", unit: "ms", rows, notes };
}

/** Nanoseconds of processor time of a Node process. */
function cpuTime(args: readonly string[]): number {
  const { stderr, status } = spawnSync(process.execPath, ["--import", TELL, ...args], { encoding: "utf8" });
  if (status !== 0) throw new Error(`node ${args.join(" ")}: ${stderr}`);
  return Number(stderr) * 1000;
}
