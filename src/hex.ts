/** Lower-case hexadecimal text of bytes, two digits a byte. */
export function toHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += BYTE_DIGITS[byte];
  return text;
}

/** Bytes of hexadecimal text. Throws a SyntaxError that names the offending offset (in characters). */
export function fromHex(text: string): Uint8Array {
  if (text.length % 2 !== 0) throw new SyntaxError(`hexadecimal text has an odd number of digits (${text.length})`);
  const wrong = text.search(/[^0-9a-fA-F]/);
  if (wrong >= 0) throw new SyntaxError(`offset ${wrong}: ${JSON.stringify(text[wrong])} is no hexadecimal digit`);
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = (digitAt(text, 2 * i) << 4) | digitAt(text, 2 * i + 1);
  return bytes;
}

/** Value of a character that is a hexadecimal digit; its low four bits count from "0", and from before "A" and "a". */
function digitAt(text: string, at: number): number {
  const unit = text.charCodeAt(at);
  return (unit & 0xf) + (unit > 0x39 ? 9 : 0);
}

/** Offset, 16 bytes in hexadecimal, and their ASCII characters, a line each. */
export function hexDump(data: Uint8Array): string {
  let text = "";
  for (let at = 0; at < data.length; at += 16) {
    const part = data.subarray(at, at + 16);
    const digits = [...part].map((byte) => BYTE_DIGITS[byte]).join(" ");
    const characters = [...part]
      .map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "."))
      .join("");
    text += `${at.toString(16).padStart(8, "0")}  ${digits.padEnd(47)}  ${characters}\n`;
  }
  return text;
}

/** The two digits of each byte. */
export const BYTE_DIGITS: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).padStart(2, "0"),
);
