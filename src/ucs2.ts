/** Little-endian UCS-2 bytes of text, 2 a unit; lone surrogates pass as they are. No terminator is added. */
export function toUcs2(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * 2);
  writeUcs2(new DataView(bytes.buffer), 0, text);
  return bytes;
}

/** The same, from `offset` on, without an array of its own. Throws a RangeError where units do not fit. */
export function writeUcs2(view: DataView, offset: number, text: string): void {
  const pairs = text.length & ~1;
  for (let i = 0; i < pairs; i += 2) {
    view.setUint32(offset + 2 * i, text.charCodeAt(i) | (text.charCodeAt(i + 1) << 16), true);
  }
  if (pairs < text.length) view.setUint16(offset + 2 * pairs, text.charCodeAt(pairs), true);
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
