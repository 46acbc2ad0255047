import { FormatError, offsetText } from "../formats/variable-set.ts";
import { toHex } from "../hex.ts";
import { MEDIA_NODES } from "./media-nodes.ts";
import { MESSAGING_NODES } from "./messaging-nodes.ts";
import { ACPI, BIOS_BOOT, HARDWARE, type Layout, MEDIA, MESSAGING } from "./node-layout.ts";
import { ACPI_NODES, BIOS_BOOT_NODES, HARDWARE_NODES } from "./platform-nodes.ts";

/**
 * EFI_DEVICE_PATH_PROTOCOL (UEFI 2.10, 10.3): nodes of type u8, subtype u8, length u16 little-endian (the header of 4
 * included) and body, up to an end node; a node between that ends an instance starts another path.
 */
export const NODE_HEADER_BYTES = 4;
export const END = 0x7f;
export const END_INSTANCE = 0x01;
export const END_ENTIRE = 0xff;

export const LAYOUTS: readonly Layout[] = [
  ...HARDWARE_NODES,
  ...ACPI_NODES,
  ...MESSAGING_NODES,
  ...MEDIA_NODES,
  ...BIOS_BOOT_NODES,
];

/** Names of nodes of a known type whose subtype, or content, no layout tells: Name(subtype,hexadecimal digits). */
export const TYPE_NAMES: Readonly<Record<number, string>> = {
  [HARDWARE]: "HardwarePath",
  [ACPI]: "AcpiPath",
  [MESSAGING]: "Msg",
  [MEDIA]: "MediaPath",
  [BIOS_BOOT]: "BbsPath",
};

/** What was read of a device path. */
export interface DevicePath {
  /** All nodes in the form of efibootmgr, instances with a comma between them. Text of nodes is not made printable. */
  text: string;
  /** Bytes up to and with the end node, or up to the fault. */
  bytes: number;
  /** What is wrong at `bytes`. */
  fault?: FormatError;
}

/** Characters of a malformed path's rest that its text shows. */
const SHOWN_REST_BYTES = 16;

/** Reads the path that begins at `offset`. Never throws: a malformed one ends with its rest, marked. */
export function readDevicePath(data: Uint8Array, offset = 0): DevicePath {
  const parts: string[] = [];
  for (let at = offset; ; ) {
    const fault = faultAt(data, at);
    if (fault !== undefined) return malformed(parts, data, offset, at, fault);
    const [type, subtype] = [data[at] as number, data[at + 1] as number];
    const body = data.subarray(at + NODE_HEADER_BYTES, at + lengthAt(data, at));
    at += NODE_HEADER_BYTES + body.length;
    if (type === END && subtype === END_ENTIRE) return { text: joined(parts), bytes: at - offset };
    parts.push(type === END && subtype === END_INSTANCE ? "," : nodeText(type, subtype, body));
  }
}

function lengthAt(data: Uint8Array, at: number): number {
  return (data[at + 2] as number) | ((data[at + 3] as number) << 8);
}

function faultAt(data: Uint8Array, at: number): FormatError | undefined {
  const left = data.length - at;
  if (left < NODE_HEADER_BYTES)
    return new FormatError(offsetText(at), `a device path node or its end, not ${left} bytes`);
  const length = lengthAt(data, at);
  if (length >= NODE_HEADER_BYTES && length <= left) return undefined;
  return new FormatError(offsetText(at + 2), `a node length from ${NODE_HEADER_BYTES} to ${left}, not ${length}`);
}

function malformed(parts: string[], data: Uint8Array, offset: number, at: number, fault: FormatError): DevicePath {
  const rest = data.subarray(at);
  const more = rest.length > SHOWN_REST_BYTES ? "…" : "";
  parts.push(rest.length === 0 ? "<no end>" : `<malformed ${toHex(rest.subarray(0, SHOWN_REST_BYTES))}${more}>`);
  return { text: joined(parts), bytes: at - offset, fault };
}

/** Slashes between nodes, none beside a comma. */
function joined(parts: readonly string[]): string {
  let text = "";
  for (const [i, part] of parts.entries()) {
    text += i > 0 && part !== "," && parts[i - 1] !== "," ? `/${part}` : part;
  }
  return text;
}

function keyOf(type: number, subtype: number): number {
  return (type << 8) | subtype;
}

const BY_NUMBERS = new Map<number, Layout[]>();
for (const layout of LAYOUTS) {
  const key = keyOf(layout.type, layout.subtype);
  BY_NUMBERS.set(key, [...(BY_NUMBERS.get(key) ?? []), layout]);
}

/** The first layout whose bytes are there; a node that none fits is shown in hexadecimal, whole. */
function nodeText(type: number, subtype: number, body: Uint8Array): string {
  const layout = BY_NUMBERS.get(keyOf(type, subtype))?.find((candidate) => fits(candidate, body));
  if (layout !== undefined) {
    const shown = layout.fields.map((field) => field.read(body)).filter((text) => text !== undefined);
    return `${layout.name}(${shown.join(",")})`;
  }
  const name = TYPE_NAMES[type];
  return name === undefined ? `Path(${type},${subtype},${toHex(body)})` : `${name}(${subtype},${toHex(body)})`;
}

function fits({ size, marks }: Layout, body: Uint8Array): boolean {
  return body.length >= size && marks.every(([at, bytes]) => bytes.every((byte, i) => body[at + i] === byte));
}
