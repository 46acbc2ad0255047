import { expect, test } from "vitest";
import { parseDevicePath } from "../../src/decoders/device-path-text.ts";
import { decode } from "../../src/decoders/index.ts";
import { type LoadOption, readLoadOption, writeLoadOption } from "../../src/decoders/load-option.ts";
import { FormatError } from "../../src/formats/variable-set.ts";
import { GLOBAL_GUID } from "../../src/guid.ts";
import { fromHex, toHex } from "../../src/hex.ts";
import { toUcs2 } from "../../src/ucs2.ts";

const NOWHERE = { find: () => undefined };
const PATH = "HD(1,GPT,c4c14101-4c50-9240-aca9-41f936934328,0x800,0x100000)/File(\\EFI\\BOOT\\BOOTX64.EFI)";

function option(parts: Partial<LoadOption>): Uint8Array {
  const paths = parseDevicePath("Pci(0x1,0x0)");
  return writeLoadOption({ attributes: 1, description: "Linux", paths, optionalData: new Uint8Array(0), ...parts });
}

function decoded(data: Uint8Array) {
  return decode({ name: "Boot0001", guid: GLOBAL_GUID, attributes: 7, data }, NOWHERE);
}

test("an option is written as the specification lays it out", () => {
  expect(toHex(option({ description: "A", optionalData: fromHex("0102") }))).toBe(
    `01000000${"0a00"}41000000${"0101060000017fff0400"}0102`,
  );
});

test("what is written is read back", () => {
  const parts = {
    attributes: 0x80000109,
    description: "Dom0 €",
    paths: parseDevicePath(PATH),
    optionalData: fromHex("00ff"),
  };
  expect(readLoadOption(writeLoadOption(parts))).toEqual(parts);
});

test("a description with NUL and too long a path list are not written", () => {
  expect(() => option({ description: "a\0b" })).toThrow(RangeError);
  expect(() => option({ paths: new Uint8Array(0x10000) })).toThrow(RangeError);
});

test.each([
  ["0100", "offset 0x0: a load option's header of 6 bytes, not 2"],
  ["010000000000", "offset 0x6: a description that ends with NUL"],
  ["0100000000004100", "offset 0x6: a description that ends with NUL"],
  ["01000000000041004200", "offset 0x6: a description that ends with NUL"],
  ["010000000500000041424344", "offset 0x4: a path list of at most 4 bytes, not 5"],
])("%s is no load option", (digits, message) => {
  expect(() => readLoadOption(fromHex(digits))).toThrow(FormatError);
  expect(() => readLoadOption(fromHex(digits))).toThrow(new RegExp(`^${message}`));
});

test.each([
  [0x00000001, "0x00000001 active"],
  [0x00000000, "0x00000000 inactive"],
  [0x00000003, "0x00000003 active, force reconnect"],
  [0x00000009, "0x00000009 active, hidden"],
  [0x00000101, "0x00000101 active, application"],
  [0x00000201, "0x00000201 active, category 2"],
  [0x80000001, "0x80000001 active, 0x80000000"],
])("attributes 0x%i are shown as %s", (attributes, text) => {
  expect(decoded(option({ attributes })).lines[1]).toBe(`attributes   ${text}`);
});

test.each([
  ["UTF-16", toUcs2("console=hvc0\0"), '* Linux  Pci(0x1,0x0)  "console=hvc0"', 'data         UTF-16 "console=hvc0"'],
  ["ASCII", new TextEncoder().encode("quiet"), '* Linux  Pci(0x1,0x0)  "quiet"', 'data         ASCII "quiet"'],
  [
    "neither",
    fromHex("00ff1041"),
    "* Linux  Pci(0x1,0x0)  00ff1041",
    "data         00000000  00 ff 10 41                                      ...A",
  ],
])("optional data that is %s is shown as that", (_, optionalData, summary, line) => {
  const { summary: shown, lines } = decoded(option({ optionalData }));
  expect(shown).toBe(summary);
  expect(lines.at(-1)).toBe(line);
});

test("an option's paths behind the first are shown, too", () => {
  const one = parseDevicePath("Pci(0x1,0x0)");
  const { lines, value } = decoded(option({ paths: Uint8Array.from([...one, ...parseDevicePath("USB(1,2)")]) }));
  expect(lines.slice(2)).toEqual(["path         Pci(0x1,0x0)", "more         USB(1,2)"]);
  expect(value).toMatchObject({ paths: ["Pci(0x1,0x0)", "USB(1,2)"], faults: [] });
});

test("a malformed path leaves the rest of the option readable", () => {
  const { summary, lines } = decoded(option({ paths: fromHex("01010600000101010000"), attributes: 0 }));
  expect(summary).toBe("  Linux  Pci(0x1,0x0)/<malformed 01010000>");
  expect(lines.at(-1)).toBe("malformed    in the paths, offset 0x8: a node length from 4 to 4, not 0");
});

test("an option has a stable form for programs", () => {
  expect(decoded(option({ attributes: 0x109, optionalData: toUcs2("ro") })).value).toEqual({
    active: true,
    attributes: 0x109,
    description: "Linux",
    paths: ["Pci(0x1,0x0)"],
    pathData: "0101060000017fff0400",
    faults: [],
    optionalData: "72006f00",
    optionalText: "ro",
  });
});

test("no description can disturb a terminal", () => {
  const { summary, lines, value } = decoded(option({ description: "\u001b[2J\u202e" }));
  expect(summary).toBe("* \\u001b[2J\\u202e  Pci(0x1,0x0)");
  expect(lines[0]).toBe("description  \\u001b[2J\\u202e");
  expect(value).toMatchObject({ description: "\\u001b[2J\\u202e" });
});
