import type { Device } from "./firmware.ts";
import { type QemuOptions, QemuProcess } from "./process.ts";
import { readBytes, readCommand, readInteger, writeCommand } from "./qtest.ts";

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

/**
 * The uefi-vars device of a QEMU of its own: messages are laid into guest memory, and the device is told of them; no code runs
 * in the guest. Its variables live as long as the process.
 */
export class UefiVarsDevice implements Device {
  readonly #options: QemuOptions;
  #process: QemuProcess;

  private constructor(options: QemuOptions, process: QemuProcess) {
    this.#options = options;
    this.#process = process;
  }

  /** As QemuProcess.start. */
  static async start(options: QemuOptions): Promise<UefiVarsDevice> {
    const device = new UefiVarsDevice(options, await QemuProcess.start(options));
    await device.#open();
    return device;
  }

  get end(): string | undefined {
    return this.#process.end;
  }

  async communicate(message: Uint8Array): Promise<Uint8Array> {
    const [, , status, answer] = await this.#process.ask(
      writeCommand(MESSAGE, message),
      `writew ${hex(COMMAND)} ${hex(COMMAND_DMA)}`,
      `readw ${hex(COMMAND)}`,
      readCommand(MESSAGE, message.length),
    );
    if (readInteger(status as string) !== 0n) throw new Error(`uefi-vars: status ${status} for a message`);
    return readBytes(answer as string);
  }

  async reset(): Promise<void> {
    await this.#process.ask(
      `writel ${hex(BUFFER_SIZE)} ${hex(BUFFER_BYTES_MAX)}`,
      `outb ${hex(RESET_CONTROL)} ${hex(RESET_HARD)}`,
    );
    // QEMU resets when it is back in its main loop; the device then has no buffer.
    while ((await this.#read("readl", BUFFER_SIZE)) !== 0n);
    await this.#setBuffer();
  }

  async restart(): Promise<void> {
    await this.stop();
    this.#process = await QemuProcess.start(this.#options);
    await this.#open();
  }

  /** Ends QEMU, if it has not ended. */
  async stop(): Promise<void> {
    await this.#process.stop();
  }

  async #open(): Promise<void> {
    const magic = await this.#read("readw", MAGIC);
    if (magic !== MAGIC_VALUE) throw new Error(`no uefi-vars device: its magic is 0x${magic.toString(16)}`);
    await this.#setBuffer();
  }

  async #setBuffer(): Promise<void> {
    await this.#process.ask(
      `writel ${hex(BUFFER_SIZE)} ${hex(BUFFER_BYTES_MAX)}`,
      `writel ${hex(BUFFER_ADDRESS)} ${hex(MESSAGE)}`,
      `writel ${hex(BUFFER_ADDRESS + 4)} 0x0`,
    );
  }

  async #read(command: "readw" | "readl", register: number): Promise<bigint> {
    const [value] = await this.#process.ask(`${command} ${hex(register)}`);
    return readInteger(value as string);
  }
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
