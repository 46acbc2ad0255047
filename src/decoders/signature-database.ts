import { FormatError, offsetText, type Variable } from "../formats/variable-set.ts";
import { guidText } from "../guid.ts";
import { toHex } from "../hex.ts";
import { readTime, TIME_BYTES, timeText } from "../time.ts";
import { readCertificate } from "./certificate.ts";
import { counted, type Decoded, type Json } from "./decoded.ts";
import {
  ownerName,
  readSignatureLists,
  type Signature,
  type SignatureList,
  signatureTypeName,
} from "./signature-list.ts";

const GUID_BYTES = 16;

/** `PK`, `KEK`, `db`, `dbx`, `dbt`, `dbr`, their defaults, and shim's MokList and MokListX: signature lists. */
export function decodeSignatureDatabase({ data }: Variable): Decoded {
  const { lists, fault } = readSignatureLists(data);
  const faults = fault === undefined ? [] : [fault.message];
  const marks = faults.map((text) => `malformed: ${text}`);
  const lines = [...lists.flatMap(listLines), ...marks];
  return {
    kind: "signature lists",
    summary: [...summaries(lists), ...marks].join("; ") || "empty",
    lines: lines.length === 0 ? ["empty"] : lines,
    value: { lists: lists.map(listValue), fault: fault?.message ?? null },
  };
}

/** A text for each type: certificates by their subjects, all else by their count. */
function summaries(lists: readonly SignatureList[]): string[] {
  const byType = new Map<string, Signature[]>();
  for (const { type, signatures } of lists) {
    const known = byType.get(type);
    if (known === undefined) byType.set(type, [...signatures]);
    else for (const signature of signatures) known.push(signature);
  }
  return [...byType].map(([type, signatures]) => {
    const name = signatureTypeName(type);
    if (name !== "X.509") return `${signatures.length} ${name}`;
    const subjects = signatures.map(({ data }) => commonName(readCertificate(data)?.subject ?? "<unreadable>"));
    return `${counted(signatures.length, "certificate")} (${subjects.join("; ")})`;
  });
}

function commonName(subject: string): string {
  return /(?:^|, )CN=([^,]*)/.exec(subject)?.[1] ?? subject;
}

function listLines(list: SignatureList): string[] {
  const header = list.header.length === 0 ? "" : `, header ${toHex(list.header)}`;
  const title = `${signatureTypeName(list.type)}: ${counted(list.signatures.length, "signature")}${header}`;
  return [title, ...list.signatures.flatMap((signature) => signatureLines(list.type, signature))];
}

function signatureLines(type: string, { owner, data }: Signature): string[] {
  const by = `owner ${ownerName(owner)}`;
  const name = signatureTypeName(type);
  if (name !== "X.509") return [`  ${digestText(name, data)}  ${by}`];
  const certificate = readCertificate(data);
  if (certificate === undefined) return [`  no readable certificate, ${counted(data.length, "byte")}  ${by}`];
  return [
    `  ${certificate.subject}  ${by}`,
    `    issuer   ${certificate.issuer}`,
    `    valid    ${certificate.notBefore} to ${certificate.notAfter}`,
    `    key      ${certificate.key}`,
    `    SHA-256  ${certificate.thumbprint}`,
  ];
}

/** A certificate's digest is followed by the EFI_TIME from which it is revoked; all zero: always. */
function digestText(name: string, data: Uint8Array): string {
  const at = data.length - TIME_BYTES;
  if (!name.startsWith("X.509 ") || at < 0) return toHex(data);
  const time = data.subarray(at);
  const view = new DataView(time.buffer, time.byteOffset, TIME_BYTES);
  const revoked = time.every((byte) => byte === 0) ? "revoked" : `revoked from ${timeText(readTime(view, 0))}`;
  return `${toHex(data.subarray(0, at))} ${revoked}`;
}

function listValue({ type, header, signatures }: SignatureList): Json {
  return {
    type,
    typeName: signatureTypeName(type),
    header: toHex(header),
    signatures: signatures.map(({ owner, data }) => ({
      owner,
      ownerName: ownerName(owner),
      data: toHex(data),
      ...(signatureTypeName(type) === "X.509" ? { certificate: certificateValue(data) } : {}),
    })),
  };
}

function certificateValue(der: Uint8Array): Json {
  const certificate = readCertificate(der);
  return certificate === undefined ? null : { ...certificate };
}

/** `SignatureSupport`: GUIDs of the signature types that the firmware takes. */
export function decodeSignatureSupport({ data }: Variable): Decoded {
  if (data.length % GUID_BYTES !== 0) {
    throw new FormatError(offsetText(0), `GUIDs of ${GUID_BYTES} bytes each, not ${data.length} bytes in all`);
  }
  const types = Array.from({ length: data.length / GUID_BYTES }, (_, i) => guidText(data, i * GUID_BYTES));
  const names = types.map(signatureTypeName);
  return {
    kind: "signature types",
    summary: names.join(", ") || "none",
    lines: names.length === 0 ? ["none"] : names,
    value: { types: types.map((guid, i) => ({ guid, name: names[i] as string })) },
  };
}
