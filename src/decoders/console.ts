import { offsetText, type Variable } from "../formats/variable-set.ts";
import { counted, type Decoded } from "./decoded.ts";
import { readDevicePath } from "./device-path.ts";

/** `ConIn`, `ConOut`, `ErrOut` and their `…Dev`: one device path, an instance a device. */
export function decodeConsole({ data }: Variable): Decoded {
  const { text, bytes, fault } = readDevicePath(data);
  const rest = fault === undefined ? data.subarray(bytes) : new Uint8Array(0);
  const faults = [
    ...(fault === undefined ? [] : [fault.message]),
    ...(rest.length === 0 ? [] : [`${offsetText(bytes)}: ${counted(rest.length, "byte")} behind the path`]),
  ];
  return {
    kind: "device path",
    summary: text || "empty",
    lines: [text || "empty", ...faults.map((message) => `malformed: ${message}`)],
    value: { path: text, faults },
    faults,
  };
}
