/** CRC-32 of zlib, edk2, U-Boot and efivar: reflected polynomial 0xedb88320, all ones before and after. */
export const crc32 = crcOf(0xedb88320);

/** CRC-32C (Castagnoli, RFC 3720 B.4): the same with 0x82f63b78. */
export const crc32c = crcOf(0x82f63b78);

/** Its table is made with the first sum: most who load this ask for neither. */
function crcOf(polynomial: number): (bytes: Uint8Array) => number {
  let table: Uint32Array | undefined;
  return (bytes) => {
    table ??= tableOf(polynomial);
    let crc = -1;
    for (const byte of bytes) crc = (crc >>> 8) ^ (table[(crc ^ byte) & 0xff] as number);
    return ~crc >>> 0;
  };
}

/** What each byte does to a sum. */
function tableOf(polynomial: number): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? polynomial : 0);
    return crc;
  });
}
