import { expect, test } from "vitest";
import { printable } from "../src/printable.ts";

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
