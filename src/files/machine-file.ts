/// <reference lib="esnext.disposable" preserve="true" />
import { closeSync, existsSync, fdatasyncSync, fstatSync, openSync, readFileSync, writeSync } from "node:fs";
import type { FlashDevice } from "../flash-device.ts";
import { formatVolume } from "../formats/edk2-store.ts";
import { FormatError, offsetText } from "../formats/variable-set.ts";
import { Machine, type MachineOptions } from "../machine.ts";
import { ovmf4m } from "../policies/ovmf.ts";
import { FILE_BYTES_MAX, replaceFile } from "./bytes.ts";
import { FileLock } from "./lock.ts";

export { FlashError } from "../flash-device.ts";
export { LockedError, type LockHolder } from "./lock.ts";

export interface FileMachineOptions extends Omit<MachineOptions, "store" | "flash" | "start"> {
  /** Makes a blank store of the policy's layout where there is no file. Default: ENOENT. */
  create?: boolean;
}

/**
 * A machine that lives on a variable store file (`.fd`): each change is in the file, and safe, when the call that made it
 * comes back; killed at any moment it leaves a store with every variable that was acknowledged. Hold it until `close`.
 */
export class FileMachine extends Machine {
  /** The file, without symbolic links. */
  readonly path: string;
  readonly #file: StoreFile;

  /** For `openMachine`: the file is open and locked, and the machine's own from now on. */
  constructor(file: StoreFile, options: FileMachineOptions) {
    super({ ...options, store: file.read(), flash: file });
    this.path = file.path;
    this.#file = file;
  }

  /** Gives the file back. Writes fail from now on; a second time does nothing. */
  close(): void {
    this.#file.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * Boots a machine over a file, and writes to it from then on; the file belongs to it alone until it is closed. Throws a
 * LockedError if somebody else has it, a FormatError or RangeError if it holds no store that can be written in place,
 * else as node:fs does.
 */
export function openMachine(path: string, options: FileMachineOptions = {}): FileMachine {
  const file = StoreFile.open(path, options);
  try {
    return new FileMachine(file, options);
  } catch (error) {
    file.close();
    throw error;
  }
}

/** A locked file that is written in place. */
class StoreFile implements FlashDevice {
  readonly #lock: FileLock;
  #descriptor: number | undefined;

  private constructor(lock: FileLock, descriptor: number) {
    this.#lock = lock;
    this.#descriptor = descriptor;
  }

  get path(): string {
    return this.#lock.path;
  }

  static open(path: string, { create = false, policy = ovmf4m }: FileMachineOptions): StoreFile {
    const lock = FileLock.take(path);
    try {
      if (create && !existsSync(lock.path)) replaceFile(lock.path, formatVolume(policy.geometry));
      return new StoreFile(lock, openSync(lock.path, "r+"));
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /** The file's bytes. Throws a FormatError for a packed one. */
  read(): Uint8Array {
    const descriptor = this.#opened();
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) throw new RangeError(`${this.path}: no regular file`);
    if (stats.size > FILE_BYTES_MAX) throw new RangeError(`${this.path}: ${stats.size} bytes are no store`);
    const bytes = readFileSync(descriptor);
    if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
      throw new FormatError(offsetText(0), "a store, not gzip: it cannot be written in place, unpack it");
    }
    return bytes;
  }

  write(offset: number, bytes: Uint8Array): void {
    const descriptor = this.#opened();
    for (let done = 0; done < bytes.length; ) {
      done += writeSync(descriptor, bytes, done, bytes.length - done, offset + done);
    }
  }

  /** The size never changes, so the data alone are enough: fdatasync need not wait for the file's times. */
  sync(): void {
    fdatasyncSync(this.#opened());
  }

  close(): void {
    if (this.#descriptor === undefined) return;
    closeSync(this.#descriptor);
    this.#descriptor = undefined;
    this.#lock.release();
  }

  #opened(): number {
    if (this.#descriptor === undefined) throw new Error(`${this.path} is closed`);
    return this.#descriptor;
  }
}
