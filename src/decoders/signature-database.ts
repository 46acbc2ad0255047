import { FormatError, offsetText, type Variable } from "../formats/variable-set.ts";
import { guidText } from "../guid.ts";
import { toHex } from "../hex.ts";
import { readTime, TIME_BYTES, timeText } from "../time.ts";
import { type Certificate, readCertificate } from "./certificate.ts";
import { counted, type Decoded, type Json } from "./decoded.ts";
import {
  ownerName,
  readSignatureLists,
  type Signature,
  type SignatureList,
  signatureTypeName,
} from "./signature-list.ts";

const GUID_BYTES = 16;
/** The name of the type whose signatures are certificates. */
const CERTIFICATE = "X.509";

/** A list whose type is named, and whose certificates are read. */
interface Described extends Omit<SignatureList, "signatures"> {
  typeName: string;
  /** A certificate that cannot be read is undefined. */
  signatures: (Signature & { certificate?: Certificate | undefined })[];
}

function described(list: SignatureList): Described {
  const typeName = signatureTypeName(list.type);
  const signatures = list.signatures.map((signature) =>
    typeName === CERTIFICATE ? { ...signature, certificate: readCertificate(signature.data) } : signature,
  );
  return { ...list, typeName, signatures };
}

/** `PK`, `KEK`, `db`, `dbx`, `dbt`, `dbr`, their defaults, and shim's MokList and MokListX: signature lists. */
export function decodeSignatureDatabase({ data }: Variable): Decoded {
  const { lists: read, fault } = readSignatureLists(data);
  const lists = read.map(described);
  const marks = fault === undefined ? [] : [`malformed: ${fault.message}`];
  const lines = [...lists.flatMap(listLines), ...marks];
  return {
    kind: "signature lists",
    summary: [...summaries(lists), ...marks].join("; ") || "empty",
    lines: lines.length === 0 ? ["empty"] : lines,
    value: { lists: lists.map(listValue), fault: fault?.message ?? null },
    faults: fault === undefined ? [] : [fault.message],
  };
}

/** A text for each type: certificates by their subjects, all else by their count. */
function summaries(lists: readonly Described[]): string[] {
  const byType = new Map<string, Described["signatures"]>();
  for (const { typeName, signatures } of lists) {
    const known = byType.get(typeName) ?? [];
    for (const signature of signatures) known.push(signature);
    byType.set(typeName, known);
  }
  return [...byType].map(([typeName, signatures]) => {
    if (typeName !== CERTIFICATE) return `${signatures.length} ${typeName}`;
    const subjects = signatures.map(({ certificate }) => commonName(certificate?.subject ?? "<unreadable>"));
    return `${counted(signatures.length, "certificate")} (${subjects.join("; ")})`;
  });
}

function commonName(subject: string): string {
  return /(?:^|, )CN=([^,]*)/.exec(subject)?.[1] ?? subject;
}

function listLines({ typeName, header, signatures }: Described): string[] {
  const own = header.length === 0 ? "" : `, header ${toHex(header)}`;
  const title = `${typeName}: ${counted(signatures.length, "signature")}${own}`;
  return [title, ...signatures.flatMap((signature) => signatureLines(typeName, signature))];
}

function signatureLines(typeName: string, { owner, data, certificate }: Described["signatures"][number]): string[] {
  const by = `owner ${ownerName(owner)}`;
  if (typeName !== CERTIFICATE) return [`  ${digestText(typeName, data)}  ${by}`];
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
function digestText(typeName: string, data: Uint8Array): string {
  const at = data.length - TIME_BYTES;
  if (!typeName.startsWith(`${CERTIFICATE} `) || at < 0) return toHex(data);
  const time = data.subarray(at);
  const view = new DataView(time.buffer, time.byteOffset, TIME_BYTES);
  const revoked = time.every((byte) => byte === 0) ? "revoked" : `revoked from ${timeText(readTime(view, 0))}`;
  return `${toHex(data.subarray(0, at))} ${revoked}`;
}

function listValue({ type, typeName, header, signatures }: Described): Json {
  return {
    type,
    typeName,
    header: toHex(header),
    signatures: signatures.map(({ owner, data, certificate }) => ({
      owner,
      ownerName: ownerName(owner),
      data: toHex(data),
      ...(typeName === CERTIFICATE ? { certificate: certificate === undefined ? null : { ...certificate } } : {}),
    })),
  };
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
