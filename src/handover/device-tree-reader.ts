import { hex, viewOf } from "../formats/flash-bytes.ts";
import { refuse } from "../formats/report.ts";
import type { DeviceTree, DeviceTreeNode, DeviceTreeProperty } from "./device-tree.ts";
import * as fdt from "./device-tree.ts";

/** Deeper than any machine's tree. */
const DEPTH_MAX = 64;
/** Longer than the names of any tree: the specification allows 31. */
const NAME_BYTES_MAX = 255;

/** Reads a flattened tree of version 17 or compatible to it, whatever lies behind it. Throws a FormatError. */
export function readDeviceTree(file: Uint8Array): DeviceTree {
  const tree = new Tree(file);
  return { reservations: tree.reservations(), bootCpu: tree.u32(fdt.BOOT_CPU), root: tree.structure() };
}

/** A node while its children are still read. */
interface Open extends DeviceTreeNode {
  properties: DeviceTreeProperty[];
  children: DeviceTreeNode[];
}

/** One reading of a file's bytes. */
class Tree {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #strings: { start: number; end: number };
  /** What is read next of the structure block, and the block's end. */
  #at: number;
  readonly #end: number;

  constructor(file: Uint8Array) {
    this.#bytes = file;
    this.#view = viewOf(file);
    if (file.length < fdt.FDT_HEADER_BYTES) refuse(file.length, `a header of ${fdt.FDT_HEADER_BYTES} bytes`);
    if (this.u32(0) !== fdt.FDT_MAGIC) refuse(0, `the magic 0xd00dfeed, not ${hex(this.u32(0))}`);
    const total = this.u32(fdt.TOTAL_BYTES);
    if (total < fdt.FDT_HEADER_BYTES || total > file.length) {
      refuse(fdt.TOTAL_BYTES, `${fdt.FDT_HEADER_BYTES} to ${file.length} bytes in all, not ${total}`);
    }
    this.#bytes = file.subarray(0, total);
    this.#view = viewOf(this.#bytes);
    this.#checkVersion();
    const structure = this.#block(fdt.STRUCTURE, this.u32(fdt.STRUCTURE_BYTES), 4);
    this.#strings = this.#block(fdt.STRINGS, this.u32(fdt.STRINGS_BYTES), 1);
    this.#at = structure.start;
    this.#end = structure.end;
  }

  u32(offset: number): number {
    return this.#view.getUint32(offset);
  }

  #checkVersion(): void {
    const [version, compatible] = [this.u32(fdt.VERSION), this.u32(fdt.COMPATIBLE)];
    if (version < fdt.FDT_VERSION) refuse(fdt.VERSION, `version ${fdt.FDT_VERSION} or later, not ${version}`);
    if (compatible > fdt.FDT_VERSION) {
      refuse(fdt.COMPATIBLE, `a version that readers of ${fdt.FDT_VERSION} can read, not of ${compatible}`);
    }
  }

  /** A block whose offset is in this field of the header. */
  #block(field: number, bytes: number, alignment: number): { start: number; end: number } {
    const start = this.u32(field);
    const total = this.#bytes.length;
    if (start < fdt.FDT_HEADER_BYTES || bytes > total - start || start % alignment !== 0) {
      const where = `${fdt.FDT_HEADER_BYTES} to ${total}`;
      refuse(field, `${bytes} bytes within ${where} at a multiple of ${alignment}, not at ${hex(start)}`);
    }
    return { start, end: start + bytes };
  }

  /** Pairs of u64 up to one of zeros. */
  reservations(): DeviceTree["reservations"] {
    const all = [];
    for (let { start } = this.#block(fdt.RESERVATIONS, 16, 8); ; start += 16) {
      if (start + 16 > this.#bytes.length) refuse(start, "a memory reservation, or an end of 16 zero bytes");
      const [address, bytes] = [this.#view.getBigUint64(start), this.#view.getBigUint64(start + 8)];
      if (address === 0n && bytes === 0n) return all;
      all.push({ address, bytes });
    }
  }

  /** The root, and nothing behind it. */
  structure(): DeviceTreeNode {
    const top: Open = { name: "", properties: [], children: [] };
    const open = [top];
    for (;;) {
      const at = this.#at;
      const token = this.#token();
      const node = open.at(-1) as Open;
      if (token === fdt.BEGIN_NODE) this.#begin(open, at);
      else if (token === fdt.END_NODE && open.length > 1) open.pop();
      else if (token === fdt.PROPERTY && open.length > 1) this.#property(node, at);
      else if (token === fdt.END && open.length === 1 && top.children.length === 1) break;
      else if (token !== fdt.NOP) refuse(at, `a token of the tree that fits here, not ${token}`);
    }
    return top.children[0] as DeviceTreeNode;
  }

  #begin(open: Open[], at: number): void {
    const parent = open.at(-1) as Open;
    if (open.length > DEPTH_MAX) refuse(at, `nodes of at most ${DEPTH_MAX} levels`);
    const isRoot = open.length === 1;
    if (isRoot && parent.children.length > 0) refuse(at, "one root");
    const name = this.#name(this.#at, this.#end, "a node");
    if (isRoot !== (name === "")) refuse(this.#at, isRoot ? "a root without name" : "a node's name");
    this.#skip(name.length + 1, "a node's name");
    const node: Open = { name, properties: [], children: [] };
    parent.children.push(node);
    open.push(node);
  }

  #property(node: Open, at: number): void {
    if (node.children.length > 0) refuse(at, "a node's properties before its children");
    const start = this.#skip(8, "a property's length and name");
    const [length, string] = [this.u32(start), this.u32(start + 4)];
    const { start: strings, end } = this.#strings;
    if (string >= end - strings) refuse(start + 4, `a name's offset below ${end - strings}, not ${hex(string)}`);
    const name = this.#name(strings + string, end, "a property");
    if (name === "") refuse(strings + string, "a property's name");
    const offset = this.#skip(length, `the value of ${JSON.stringify(name)}`);
    node.properties.push({ name, value: this.#bytes.slice(offset, offset + length), offset });
  }

  #token(): number {
    return this.u32(this.#skip(4, "a token"));
  }

  /** Goes past so many bytes, padded to a multiple of 4. Their offset. */
  #skip(bytes: number, what: string): number {
    const at = this.#at;
    const rest = this.#end - at;
    if (bytes > rest) refuse(at, `${what} in ${bytes} bytes; ${rest} are left`);
    this.#at = Math.min(this.#end, at + Math.ceil(bytes / 4) * 4);
    return at;
  }

  /** Printable ASCII up to a NUL before `end`. */
  #name(start: number, end: number, whose: string): string {
    const text = this.#bytes.subarray(start, Math.min(end, start + NAME_BYTES_MAX + 1));
    const length = text.indexOf(0);
    if (length < 0) refuse(start, `${whose}'s name of at most ${NAME_BYTES_MAX} bytes with a NUL behind it`);
    const odd = text.subarray(0, length).findIndex((byte) => byte <= 0x20 || byte > 0x7e);
    if (odd >= 0) refuse(start + odd, `${whose}'s name in ASCII without blanks`);
    return new TextDecoder().decode(text.subarray(0, length));
  }
}
