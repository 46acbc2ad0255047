import { describe, expect, test } from "vitest";
import { FormatError } from "../../src/formats/variable-set.ts";
import {
  cells,
  type DeviceTreeProperty,
  nodeAt,
  propertyOf,
  u64Property,
  writeDeviceTree,
} from "../../src/handover/device-tree.ts";
import { readDeviceTree } from "../../src/handover/device-tree-reader.ts";
import { hypervisorTree } from "../../src/handover/hypervisor-tree.ts";
import { parameterProperties, parametersFrom, uefiParameters } from "../../src/handover/uefi-parameters.ts";

const PARAMETERS = {
  systemTable: 0x1122334455667788n,
  mapStart: 0x8877665544332211n,
  ...{ mapBytes: 0x78, descriptorBytes: 40, descriptorVersion: 1 },
};
const OPTIONS = { xenVersion: "4.21" };
const RESOURCES = { grantTable: { address: 0x1b0000000n, bytes: 0x20000 }, eventInterrupt: [1, 15, 0xf08] } as const;

const hypervisor = hypervisorTree(OPTIONS, PARAMETERS);
const both = hypervisorTree({ ...OPTIONS, bootLoader: { secureBoot: 2 } }, PARAMETERS);

describe("Xen's tree", () => {
  test("has cells of 2 and 1, /chosen, and /hypervisor with its version", () => {
    const { properties, children } = hypervisor.root;
    expect(properties).toEqual([cells("#address-cells", 2), cells("#size-cells", 1)]);
    expect(children.map(({ name }) => name)).toEqual(["chosen", "hypervisor"]);
    const compatible = propertyOf(nodeAt(hypervisor, "/hypervisor"), "compatible")?.value;
    expect(new TextDecoder().decode(compatible)).toBe("xen,xen-4.21\0xen,xen\0");
    expect(children[0]?.properties).toEqual([]);
  });

  test("tells of the tables in five properties, big-endian", () => {
    expect(nodeAt(hypervisor, "/hypervisor/uefi")?.properties).toEqual([
      u64Property("xen,uefi-system-table", 0x1122334455667788n),
      u64Property("xen,uefi-mmap-start", 0x8877665544332211n),
      cells("xen,uefi-mmap-size", 0x78),
      cells("xen,uefi-mmap-desc-size", 40),
      cells("xen,uefi-mmap-desc-ver", 1),
    ]);
    expect([...u64Property("", 0x1122334455667788n).value]).toEqual([0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88]);
  });

  test("tells of grant table and event interrupt only where there is no ACPI", () => {
    const names = (tree: typeof hypervisor) => nodeAt(tree, "/hypervisor")?.properties.map(({ name }) => name);
    expect(names(hypervisor)).toEqual(["compatible"]);
    const tree = hypervisorTree({ ...OPTIONS, resources: RESOURCES }, undefined);
    expect(names(tree)).toEqual(["compatible", "reg", "interrupts"]);
    expect(propertyOf(nodeAt(tree, "/hypervisor"), "reg")).toEqual(cells("reg", 1, 0xb0000000, 0x20000));
    expect(nodeAt(tree, "/hypervisor/uefi")).toBeUndefined();
  });

  test("tells the same as a boot loader does, with the Secure Boot state", () => {
    expect(nodeAt(both, "/chosen")?.properties.map(({ name }) => name)).toEqual([
      ...["linux,uefi-system-table", "linux,uefi-mmap-start", "linux,uefi-mmap-size", "linux,uefi-mmap-desc-size"],
      ...["linux,uefi-mmap-desc-ver", "linux,uefi-secure-boot"],
    ]);
    expect(parametersFrom(both, "linux")).toEqual(parametersFrom(both, "xen"));
  });
});

/** A tree of one node with these properties. */
function tree(path: "/hypervisor/uefi" | "/chosen", properties: DeviceTreeProperty[]) {
  const last = { name: path === "/chosen" ? "chosen" : "uefi", properties, children: [] };
  const children = path === "/chosen" ? [last] : [{ name: "hypervisor", properties: [], children: [last] }];
  return { reservations: [], bootCpu: 0, root: { name: "", properties: [], children } };
}

describe("the parameters that Linux takes", () => {
  test.each([
    ["those of Xen before a boot loader's", both, { source: "xen", ...PARAMETERS }],
    [
      "those of a boot loader",
      tree("/chosen", parameterProperties("linux", PARAMETERS)),
      { source: "linux", ...PARAMETERS },
    ],
    ["none without either", hypervisorTree(OPTIONS, undefined), undefined],
    ["none where Xen's node tells of none, whatever a boot loader says", tree("/hypervisor/uefi", []), undefined],
  ])("%s", (_, source, found) => {
    expect(uefiParameters(source)).toEqual(found);
  });

  const five = parameterProperties("xen", PARAMETERS);
  const replaced = (property: DeviceTreeProperty) =>
    tree(
      "/hypervisor/uefi",
      five.map((old) => (old.name === property.name ? property : old)),
    );

  test.each([
    ["a start of 4 bytes", cells("xen,uefi-mmap-start", 0x1000), { mapStart: 0x1000n }],
    ["a size of 8 bytes", u64Property("xen,uefi-mmap-size", 0xffffffffn), { mapBytes: 0xffffffff }],
  ])("%s is taken, as Linux takes it", (_, property, found) => {
    expect(uefiParameters(replaced(property))).toMatchObject(found);
  });

  test.each([
    ["a start of 12 bytes", cells("xen,uefi-mmap-start", 0, 0, 0), "xen,uefi-mmap-start of 8 bytes, not 12"],
    ["an empty size", cells("xen,uefi-mmap-size"), "xen,uefi-mmap-size of 4 bytes, not 0"],
    ["a size that does not fit", u64Property("xen,uefi-mmap-size", 1n << 32n), "xen,uefi-mmap-size below 2^32"],
  ])("%s is refused, at its place in the file", (_, property, message) => {
    const read = readDeviceTree(writeDeviceTree(replaced(property)));
    expect(() => uefiParameters(read)).toThrow(FormatError);
    expect(() => uefiParameters(read)).toThrow(new RegExp(`^offset 0x[0-9a-f]+: ${message.replace("^", "\\^")}`));
    expect(() => uefiParameters(replaced(property))).toThrow(`/hypervisor/uefi ${property.name}: ${message}`);
  });

  test.each(five.slice(1).map(({ name }) => name))("without %s beside the table it is refused", (name) => {
    const rest = tree(
      "/hypervisor/uefi",
      five.filter((property) => property.name !== name),
    );
    expect(() => uefiParameters(rest)).toThrow(`/hypervisor/uefi: the property ${name} beside the system table's`);
  });
});
