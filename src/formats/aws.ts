import { TIME_BASED_AUTHENTICATED_WRITE_ACCESS } from "../../assembly/abi/variable.ts";
import { isZero } from "../bytes.ts";
import { decodeBase64, encodeBase64, encodeBase64Like, startsWith } from "./base64.ts";
import { ByteReader } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import { crc32c } from "./crc.ts";
import type { Format, FormatOptions } from "./format.ts";
import { heldUnder, type Limit, lossesUnder, NO_MARK, NO_VOLATILE, part, UNICODE_NAME, withoutMark } from "./losses.ts";
import { areSameLists } from "./sameness.ts";
import { UniqueKeys } from "./unique-keys.ts";
import { decodeUtf8 } from "./utf8.ts";
import { FormatError, offsetText, type Variable } from "./variable-set.ts";
import { adler32, deflate, dictionaryIdOf, inflate, ZlibError } from "./zlib.ts";

/**
 * EC2's `uefi-data`: base64 text, or its bytes as they are, of magic, CRC-32C, version 0 and a zlib stream of the
 * variables (python-uefivars, pyuefivars/aws.py). Numbers little-endian. Written without preset dictionary.
 */
export const aws: Format = {
  name: "aws",
  title: "AWS EC2 uefi-data",
  detects: (bytes) => startsWith(bytes, MAGIC) !== undefined,
  parse: (bytes, options) => readVariables(unwrap(bytes), options),
  losses: (variables) => lossesUnder(LIMITS, variables),
  serialize: (variables) => encodeBase64(writeFile(heldUnder(LIMITS, variables))),
  edit(base, variables, options) {
    if (areSameLists(readVariables(unwrap(base), options), variables)) return base;
    const file = writeFile(heldUnder(LIMITS, variables));
    return startsWith(base, MAGIC) === "binary" ? file : encodeBase64Like(base, file);
  },
};

/** Bytes before base64: more than a hundred times what EC2 takes. */
export const AWS_FILE_BYTES_MAX = 0x100000;
/** Bytes that a stream may unpack to. */
export const AWS_INFLATED_BYTES_MAX = 0x1000000;

const MAGIC = new TextEncoder().encode("AMZNUEFI");
const CRC_OFFSET = 8;
const VERSION_OFFSET = 12;
const VERSION = 0;
const STREAM_OFFSET = 16;
const DIGEST_BYTES = 32;
const LIMITS: readonly Limit[] = [
  NO_VOLATILE,
  UNICODE_NAME,
  NO_MARK,
  part("time stamp, without attribute bit 0x20", (variable) => !isStamped(variable) && !isZero(variable.stamp)),
  part("signer digest, without attribute bit 0x20", (variable) => !isStamped(variable) && !isZero(variable.digest)),
];

/** True if the format has fields for time stamp and digest of this variable. */
function isStamped({ attributes }: Variable): boolean {
  return (attributes & TIME_BASED_AUTHENTICATED_WRITE_ACCESS) !== 0;
}

function unwrap(file: Uint8Array): Uint8Array {
  const bytes = startsWith(file, MAGIC) === "binary" ? file : decodeBase64(file);
  if (bytes.length <= AWS_FILE_BYTES_MAX) return bytes;
  throw new FormatError(offsetText(0), `at most ${AWS_FILE_BYTES_MAX} bytes of uefi-data, not ${bytes.length}`);
}

function readVariables(file: Uint8Array, options: FormatOptions = {}): Variable[] {
  checkHeader(file);
  const reader = new ByteReader(unpack(file.subarray(STREAM_OFFSET), options.dictionary), "inflated offset");
  const keys = new UniqueKeys();
  const count = reader.count64("a count of variables");
  const variables: Variable[] = [];
  while (variables.length < count) {
    const start = reader.offset;
    const variable = readVariable(reader);
    keys.add(variable, (expectation) => reader.error(start, expectation));
    variables.push(variable);
  }
  reader.end("the variables");
  return variables;
}

