import { describe, expect, test } from "vitest";
import { FormatError } from "../../src/formats/variable-set.ts";
import {
  cells,
  type DeviceTree,
  type DeviceTreeNode,
  nodeAt,
  propertyOf,
  texts,
  u64Property,
  writeDeviceTree,
} from "../../src/handover/device-tree.ts";
import { readDeviceTree } from "../../src/handover/device-tree-reader.ts";
import { deviceTreeText } from "../../src/handover/device-tree-text.ts";

const node = (name: string, ...children: DeviceTreeNode[]): DeviceTreeNode => ({ name, properties: [], children });
const TREE: DeviceTree = {
  reservations: [{ address: 0x40000000n, bytes: 0x1000n }],
  bootCpu: 3,
  root: {
    name: "",
    properties: [cells("#address-cells", 2), texts("compatible", "a,b", "c")],
    children: [
      {
        name: "cpu@0",
        properties: [u64Property("reg", 0x1122334455667788n), cells("#address-cells", 1)],
        children: [],
      },
      node("soc", node("uart@9000000")),
    ],
  },
};

const written = () => writeDeviceTree(TREE);
const u32 = (bytes: Uint8Array, offset: number) => new DataView(bytes.buffer, bytes.byteOffset).getUint32(offset);

/** The tree with big-endian u32 changed, by their offsets. */
function changed(...changes: [offset: number, value: number][]): Uint8Array {
  const bytes = written();
  for (const [offset, value] of changes) new DataView(bytes.buffer).setUint32(offset, value);
  return bytes;
}

/** Header, one reservation and its end. */
const STRUCTURE = 40 + 32;

/** A tree whose structure block is made of these u32. */
function structured(...tokens: number[]): Uint8Array {
  const bytes = new Uint8Array(STRUCTURE - 16 + 4 * tokens.length + 8);
  const view = new DataView(bytes.buffer);
  const start = 40 + 16;
  const strings = start + 4 * tokens.length;
  const header = [0xd00dfeed, bytes.length, start, strings, 40, 17, 16, 0, 8, 4 * tokens.length];
  for (const [i, field] of header.entries()) view.setUint32(4 * i, field);
  for (const [i, token] of tokens.entries()) view.setUint32(start + 4 * i, token);
  bytes.set(new TextEncoder().encode("name\0\0\0\0"), strings);
  return bytes;
}

