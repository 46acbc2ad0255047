import { existsSync, lstatSync, mkdirSync, readdirSync, statSync, unlinkSync } from "node:fs";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import { findVolume, recoverVolume } from "../formats/edk2-store.ts";
import { parseDirectory, serializeDirectory } from "../formats/efivarfs.ts";
import type { FormatName, FormatOptions } from "../formats/format.ts";
import { detectFormat, formatNamed } from "../formats/index.ts";
import { FormatError, type Variable } from "../formats/variable-set.ts";
import { backUp, FILE_BYTES_MAX, isTemporary, readFileBytes, readPlainBytes, replaceFile } from "./bytes.ts";

/** Largest file of an efivarfs directory that is read, in bytes: more than any firmware stores. */
const VARIABLE_FILE_BYTES_MAX = 0x100000;

/** Bytes of a file, or the files of a directory by name. */
export type Content = Uint8Array | ReadonlyMap<string, Uint8Array>;

/** A store as it was read. */
export interface StoreFile {
  path: string;
  format: FormatName;
  /** How the content lay there. */
  container: "file" | "gzip" | "directory";
  content: Content;
  /** Live variables, in the order of the file. */
  variables: Variable[];
  options: FormatOptions;
}

export interface ReadOptions extends FormatOptions {
  /** Read it as this format, whatever its content looks like. */
  from?: FormatName;
}

/**
 * Reads a store: a file, "-" for standard input, gzip unpacked, or an efivarfs directory. Throws a FormatError for what is
 * none, and as node:fs and node:zlib do.
 */
export function readStore(path: string, options: ReadOptions = {}): StoreFile {
  return parseStore({ path, ...readContent(path) }, options);
}

/** What lies at the path, not looked into. Throws as readStore does. */
export function readContent(path: string): Pick<StoreFile, "container" | "content"> {
  if (path !== "-" && statSync(path).isDirectory()) return { container: "directory", content: readDirectory(path) };
  const { bytes, isPacked } = readFileBytes(path);
  return { container: isPacked ? "gzip" : "file", content: bytes };
}

/** The store that this content is; a volume whose reclaim was cut as the next boot finds it. */
export function parseStore(
  source: Pick<StoreFile, "path" | "container" | "content">,
  { from, ...options }: ReadOptions = {},
): StoreFile {
  const { content: bytes } = source;
  if (bytes instanceof Uint8Array) {
    const format = from === undefined ? detectFormat(bytes) : formatNamed(from);
    const content = format.name === "edk2" ? recoverVolume(bytes, findVolume(bytes, true)) : bytes;
    return { ...source, content, format: format.name, variables: format.parse(content, options), options };
  }
  if (from !== undefined && from !== "efivarfs") throw new FormatError("directory", `a file of format ${from}`);
  return { ...source, format: "efivarfs", variables: parseDirectory(bytes), options };
}

/** A store's content with its variables changed to these; the rest of it stays. */
export function changedContent({ format, content, options }: StoreFile, variables: readonly Variable[]): Content {
  if (!(content instanceof Uint8Array)) return serializeDirectory(variables);
  return formatNamed(format).edit(content, variables, options);
}

/** True if both are the same bytes, file by file. */
export function isSameContent(a: Content, b: Content): boolean {
  if (a instanceof Uint8Array) return b instanceof Uint8Array && Buffer.compare(a, b) === 0;
  if (b instanceof Uint8Array || a.size !== b.size) return false;
  return [...a].every(([name, bytes]) => Buffer.compare(bytes, b.get(name) ?? NOTHING) === 0);
}

const NOTHING = new Uint8Array(0);

/** The bytes that stand for a content in a stream or file. Throws a FormatError for a directory. */
export function streamOf(content: Content, container: StoreFile["container"] = "file"): Uint8Array {
  if (!(content instanceof Uint8Array)) throw new FormatError("efivarfs", "a directory to write to, not one file");
  return container === "gzip" ? new Uint8Array(gzipSync(content)) : content;
}

/**
 * Writes content to a path so that each file has its old or its new bytes, whatever happens. In a directory only files
 * that change are touched, and those of variables that are gone are removed last. Throws a FormatError for a directory
 * that holds other files than variables': nothing is then changed.
 */
export function writeContent(path: string, content: Content, container?: StoreFile["container"], keep = false): void {
  if (content instanceof Uint8Array) {
    if (keep && existsSync(path)) backUp(path);
    replaceFile(path, streamOf(content, container));
    return;
  }
  mkdirSync(path, { recursive: true });
  const old = readDirectory(path);
  parseDirectory(old);
  for (const [name, bytes] of content) {
    // No name leaves the directory; which characters would depends on the system.
    if (basename(name) !== name) throw new FormatError(name, "a name that is a file's on this system");
    const before = old.get(name);
    if (before === undefined || Buffer.compare(before, bytes) !== 0) replaceFile(join(path, name), bytes);
  }
  for (const name of old.keys()) if (!content.has(name)) unlinkSync(join(path, name));
}

/** The files of a directory; others than plain files have no place in one of efivarfs, links out of it least of all. */
function readDirectory(path: string): Map<string, Uint8Array> {
  const names = readdirSync(path).filter((name) => !isTemporary(name));
  checkFiles(path, names);
  return new Map(names.sort().map((name) => [name, readPlainBytes(join(path, name))]));
}

/** Nothing is read of a directory in which a file is of another kind, or that is too large. */
function checkFiles(path: string, names: readonly string[]): void {
  let total = 0;
  for (const name of names) {
    const place = `file ${JSON.stringify(name)}`;
    const file = lstatSync(join(path, name));
    if (!file.isFile()) throw new FormatError(place, "a plain file");
    if (file.size > VARIABLE_FILE_BYTES_MAX) {
      throw new FormatError(place, `at most ${VARIABLE_FILE_BYTES_MAX} bytes, not ${file.size}`);
    }
    total += file.size;
    if (total > FILE_BYTES_MAX) throw new FormatError(place, `at most ${FILE_BYTES_MAX} bytes in all files`);
  }
}
