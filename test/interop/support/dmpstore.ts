import { guidText } from "../../../src/guid.ts";
import type { Variable } from "../../../src/index.ts";
import { fromUcs2 } from "../../../src/ucs2.ts";

/** The records of a dump: sizes u32 of name (with terminator) and data, name, GUID, attributes u32, data, CRC-32 u32. */
export function parseDump(bytes: Uint8Array): Variable[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const variables: Variable[] = [];
  for (let at = 0; at < bytes.length; ) {
    const guid = at + 8 + view.getUint32(at, true);
    const data = guid + 20;
    const end = data + view.getUint32(at + 4, true);
    variables.push({
      name: fromUcs2(bytes.subarray(at + 8, guid - 2)),
      guid: guidText(bytes, guid),
      attributes: view.getUint32(guid + 16, true),
      data: bytes.slice(data, end),
    });
    at = end + 4;
  }
  return variables;
}
