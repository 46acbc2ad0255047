import { FormatError, offsetText, type Variable } from "../formats/variable-set.ts";
import { toHex } from "../hex.ts";
import { fromUcs2, toUcs2 } from "../ucs2.ts";
import type { Decoded, Json } from "./decoded.ts";
import { type DevicePath, readDevicePath } from "./device-path.ts";
import { findText, hexLines, shortHex } from "./plain.ts";

/**
 * EFI_LOAD_OPTION (UEFI 2.10, 3.1.3): attributes u32, bytes of the path list u16, both little-endian; the description,
 * UCS-2 with NUL; device paths back to back, of which the first is what is loaded; optional data up to the end.
 */
export interface LoadOption {
  attributes: number;
  /** Without its NUL; any units may occur. */
  description: string;
  /** Device paths as bytes; more than one path may lie here. */
  paths: Uint8Array;
  optionalData: Uint8Array;
}

export const LOAD_OPTION_ACTIVE = 0x00000001;
export const LOAD_OPTION_FORCE_RECONNECT = 0x00000002;
export const LOAD_OPTION_HIDDEN = 0x00000008;
export const LOAD_OPTION_CATEGORY = 0x00001f00;
export const LOAD_OPTION_CATEGORY_APP = 0x00000100;

const HEADER_BYTES = 6;

/** Reads an option; its parts are views of the data. Throws a FormatError with the offset. */
export function readLoadOption(data: Uint8Array): LoadOption {
  if (data.length < HEADER_BYTES) {
    throw new FormatError(offsetText(0), `a load option's header of ${HEADER_BYTES} bytes, not ${data.length}`);
  }
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const pathBytes = view.getUint16(4, true);
  let end = HEADER_BYTES;
  while (end + 1 < data.length && view.getUint16(end, true) !== 0) end += 2;
  if (end + 1 >= data.length) throw new FormatError(offsetText(HEADER_BYTES), "a description that ends with NUL");
  const begin = end + 2;
  if (pathBytes > data.length - begin) {
    throw new FormatError(offsetText(4), `a path list of at most ${data.length - begin} bytes, not ${pathBytes}`);
  }
  return {
    attributes: view.getUint32(0, true),
    description: fromUcs2(data.subarray(HEADER_BYTES, end)),
    paths: data.subarray(begin, begin + pathBytes),
    optionalData: data.subarray(begin + pathBytes),
  };
}

/** The option's bytes. Throws a RangeError for a description with NUL or a path list that a u16 cannot count. */
export function writeLoadOption({ attributes, description, paths, optionalData }: LoadOption): Uint8Array {
  if (description.includes("\0")) throw new RangeError("a load option's description has no NUL");
  if (paths.length > 0xffff) throw new RangeError(`a load option's paths: ${paths.length} bytes, at most 65535`);
  const name = toUcs2(`${description}\0`);
  const data = new Uint8Array(HEADER_BYTES + name.length + paths.length + optionalData.length);
  const view = new DataView(data.buffer);
  view.setUint32(0, attributes, true);
  view.setUint16(4, paths.length, true);
  data.set(name, HEADER_BYTES);
  data.set(paths, HEADER_BYTES + name.length);
  data.set(optionalData, HEADER_BYTES + name.length + paths.length);
  return data;
}

/** Description of the option that a Boot#### or similar variable holds. */
export function describeOption(variable: Variable): string {
  try {
    return readLoadOption(variable.data).description;
  } catch (error) {
    if (error instanceof FormatError) return "<malformed>";
    throw error;
  }
}

/** `Boot####`, `Driver####`, `SysPrep####`, `PlatformRecovery####`. */
export function decodeLoadOption({ data }: Variable): Decoded {
  const option = readLoadOption(data);
  const paths = readPaths(option.paths);
  const [first, ...more] = paths.map(({ text }) => text);
  const flags = flagsOf(option.attributes);
  const optional = optionalDataOf(option.optionalData);
  const faults = paths.flatMap(({ fault }) => (fault === undefined ? [] : [`in the paths, ${fault.message}`]));
  const mark = option.attributes & LOAD_OPTION_ACTIVE ? "*" : " ";
  return {
    kind: "load option",
    summary: [`${mark} ${option.description}`, first ?? "no path", ...optional.summary].join("  "),
    lines: [
      `description  ${option.description}`,
      `attributes   0x${option.attributes.toString(16).padStart(8, "0")} ${flags.join(", ")}`,
      `path         ${first ?? "none"}`,
      ...more.map((text) => `more         ${text}`),
      ...faults.map((fault) => `malformed    ${fault}`),
      ...optional.lines.map((line) => `data         ${line}`),
    ],
    value: {
      active: (option.attributes & LOAD_OPTION_ACTIVE) !== 0,
      attributes: option.attributes,
      description: option.description,
      paths: paths.map(({ text }) => text),
      pathData: toHex(option.paths),
      faults,
      ...optional.value,
    },
    faults,
  };
}

/** The paths of a list, up to the first malformed one. */
function readPaths(list: Uint8Array): DevicePath[] {
  const paths: DevicePath[] = [];
  for (let at = 0; at < list.length; ) {
    const path = readDevicePath(list, at);
    paths.push(path);
    if (path.fault !== undefined) break;
    at += path.bytes;
  }
  return paths;
}

function flagsOf(attributes: number): string[] {
  const flags = [attributes & LOAD_OPTION_ACTIVE ? "active" : "inactive"];
  if (attributes & LOAD_OPTION_FORCE_RECONNECT) flags.push("force reconnect");
  if (attributes & LOAD_OPTION_HIDDEN) flags.push("hidden");
  const category = (attributes & LOAD_OPTION_CATEGORY) >> 8;
  if (category === LOAD_OPTION_CATEGORY_APP >> 8) flags.push("application");
  else if (category !== 0) flags.push(`category ${category}`);
  const known = LOAD_OPTION_ACTIVE | LOAD_OPTION_FORCE_RECONNECT | LOAD_OPTION_HIDDEN | LOAD_OPTION_CATEGORY;
  const unknown = (attributes & ~known) >>> 0;
  if (unknown !== 0) flags.push(`0x${unknown.toString(16)}`);
  return flags;
}

function optionalDataOf(data: Uint8Array): { summary: string[]; lines: string[]; value: { [key: string]: Json } } {
  if (data.length === 0) return { summary: [], lines: [], value: { optionalData: "" } };
  const found = findText(data);
  const value = { optionalData: toHex(data) };
  if (found === undefined) return { summary: [shortHex(data)], lines: hexLines(data), value };
  return {
    summary: [JSON.stringify(found.text)],
    lines: [`${found.encoding} ${JSON.stringify(found.text)}`],
    value: { ...value, optionalText: found.text },
  };
}
