import { describe, expect, test } from "vitest";
import { json } from "../../src/formats/json.ts";
import { areSame } from "../../src/formats/sameness.ts";
import { FormatError, type Variable } from "../../src/formats/variable-set.ts";
import { GLOBAL_GUID } from "../../src/guid.ts";
import { utf8 } from "../support/bytes.ts";
import { sampleBytes } from "../support/store-samples.ts";
import { variable } from "../support/variables.ts";

const STAMP_HEX = "01".repeat(16);
const STAMP = new Uint8Array(16).fill(1);
const DIGEST_HEX = "02".repeat(32);
const DIGEST = new Uint8Array(32).fill(2);
const ENTRY = { name: "Boot0001", guid: GLOBAL_GUID, attr: 7, data: "010203" };

function text(value: unknown): Uint8Array {
  return utf8(JSON.stringify(value));
}

/** Version 2 with one entry of these fields. */
function one(fields: object): Uint8Array {
  return text({ version: 2, variables: [{ ...ENTRY, ...fields }] });
}

function parsed(bytes: Uint8Array): unknown {
  return JSON.parse(new TextDecoder().decode(bytes));
}

test("what QEMU wrote is written byte for byte", () => {
  const bytes = sampleBytes("qemu-uefi-vars.json");
  expect(Buffer.from(json.serialize(json.parse(bytes))).toString()).toBe(Buffer.from(bytes).toString());
});

test("the keys are those that QEMU takes, and no others", () => {
  const bytes = json.serialize([variable({ attributes: 0x27, stamp: STAMP, digest: DIGEST }), variable({ name: "B" })]);
  expect(parsed(bytes)).toEqual({
    version: 2,
    variables: [
      { ...ENTRY, attr: 0x27, time: STAMP_HEX, digest: DIGEST_HEX },
      { ...ENTRY, name: "B" },
    ],
  });
});

test.each([
  ["time, of virt-fw-vars and QEMU", one({ time: STAMP_HEX }), { stamp: STAMP }],
  ["timestamp, of python-uefivars", one({ timestamp: STAMP_HEX }), { stamp: STAMP }],
  ["digest", one({ digest: DIGEST_HEX }), { digest: DIGEST }],
  ["a time of zeros, which is none", one({ time: "00".repeat(16) }), {}],
  ["upper-case digits", one({ data: "0102AB", guid: GLOBAL_GUID.toUpperCase() }), { data: Uint8Array.of(1, 2, 0xab) }],
  ["no data", one({ data: "" }), { data: new Uint8Array() }],
  ["attributes of all ones", one({ attr: 0xffffffff }), { attributes: 0xffffffff }],
  ["a lone surrogate, escaped", one({ name: "\ud800" }), { name: "\ud800" }],
  ["keys of others", one({ __proto__: { x: 1 }, comment: [1, { a: 2 }] }), {}],
  ["version 1, a bare array", text([ENTRY]), {}],
])("%s is read", (_, bytes, fields) => {
  expect(json.parse(bytes)).toEqual([variable(fields)]);
});

test("white space around the value is read over", () => {
  const bytes = utf8(` \r\n\t${new TextDecoder().decode(one({}))}\n\n`);
  expect(json.detects(bytes)).toBe(true);
  expect(json.parse(bytes)).toEqual([variable()]);
});

