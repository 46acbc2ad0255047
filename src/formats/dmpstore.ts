import { toUcs2 } from "../ucs2.ts";
import { ByteReader } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import { crc32 } from "./crc.ts";
import type { Format } from "./format.ts";
import { heldUnder, lossesUnder, NO_DIGEST, NO_MARK, NO_STAMP, withoutMark } from "./losses.ts";
import { areSameLists } from "./sameness.ts";
import { UniqueKeys } from "./unique-keys.ts";
import { FormatError, type Variable } from "./variable-set.ts";

/**
 * What the UEFI Shell's `dmpstore -s` writes: records back to back without a header of the file
 * (ShellPkg/Library/UefiShellDebug1CommandsLib/DmpStore.c). All numbers little-endian. An empty file has no variables.
 */
export const dmpstore: Format = {
  name: "dmpstore",
  title: "UEFI Shell dmpstore file",
  detects: (bytes) => bytes.length > 0 && hasWholeRecord(bytes),
  parse: readRecords,
  losses: (variables) => lossesUnder(LIMITS, variables),
  serialize: (variables) => writeRecords(heldUnder(LIMITS, variables)),
  edit: (base, variables) => (areSameLists(readRecords(base), variables) ? base : dmpstore.serialize(variables)),
};

const LIMITS = [NO_STAMP, NO_DIGEST, NO_MARK];

function hasWholeRecord(bytes: Uint8Array): boolean {
  try {
    readRecord(new ByteReader(bytes));
    return true;
  } catch (error) {
    if (error instanceof FormatError) return false;
    throw error;
  }
}

function readRecords(file: Uint8Array): Variable[] {
  const reader = new ByteReader(file);
  const keys = new UniqueKeys();
  const variables: Variable[] = [];
  while (reader.rest > 0) {
    const start = reader.offset;
    const variable = readRecord(reader);
    keys.add(variable, (expectation) => reader.error(start, expectation));
    variables.push(variable);
  }
  return variables;
}

function readRecord(reader: ByteReader): Variable {
  const start = reader.offset;
  const nameBytes = reader.u32("name size");
  const dataBytes = reader.u32("data size");
  const name = reader.terminatedName(nameBytes, "a name");
  const guid = reader.guid("vendor GUID");
  const attributes = reader.u32("attributes");
  const data = reader.take(dataBytes, "data");
  reader.crc32Since(start);
  return { name, guid, attributes, data };
}

function writeRecords(variables: readonly Variable[]): Uint8Array {
  return variables.reduce((file, variable) => file.bytes(recordBytes(variable)), new ByteWriter()).done();
}

function recordBytes({ name, guid, attributes, data }: Variable): Uint8Array {
  const nameBytes = toUcs2(`${name}\0`);
  const body = new ByteWriter()
    .u32(nameBytes.length)
    .u32(data.length)
    .bytes(nameBytes)
    .guid(guid)
    .u32(withoutMark(attributes))
    .bytes(data)
    .done();
  return new ByteWriter().bytes(body).u32(crc32(body)).done();
}
