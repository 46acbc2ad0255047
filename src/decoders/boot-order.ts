import { FormatError, offsetText, type Variable } from "../formats/variable-set.ts";
import { type Context, type Decoded, type Decoder, hexNumber, numberOf } from "./decoded.ts";
import { describeOption } from "./load-option.ts";

/** Option numbers (UEFI 2.10, 3.3): u16 each, little-endian, for the variables of the prefix with four digits. */

interface Entry {
  number: string;
  /** null: there is no such variable. */
  description: string | null;
}

function entryOf(number: number, prefix: string, guid: string, context: Context): Entry {
  const digits = hexNumber(number, 4);
  const option = context.find(`${prefix}${digits}`, guid);
  return { number: digits, description: option === undefined ? null : describeOption(option) };
}

function entryText({ number, description }: Entry): string {
  return `${number} ${description ?? "<no such option>"}`;
}

/** `BootOrder`, `DriverOrder`, `SysPrepOrder`: each number with what it points to; dangling ones marked. */
export function orderDecoder(prefix: string): Decoder {
  return ({ data, guid }: Variable, context: Context): Decoded => {
    if (data.length % 2 !== 0) {
      throw new FormatError(
        offsetText(data.length - 1),
        `option numbers of 2 bytes each, not ${data.length} bytes in all`,
      );
    }
    const view = new DataView(data.buffer, data.byteOffset, data.length);
    const entries = Array.from({ length: data.length / 2 }, (_, i) =>
      entryOf(view.getUint16(2 * i, true), prefix, guid, context),
    );
    const texts = entries.map(entryText);
    return {
      kind: "option order",
      summary: texts.join(", ") || "empty",
      lines: texts.length === 0 ? ["empty"] : texts,
      value: { entries: entries.map(({ number, description }) => ({ number, description })) },
    };
  };
}

/** `BootNext`, `BootCurrent`: one number. */
export function decodeOptionNumber({ data, guid }: Variable, context: Context): Decoded {
  const { number, description } = entryOf(numberOf(data, 2), "Boot", guid, context);
  const summary = entryText({ number, description });
  return { kind: "option number", summary, lines: [summary], value: { number, description } };
}
