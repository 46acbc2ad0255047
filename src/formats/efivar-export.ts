import { toUcs2 } from "../ucs2.ts";
import { ByteReader } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import { crc32 } from "./crc.ts";
import type { Format } from "./format.ts";
import { heldUnder, lossesUnder, NO_DIGEST, NO_EMPTY, NO_MARK, NO_STAMP, withoutMark } from "./losses.ts";
import { areSameLists } from "./sameness.ts";
import type { Variable } from "./variable-set.ts";

/** What `efivar --export` writes: one variable a file, version 1 (efivar, src/export.c). All numbers little-endian. */
export const efivar: Format = {
  name: "efivar",
  title: "efivar export (one variable)",
  detects: (bytes) => MAGIC.every((byte, n) => bytes[n] === byte),
  parse: (bytes) => [readFile(bytes)],
  losses: (variables) => lossesUnder(LIMITS, variables),
  serialize: (variables) => writeFile(heldUnder(LIMITS, variables)),
  edit: (base, variables) => (areSameLists([readFile(base)], variables) ? base : efivar.serialize(variables)),
};

const MAGIC = [0x97, 0x15, 0xdf, 0xf3];
const VERSION = 1;
const VERSION_OFFSET = 4;
const ATTRIBUTES_OFFSET = 8;
const SIZES_OFFSET = 32;
const LIMITS = [NO_EMPTY, NO_STAMP, NO_DIGEST, NO_MARK];

function readFile(file: Uint8Array): Variable {
  const reader = new ByteReader(file);
  const magic = reader.take(MAGIC.length, "magic");
  if (!MAGIC.every((byte, n) => magic[n] === byte)) throw reader.error(0, "the magic 0xf3df1597 of an efivar export");
  const version = reader.u32("version");
  if (version !== VERSION) throw reader.error(VERSION_OFFSET, `version ${VERSION}, not ${version}`);
  const attributes = reader.u64("attributes");
  if (attributes > 0xffffffffn) {
    throw reader.error(ATTRIBUTES_OFFSET, `attributes of 32 bits, not 0x${attributes.toString(16)}`);
  }
  const guid = reader.guid("vendor GUID");
  const nameBytes = reader.u32("name size");
  const dataBytes = reader.u32("data size");
  if (dataBytes === 0) throw reader.error(SIZES_OFFSET + 4, "data of at least 1 byte");
  const name = reader.terminatedName(nameBytes, "a name");
  const data = reader.take(dataBytes, "data");
  reader.crc32Since(0);
  reader.end("the export");
  return { name, guid, attributes: Number(attributes), data };
}

function writeFile(variables: readonly Variable[]): Uint8Array {
  const [variable, ...more] = variables;
  if (variable === undefined || more.length > 0) {
    throw new RangeError(`variables: an efivar export holds 1, not ${variables.length}`);
  }
  const name = toUcs2(`${variable.name}\0`);
  const body = new ByteWriter()
    .bytes(Uint8Array.from(MAGIC))
    .u32(VERSION)
    .u64(withoutMark(variable.attributes))
    .guid(variable.guid)
    .u32(name.length)
    .u32(variable.data.length)
    .bytes(name)
    .bytes(variable.data)
    .done();
  return new ByteWriter().bytes(body).u32(crc32(body)).done();
}
