import { FormatError, offsetText, type Variable } from "../formats/variable-set.ts";
import { guidName, guidText } from "../guid.ts";
import { toHex } from "../hex.ts";
import { fromUcs2 } from "../ucs2.ts";
import { counted, type Decoded } from "./decoded.ts";

/**
 * edk2's `certdb` and `certdbv` (SecurityPkg/Library/AuthVariableLib/AuthServiceInternal.h), little-endian: u32 bytes of
 * all; for each private authenticated variable its GUID, u32 bytes of the node, u32 units of the name, u32 bytes of the
 * signer's digest, then name (UCS-2 without NUL) and digest.
 */
const HEADER_BYTES = 4;
const NODE_BYTES = 28;

interface Owner {
  name: string;
  guid: string;
  /** SHA-256 of the signer, hexadecimal digits. */
  digest: string;
}

/** Whose signatures the private authenticated variables ask for. */
export function decodeCertificateDatabase({ data }: Variable): Decoded {
  const owners = readOwners(data);
  const lines = owners.map(({ name, guid, digest }) => `${name}  ${guidName(guid)}  signer ${digest}`);
  return {
    kind: "signers of variables",
    summary:
      owners.length === 0
        ? "empty"
        : `${counted(owners.length, "variable")}: ${owners.map((owner) => owner.name).join(", ")}`,
    lines: lines.length === 0 ? ["empty"] : lines,
    value: { owners: owners.map((owner) => ({ ...owner })) },
  };
}

function readOwners(data: Uint8Array): Owner[] {
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  if (data.length < HEADER_BYTES || view.getUint32(0, true) !== data.length) {
    throw new FormatError(offsetText(0), `a certificate database whose first 4 bytes say ${data.length} bytes`);
  }
  const owners: Owner[] = [];
  for (let at = HEADER_BYTES; at < data.length; ) {
    if (data.length - at < NODE_BYTES) {
      throw new FormatError(offsetText(at), `a node's header of ${NODE_BYTES} bytes, not ${data.length - at}`);
    }
    const nodeBytes = view.getUint32(at + 16, true);
    const nameBytes = view.getUint32(at + 20, true) * 2;
    const digestBytes = view.getUint32(at + 24, true);
    if (nodeBytes !== NODE_BYTES + nameBytes + digestBytes || nodeBytes > data.length - at) {
      throw new FormatError(
        offsetText(at + 16),
        `a node of ${NODE_BYTES + nameBytes + digestBytes} bytes within ${data.length - at}, not ${nodeBytes}`,
      );
    }
    const nameAt = at + NODE_BYTES;
    owners.push({
      name: fromUcs2(data.subarray(nameAt, nameAt + nameBytes)),
      guid: guidText(data, at),
      digest: toHex(data.subarray(nameAt + nameBytes, at + nodeBytes)),
    });
    at += nodeBytes;
  }
  return owners;
}
