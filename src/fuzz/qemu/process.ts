import { type ChildProcessByStdio, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { accept, type Qtest } from "./qtest.ts";

/** How to start a QEMU. */
export interface QemuOptions {
  /** qemu-system-x86_64 of version 10.0 or later. */
  program: string;
  /** Where its modules are (hw-uefi-vars.so); default: where it finds them itself. */
  modules?: string;
}

type Child = ChildProcessByStdio<null, null, Readable>;

/** A q35 whose processor never runs, and next to no devices. */
const MACHINE = ["-machine", "q35", "-accel", "tcg", "-S", "-m", "16", "-nodefaults", "-display", "none"];
/** Characters of its standard error's end that an error shows. */
const SHOWN = 500;
/** Milliseconds for an answer; who takes longer hangs, and is killed. */
const LIMIT_MS = 5_000;

/** A QEMU process with a uefi-vars device, driven over qtest. */
export class QemuProcess {
  readonly #child: Child;
  readonly #qtest: Qtest;
  readonly #exit: Promise<void>;
  readonly #words: Words;
  /** A signal's name or an exit code, once it has ended. */
  end: string | undefined;

  private constructor(child: Child, qtest: Qtest, words: Words) {
    this.#child = child;
    this.#qtest = qtest;
    this.#words = words;
    this.#exit = new Promise((resolve) => {
      child.on("close", (code, signal) => {
        this.end = signal ?? `exit code ${code}`;
        resolve();
      });
    });
  }

  /** Rejects with what QEMU said if it does not start, or has no such device. */
  static async start({ program, modules }: QemuOptions): Promise<QemuProcess> {
    const folder = mkdtempSync(join(tmpdir(), "xenefi-qemu-"));
    const path = join(folder, "qtest");
    const { connected, cancel } = accept(path);
    const child = spawnQemu(program, modules, path);
    const words = new Words(child);
    child.on("error", cancel);
    child.on("close", () => cancel(words.error()));
    try {
      return new QemuProcess(child, await connected, words);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** As Qtest.ask; after a rejection `end` says whether QEMU has ended. */
  async ask(...commands: readonly string[]): Promise<string[]> {
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), LIMIT_MS);
    try {
      return await this.#qtest.ask(...commands);
    } catch (error) {
      if (!this.#qtest.isClosed) throw error;
      // The connection breaks before the process has ended.
      await this.#exit;
      throw this.#words.error();
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends QEMU, if it has not ended. */
  async stop(): Promise<void> {
    this.#qtest.close();
    this.#child.kill("SIGKILL");
    await this.#exit;
  }
}

/** The end of what QEMU has said on its standard error. */
class Words {
  #text = "";

  constructor(child: Child) {
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#text = (this.#text + text).slice(-SHOWN);
    });
  }

  error(): Error {
    return new Error(`QEMU ended: ${this.#text.trim()}`);
  }
}

function spawnQemu(program: string, modules: string | undefined, socket: string): Child {
  const device = ["-device", "uefi-vars-x64", "-qtest", `unix:${socket}`, "-qtest-log", "none"];
  const env = modules === undefined ? process.env : { ...process.env, QEMU_MODULE_DIR: modules };
  return spawn(program, [...MACHINE, ...device], { env, stdio: ["ignore", "ignore", "pipe"] });
}
