import { RUNTIME_ACCESS } from "../../assembly/abi/variable.ts";
import { findGuid } from "../guid.ts";
import { ByteWriter } from "./byte-writer.ts";
import type { Format, Loss } from "./format.ts";
import { heldUnder, lossesUnder, NO_DIGEST, NO_MARK, NO_STAMP, UNICODE_NAME, whole, withoutMark } from "./losses.ts";
import { areSameLists } from "./sameness.ts";
import { isTar, readTar } from "./tar-reader.ts";
import { writeTar } from "./tar-writer.ts";
import { UniqueKeys } from "./unique-keys.ts";
import { FormatError, type Variable } from "./variable-set.ts";

/**
 * The directory that Linux's efivarfs shows (Documentation/filesystems/efivarfs.rst), here as the one directory of a tar
 * archive: a file Name-GUID a variable, of attributes (u32, little-endian) and data. Only what can be read at run time is
 * in it. A changed archive is written anew, without owners and times of its files.
 */
export const efivarfs: Format = {
  name: "efivarfs",
  title: "efivarfs directory (tar archive)",
  detects: isTar,
  parse: (bytes) => parseDirectory(readTar(bytes)),
  losses: directoryLosses,
  serialize: (variables) => writeTar("efivarfs", serializeDirectory(variables)),
  edit(base, variables) {
    return areSameLists(parseDirectory(readTar(base)), variables) ? base : efivarfs.serialize(variables);
  },
};

const ATTRIBUTES_BYTES = 4;
/** Hyphen and GUID behind the name, which may have hyphens itself. */
const SUFFIX = /^(.+)-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/is;
/** NAME_MAX of Linux's file systems. */
const FILE_NAME_BYTES_MAX = 255;

/**
 * What a directory leaves out. A GUID behind it makes any name a file's, ".." too; one with a slash is left out, for it
 * would lie in another directory (Linux shows "!" instead, which no reader can tell from a name's own).
 */
const LIMITS = [
  whole("it has no runtime access", ({ attributes }) => (attributes & RUNTIME_ACCESS) === 0),
  whole("its name has a slash", ({ name }) => name.includes("/")),
  UNICODE_NAME,
  whole(
    `its file name is longer than ${FILE_NAME_BYTES_MAX} bytes`,
    (variable) => new TextEncoder().encode(fileNameOf(variable)).length > FILE_NAME_BYTES_MAX,
  ),
  NO_STAMP,
  NO_DIGEST,
  NO_MARK,
];

/**
 * Variables of a directory's files, by file name, in the order of the map. Throws a FormatError that names the file for
 * one that is not called Name-GUID, has fewer than the 4 bytes of attributes, or is another's variable again.
 */
export function parseDirectory(files: ReadonlyMap<string, Uint8Array>): Variable[] {
  const keys = new UniqueKeys();
  return [...files].map(([fileName, bytes]) => {
    const place = `file ${JSON.stringify(fileName)}`;
    const variable = readFile(fileName, bytes, place);
    keys.add(variable, (expectation) => new FormatError(place, expectation));
    return variable;
  });
}

/** What `serializeDirectory` would leave out, as Format's losses. */
export function directoryLosses(variables: readonly Variable[]): Loss[] {
  return lossesUnder(LIMITS, variables);
}

/** Files by name, none of which has a slash or is "." or "..". What `directoryLosses` names is left out. */
export function serializeDirectory(variables: readonly Variable[]): Map<string, Uint8Array> {
  return new Map(
    heldUnder(LIMITS, variables).map((variable) => {
      const bytes = new ByteWriter().u32(withoutMark(variable.attributes)).bytes(variable.data).done();
      return [fileNameOf(variable), bytes];
    }),
  );
}

function readFile(fileName: string, bytes: Uint8Array, place: string): Variable {
  const [, name, guidPart] = SUFFIX.exec(fileName) ?? [];
  const guid = findGuid(guidPart ?? "");
  if (name === undefined || guid === undefined || /[/\0]/.test(name)) {
    throw new FormatError(place, "a file that is called Name-GUID");
  }
  if (bytes.length < ATTRIBUTES_BYTES) {
    throw new FormatError(place, `${ATTRIBUTES_BYTES} bytes of attributes, then data; it has ${bytes.length} bytes`);
  }
  const attributes = new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(0, true);
  return { name, guid, attributes, data: new Uint8Array(bytes.subarray(ATTRIBUTES_BYTES)) };
}

function fileNameOf({ name, guid }: Variable): string {
  return `${name}-${guid}`;
}