function checkHeader(file: Uint8Array): void {
  const reader = new ByteReader(file);
  const magic = reader.take(MAGIC.length, "magic");
  if (!MAGIC.every((byte, n) => magic[n] === byte)) throw reader.error(0, "the magic AMZNUEFI");
  const crc = reader.u32("CRC-32C");
  const actual = crc32c(file.subarray(VERSION_OFFSET));
  if (crc !== actual) throw reader.error(CRC_OFFSET, `CRC-32C 0x${actual.toString(16)}, not 0x${crc.toString(16)}`);
  const version = reader.u32("version");
  if (version !== VERSION) throw reader.error(VERSION_OFFSET, `version ${VERSION}, not ${version}`);
}

function unpack(stream: Uint8Array, dictionary?: Uint8Array): Uint8Array {
  checkDictionary(dictionaryIdOf(stream), dictionary);
  try {
    return inflate(stream, AWS_INFLATED_BYTES_MAX, dictionary);
  } catch (error) {
    if (!(error instanceof ZlibError)) throw error;
    throw new FormatError(offsetText(STREAM_OFFSET), `a whole zlib stream; ${error.message}`);
  }
}

function checkDictionary(wanted: number | undefined, dictionary?: Uint8Array): void {
  if (wanted === undefined) return;
  const given = dictionary === undefined ? undefined : adler32(dictionary);
  if (given === wanted) return;
  throw new FormatError(
    offsetText(STREAM_OFFSET + 2),
    `the preset dictionary with Adler-32 0x${hex(wanted)}${given === undefined ? "" : `, not 0x${hex(given)}`}: ` +
      "give it with --dictionary FILE (EC2's, 0x6bb7d9f7, is virt/firmware/aws/dict.v0 of Debian's python3-virt-firmware)",
  );
}

function readVariable(reader: ByteReader): Variable {
  const start = reader.offset;
  const utf8 = reader.take(reader.count64("name length"), "name");
  const name = decodeUtf8(utf8, (offset) => reader.error(start + 8 + offset, "a name in UTF-8"));
  if (name === "" || name.includes("\0")) throw reader.error(start, "a name that is not empty and has no NUL");
  const data = reader.take(reader.count64("data length"), "data");
  const guid = reader.guid("vendor GUID");
  const variable: Variable = { name, guid, attributes: reader.u32("attributes"), data };
  if (!isStamped(variable)) return variable;
  const stamp = reader.take(16, "time stamp");
  const at = reader.offset;
  const digest = reader.take(reader.count64("digest length"), "digest");
  if (digest.length !== 0 && digest.length !== DIGEST_BYTES) {
    throw reader.error(at, `a digest of ${DIGEST_BYTES} bytes or none, not ${digest.length}`);
  }
  return { ...variable, ...(isZero(stamp) ? {} : { stamp }), ...(isZero(digest) ? {} : { digest }) };
}

function writeFile(variables: readonly Variable[]): Uint8Array {
  const content = new ByteWriter().u64(variables.length);
  for (const variable of variables) writeVariable(content, variable);
  if (content.length > AWS_INFLATED_BYTES_MAX) {
    throw new RangeError(`variables: ${content.length} bytes, more than the ${AWS_INFLATED_BYTES_MAX} of uefi-data`);
  }
  const body = new ByteWriter().u32(VERSION).bytes(deflate(content.done())).done();
  const file = new ByteWriter().bytes(MAGIC).u32(crc32c(body)).bytes(body).done();
  if (file.length <= AWS_FILE_BYTES_MAX) return file;
  throw new RangeError(`variables: ${file.length} bytes packed, more than the ${AWS_FILE_BYTES_MAX} of uefi-data`);
}

function writeVariable(writer: ByteWriter, variable: Variable): void {
  const name = new TextEncoder().encode(variable.name);
  writer.u64(name.length).bytes(name).u64(variable.data.length).bytes(variable.data);
  writer.guid(variable.guid).u32(withoutMark(variable.attributes));
  if (!isStamped(variable)) return;
  writer.bytes(variable.stamp ?? new Uint8Array(16));
  writer.u64(DIGEST_BYTES).bytes(variable.digest ?? new Uint8Array(DIGEST_BYTES));
}

function hex(value: number): string {
  return value.toString(16).padStart(8, "0");
}