test.each([
  ["bytes that are no UTF-8", Uint8Array.of(...utf8('{"version": "'), 0xff), "offset 0xd: UTF-8"],
  ["a cut UTF-8 character", Uint8Array.of(...utf8('{"a'), 0xe2, 0x82), "offset 0x5: UTF-8"],
  ["a byte order mark", utf8("\ufeff{}"), "offset 0x0: JSON ("],
  ["no JSON", utf8('{"\u20ac": x}'), "offset 0x8: JSON ("],
  ["a cut text", utf8('{"version": 2'), "offset 0xd: JSON ("],
  ["something behind the value", utf8("{} {}"), "offset 0x3: JSON ("],
  ["a number", utf8("2"), "the text: a JSON object or array"],
  ["null", utf8("null"), "the text: a JSON object or array"],
  ["no version", text({ variables: [] }), "version: 2, not undefined"],
  ["version 3", text({ version: 3, variables: [] }), "version: 2, not 3"],
  ["a version as text", text({ version: "2", variables: [] }), 'version: 2, not "2"'],
  ["no variables", text({ version: 2 }), "variables: an array"],
  ["variables that are no array", text({ version: 2, variables: {} }), "variables: an array"],
  ["a variable that is no object", text({ version: 2, variables: [ENTRY, null] }), "variables[1]: an object"],
  ["a variable that is an array", text([[ENTRY]]), "variables[0]: an object"],
  ["no name", one({ name: undefined }), "variables[0].name: text"],
  ["a name that is a number", one({ name: 1 }), "variables[0].name: text"],
  ["an empty name", one({ name: "" }), "variables[0].name: text that is not empty"],
  ["a NUL in the name", one({ name: "a\0b" }), "variables[0].name: text that is not empty and has no NUL"],
  ["no GUID", one({ guid: undefined }), "variables[0].guid: a GUID as text"],
  ["a short name of a GUID", one({ guid: "global" }), "variables[0].guid: a GUID as text"],
  ["a GUID in braces", one({ guid: `{${GLOBAL_GUID}}` }), "variables[0].guid: a GUID as text"],
  ["no attributes", one({ attr: undefined }), "variables[0].attr: an integer from 0 to 4294967295"],
  ["attributes as text", one({ attr: "7" }), "variables[0].attr: an integer"],
  ["attributes below 0", one({ attr: -1 }), "variables[0].attr: an integer"],
  ["attributes of 33 bits", one({ attr: 2 ** 32 }), "variables[0].attr: an integer"],
  ["attributes with a fraction", one({ attr: 7.5 }), "variables[0].attr: an integer"],
  ["no data key", one({ data: undefined }), "variables[0].data: hexadecimal text"],
  ["data that is null", one({ data: null }), "variables[0].data: hexadecimal text"],
  ["an odd number of digits", one({ data: "012" }), "variables[0].data: hexadecimal text; hexadecimal text has an odd"],
  ["a digit that is none", one({ data: "01x2" }), 'variables[0].data: hexadecimal text; offset 2: "x"'],
  ["a time of 15 bytes", one({ time: "01".repeat(15) }), "variables[0].time: 16 bytes, not 15"],
  ["a timestamp of 17 bytes", one({ timestamp: "01".repeat(17) }), "variables[0].timestamp: 16 bytes, not 17"],
  ["a time that is no text", one({ time: null }), "variables[0].time: hexadecimal text"],
  ["a digest of 31 bytes", one({ digest: "01".repeat(31) }), "variables[0].digest: 32 bytes, not 31"],
  [
    "both keys for the time",
    one({ time: STAMP_HEX, timestamp: STAMP_HEX }),
    'variables[0].timestamp: either "time" or',
  ],
  ["a variable twice", text([ENTRY, ENTRY]), "variables[1]: a variable that is not in the file yet"],
  ["33 levels", utf8(`${"[".repeat(33)}${"]".repeat(33)}`), "the text: JSON nested at most 32 levels deep"],
  ["a million levels", utf8(`${"[".repeat(1e6)}${"]".repeat(1e6)}`), "the text: JSON nested at most 32 levels deep"],
  ["a million levels that are cut", utf8('{"a":'.repeat(1e6)), "the text: JSON"],
])("%s is refused", (_, bytes, message) => {
  expect(() => json.parse(bytes)).toThrow(FormatError);
  expect(() => json.parse(bytes)).toThrow(message);
});

test("a store of ten thousand variables and megabytes is read and written", () => {
  const many = Array.from({ length: 10_000 }, (_, n) => variable({ name: `N${n}`, data: new Uint8Array(300).fill(n) }));
  const read = json.parse(json.serialize(many));
  expect(read).toHaveLength(many.length);
  expect(read.every((found, n) => areSame(found, many[n] as Variable))).toBe(true);
});

describe("an edit keeps", () => {
  const other = variable({ name: "Other" });
  const comment = { ...ENTRY, name: "A", comment: { deep: [1] } };

  test("an array as an array", () => {
    expect(parsed(json.edit(text([ENTRY]), [variable(), other]))).toEqual([ENTRY, { ...ENTRY, name: "Other" }]);
  });

  test("keys of others: the file's, and those of variables that stay", () => {
    const base = text({ tool: "x", version: 2, variables: [comment, { ...comment, name: "B" }] });
    const edited = json.edit(base, [variable({ name: "A" }), variable({ name: "B", attributes: 3 })]);
    expect(parsed(edited)).toEqual({ tool: "x", version: 2, variables: [comment, { ...ENTRY, name: "B", attr: 3 }] });
  });

  test.each(["time", "timestamp"])("%s as the key for the time", (key) => {
    const base = one({ attr: 0x27, [key]: STAMP_HEX });
    const edited = json.edit(base, [
      variable({ attributes: 0x27, stamp: STAMP }),
      variable({ name: "B", attributes: 0x27 }),
    ]);
    expect(parsed(edited)).toMatchObject({ variables: [{ [key]: STAMP_HEX }, { [key]: "00".repeat(16) }] });
  });

  test.each([
    ["two spaces", 2, ""],
    ["a tab, and a line feed at the end", "\t", "\n"],
    ["one line", 0, "\r\n"],
  ])("the layout: %s", (_, indentation, end) => {
    const layout = (value: unknown) => utf8(JSON.stringify(value, undefined, indentation) + end);
    const edited = json.edit(layout([ENTRY]), [variable(), other]);
    expect(edited).toEqual(layout([ENTRY, { ...ENTRY, name: "Other" }]));
  });

  test("U-Boot's mark of a variable that stays, but writes no new one", () => {
    const marked = variable({ attributes: 0x80000007 });
    const edited = json.edit(one({ attr: 0x80000007 }), [marked, { ...marked, name: "New" }]);
    expect(json.parse(edited)).toEqual([marked, variable({ name: "New" })]);
  });
});

test.each([
  ["a volatile variable", { attributes: 6 }, ["the variable: it is volatile"]],
  ["no data", { data: new Uint8Array() }, []],
  ["a time stamp and digest", { stamp: STAMP, digest: DIGEST }, []],
  ["a lone surrogate", { name: "\ud800" }, ["the variable: its name is no Unicode text (a lone surrogate)"]],
  ["a pair of surrogates", { name: "\u{1f600}" }, []],
  ["U-Boot's mark", { attributes: 0x80000007 }, ["attribute bit 31, U-Boot's read-only mark"]],
])("losses of %s", (_, fields, causes) => {
  expect(json.losses([variable(fields)]).map(({ what }) => what)).toEqual(causes);
});
