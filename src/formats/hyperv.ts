import { isZero } from "../bytes.ts";
import { toUcs2 } from "../ucs2.ts";
import { ByteReader } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import type { Format } from "./format.ts";
import { heldUnder, lossesUnder, NO_DIGEST, NO_EMPTY, NO_MARK, NO_VOLATILE, withoutMark } from "./losses.ts";
import { areSameLists } from "./sameness.ts";
import { UniqueKeys } from "./unique-keys.ts";
import { FormatError, type Variable } from "./variable-set.ts";

/**
 * Hyper-V's NVRAM, file 1 of a VMGS: entries back to back without a header of the file and without checksums (OpenVMM,
 * hcl_compat_uefi_nvram_storage). All numbers little-endian. An empty file has no variables.
 */
export const hyperv: Format = {
  name: "hyperv",
  title: "Hyper-V / OpenVMM NVRAM",
  detects: (bytes) => bytes.length > 0 && hasWholeEntry(bytes),
  parse: readEntries,
  losses: (variables) => lossesUnder(LIMITS, variables),
  serialize: (variables) => writeEntries(heldUnder(LIMITS, variables)),
  edit: (base, variables) => (areSameLists(readEntries(base), variables) ? base : hyperv.serialize(variables)),
};

/** With the terminator. */
export const HYPERV_NAME_BYTES_MAX = 2048;
export const HYPERV_DATA_BYTES_MAX = 32768;
export const HYPERV_FILE_BYTES_MAX = 131072;

const TYPE_VARIABLE = 0;
const FIXED_BYTES = 48;
const LENGTH_OFFSET = 4;
const NAME_BYTES_OFFSET = 44;
const DATA_BYTES_OFFSET = 46;
const LIMITS = [NO_VOLATILE, NO_EMPTY, NO_DIGEST, NO_MARK];

function hasWholeEntry(bytes: Uint8Array): boolean {
  try {
    readEntry(new ByteReader(bytes));
    return true;
  } catch (error) {
    if (error instanceof FormatError) return false;
    throw error;
  }
}

function readEntries(file: Uint8Array): Variable[] {
  const reader = new ByteReader(file);
  if (file.length > HYPERV_FILE_BYTES_MAX) {
    throw reader.error(HYPERV_FILE_BYTES_MAX, `a file of at most ${HYPERV_FILE_BYTES_MAX} bytes, not ${file.length}`);
  }
  const keys = new UniqueKeys();
  const variables: Variable[] = [];
  while (reader.rest > 0) {
    const start = reader.offset;
    const variable = readEntry(reader);
    keys.add(variable, (expectation) => reader.error(start, expectation));
    variables.push(variable);
  }
  return variables;
}

function readEntry(reader: ByteReader): Variable {
  const start = reader.offset;
  const type = reader.u32("entry type");
  if (type !== TYPE_VARIABLE) throw reader.error(start, `an entry of type ${TYPE_VARIABLE}, not ${type}`);
  const length = reader.u32("entry length");
  const attributes = reader.u32("attributes");
  const stamp = reader.take(16, "time stamp");
  const guid = reader.guid("vendor GUID");
  const nameBytes = reader.u16("name size");
  const dataBytes = reader.u16("data size");
  if (length !== FIXED_BYTES + nameBytes + dataBytes) {
    throw reader.error(
      start + LENGTH_OFFSET,
      `an entry of ${FIXED_BYTES + nameBytes + dataBytes} bytes, not ${length}`,
    );
  }
  if (nameBytes > HYPERV_NAME_BYTES_MAX) {
    throw reader.error(start + NAME_BYTES_OFFSET, `a name of at most ${HYPERV_NAME_BYTES_MAX} bytes, not ${nameBytes}`);
  }
  if (dataBytes === 0 || dataBytes > HYPERV_DATA_BYTES_MAX) {
    throw reader.error(start + DATA_BYTES_OFFSET, `data of 1 to ${HYPERV_DATA_BYTES_MAX} bytes, not ${dataBytes}`);
  }
  const name = reader.terminatedName(nameBytes, "a name");
  const data = reader.take(dataBytes, "data");
  return { name, guid, attributes, data, ...(isZero(stamp) ? {} : { stamp }) };
}

function writeEntries(variables: readonly Variable[]): Uint8Array {
  const writer = new ByteWriter();
  for (const variable of variables) writeEntry(writer, variable);
  if (writer.length > HYPERV_FILE_BYTES_MAX) {
    throw new RangeError(`variables: ${writer.length} bytes; Hyper-V's NVRAM takes ${HYPERV_FILE_BYTES_MAX}`);
  }
  return writer.done();
}

function writeEntry(writer: ByteWriter, { name, guid, attributes, data, stamp }: Variable): void {
  const nameBytes = toUcs2(`${name}\0`);
  if (nameBytes.length > HYPERV_NAME_BYTES_MAX || data.length > HYPERV_DATA_BYTES_MAX) {
    throw new RangeError(
      `${JSON.stringify(name.slice(0, 40))}: ${nameBytes.length} bytes of name and ${data.length} of data; ` +
        `Hyper-V's NVRAM takes ${HYPERV_NAME_BYTES_MAX} and ${HYPERV_DATA_BYTES_MAX}`,
    );
  }
  writer
    .u32(TYPE_VARIABLE)
    .u32(FIXED_BYTES + nameBytes.length + data.length)
    .u32(withoutMark(attributes));
  writer
    .bytes(stamp ?? new Uint8Array(16))
    .guid(guid)
    .u16(nameBytes.length)
    .u16(data.length)
    .bytes(nameBytes)
    .bytes(data);
}