describe("a flattened tree", () => {
  test("lies as version 17 has it: header, reservations, structure, strings", () => {
    const bytes = written();
    expect([0, 4, 8, 16, 20, 24, 28].map((offset) => u32(bytes, offset))).toEqual([
      ...[0xd00dfeed, bytes.length, STRUCTURE, 40, 17, 16, 3],
    ]);
    expect(u32(bytes, 12)).toBe(STRUCTURE + u32(bytes, 36));
    expect(u32(bytes, 12) + u32(bytes, 32)).toBe(bytes.length);
    const strings = new TextDecoder().decode(bytes.subarray(u32(bytes, 12)));
    expect(strings).toBe("#address-cells\0compatible\0reg\0");
  });

  test("is read as it was written, and written the same again", () => {
    const read = readDeviceTree(written());
    expect(read).toMatchObject(TREE);
    expect(writeDeviceTree(read)).toEqual(written());
  });

  test("is read with the places of its values", () => {
    const bytes = written();
    const { value, offset = 0 } = propertyOf(nodeAt(readDeviceTree(bytes), "/cpu"), "reg") ?? {};
    expect(value).toEqual(bytes.slice(offset, offset + 8));
  });

  test("may have bytes behind it, and no-operations anywhere", () => {
    const longer = new Uint8Array(written().length + 100);
    longer.set(written());
    expect(readDeviceTree(longer)).toEqual(readDeviceTree(written()));
    expect(readDeviceTree(structured(4, 1, 0, 4, 3, 0, 0, 4, 2, 4, 9)).root.properties).toMatchObject([
      { name: "name" },
    ]);
  });

  test.each([
    ["/", ""],
    ["/cpu", "cpu@0"],
    ["/soc/uart@9000000", "uart@9000000"],
    ["/soc/cpu", undefined],
  ])("has at %s the node %s", (path, name) => {
    expect(nodeAt(TREE, path)?.name).toBe(name);
  });

  test.each([
    ["no header", written().subarray(0, 39), "offset 0x27: a header of 40 bytes"],
    ["another magic", changed([0, 0xedfe0dd0]), "offset 0x0: the magic 0xd00dfeed"],
    ["more bytes than are there", changed([4, 0xffffffff]), "offset 0x4: 40 to"],
    ["fewer bytes than a header", changed([4, 39]), "offset 0x4: 40 to"],
    ["an older version", changed([20, 16]), "offset 0x14: version 17 or later, not 16"],
    ["a version of the future", changed([24, 18]), "offset 0x18: a version that readers of 17 can read"],
    ["structure beyond the end", changed([8, 0xfffffff0]), "offset 0x8: "],
    ["structure whose size wraps", changed([36, 0xfffffff0]), "offset 0x8: "],
    ["structure within the header", changed([8, 36]), "offset 0x8: "],
    ["structure that is not aligned", changed([8, STRUCTURE + 2]), "offset 0x8: "],
    ["strings beyond the end", changed([12, 0x7fffffff]), "offset 0xc: "],
    ["strings whose size wraps", changed([32, 0xffffffff]), "offset 0xc: "],
    ["reservations that are not aligned", changed([16, 44]), "offset 0x10: "],
    [
      "reservations without an end",
      changed([16, 48], [4, 72], [12, 72], [32, 0], [8, 72], [36, 0]),
      "offset 0x40: a memory reservation",
    ],
    ["a tree without a root", structured(9), "offset 0x38: a token of the tree that fits here, not 9"],
    ["an unknown token", structured(1, 0, 7), "offset 0x40: a token of the tree that fits here, not 7"],
    ["an end of a node that is none", structured(2), "offset 0x38: a token of the tree that fits here, not 2"],
    ["a property outside of nodes", structured(3, 0, 0), "offset 0x38: a token of the tree that fits here, not 3"],
    ["an end within a node", structured(1, 0, 9), "offset 0x40: a token of the tree that fits here, not 9"],
    ["no end", structured(1, 0, 2), "offset 0x44: a token in 4 bytes; 0 are left"],
    ["two roots", structured(1, 0, 2, 1, 0, 2, 9), "offset 0x44: one root"],
    ["a root with a name", structured(1, 0x61000000, 2, 9), "offset 0x3c: a root without name"],
    ["a child without one", structured(1, 0, 1, 0, 2, 2, 9), "offset 0x44: a node's name"],
    ["a name without its end", structured(1, 0x61616161), "offset 0x3c: a node's name of at most 255 bytes with a NUL"],
    [
      "a name with a control character",
      structured(1, 0, 1, 0x611b0000, 2, 2, 9),
      "offset 0x45: a node's name in ASCII",
    ],
    [
      "a property behind a child",
      structured(1, 0, 1, 0x61000000, 2, 3, 0, 0, 2, 9),
      "offset 0x4c: a node's properties before its children",
    ],
    [
      "a value that reaches out",
      structured(1, 0, 3, 0xffffffff, 0, 2, 9),
      'offset 0x4c: the value of "name" in 4294967295 bytes; 8 are left',
    ],
    [
      "a property's name beyond the strings",
      structured(1, 0, 3, 0, 8, 2, 9),
      "offset 0x48: a name's offset below 8, not 0x8",
    ],
    ["a property without a name", structured(1, 0, 3, 0, 5, 2, 9), "a property's name"],
    [
      "a property that is cut",
      structured(1, 0, 3, 0),
      "offset 0x44: a property's length and name in 8 bytes; 4 are left",
    ],
  ])("with %s is refused", (_, bytes, message) => {
    expect(() => readDeviceTree(bytes)).toThrow(FormatError);
    expect(() => readDeviceTree(bytes)).toThrow(message);
  });

  test.each([
    [64, undefined],
    [65, "nodes of at most 64 levels"],
  ])("of %s levels is refused: %s", (levels, message) => {
    let root = node("n");
    for (let level = 2; level < levels; level++) root = node("n", root);
    const read = () => readDeviceTree(writeDeviceTree({ ...TREE, root: node("", root) }));
    if (message === undefined) expect(read().root.children).toHaveLength(1);
    else expect(read).toThrow(message);
  });
});

test("the text of a tree is device tree source", () => {
  const properties = [
    texts("text", 'a "b"', "c\\"),
    { name: "empty", value: new Uint8Array(0) },
    { name: "bytes", value: Uint8Array.of(0, 0xff, 1) },
    { name: "nul", value: new Uint8Array(1) },
    cells("cells", 1, 0xfffffff0),
  ];
  const children = [node("empty"), { ...node("full"), properties }];
  expect(deviceTreeText({ ...TREE, root: { name: "", properties: [], children } })).toBe(`/dts-v1/;
/memreserve/ 0x40000000 0x1000;

/ {
\tempty {
\t};

\tfull {
\t\ttext = "a \\"b\\"", "c\\\\";
\t\tempty;
\t\tbytes = [00ff01];
\t\tnul = [00];
\t\tcells = <0x1 0xfffffff0>;
\t};
};
`);
});
