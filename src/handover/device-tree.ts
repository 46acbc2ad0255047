import { ByteWriter } from "../formats/byte-writer.ts";

/** A flattened device tree's content (Devicetree Specification 0.4, chapter 5). */
export interface DeviceTree {
  /** Physical memory that must stay as it is. */
  reservations: readonly { address: bigint; bytes: bigint }[];
  /** The physical id of the boot CPU. */
  bootCpu: number;
  root: DeviceTreeNode;
}

/** A node; properties come before children. */
export interface DeviceTreeNode {
  /** Empty for the root. */
  name: string;
  properties: readonly DeviceTreeProperty[];
  children: readonly DeviceTreeNode[];
}

/** A property; what its bytes mean is up to its name. */
export interface DeviceTreeProperty {
  name: string;
  value: Uint8Array;
  /** Where the value lies in the file that it was read from. */
  offset?: number;
}

/** A property of big-endian u32 cells. */
export function cells(name: string, ...values: number[]): DeviceTreeProperty {
  const value = new Uint8Array(4 * values.length);
  const view = new DataView(value.buffer);
  for (const [i, cell] of values.entries()) view.setUint32(4 * i, cell);
  return { name, value };
}

/** A property of one big-endian u64. */
export function u64Property(name: string, number: bigint): DeviceTreeProperty {
  const value = new Uint8Array(8);
  new DataView(value.buffer).setBigUint64(0, number);
  return { name, value };
}

/** A property of NUL-terminated texts. */
export function texts(name: string, ...values: string[]): DeviceTreeProperty {
  return { name, value: new TextEncoder().encode(values.map((value) => `${value}\0`).join("")) };
}

/**
 * The node of a path such as "/hypervisor/uefi"; undefined if there is none. A name without its unit address is enough.
 */
export function nodeAt({ root }: DeviceTree, path: string): DeviceTreeNode | undefined {
  let node: DeviceTreeNode | undefined = root;
  for (const name of path.split("/").filter((part) => part !== "")) {
    node = node?.children.find((child) => child.name === name || child.name.startsWith(`${name}@`));
  }
  return node;
}

/** A node's property of that name; undefined if there is none, or no node. */
export function propertyOf(node: DeviceTreeNode | undefined, name: string): DeviceTreeProperty | undefined {
  return node?.properties.find((property) => property.name === name);
}

/** Header: ten big-endian u32. */
export const FDT_MAGIC = 0xd00dfeed;
export const FDT_HEADER_BYTES = 40;
export const FDT_VERSION = 17;
/** The oldest version whose readers can read this one. */
export const FDT_COMPATIBLE = 16;
export const TOTAL_BYTES = 4;
export const STRUCTURE = 8;
export const STRINGS = 12;
export const RESERVATIONS = 16;
export const VERSION = 20;
export const COMPATIBLE = 24;
export const BOOT_CPU = 28;
export const STRINGS_BYTES = 32;
export const STRUCTURE_BYTES = 36;

/** Tokens of the structure block, each at a multiple of 4. */
export const BEGIN_NODE = 1;
export const END_NODE = 2;
export const PROPERTY = 3;
export const NOP = 4;
export const END = 9;

/** Writes version 17: header, reservations, structure, strings. */
export function writeDeviceTree({ reservations, bootCpu, root }: DeviceTree): Uint8Array {
  const strings = new Strings();
  const structure = new BigEndianWriter();
  writeNode(root, structure, strings);
  structure.u32(END);
  const reserved = new BigEndianWriter();
  for (const { address, bytes } of [...reservations, { address: 0n, bytes: 0n }]) reserved.u64(address).u64(bytes);
  const structureAt = FDT_HEADER_BYTES + reserved.bytes.length;
  const stringsAt = structureAt + structure.bytes.length;
  const header = new BigEndianWriter();
  const total = stringsAt + strings.bytes.length;
  for (const field of [FDT_MAGIC, total, structureAt, stringsAt, FDT_HEADER_BYTES]) header.u32(field);
  for (const field of [FDT_VERSION, FDT_COMPATIBLE, bootCpu]) header.u32(field);
  header.u32(strings.bytes.length).u32(structure.bytes.length);
  return new ByteWriter()
    .bytes(header.bytes.done())
    .bytes(reserved.bytes.done())
    .bytes(structure.bytes.done())
    .bytes(strings.bytes.done())
    .done();
}

function writeNode({ name, properties, children }: DeviceTreeNode, to: BigEndianWriter, strings: Strings): void {
  to.u32(BEGIN_NODE).padded(new TextEncoder().encode(`${name}\0`));
  for (const { name: property, value } of properties) {
    to.u32(PROPERTY).u32(value.length).u32(strings.offsetOf(property)).padded(value);
  }
  for (const child of children) writeNode(child, to, strings);
  to.u32(END_NODE);
}

class BigEndianWriter {
  readonly bytes = new ByteWriter();

  u32(value: number): this {
    this.bytes.bytes(cells("", value).value);
    return this;
  }

  u64(value: bigint): this {
    this.bytes.bytes(u64Property("", value).value);
    return this;
  }

  /** Bytes, and zeros to the next multiple of 4. */
  padded(value: Uint8Array): this {
    this.bytes.bytes(value).zeros(-value.length & 3);
    return this;
  }
}

/** Names of properties, each once. */
class Strings {
  readonly bytes = new ByteWriter();
  readonly #offsets = new Map<string, number>();

  offsetOf(name: string): number {
    const known = this.#offsets.get(name);
    if (known !== undefined) return known;
    const offset = this.bytes.length;
    this.bytes.bytes(new TextEncoder().encode(`${name}\0`));
    this.#offsets.set(name, offset);
    return offset;
  }
}
