import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import type { Tool } from "./packages.ts";
import { ENVIRONMENT } from "./tools.ts";

/** How long a guest may run, in seconds; then it is killed. */
const LIMIT_SECONDS = 100;

/** Characters of the serial log's end that an error shows. */
const SHOWN = 2000;

/** A QEMU process whose first serial port is typed on and read by the test. */
export class Guest {
  readonly #process: ChildProcessByStdio<Writable, Readable, Readable>;
  /** What the serial port said, and how much of it `expect` has passed. */
  #log = "";
  #passed = 0;
  #ended = false;
  #wake = () => {};

  /** Starts it without devices but those of `args`; `timeout` of coreutils ends it even if the test's process dies. */
  constructor(program: Tool, ...args: string[]) {
    const common = [
      "-accel",
      "tcg",
      "-display",
      "none",
      "-nodefaults",
      "-no-reboot",
      "-net",
      "none",
      "-serial",
      "stdio",
    ];
    const limited = ["--signal=KILL", String(LIMIT_SECONDS), program, ...common, ...args];
    this.#process = spawn("timeout", limited, { env: ENVIRONMENT, stdio: ["pipe", "pipe", "pipe"] });
    // A guest that has powered off takes no more input.
    this.#process.stdin.on("error", () => {});
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream.setEncoding("latin1").on("data", (text: string) => {
        this.#log += text;
        this.#wake();
      });
    }
    this.#process.on("close", () => {
      this.#ended = true;
      this.#wake();
    });
  }

  /** Waits until the serial port says a text; what it said before that. Throws if the guest ends without it. */
  async expect(text: string): Promise<string> {
    for (;;) {
      const at = this.#log.indexOf(text, this.#passed);
      if (at !== -1) {
        const before = this.#log.slice(this.#passed, at);
        this.#passed = at + text.length;
        return before;
      }
      if (this.#ended) throw this.failure(`the guest ended, or was stopped, before it said ${JSON.stringify(text)}`);
      await this.#change();
    }
  }

  /** Types a text. */
  type(text: string): void {
    this.#process.stdin.write(text);
  }

  /** Waits until the guest has powered off. Throws if it had to be killed, or QEMU failed. */
  async poweredOff(): Promise<void> {
    while (!this.#ended) await this.#change();
    if (this.#process.exitCode !== 0) throw this.failure(`the guest did not power off in ${LIMIT_SECONDS} s`);
  }

  /** Ends the guest if it still runs, as a power cut does. */
  async kill(): Promise<void> {
    this.#process.kill("SIGTERM");
    while (!this.#ended) await this.#change();
  }

  /** An error with the end of what the serial port said. */
  failure(message: string): Error {
    return new Error(`${message}; the serial port said\n${this.#log.slice(-SHOWN)}`);
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
