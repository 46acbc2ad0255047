import { toHex } from "../hex.ts";
import { fromUcs2 } from "../ucs2.ts";

const SHOWN_BYTES = 16;

/** Data in a few characters: printable text in quotes, else hexadecimal digits. */
export function previewOf(data: Uint8Array): string {
  const ascii = String.fromCharCode(...data.subarray(0, 64));
  if (/^[\x20-\x7e]{2,}\0?$/.test(ascii) && data.length <= 64) return JSON.stringify(ascii.replace(/\0$/, ""));
  const ucs2 = fromUcs2(data.subarray(0, 128));
  if (data.length <= 128 && data.length % 2 === 0 && /^[\x20-\x7e]{2,}\0?$/.test(ucs2))
    return `L${JSON.stringify(ucs2.replace(/\0$/, ""))}`;
  const digits = toHex(data.subarray(0, SHOWN_BYTES));
  return data.length > SHOWN_BYTES ? `${digits}…` : digits;
}

/** Offset, 16 bytes in hexadecimal, and their ASCII characters, a line each. */
export function hexDump(data: Uint8Array): string {
  let text = "";
  for (let at = 0; at < data.length; at += 16) {
    const part = data.subarray(at, at + 16);
    const digits = [...part].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const characters = [...part]
      .map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "."))
      .join("");
    text += `${at.toString(16).padStart(8, "0")}  ${digits.padEnd(47)}  ${characters}\n`;
  }
  return text;
}
