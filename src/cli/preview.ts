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
