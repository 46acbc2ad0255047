import { createHash } from "node:crypto";
import {
  accessSync,
  closeSync,
  constants,
  copyFileSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  openSync,
  readSync,
  realpathSync,
  renameSync,
  type Stats,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { FormatError, offsetText } from "../formats/variable-set.ts";

/** Largest file that is read, packed or not, in bytes: four times AAVMF's flash, the largest store that there is. */
export const FILE_BYTES_MAX = 0x10000000;

const CHUNK_BYTES = 0x10000;
const RETRY_MS = 10;

/** Bytes of a file, and whether they were packed. */
export interface FileBytes {
  bytes: Uint8Array;
  isPacked: boolean;
}

/** Bytes of a file as readPlainBytes reads it; gzip is unpacked. */
export function readBytes(path: string): Uint8Array {
  return readFileBytes(path).bytes;
}

/** The same, and what lay there. Throws a FormatError for gzip that is damaged or unpacks to more than FILE_BYTES_MAX. */
export function readFileBytes(path: string): FileBytes {
  const file = readPlainBytes(path);
  const isPacked = file[0] === 0x1f && file[1] === 0x8b;
  return { bytes: isPacked ? unpack(file) : file, isPacked };
}

/**
 * Bytes of a regular file, "-" for standard input, which may be of any kind. Throws a FormatError for anything else, so
 * that no pipe or device is waited for, and for more than FILE_BYTES_MAX, of which no more is read; else as node:fs does.
 */
export function readPlainBytes(path: string): Uint8Array {
  if (path === "-") return readAll(0);
  const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) throw new FormatError("file type", `a regular file, not a ${kindOf(stats)}`);
    if (stats.size > FILE_BYTES_MAX) throw tooLong(`${stats.size}`);
    return readAll(file);
  } finally {
    closeSync(file);
  }
}

/** To the end, whatever size the file system tells: some tell none. */
function readAll(file: number): Uint8Array {
  const chunks: Uint8Array[] = [];
  let total = 0;
  for (;;) {
    const chunk = new Uint8Array(CHUNK_BYTES);
    const count = readSome(file, chunk);
    if (count === 0) break;
    chunks.push(chunk.subarray(0, count));
    total += count;
    if (total > FILE_BYTES_MAX) throw tooLong("more");
  }
  const bytes = new Uint8Array(total);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** Waits where standard input is set not to. */
function readSome(file: number, chunk: Uint8Array): number {
  for (;;) {
    try {
      return readSync(file, chunk);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EOF") return 0;
      if (code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  }
}

function tooLong(actual: string): FormatError {
  return new FormatError("size", `at most ${FILE_BYTES_MAX} bytes, not ${actual}`);
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return "directory";
  if (stats.isFIFO()) return "pipe";
  return stats.isSocket() ? "socket" : "device";
}

function unpack(file: Uint8Array): Uint8Array {
  try {
    const bytes = gunzipSync(file, { maxOutputLength: FILE_BYTES_MAX });
    // A Buffer's slice would share its memory.
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ERR_BUFFER_TOO_LARGE") throw new FormatError("gzip", `at most ${FILE_BYTES_MAX} bytes unpacked`);
    throw new FormatError(offsetText(0), `sound gzip (${message})`);
  }
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/**
 * Replaces a file so that it has either its old or its new bytes, whatever happens: a temporary file beside it, fsync,
 * rename, fsync of the folder. Symbolic links stay and lead to the new file; mode and, if permitted, owner are kept; a
 * file that may not be written is not replaced. What is no regular file, as /dev/stdout, is written to.
 */
export function replaceFile(path: string, bytes: Uint8Array): void {
  const old = statSync(path, { throwIfNoEntry: false });
  if (old !== undefined && !old.isFile()) {
    writeFileSync(path, bytes);
    return;
  }
  const target = old === undefined ? path : realpathSync(path);
  if (old !== undefined) accessSync(target, constants.W_OK);
  const temporary = join(dirname(target), temporaryName());
  const file = openSync(temporary, "wx", old === undefined ? 0o666 : 0o600);
  try {
    fillFile(file, bytes, old);
    renameSync(temporary, target);
  } catch (error) {
    unlinkSync(temporary);
    throw error;
  }
  syncFolder(dirname(target));
}

function temporaryName(): string {
  return `.xenefi-${process.pid}-${Date.now().toString(36)}`;
}

/** True for a file that a writer is filling, or was when it was killed. */
export function isTemporary(name: string): boolean {
  return /^\.xenefi-\d+-[\da-z]+$/.test(name);
}

function fillFile(file: number, bytes: Uint8Array, old: Stats | undefined): void {
  try {
    writeFileSync(file, bytes);
    if (old !== undefined) {
      keepOwner(file, old);
      fchmodSync(file, old.mode & 0o7777);
    }
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Only root may give a file away. */
function keepOwner(file: number, { uid, gid }: Stats): void {
  try {
    fchownSync(file, uid, gid);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") throw error;
  }
}

/** Makes the names in a folder safe. Windows cannot open one, and needs no telling. */
function syncFolder(path: string): void {
  if (process.platform === "win32") return;
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Copies a file to `path~`. */
export function backUp(path: string): void {
  copyFileSync(path, `${path}~`);
}
