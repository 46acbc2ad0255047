import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { FormatError } from "../../src/formats/variable-set.ts";
import { formatDictionary, parseDictionary, tokensOf } from "../../src/fuzz/dictionary.ts";
import { dictionaryText } from "../../src/fuzz/seed-corpus.ts";
import { makeTables } from "../../src/fuzz/tables.ts";

const file = readFileSync(new URL("../../fuzz/xenefi.dict", import.meta.url), "utf8");

test("fuzz/xenefi.dict is what the tables make", () => {
  expect(file).toBe(dictionaryText());
});

test("a dictionary that is written is read again the same, whatever its bytes", () => {
  const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  const tokens = [...tokensOf(makeTables()), { bytes: all }, { name: "all", bytes: all }];
  expect(tokens.length).toBeGreaterThan(100);
  expect(parseDictionary(formatDictionary(tokens))).toEqual(tokens);
});

test.each([
  ['kw="ab"', "kw", "ab"],
  ['"ab"', undefined, "ab"],
  ['  a_1@2 = "a\\"b\\\\c\\x41\\x0a"  ', "a_1", 'a"b\\cA\n'],
  ['kw="#"', "kw", "#"],
])("%s is a token", (line, name, text) => {
  const bytes = new TextEncoder().encode(text);
  expect(parseDictionary(`# remark\n\n${line}\r\n`)).toEqual([name === undefined ? { bytes } : { name, bytes }]);
});

test.each([
  ["kw=ab", 'line 2: name="value" or "value"'],
  ['kw="ab', 'line 2: name="value" or "value"'],
  ['kw="ab" x', 'line 2: name="value" or "value"'],
  ['a b="ab"', 'line 2: name="value" or "value"'],
  ['kw=""', "line 2: a token of at least 1 byte"],
  ['kw="a\\n"', 'line 2, column 6: one of \\\\, \\" and \\xAB, not \\n'],
  ['kw="\\x4"', 'line 2, column 5: one of \\\\, \\" and \\xAB, not \\x'],
  ['kw="\\"', 'line 2, column 5: one of \\\\, \\" and \\xAB, not \\'],
  ['kw="a"b"', 'line 2, column 6: \\" for a quote in a token'],
  ['kw="ä"', "line 2, column 5: printable ASCII, other bytes as \\xAB, not code 228"],
])("%s is refused with line and expectation", (line, message) => {
  const read = () => parseDictionary(`# remark\n${line}\n`);
  expect(read).toThrow(FormatError);
  expect(read).toThrow(new FormatError(...(message.split(/: (.*)/s).slice(0, 2) as [string, string])));
});
