import { joined } from "../bytes.ts";
import { fromHex } from "../hex.ts";
import { END, END_ENTIRE, END_INSTANCE, LAYOUTS, NODE_HEADER_BYTES, TYPE_NAMES } from "./device-path.ts";
import type { Layout } from "./node-layout.ts";

/** Most bytes of a node: its length is a u16. */
const MAX_NODE_BYTES = 0xffff;

/** What may follow a node's closing parenthesis: the end, or the next node of the path or of another instance. */
const NODE_END = /\)(?=$|[/,][A-Za-z0-9-]+\()/g;
const NODE_BEGIN = /([A-Za-z0-9-]+)\(/y;

/**
 * Bytes of a device path from its text, as `readDevicePath` writes it: nodes with slashes between them, instances with
 * commas, an end node added. Throws a SyntaxError that names the position (in characters) and what is wrong there.
 */
export function parseDevicePath(text: string): Uint8Array {
  const nodes: Uint8Array[] = [];
  for (let at = 0; at < text.length; ) {
    NODE_BEGIN.lastIndex = at;
    const name = NODE_BEGIN.exec(text)?.[1];
    if (name === undefined) throw new SyntaxError(`position ${at}: a node such as File(…) is expected`);
    const begin = at + name.length + 1;
    NODE_END.lastIndex = begin;
    const end = NODE_END.exec(text)?.index;
    if (end === undefined) throw new SyntaxError(`position ${begin}: ${name}( has no closing parenthesis`);
    nodes.push(nodeBytes(name, text.slice(begin, end), at));
    if (text[end + 1] === ",") nodes.push(node(END, END_INSTANCE, []));
    at = end + 2;
  }
  nodes.push(node(END, END_ENTIRE, []));
  return joined(nodes);
}

/** The first layout of the name that takes the arguments. */
function nodeBytes(name: string, text: string, at: number): Uint8Array {
  const [type] = Object.entries(TYPE_NAMES).find(([, known]) => known === name) ?? [];
  let wrong: unknown = new SyntaxError("there is no such node");
  try {
    if (type !== undefined) return rawNode(`${type},${text}`);
    if (name === "Path") return rawNode(text);
  } catch (error) {
    wrong = error;
  }
  for (const layout of LAYOUTS) {
    if (layout.name !== name) continue;
    try {
      return node(layout.type, layout.subtype, bodyOf(layout, text));
    } catch (error) {
      wrong = error;
    }
  }
  if (wrong instanceof SyntaxError) throw new SyntaxError(`position ${at}: ${name}: ${wrong.message}`);
  throw wrong;
}

/** Type and subtype in decimal, then the body in hexadecimal. */
function rawNode(text: string): Uint8Array {
  const [, type, subtype, digits] = /^(\d{1,3}),(\d{1,3}),([^,]*)$/.exec(text) ?? [];
  if (digits === undefined || Number(type) > 0xff || Number(subtype) > 0xff) {
    throw new SyntaxError("numbers up to 255 and hexadecimal digits are expected");
  }
  return node(Number(type), Number(subtype), [...fromHex(digits)]);
}

function bodyOf(layout: Layout, text: string): number[] {
  const body = new Array<number>(layout.size).fill(0);
  for (const [at, bytes] of [...layout.marks, ...layout.presets]) {
    for (const [i, byte] of bytes.entries()) body[at + i] = byte;
  }
  const values = splitArguments(layout, text);
  for (const [i, field] of layout.fields.entries()) {
    const value = values[i];
    if (value !== undefined) field.write(value, body);
  }
  return body;
}

/** One text a field; commas that are left over belong to the greedy one. */
function splitArguments({ fields }: Layout, text: string): string[] {
  const least = fields.filter((field) => field.optional !== true).length;
  const parts = text === "" && least === 0 ? [] : text.split(",");
  const greedy = fields.findIndex((field) => field.greedy === true);
  const more = parts.length - fields.length;
  if (parts.length < least || (more > 0 && greedy === -1)) {
    throw new SyntaxError(`${fields.length} arguments are expected, not ${parts.length}`);
  }
  return more > 0 ? parts.toSpliced(greedy, more + 1, parts.slice(greedy, greedy + more + 1).join(",")) : parts;
}

function node(type: number, subtype: number, body: readonly number[]): Uint8Array {
  const length = NODE_HEADER_BYTES + body.length;
  if (length > MAX_NODE_BYTES) throw new SyntaxError(`${length} bytes, a node has ${MAX_NODE_BYTES} at most`);
  return Uint8Array.from([type, subtype, length & 0xff, length >> 8, ...body]);
}
