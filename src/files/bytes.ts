import { createHash } from "node:crypto";
import {
  closeSync,
  copyFileSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";

/** Bytes of a file, "-" for standard input; gzip is unpacked. Throws as node:fs and node:zlib do. */
export function readBytes(path: string): Uint8Array {
  const file = readFileSync(path === "-" ? 0 : path);
  const bytes = file[0] === 0x1f && file[1] === 0x8b ? gunzipSync(file) : file;
  // A Buffer's slice would share its memory.
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/**
 * Replaces a file so that it has either its old or its new bytes, whatever happens: a temporary file beside it, fsync,
 * rename, fsync of the folder. The mode is kept.
 */
export function replaceFile(path: string, bytes: Uint8Array): void {
  const temporary = join(dirname(path), `.xenefi-${process.pid}-${Date.now().toString(36)}`);
  const mode = statSync(path, { throwIfNoEntry: false })?.mode;
  const file = openSync(temporary, "wx", mode === undefined ? 0o666 : mode & 0o7777);
  try {
    writeFileSync(file, bytes);
    fsyncSync(file);
    closeSync(file);
    renameSync(temporary, path);
  } catch (error) {
    unlinkSync(temporary);
    throw error;
  }
  syncFolder(dirname(path));
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
