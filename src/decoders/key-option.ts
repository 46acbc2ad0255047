import { FormatError, offsetText, type Variable } from "../formats/variable-set.ts";
import { type Context, type Decoded, hexNumber } from "./decoded.ts";
import { describeOption } from "./load-option.ts";

/**
 * EFI_KEY_OPTION (UEFI 2.10, 3.1.6), little-endian: key data u32 (bits 8 to 13 the shift keys, bits 30 and 31 the count
 * of keys), CRC-32 of the boot option u32, its number u16, then scan code and character, u16 each, for each key.
 */
const HEADER_BYTES = 10;
const KEY_BYTES = 4;
const COUNT_SHIFT = 30;
const SHIFT_KEYS = ["Shift", "Control", "Alt", "Logo", "Menu", "SysReq"];
const SHIFT_KEYS_BIT = 8;

/** EFI scan codes (UEFI 2.10, 12.3.3), from 1; F13 and up are rare. */
const SCAN_CODES =
  "Up Down Right Left Home End Insert Delete PageUp PageDown F1 F2 F3 F4 F5 F6 F7 F8 F9 F10 F11 F12 Esc".split(" ");
const NAMED_CHARACTERS: Readonly<Record<number, string>> = { 8: "Backspace", 9: "Tab", 10: "Linefeed", 13: "Enter" };

/** `Key####`: the keys, and the option that they start. */
export function decodeKeyOption({ data, guid }: Variable, context: Context): Decoded {
  if (data.length < HEADER_BYTES) {
    throw new FormatError(offsetText(0), `a key option's header of ${HEADER_BYTES} bytes, not ${data.length}`);
  }
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const keyData = view.getUint32(0, true);
  const count = keyData >>> COUNT_SHIFT;
  if (data.length !== HEADER_BYTES + count * KEY_BYTES) {
    const expected = HEADER_BYTES + count * KEY_BYTES;
    throw new FormatError(offsetText(0), `a key option of ${expected} bytes for ${count} keys, not ${data.length}`);
  }
  const shifts = SHIFT_KEYS.filter((_, i) => keyData & (1 << (SHIFT_KEYS_BIT + i)));
  const keys = Array.from({ length: count }, (_, i) => keyText(view, HEADER_BYTES + i * KEY_BYTES));
  const number = hexNumber(view.getUint16(8, true), 4);
  const option = context.find(`Boot${number}`, guid);
  const description = option === undefined ? null : describeOption(option);
  const summary = `${[...shifts, ...keys].join("+")} starts Boot${number} ${description ?? "<no such option>"}`;
  const crc = hexNumber(view.getUint32(4, true), 8).toLowerCase();
  return {
    kind: "key option",
    summary,
    lines: [summary, `CRC-32 of the option 0x${crc}`],
    value: { keys: [...shifts, ...keys], bootOption: number, description, keyData, bootOptionCrc: `0x${crc}` },
  };
}

function keyText(view: DataView, at: number): string {
  const [scanCode, unit] = [view.getUint16(at, true), view.getUint16(at + 2, true)];
  if (unit !== 0) return NAMED_CHARACTERS[unit] ?? String.fromCharCode(unit);
  return SCAN_CODES[scanCode - 1] ?? `scan code 0x${scanCode.toString(16)}`;
}
