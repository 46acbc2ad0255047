import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { coreConstants, coreWords } from "../src/core-words.ts";
import { Machine, machineImage } from "../src/index.ts";
import type { Step } from "./steps.ts";
import { makeMachine, type Workload } from "./workload.ts";

/** The project's folder, wherever this file was compiled to. */
export const ROOT = dirname(dirname(createRequire(import.meta.url).resolve("#core.wasm")));

/** What a native program answers with. */
export type NativeTarget = "core" | "core-written" | "plain" | "plain-written";

/**
 * Compiles bench/c/native.c in a folder and gives the program's path. Throws an Error that names the package if the compiler
 * or wasm2c is missing.
 */
export async function buildNative(folder: string, flags: readonly string[] = []): Promise<string> {
  const script = pathToFileURL(join(ROOT, "scripts/build-c.mjs")).href;
  const { buildC } = (await import(script)) as typeof import("../scripts/build-c.mjs");
  const generated = join(folder, "generated");
  mkdirSync(generated, { recursive: true });
  buildC(generated, coreConstants, coreWords, machineImage(new Machine()));
  const program = join(folder, "native");
  const source = join(ROOT, "bench/c/native.c");
  const include = ["-I", generated, "-I", join(ROOT, "c")];
  try {
    execFileSync("gcc", ["-std=gnu11", "-O2", ...flags, ...include, source, "-o", program, "-lm"], { stdio: "pipe" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") throw new Error("gcc is missing: apt-get install gcc");
    throw error;
  }
  return program;
}

/** A running bench/c/native.c over a workload: what is asked is a line, and so is what it answers. */
export class Native {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  #cases = 0;

  /** Starts `command`, the program behind what runs it, with the workload's machine and guest as files in the folder. */
  constructor(
    [file, ...args]: readonly [string, ...string[]],
    folder: string,
    { shape, guest }: Pick<Workload, "shape" | "guest">,
  ) {
    const paths = ["machine.img", "guest.bin"].map((name) => join(folder, name));
    const [image, memory] = paths as [string, string];
    writeFileSync(image, machineImage(makeMachine(shape)));
    writeFileSync(memory, guest);
    this.#child = spawn(file, [...args, image, memory], { stdio: ["pipe", "pipe", "inherit"] });
    this.#lines = createInterface({ input: this.#child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  }

  /** Adds a case and gives its number. */
  async add(target: NativeTarget, step: Step, ops: readonly number[]): Promise<number> {
    await this.#ask(`case ${target} ${step} ${ops.join(" ")}`);
    return this.#cases++;
  }

  /** Makes one step of a case; the op and 64 bytes of its data, in hexadecimal. */
  answer(number: number): Promise<string> {
    return this.#ask(`answer ${number}`);
  }

  /** Nanoseconds of a step, batch by batch, for so many milliseconds. */
  async time(number: number, undo: number | undefined, ms: number): Promise<number[]> {
    return (await this.#ask(`time ${number} ${undo ?? -1} ${ms}`)).trim().split(" ").map(Number);
  }

  /** Makes both cores, and their guests' memory, what they were at the start. */
  async reset(): Promise<void> {
    await this.#ask("reset");
  }

  /** Makes steps that valgrind counts. */
  async count(number: number, steps: number): Promise<void> {
    await this.#ask(`count ${number} ${steps}`);
  }

  /** Ends the program and waits for that. */
  async end(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.stdin?.end();
    await ended;
  }

  async #ask(request: string): Promise<string> {
    this.#child.stdin?.write(`${request}\n`);
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error(`the native program ended at "${request.slice(0, 40)}"`);
    return value;
  }
}
