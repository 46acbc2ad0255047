import { TIME_BASED_AUTHENTICATED_WRITE_ACCESS } from "../../../assembly/abi/variable.ts";
import { GLOBAL_GUID, guidText, IMAGE_SECURITY_GUID } from "../../guid.ts";
import { fromHex } from "../../hex.ts";
import type { TraceCall } from "../../trace/format.ts";
import { fromUcs2 } from "../../ucs2.ts";

/** A call of a trace as the firmware gets it. */
export interface VariableCall {
  line: number;
  fn: string | number;
  /** Up to its terminator. */
  name: string;
  guid: string;
  attributes: number;
  data: Uint8Array;
}

export function readCall(line: number, { fn, in: input }: TraceCall): VariableCall {
  const { name, nameHex, guid = "", misc = 0, data = "" } = input;
  const text = nameHex === undefined ? String(name ?? "") : fromUcs2(fromHex(nameHex as string));
  return {
    line,
    fn,
    name: text.split("\0", 1)[0] as string,
    guid: String(guid).toLowerCase(),
    attributes: Number(misc),
    data: fromHex(data as string),
  };
}

/** A write with a time stamp and a certificate. */
export function isTimedWrite({ fn, attributes, data }: VariableCall): boolean {
  return fn === "set_variable" && (attributes & TIME_BASED_AUTHENTICATED_WRITE_ACCESS) !== 0 && data.length > 0;
}

/** PK, KEK, db and dbx: the variables that QEMU has rules for. */
export function isKeyVariable({ name, guid }: VariableCall): boolean {
  if (guid === GLOBAL_GUID) return name === "PK" || name === "KEK";
  return guid === IMAGE_SECURITY_GUID && (name === "db" || name === "dbx");
}

/** EFI_TIME and WIN_CERTIFICATE_UEFI_GUID up to the certificate's data, in bytes (UEFI 2.10, 8.2.2). */
const DESCRIPTOR_BYTES = 40;
const STAMP_BYTES = 16;
const PKCS7_GUID = "4aafd29d-68df-49ee-8aa9-347d375665a7";

/** What a timed write's data begin with; undefined: they are too short for it. */
export function readDescriptor({ data }: VariableCall) {
  if (data.length < DESCRIPTOR_BYTES) return undefined;
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const bytes = STAMP_BYTES + view.getUint32(16, true);
  return {
    /** Stamp and certificate, as the descriptor says. */
    bytes,
    isShort: bytes < DESCRIPTOR_BYTES,
    isPkcs7:
      view.getUint16(20, true) === 0x200 && view.getUint16(22, true) === 0xef1 && guidText(data, 24) === PKCS7_GUID,
  };
}
