/** Little-endian UCS-2 bytes of text, 2 a unit; lone surrogates pass as they are. No terminator is added. */
export function toUcs2(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * 2);
  writeUcs2(bytes, 0, text);
  return bytes;
}

/** The same, into `bytes` from `offset` on, without an array of its own; what does not fit is left out. */
export function writeUcs2(bytes: Uint8Array, offset: number, text: string): void {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    bytes[offset + 2 * i] = unit & 0xff;
    bytes[offset + 2 * i + 1] = unit >> 8;
  }
}

/** Text of little-endian UCS-2 bytes, one code unit each; an odd last byte is left out. */
export function fromUcs2(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i + 1 < bytes.length; i += 2) {
    text += String.fromCharCode((bytes[i] as number) | ((bytes[i + 1] as number) << 8));
  }
  return text;
}

/** True if the text has no lone surrogate, so that UTF-8 can carry it. */
export function isWellFormed(text: string): boolean {
  return !/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/.test(text);
}
