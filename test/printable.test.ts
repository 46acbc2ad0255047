import { expect, test } from "vitest";
import { fromPrintableName, printable, printableName } from "../src/printable.ts";

test.each([
  ["plain", "Naïve €, 日本 \\EFI\\BOOT", "Naïve €, 日本 \\EFI\\BOOT"],
  ["control characters", "a\u0000\u001b[2J\n\u007f\u009b", "a\\u0000\\u001b[2J\\u000a\\u007f\\u009b"],
  ["lone surrogates", "\ud800x\udfff", "\\ud800x\\udfff"],
  ["a pair of surrogates", "😀", "😀"],
  ["bidirectional controls", "\u061c\u200e\u202e\u2066", "\\u061c\\u200e\\u202e\\u2066"],
  ["characters without width", "\u200b\ufeff\u00ad", "\\u200b\\ufeff\\u00ad"],
  ["separators of lines", "\u2028\u2029", "\\u2028\\u2029"],
  ["tags beyond the basic plane", "\u{e0041}", "\\u{e0041}"],
])("%s: only what a terminal could act on is escaped", (_, text, shown) => {
  expect(printable(text)).toBe(shown);
});

test.each([
  ["a line feed", "a\nb", "a\\u000ab"],
  ["the text of its escape", "a\\u000ab", "a\\u005cu000ab"],
  ["a lone surrogate", "\udc00", "\\udc00"],
  ["its text in upper case", "\\uDC00", "\\u005cuDC00"],
  ["a tag", "\u{e0041}", "\\u{e0041}"],
  ["a tag's text", "\\u{e0041}", "\\u005cu{e0041}"],
  ["other backslashes", "cd\\ \\\\u \\ubuntu \\u{}", "cd\\ \\\\u \\ubuntu \\u{}"],
])("names are told apart and read back: %s", (_, name, shown) => {
  expect(printableName(name)).toBe(shown);
  expect(fromPrintableName(shown)).toBe(name);
});

test("an escape of no character is no escape", () => {
  expect(fromPrintableName("\\u{110000}")).toBe("\\u{110000}");
});
