import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ROOT } from "../native.ts";
import type { Table } from "../report.ts";
import { figuresOf } from "../sampling.ts";

export const STARTS = "start of a process, CPU time";
export const NOTHING = "node -e 0";
export const FIRST_ANSWER = "import, Machine, GetVariable";
export const VERSION = "xenefi --version";
const LIBRARY = pathToFileURL(join(ROOT, "dist/lib/index.js")).href;
const IMPORT = `import "${LIBRARY}";`;
const EDK2_MACHINE = `import { Machine, POLICIES } from "${LIBRARY}"; new Machine({ policy: POLICIES.edk2 });`;
const ANSWER = `import { Client, GLOBAL_GUID, Machine } from "${LIBRARY}";
const answer = () => new Client(new Machine()).getVariable("BootOrder", GLOBAL_GUID, 64).ok;
if (!answer()) process.exit(1);`;
const SECOND_ANSWER = `${ANSWER} if (!answer()) process.exit(1);`;
/** A module that makes a process tell its user and system time at its end, in microseconds. */
const TELL = `data:text/javascript,${encodeURIComponent(`import { writeSync } from "node:fs";
process.on("exit", () => {
  const { user, system } = process.cpuUsage();
  writeSync(2, String(user + system));
});`)}`;

const asModule = (text: string) => ["--input-type=module", "-e", text];

/** Processes by their arguments: what each takes from its start to its first answer, and what parts of that do. */
const PROCESSES = {
  [NOTHING]: ["-e", "0"],
  "a module of nothing": asModule("0"),
  "import of the library": asModule(IMPORT),
  "import, Machine of policy edk2": asModule(EDK2_MACHINE),
  [FIRST_ANSWER]: asModule(ANSWER),
  "import, two such answers": asModule(SECOND_ANSWER),
  [VERSION]: [join(ROOT, "dist/cli/main.js"), "--version"],
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
  yield { title: STARTS, unit: "ms", rows, notes };
}

/** Nanoseconds of processor time of a Node process. */
function cpuTime(args: readonly string[]): number {
  const { stderr, status } = spawnSync(process.execPath, ["--import", TELL, ...args], { encoding: "utf8" });
  if (status !== 0) throw new Error(`node ${args.join(" ")}: ${stderr}`);
  return Number(stderr) * 1000;
}
