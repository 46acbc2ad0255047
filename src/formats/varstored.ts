import { isZero } from "../bytes.ts";
import { fromUcs2, toUcs2 } from "../ucs2.ts";
import { decodeBase64, encodeBase64, encodeBase64Like, startsWith } from "./base64.ts";
import { ByteReader } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import type { Format } from "./format.ts";
import { heldUnder, lossesUnder, NO_EMPTY, NO_MARK, withoutMark } from "./losses.ts";
import { areSameLists } from "./sameness.ts";
import { UniqueKeys } from "./unique-keys.ts";
import type { Variable } from "./variable-set.ts";

/**
 * XenServer's NVRAM of a VM as XAPI keeps it under EFI-variables: base64 text, or its bytes as they are (varstored,
 * xapidb.c and serialize.h). All numbers little-endian. Volatile variables are in it too when a VM is suspended. New files
 * have version 2.
 */
export const varstored: Format = {
  name: "varstored",
  title: "varstored (XAPI) NVRAM",
  detects: (bytes) => startsWith(bytes, MAGIC) !== undefined,
  parse: (bytes) => readFile(unwrap(bytes)).variables,
  losses: (variables) => lossesUnder(LIMITS, variables),
  serialize: (variables) => encodeBase64(writeFile(heldUnder(LIMITS, variables), new Uint8Array(PLATFORM_BYTES))),
  edit(base, variables) {
    const old = readFile(unwrap(base));
    if (areSameLists(old.variables, variables)) return base;
    const file = writeFile(heldUnder(LIMITS, variables), old.platform);
    return startsWith(base, MAGIC) === "binary" ? file : encodeBase64Like(base, file);
  },
};

export const VARSTORED_NAME_BYTES_MAX = 4096;
export const VARSTORED_DATA_BYTES_MAX = 57344;
/** Of names, data and 128 bytes a variable. */
export const VARSTORED_TOTAL_BYTES_MAX = 131072;
const OVERHEAD_BYTES = 128;

const MAGIC = new TextEncoder().encode("VARS");
const VERSION_OFFSET = 4;
const DATA_BYTES_OFFSET = 16;
/** Version 2 only: the memory overwrite request's key, and the physical presence interface's index and data. */
const PLATFORM_BYTES = 8 + 0x104;
const DIGEST_BYTES = 32;
const LIMITS = [NO_EMPTY, NO_MARK];

interface Content {
  /** Empty in version 1. */
  platform: Uint8Array;
  variables: Variable[];
}

function unwrap(file: Uint8Array): Uint8Array {
  return startsWith(file, MAGIC) === "binary" ? file : decodeBase64(file);
}

function readFile(file: Uint8Array): Content {
  const reader = new ByteReader(file);
  const magic = reader.take(MAGIC.length, "magic");
  if (!MAGIC.every((byte, n) => magic[n] === byte)) throw reader.error(0, "the magic VARS");
  const version = reader.u32("version");
  if (version !== 1 && version !== 2) throw reader.error(VERSION_OFFSET, `version 1 or 2, not ${version}`);
  const count = reader.count64("a count of variables");
  const dataBytes = reader.u64("length of the variables");
  const platform = reader.take(version === 1 ? 0 : PLATFORM_BYTES, "MOR key and PPI block");
  if (dataBytes !== BigInt(reader.rest)) {
    throw reader.error(DATA_BYTES_OFFSET, `${reader.rest} bytes of variables (the file's rest), not ${dataBytes}`);
  }
  const variables = readVariables(reader, count);
  reader.end("the variables");
  return { platform, variables };
}

function readVariables(reader: ByteReader, count: number): Variable[] {
  const keys = new UniqueKeys();
  const variables: Variable[] = [];
  let total = 0;
  while (variables.length < count) {
    const start = reader.offset;
    const variable = readVariable(reader);
    keys.add(variable, (expectation) => reader.error(start, expectation));
    total += countedBytes(variable);
    if (total > VARSTORED_TOTAL_BYTES_MAX) {
      throw reader.error(
        start,
        `variables of at most ${VARSTORED_TOTAL_BYTES_MAX} bytes, each counted with ${OVERHEAD_BYTES}`,
      );
    }
    variables.push(variable);
  }
  return variables;
}

function readVariable(reader: ByteReader): Variable {
  const start = reader.offset;
  const name = fromUcs2(readSized(reader, "name", VARSTORED_NAME_BYTES_MAX));
  if ((reader.offset - start) % 2 !== 0 || name.includes("\0")) {
    throw reader.error(start, "a name in whole UCS-2 units without NUL");
  }
  const data = readSized(reader, "data", VARSTORED_DATA_BYTES_MAX);
  const guid = reader.guid("vendor GUID");
  const attributes = reader.u32("attributes");
  const stamp = reader.take(16, "time stamp");
  const digest = reader.take(DIGEST_BYTES, "signer digest");
  return {
    name,
    guid,
    attributes,
    data,
    ...(isZero(stamp) ? {} : { stamp }),
    ...(isZero(digest) ? {} : { digest }),
  };
}

function readSized(reader: ByteReader, what: string, bytesMax: number): Uint8Array {
  const at = reader.offset;
  const bytes = reader.count64(`${what} length`);
  if (bytes === 0 || bytes > bytesMax) throw reader.error(at, `${what} of 1 to ${bytesMax} bytes, not ${bytes}`);
  return reader.take(bytes, what);
}

function writeFile(variables: readonly Variable[], platform: Uint8Array): Uint8Array {
  checkLimits(variables);
  const body = new ByteWriter();
  for (const { name, guid, attributes, data, stamp, digest } of variables) {
    body
      .u64(2 * name.length)
      .bytes(toUcs2(name))
      .u64(data.length)
      .bytes(data)
      .guid(guid)
      .u32(withoutMark(attributes));
    body.bytes(stamp ?? new Uint8Array(16)).bytes(digest ?? new Uint8Array(DIGEST_BYTES));
  }
  const version = platform.length === 0 ? 1 : 2;
  const header = new ByteWriter().bytes(MAGIC).u32(version).u64(variables.length).u64(body.length);
  return header.bytes(platform).bytes(body.done()).done();
}

function checkLimits(variables: readonly Variable[]): void {
  for (const { name, data } of variables) {
    const nameBytes = 2 * name.length;
    if (nameBytes > VARSTORED_NAME_BYTES_MAX || data.length > VARSTORED_DATA_BYTES_MAX) {
      throw new RangeError(
        `${JSON.stringify(name.slice(0, 40))}: ${nameBytes} bytes of name and ${data.length} of data; ` +
          `varstored takes ${VARSTORED_NAME_BYTES_MAX} and ${VARSTORED_DATA_BYTES_MAX}`,
      );
    }
  }
  const total = variables.reduce((sum, variable) => sum + countedBytes(variable), 0);
  if (total > VARSTORED_TOTAL_BYTES_MAX) {
    throw new RangeError(
      `variables: ${total} bytes, each counted with ${OVERHEAD_BYTES}; varstored takes ${VARSTORED_TOTAL_BYTES_MAX}`,
    );
  }
}

function countedBytes({ name, data }: Variable): number {
  return 2 * name.length + data.length + OVERHEAD_BYTES;
}
