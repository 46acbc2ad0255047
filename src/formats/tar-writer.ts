import { ByteWriter } from "./byte-writer.ts";

const BLOCK_BYTES = 512;
/** Two zero blocks end an archive; readers take it in records of 20 blocks. */
const END_BYTES = 2 * BLOCK_BYTES;
const RECORD_BYTES = 20 * BLOCK_BYTES;
const NAME_BYTES = 100;
const SUM_OFFSET = 148;

/**
 * A tar archive of one directory's files (POSIX.1-2017, pax: ustar headers, a pax header before a name of more than 100
 * bytes or with other than ASCII in it). Mode 0644, owner 0, time 0: equal files give equal bytes.
 */
export function writeTar(directory: string, files: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const writer = new ByteWriter();
  for (const [name, data] of files) writeMember(writer, `${directory}/${name}`, data);
  writer.zeros(END_BYTES);
  return writer.zeros(missing(writer.length, RECORD_BYTES)).done();
}

function writeMember(writer: ByteWriter, path: string, data: Uint8Array): void {
  const bytes = new TextEncoder().encode(path);
  const isShort = bytes.length <= NAME_BYTES && bytes.length === path.length;
  if (!isShort) {
    const record = paxRecord("path", path);
    writePadded(writer, headerBytes(new TextEncoder().encode("pax-header"), record.length, "x"), record);
  }
  writePadded(writer, headerBytes(bytes.subarray(0, NAME_BYTES), data.length, "0"), data);
}

function writePadded(writer: ByteWriter, header: Uint8Array, data: Uint8Array): void {
  writer.bytes(header).bytes(data).zeros(missing(data.length, BLOCK_BYTES));
}

function headerBytes(name: Uint8Array, size: number, type: "0" | "x"): Uint8Array {
  const header = new Uint8Array(BLOCK_BYTES);
  const put = (at: number, text: string) => header.set(new TextEncoder().encode(text), at);
  header.set(name);
  put(100, "0000644\0");
  put(108, "0000000\0");
  put(116, "0000000\0");
  put(124, `${octal(size, 11)}\0`);
  put(136, `${octal(0, 11)}\0`);
  put(SUM_OFFSET, " ".repeat(8));
  put(156, type);
  put(257, "ustar\x0000");
  const sum = header.reduce((total, byte) => total + byte, 0);
  put(SUM_OFFSET, `${octal(sum, 6)}\0 `);
  return header;
}

/** "LENGTH KEY=VALUE\n", where the length counts its own digits. */
function paxRecord(key: string, value: string): Uint8Array {
  const rest = new TextEncoder().encode(` ${key}=${value}\n`);
  let length = rest.length;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return new ByteWriter()
    .bytes(new TextEncoder().encode(String(length)))
    .bytes(rest)
    .done();
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, "0");
}

/** Bytes up to the next multiple of a block. */
function missing(length: number, block: number): number {
  return (block - (length % block)) % block;
}
