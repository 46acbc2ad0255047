import { isZero } from "../bytes.ts";
import { decodeUtf8 } from "./utf8.ts";
import { FormatError, offsetText } from "./variable-set.ts";

/**
 * Tar archives of one directory (POSIX.1-2017, pax: ustar, with pax's and GNU's long names). Own code, since a variable's
 * name must come through as it is: backslashes, spaces, equal signs and dots are parts of it.
 */

const BLOCK_BYTES = 512;
const NAME_BYTES = 100;
const SIZE_OFFSET = 124;
const SUM_OFFSET = 148;
const SUM_BYTES = 8;
const TYPE_OFFSET = 156;
const MAGIC_OFFSET = 257;
const PREFIX_OFFSET = 345;
const PREFIX_END = 500;
const MAGIC = new TextEncoder().encode("ustar");

interface Member {
  offset: number;
  path: string;
  /** "0" a file, "5" a directory, "x" and "L" a name for the next member, "g" attributes of all. */
  type: string;
  data: Uint8Array;
}

export function isTar(bytes: Uint8Array): boolean {
  return MAGIC.every((byte, n) => bytes[MAGIC_OFFSET + n] === byte);
}

/**
 * The regular files of an archive by name, without their directory, which must be the same for all. Throws a FormatError
 * for a bad sum or size, a link, a file in another directory, and an archive without end.
 */
export function readTar(bytes: Uint8Array): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  let directory: string | undefined;
  for (const { offset, path, type, data } of readMembers(bytes)) {
    if (type === "5") continue;
    if (type !== "0") throw new FormatError(offsetText(offset + TYPE_OFFSET), `a file or directory, not type ${type}`);
    const slash = path.lastIndexOf("/") + 1;
    directory ??= path.slice(0, slash);
    if (path.slice(0, slash) !== directory) {
      throw new FormatError(offsetText(offset), `a file in ${JSON.stringify(directory)}, not ${JSON.stringify(path)}`);
    }
    const name = path.slice(slash);
    if (files.has(name)) throw new FormatError(offsetText(offset), `one file ${JSON.stringify(name)}, not a second`);
    files.set(name, data);
  }
  return files;
}

/** Files and directories, each with the whole of its name. */
function* readMembers(bytes: Uint8Array): Generator<Member> {
  let offset = 0;
  let longPath: string | undefined;
  for (;;) {
    if (offset + BLOCK_BYTES > bytes.length) {
      throw new FormatError(offsetText(offset), "a block of 512 bytes: a member's header, or zeros at the end");
    }
    if (isZero(bytes.subarray(offset, offset + BLOCK_BYTES))) break;
    const member = readMember(bytes, offset);
    offset += BLOCK_BYTES + Math.ceil(member.data.length / BLOCK_BYTES) * BLOCK_BYTES;
    if (member.type === "x") longPath = paxPath(member) ?? longPath;
    else if (member.type === "L") longPath = untilNul(member.data, member.offset + BLOCK_BYTES);
    else if (member.type !== "g") {
      yield { ...member, path: longPath ?? member.path };
      longPath = undefined;
    }
  }
  if (!isZero(bytes.subarray(offset))) throw new FormatError(offsetText(offset), "zeros to the end of the archive");
}

function readMember(bytes: Uint8Array, offset: number): Member {
  const header = bytes.subarray(offset, offset + BLOCK_BYTES);
  const sum = octal(header, SUM_OFFSET, SUM_BYTES, offset);
  const actual = sumOf(header);
  if (sum !== actual) throw new FormatError(offsetText(offset + SUM_OFFSET), `a header sum of ${actual}, not ${sum}`);
  if (!isTar(header)) throw new FormatError(offsetText(offset + MAGIC_OFFSET), "ustar");
  const size = octal(header, SIZE_OFFSET, 12, offset);
  const start = offset + BLOCK_BYTES;
  if (size > bytes.length - start) {
    throw new FormatError(offsetText(offset + SIZE_OFFSET), `at most ${bytes.length - start} bytes, not ${size}`);
  }
  const prefix = isGnu(header) ? "" : untilNul(header.subarray(PREFIX_OFFSET, PREFIX_END), offset + PREFIX_OFFSET);
  const name = untilNul(header.subarray(0, NAME_BYTES), offset);
  const type = String.fromCharCode(header[TYPE_OFFSET] || 0x30);
  return { offset, path: prefix === "" ? name : `${prefix}/${name}`, type, data: bytes.slice(start, start + size) };
}

/** GNU's own layout has other fields where ustar has the prefix. */
function isGnu(header: Uint8Array): boolean {
  return header[MAGIC_OFFSET + MAGIC.length] === 0x20;
}

/** The sum of all bytes, with its own field as spaces. */
function sumOf(header: Uint8Array): number {
  return header.reduce((sum, byte, n) => sum + (n >= SUM_OFFSET && n < SUM_OFFSET + SUM_BYTES ? 0x20 : byte), 0);
}

function octal(header: Uint8Array, at: number, bytes: number, offset: number): number {
  const text = String.fromCharCode(...header.subarray(at, at + bytes));
  const digits = /^ *([0-7]+)[ \0]*$/.exec(text)?.[1];
  if (digits === undefined) throw new FormatError(offsetText(offset + at), "a number in octal digits");
  return Number.parseInt(digits, 8);
}

/** The path among records "LENGTH KEY=VALUE\n", whose length counts all of the record. */
function paxPath({ data, offset }: Member): string | undefined {
  let path: string | undefined;
  for (let at = 0; at < data.length; ) {
    const place = offset + BLOCK_BYTES + at;
    const length = Number(/^(\d{1,9}) /.exec(String.fromCharCode(...data.subarray(at, at + 10)))?.[1] ?? 0);
    const record = decodeUtf8(data.subarray(at, at + length), (n) => new FormatError(offsetText(place + n), "UTF-8"));
    const [, key, value] = /^\d+ ([^=]+)=(.*)\n$/s.exec(record) ?? [];
    if (key === undefined || at + length > data.length)
      throw new FormatError(offsetText(place), 'a record "LENGTH KEY=VALUE" with line feed');
    if (key === "path") path = value;
    at += length;
  }
  return path;
}

function untilNul(field: Uint8Array, offset: number): string {
  const nul = field.indexOf(0);
  const text = nul < 0 ? field : field.subarray(0, nul);
  return decodeUtf8(text, (n) => new FormatError(offsetText(offset + n), "a file name in UTF-8"));
}
