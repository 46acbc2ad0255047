import { viewOf } from "../formats/flash-bytes.ts";
import { toHex } from "../hex.ts";
import type { DeviceTree, DeviceTreeNode, DeviceTreeProperty } from "./device-tree.ts";

/** The tree as device tree source (Devicetree Specification 0.4, chapter 6), which dtc makes the same tree of. */
export function deviceTreeText({ reservations, root }: DeviceTree): string {
  const reserved = reservations.map(({ address, bytes }) => `/memreserve/ ${hex64(address)} ${hex64(bytes)};\n`);
  return `/dts-v1/;\n${reserved.join("")}\n${nodeText(root, "")}`;
}

function nodeText({ name, properties, children }: DeviceTreeNode, indent: string): string {
  const inner = `${indent}\t`;
  const lines = properties.map((property) => `${inner}${propertyText(property)};\n`);
  const nodes = children.map((child) => `\n${nodeText(child, inner)}`);
  const blank = lines.length === 0 ? nodes.join("").replace("\n", "") : nodes.join("");
  return `${indent}${name === "" ? "/" : name} {\n${lines.join("")}${blank}${indent}};\n`;
}

function propertyText({ name, value }: DeviceTreeProperty): string {
  return value.length === 0 ? name : `${name} = ${valueText(value)}`;
}

/** Texts, else cells, else bytes. */
function valueText(value: Uint8Array): string {
  const text = new TextDecoder("latin1").decode(value);
  if (/^([ -~]+\0)+$/.test(text)) {
    const quoted = (part: string) => `"${part.replaceAll(/["\\]/g, "\\$&")}"`;
    return text.slice(0, -1).split("\0").map(quoted).join(", ");
  }
  if (value.length % 4 !== 0) return `[${toHex(value)}]`;
  const view = viewOf(value);
  const cells = Array.from({ length: value.length / 4 }, (_, i) => `0x${view.getUint32(4 * i).toString(16)}`);
  return `<${cells.join(" ")}>`;
}

function hex64(value: bigint): string {
  return `0x${value.toString(16)}`;
}
