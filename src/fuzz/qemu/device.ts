import { type ChildProcessByStdio, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { accept, type Qtest, readBytes, readCommand, readInteger, writeCommand } from "./qtest.ts";
import type { Communication } from "./variable-driver.ts";

/** Registers of uefi-vars-x64 (include/hw/uefi/var-service-api.h, hw/uefi/var-service-sysbus.c). */
const BASE = 0xfef10000;
const MAGIC = BASE;
const COMMAND = BASE + 2;
const BUFFER_SIZE = BASE + 4;
const BUFFER_ADDRESS = BASE + 8;
const MAGIC_VALUE = 0xef1n;
const COMMAND_DMA = 2;
const BUFFER_BYTES_MAX = 0x10000;

/** Where messages lie in guest memory. */
const MESSAGE = 0x100000;
/** The chipset's reset control register, and a hard reset (ICH9, RST_CNT). */
const RESET_CONTROL = 0xcf9;
const RESET_HARD = 6;

const MACHINE = ["-machine", "q35", "-accel", "tcg", "-S", "-m", "16", "-nodefaults", "-display", "none"];
/** Characters of its standard error's end that an error shows. */
const SHOWN = 500;

/** How to start a QEMU. */
export interface QemuOptions {
  /** qemu-system-x86_64 of version 10.0 or later. */
  program: string;
  /** Where its modules are (hw-uefi-vars.so); default: beside the program, as Debian has them. */
  modules?: string;
}

/**
 * The uefi-vars device of a QEMU of its own whose processor never runs: messages are laid into guest memory, and the device
 * is told of them, over qtest. Its variables live as long as the process.
 */
export class UefiVarsDevice implements Communication {
  readonly #process: ChildProcessByStdio<null, null, Readable>;
  readonly #qtest: Qtest;

  private constructor(process: ChildProcessByStdio<null, null, Readable>, qtest: Qtest) {
    this.#process = process;
    this.#qtest = qtest;
  }

  /** Rejects with what QEMU said if it does not start, or has no such device. */
  static async start({ program, modules }: QemuOptions): Promise<UefiVarsDevice> {
    const folder = mkdtempSync(join(tmpdir(), "xenefi-qemu-"));
    const path = join(folder, "qtest");
    const { connected, cancel } = accept(path);
    const device = ["-device", "uefi-vars-x64", "-qtest", `unix:${path}`, "-qtest-log", "none"];
    const QEMU_MODULE_DIR = modules ?? join(dirname(program), "../lib/x86_64-linux-gnu/qemu");
    const qemu = spawn(program, [...MACHINE, ...device], {
      env: { ...process.env, QEMU_MODULE_DIR },
      stdio: ["ignore", "ignore", "pipe"],
    });
    let said = "";
    qemu.stderr.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-SHOWN);
    });
    qemu.on("error", cancel);
    qemu.on("close", () => cancel(new Error(`QEMU ended: ${said.trim()}`)));
    try {
      const started = new UefiVarsDevice(qemu, await connected);
      await started.#checkMagic();
      await started.reset();
      return started;
    } catch (error) {
      qemu.kill("SIGKILL");
      throw error;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** The message with the device's answer in it. Rejects if the device does not take it. */
  async communicate(message: Uint8Array): Promise<Uint8Array> {
    const [, , status, answer] = await this.#qtest.ask(
      writeCommand(MESSAGE, message),
      `writew ${hex(COMMAND)} ${hex(COMMAND_DMA)}`,
      `readw ${hex(COMMAND)}`,
      readCommand(MESSAGE, message.length),
    );
    if (readInteger(status as string) !== 0n) throw new Error(`uefi-vars: status ${status} for a message`);
    return readBytes(answer as string);
  }

  /** Resets the machine: non-volatile variables stay. Then the boot begins. */
  async reset(): Promise<void> {
    await this.#qtest.ask(
      `writel ${hex(BUFFER_SIZE)} ${hex(BUFFER_BYTES_MAX)}`,
      `outb ${hex(RESET_CONTROL)} ${hex(RESET_HARD)}`,
    );
    // QEMU resets when it is back in its main loop; the device then has no buffer.
    while ((await this.#read("readl", BUFFER_SIZE)) !== 0n);
    await this.#qtest.ask(
      `writel ${hex(BUFFER_SIZE)} ${hex(BUFFER_BYTES_MAX)}`,
      `writel ${hex(BUFFER_ADDRESS)} ${hex(MESSAGE)}`,
      `writel ${hex(BUFFER_ADDRESS + 4)} 0x0`,
    );
  }

  /** Ends QEMU. */
  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.on("close", resolve));
    this.#qtest.close();
    this.#process.kill("SIGKILL");
    await ended;
  }

  async #checkMagic(): Promise<void> {
    const magic = await this.#read("readw", MAGIC);
    if (magic !== MAGIC_VALUE) throw new Error(`no uefi-vars device: its magic is 0x${magic.toString(16)}`);
  }

  async #read(command: "readw" | "readl", register: number): Promise<bigint> {
    const [value] = await this.#qtest.ask(`${command} ${hex(register)}`);
    return readInteger(value as string);
  }
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
