import { FormatError, offsetText, type Variable } from "../formats/variable-set.ts";
import { toHex } from "../hex.ts";
import { fromUcs2 } from "../ucs2.ts";
import { counted, type Decoded, numberOf, oneLine } from "./decoded.ts";
import { hexLines } from "./plain.ts";

const NO_TIMEOUT = 0xffff;

/** `Timeout`: seconds u16; 0xffff waits for the user (UEFI 2.10, 3.1.2). */
export function decodeTimeout({ data }: Variable): Decoded {
  const seconds = numberOf(data, 2);
  const summary = seconds === NO_TIMEOUT ? "waits for the user" : counted(seconds, "second");
  return oneLine("timeout", summary, { seconds });
}

/** edk2's `MTC`: the high half of the monotonic counter, u32. */
export function decodeMonotonicCount({ data }: Variable): Decoded {
  const high = numberOf(data, 4);
  return oneLine("monotonic counter", `high half ${high}`, { high });
}

/** `HwErrRecSupport`: levels of error records u16; 0 is none (UEFI 2.10, 8.2.4). */
export function decodeErrorRecordSupport({ data }: Variable): Decoded {
  const level = numberOf(data, 2);
  return oneLine("error record support", level === 0 ? "none" : `level ${level}`, { level });
}

/** `HwErrRec####`: a Common Platform Error Record of this size (UEFI 2.10, appendix N). */
export function decodeErrorRecord({ data }: Variable): Decoded {
  const isRecord = new TextDecoder("latin1").decode(data.subarray(0, 4)) === "CPER";
  const summary = `${isRecord ? "error record" : "no CPER signature"}, ${counted(data.length, "byte")}`;
  return {
    kind: "error record",
    summary,
    lines: [summary, ...hexLines(data)],
    value: { isRecord, bytes: data.length },
  };
}

/** Bits that edk2 clears where a store had no room (MdeModulePkg/Include/Guid/VarErrorFlag.h). */
const USER_ERROR = 0x01;
const SYSTEM_ERROR = 0x10;

/** edk2's `VarErrorFlag`: 0xff without errors; a cleared bit is one. */
export function decodeErrorFlag({ data }: Variable): Decoded {
  const number = numberOf(data, 1);
  const errors = [
    ...(number & SYSTEM_ERROR ? [] : ["system variables did not fit"]),
    ...(number & USER_ERROR ? [] : ["user variables did not fit"]),
  ];
  return oneLine("variable error flag", errors.join(", ") || "no errors", { number, errors });
}

/** `CapsuleUpdateData…`: address of a capsule's descriptors, 4 or 8 bytes (UEFI platforms write it before a reset). */
export function decodeCapsuleUpdateData({ data }: Variable): Decoded {
  if (data.length !== 4 && data.length !== 8) {
    throw new FormatError(offsetText(0), `an address of 4 or 8 bytes, not ${data.length}`);
  }
  const address = `0x${BigInt(`0x${toHex(data.slice().reverse())}`).toString(16)}`;
  return oneLine("capsule descriptors", `at ${address}`, { address });
}

/** `CapsuleMax`, `CapsuleLast` (UEFI 2.10, 8.5.6): a variable's name, CHAR16 without NUL. */
export function decodeVariableName({ data }: Variable): Decoded {
  if (data.length % 2 !== 0) throw new FormatError(offsetText(data.length - 1), "a name of 2 bytes a character");
  const name = fromUcs2(data).replace(/\0+$/, "");
  return oneLine("variable name", name || "empty", { name });
}
