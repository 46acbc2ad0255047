import fc from "fast-check";
import { expect, test } from "vitest";
import { readDevicePath } from "../../src/decoders/device-path.ts";
import { parseDevicePath } from "../../src/decoders/device-path-text.ts";
import { fromHex, toHex } from "../../src/hex.ts";
import { AS_PRINTED, DIFFERENT } from "../support/device-paths.ts";

const END = "7fff0400";
const NEXT_INSTANCE = "7f010400";
const PCI = "010106000001";
const ROOT = "02010c00d041030a00000000";

const textOf = (digits: string) => readDevicePath(fromHex(digits.replaceAll(" ", ""))).text;

const NODES = AS_PRINTED.map(([node, text, written = node]) => [node, text, written] as const);

test.each(NODES)("node %s is shown as efibootmgr 17 prints it, %s", (node, text) => {
  expect(readDevicePath(fromHex(node + END))).toEqual({ text, bytes: node.length / 2 + 4 });
});

test.each(DIFFERENT)("where libefivar 37 %s: %s is %s", (_, node, text) => {
  expect(readDevicePath(fromHex(node + END))).toEqual({ text, bytes: node.length / 2 + 4 });
});

test.each(NODES)("the text of %s, %s, is read back", (_, text, written) => {
  expect(toHex(parseDevicePath(text))).toBe(written + END);
});

test.each(DIFFERENT)("text that libefivar 37 gets wrong is read back (%s, %s, %s)", (_, _node, text) => {
  expect(readDevicePath(parseDevicePath(text)).text).toBe(text);
});

test.each([
  [`${ROOT} ${PCI} ${END}`, "PciRoot(0x0)/Pci(0x1,0x0)"],
  [END, ""],
  [`${PCI} ${NEXT_INSTANCE} ${ROOT} ${PCI} ${END}`, "Pci(0x1,0x0),PciRoot(0x0)/Pci(0x1,0x0)"],
  [`${NEXT_INSTANCE} ${PCI} ${END}`, ",Pci(0x1,0x0)"],
])("%s: nodes have slashes between them, instances commas", (digits, text) => {
  expect(textOf(digits)).toBe(text);
});

test.each([
  ["no node at all", "", "<no end>", "offset 0x0: a device path node or its end, not 0 bytes"],
  ["no end", PCI, "Pci(0x1,0x0)/<no end>", "offset 0x6: a device path node or its end, not 0 bytes"],
  [
    "half a header",
    `${PCI} 0101`,
    "Pci(0x1,0x0)/<malformed 0101>",
    "offset 0x6: a device path node or its end, not 2 bytes",
  ],
  [
    "length 0",
    `${PCI} 01010000 ${END}`,
    "Pci(0x1,0x0)/<malformed 010100007fff0400>",
    "offset 0x8: a node length from 4 to 8, not 0",
  ],
  ["length 3", "01010300", "<malformed 01010300>", "offset 0x2: a node length from 4 to 4, not 3"],
  [
    "too long",
    `${PCI} 0101ff00 ${END}`,
    "Pci(0x1,0x0)/<malformed 0101ff007fff0400>",
    "offset 0x8: a node length from 4 to 8, not 255",
  ],
  [
    "a long rest",
    `01010300 ${"00".repeat(13)}`,
    `<malformed 01010300${"00".repeat(12)}…>`,
    "offset 0x2: a node length from 4 to 17, not 3",
  ],
])("a path with %s ends with its rest, marked", (_, digits, text, message) => {
  const path = readDevicePath(fromHex(digits.replaceAll(" ", "")));
  expect(path.text).toBe(text);
  expect(path.fault?.message).toBe(message);
});

test("a path may begin anywhere, and tells its bytes", () => {
  expect(readDevicePath(fromHex(`ffff${PCI}${END}ffff`), 2)).toEqual({ text: "Pci(0x1,0x0)", bytes: 10 });
});

