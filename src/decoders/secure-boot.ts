import { FormatError, offsetText, type Variable } from "../formats/variable-set.ts";
import { GLOBAL_GUID } from "../guid.ts";
import { type Context, type Decoded, type Decoder, numberOf, oneLine } from "./decoded.ts";

/** Secure Boot's state variables: one byte each (UEFI 2.10, 3.3 and 32.3). */

/** A byte of known values: their meaning by number. */
export function byteDecoder(kind: string, meanings: readonly string[]): Decoder {
  return ({ data }: Variable): Decoded => {
    const number = numberOf(data, 1);
    const meaning = meanings[number];
    if (meaning === undefined) {
      throw new FormatError(offsetText(0), `a byte from 0 to ${meanings.length - 1}, not ${number}`);
    }
    return oneLine(kind, meaning, { number, meaning });
  };
}

/** `SecureBoot`: on or off, and the mode that the other variables tell. */
export function decodeSecureBoot({ data }: Variable, context: Context): Decoded {
  const number = numberOf(data, 1);
  if (number > 1) throw new FormatError(offsetText(0), `a byte from 0 to 1, not ${number}`);
  const mode = modeOf(context);
  const state = number === 1 ? "on" : "off";
  const summary = `Secure Boot: ${state}${mode === null ? "" : `, ${mode} mode`}`;
  return oneLine("Secure Boot state", summary, { on: number === 1, mode });
}

/** UEFI 2.10, figure 32-4: each mode has a variable, user mode has none of them set; null if none of them is there. */
function modeOf(context: Context): string | null {
  const isSet = (name: string) => context.find(name, GLOBAL_GUID)?.data[0] === 1;
  if (isSet("AuditMode")) return "audit";
  if (isSet("DeployedMode")) return "deployed";
  if (isSet("SetupMode")) return "setup";
  return context.find("SetupMode", GLOBAL_GUID) === undefined ? null : "user";
}
