import { spawnSync } from "node:child_process";
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Compiled, compileLibrary } from "../../support/compile.ts";
import { Random } from "../../support/random.ts";

/** Stores of processes that were killed while they wrote them. */

const CHILD = fileURLToPath(new URL("kill-child.mjs", import.meta.url));
export const GUID = "11111111-2222-3333-4444-555555555555";

export interface Value {
  name: string;
  guid: string;
  data: Uint8Array;
}

/** How far a process came. */
export type Phase = "start" | "boot" | "writes";

/** A value as the child's lines have it; undefined: no variable. */
type Told = Uint8Array | undefined;

/** One store file, and what its processes have acknowledged. */
export class KilledStore {
  readonly path: string;
  /** What must be there, by name. */
  readonly known = new Map<string, Told>();
  /** The call that was cut: the variable may have this value instead. */
  inFlight: { name: string; value: Told } | undefined;

  readonly #library: Compiled;

  constructor(path: string, library: Compiled) {
    this.path = path;
    this.#library = library;
  }

  /** Runs a process over the store and kills it after so many milliseconds. */
  live(seed: number, timeout: number): Phase {
    const lines = this.#run([CHILD, this.#library.folder, this.path, String(seed)], timeout);
    for (const line of lines) this.#hear(line);
    const last = lines.findLast((line) => line === "boot" || line === "ready");
    return last === undefined ? "start" : last === "ready" ? "writes" : "boot";
  }

  /** The lines that a process has said. They go into a file: of a pipe what is not read yet is lost with the process. */
  #run(args: readonly string[], timeout: number): string[] {
    const path = `${this.path}.lines`;
    const out = openSync(path, "w");
    try {
      const stdio: ("ignore" | "pipe" | number)[] = ["ignore", out, "pipe"];
      const options = { env: this.#library.env, stdio, timeout, killSignal: "SIGKILL" as const };
      const { stderr, signal } = spawnSync(process.execPath, args, options);
      if (signal !== "SIGKILL") throw new Error(`${this.path}: ${stderr}`);
    } finally {
      closeSync(out);
    }
    // A last line without its end was never said.
    return readFileSync(path, "utf8").split("\n").slice(0, -1);
  }

  /** The call in flight was done, or it was not: from now on one of the two is known. */
  settle(found: ReadonlyMap<string, Uint8Array>): void {
    if (this.inFlight === undefined) return;
    const { name, value } = this.inFlight;
    if (same(found.get(name), value)) this.known.set(name, value);
    this.inFlight = undefined;
  }

  /** Names whose value is neither the acknowledged one nor that of the call in flight. */
  lost(found: ReadonlyMap<string, Uint8Array>): string[] {
    return [...this.known.keys()].filter((name) => {
      const isNew = this.inFlight?.name === name && same(found.get(name), this.inFlight.value);
      return !isNew && !same(found.get(name), this.known.get(name));
    });
  }

  #hear(line: string): void {
    const [word, name = "", fill, bytes] = line.split(" ");
    if (word === "try") {
      const data = Uint8Array.from({ length: Number(bytes) }, (_, i) => Number(fill) + i);
      this.inFlight = { name, value: data.length === 0 ? undefined : data };
      if (!this.known.has(name)) this.known.set(name, undefined);
    } else if (word === "ok" || word === "no") {
      if (word === "ok" && this.inFlight !== undefined) this.known.set(this.inFlight.name, this.inFlight.value);
      this.inFlight = undefined;
    }
  }
}

function same(a: Told, b: Told): boolean {
  return a === undefined || b === undefined ? a === b : Buffer.compare(a, b) === 0;
}

/** Chooses the moments of killing, most of them in or after a process's first boot, however slow the computer is. */
export class KillClock {
  readonly #random: Random;
  /** About how long a process takes to its boot, in milliseconds. */
  #start = 120;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Lets a process live over the store, kills it, and learns from how far it came. */
  kill(store: KilledStore): Phase {
    const phase = store.live(this.#random.u32() >>> 1, Math.round(this.#start) + this.#random.below(250));
    this.#start += phase === "start" ? 20 : -5;
    this.#start = Math.max(30, this.#start);
    return phase;
  }
}

/** A folder for stores. In memory where there is such a one: a killed process loses nothing that it has written there. */
export function makeFolder(): string {
  return mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "xenefi-kill-"));
}

/**
 * Stores of OVMF's 4 MiB layout whose last process was killed while it wrote, and the variables that it had acknowledged.
 * The one whose write was cut, which may be old or new, is not among them.
 */
export function killedStores(count: number): { bytes: Uint8Array; acknowledged: Value[] }[] {
  const library = compileLibrary();
  const folder = makeFolder();
  try {
    return Array.from({ length: count }, (_, i) =>
      killedStore(new KilledStore(join(folder, `${i}.fd`), library), new KillClock(new Random(i))),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
    library.remove();
  }
}

function killedStore(store: KilledStore, clock: KillClock): { bytes: Uint8Array; acknowledged: Value[] } {
  let lives = 0;
  while (clock.kill(store) !== "writes" || lives < 2) {
    lives++;
    // What an earlier cut left open cannot be told from outside.
    if (store.inFlight !== undefined) store.known.delete(store.inFlight.name);
  }
  const cut = store.inFlight?.name;
  const known = [...store.known].filter(([name]) => name !== cut);
  const acknowledged = known.flatMap(([name, data]) => (data === undefined ? [] : [{ name, guid: GUID, data }]));
  return { bytes: new Uint8Array(readFileSync(store.path)), acknowledged };
}
