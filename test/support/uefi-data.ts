import { deflateSync } from "node:zlib";
import { crc32c } from "../../src/formats/crc.ts";
import { le32, utf8 } from "./bytes.ts";

/** A dictionary of our own, as EC2's cannot be shipped. */
export const DICTIONARY = utf8("BootOrder Boot0000 Boot0001 PlatformLang ConIn ConOut the quick brown fox ".repeat(20));

/** A uefi-data file, not in base64, of a stream as it is; version and CRC-32C are right. */
export function uefiData(stream: Uint8Array, version = 0): Uint8Array {
  const body = Buffer.concat([Uint8Array.from(le32(version)), stream]);
  return new Uint8Array(Buffer.concat([utf8("AMZNUEFI"), Uint8Array.from(le32(crc32c(body))), body]));
}

/** The same of content that Node's zlib packs, with a dictionary if one is given. */
export function packedUefiData(content: Uint8Array, dictionary?: Uint8Array): Uint8Array {
  return uefiData(deflateSync(content, dictionary === undefined ? {} : { dictionary }));
}