test.each([
  ["", END],
  ["PciRoot(0x0)/Pci(0x1,0x0)", ROOT + PCI + END],
  ["Pci(0x1,0x0),PciRoot(0x0)", PCI + NEXT_INSTANCE + ROOT + END],
  ["File(a),b)/c)/Pci(0x1,0x0)", `04041400610029002c00620029002f0063000000${PCI}${END}`],
  ["Uri(http://h/a(1)/b)", `03181300${toHex(new TextEncoder().encode("http://h/a(1)/b"))}${END}`],
  ["IPv6([1::],TCP,Static,[::1],[1:2:3:4:5:6:7:8],0)", undefined],
  ["IPv6([1:0:2:3:4:5:6:7],TCP,Static,[::],[::1:0:0:0],0)", undefined],
  ["BBS(HD,a,b,0x1)", `05010c0002000100612c6200${END}`],
  ["AcpiEx(0x50341d0,0x3,0x2)", `02021300d04103050200000003000000000000${END}`],
  ["Dns()", `031f050000${END}`],
  ["Path(127,9,aabb)", `7f090600aabb${END}`],
])("text %j becomes bytes", (text, digits) => {
  const bytes = parseDevicePath(text);
  if (digits !== undefined) expect(toHex(bytes)).toBe(digits);
  expect(readDevicePath(bytes).text).toBe(text);
});

test.each([
  ["Pci", "position 0: a node such as File(…) is expected"],
  ["PciRoot(0x0)/Pci(0x1", "position 17: Pci( has no closing parenthesis"],
  ["PciRoot(0x0)/Nothing(1)", "position 13: Nothing: there is no such node"],
  ["PciRoot(0x0)/Pci(0x1)", "position 13: Pci: 2 arguments are expected, not 1"],
  ["Pci(0x1,0x0,0x0)", "position 0: Pci: 2 arguments are expected, not 3"],
  ["Pci(0x1,0x100)", 'position 0: Pci: "0x100" is no hexadecimal (0x) number of 1 bytes'],
  ["Pci(1,0x0)", 'position 0: Pci: "1" is no hexadecimal (0x) number of 1 bytes'],
  ["BBS(HD)", "position 0: BBS: 3 arguments are expected, not 1"],
  ["FvVol(1)", 'position 0: FvVol: "1" is no GUID (8-4-4-4-12 hexadecimal digits)'],
  ["IPv4(1.2.3.256,TCP,DHCP,0.0.0.0)", 'position 0: IPv4: "1.2.3.256" is no IPv4 address'],
  ["Dns([1::2::3])", 'position 0: Dns: "1::2::3" is no IPv6 address'],
  ["Dns([1:2:3:4::5:6:7:8])", 'position 0: Dns: "1:2:3:4::5:6:7:8" is no IPv6 address'],
  ["Dns([1:2])", 'position 0: Dns: "1:2" is no IPv6 address'],
  ["IPv4(1.2.3,TCP,DHCP,0.0.0.0)", 'position 0: IPv4: "1.2.3" is no IPv4 address'],
  ["IPv4(x,TCP,DHCP,0.0.0.0)", 'position 0: IPv4: "x" is no address'],
  ["iSCSI(iqn,1,0x0,5,None,None,TCP)", 'position 0: iSCSI: "5" is not None'],
  ["Bluetooth(01:02)", 'position 0: Bluetooth: "01:02" is not 6 bytes'],
  ["SAS(1,0,0,Nowhere)", 'position 0: SAS: "Nowhere" is no SAS topology'],
  ["AcpiEx(1,2)", 'position 0: AcpiEx: "1,2" is not _HID, _CID and _UID'],
  ["MAC(0102,1)", 'position 0: MAC: "0102" is not 6 or 32 bytes'],
  ["Path(256,1,)", "position 0: Path: numbers up to 255 and hexadecimal digits are expected"],
  ["Msg(1,abc)", "position 0: Msg: hexadecimal text has an odd number of digits (3)"],
  [`Msg(1,${"00".repeat(65532)})`, "position 0: Msg: 65536 bytes, a node has 65535 at most"],
])("text %j is refused with the position", (text, message) => {
  expect(() => parseDevicePath(text)).toThrow(new SyntaxError(message));
});

test("any bytes have a text, and any node's text that is read gives itself again", () => {
  const node = fc.record({
    type: fc.constantFrom(1, 2, 3, 4, 5, 6),
    subtype: fc.nat(36),
    body: fc.uint8Array({ maxLength: 70 }),
  });
  fc.assert(
    fc.property(node, ({ type, subtype, body }) => {
      const bytes = Uint8Array.from([type, subtype, 4 + body.length, 0, ...body, 0x7f, 0xff, 4, 0]);
      const { text, fault } = readDevicePath(bytes);
      expect(fault).toBeUndefined();
      // Text of strings may hold what looks like another node; numbers cannot.
      if (/^[ -~]*$/.test(text) && !/[(].*[()].*[)]/.test(text)) {
        expect(readDevicePath(parseDevicePath(text)).text).toBe(text);
      }
    }),
    { numRuns: 2000 },
  );
});
