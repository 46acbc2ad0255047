import { describe, expect, test } from "vitest";
import { table } from "../src/cli/table.ts";
import { cutText, textWidth } from "../src/text-width.ts";

test.each([
  ["", 0],
  ["Boot0000", 8],
  ["é", 1],
  ["e\u0301", 1],
  ["変数", 4],
  ["한글", 4],
  ["ｆ", 2],
  ["\u{20000}", 2],
  ["😀", 2],
  ["█·…", 3],
  ["a\u200bb", 2],
])("%j takes %i cells of a terminal", (text, cells) => {
  expect(textWidth(text)).toBe(cells);
});

test.each([
  ["Boot0000", 8, "Boot0000"],
  ["Boot0000", 7, "Boot00…"],
  ["変数変数", 8, "変数変数"],
  ["変数変数", 7, "変数変…"],
  ["変数変数", 6, "変数…"],
  ["😀😀", 3, "😀…"],
])("%j cut to %i cells is %j", (text, cells, cut) => {
  expect(cutText(text, cells)).toBe(cut);
});

describe("a table", () => {
  const rows = [
    ["変数", "1"],
    ["Lang", "2"],
    ["e\u0301", "変数変数"],
  ];

  test("aligns columns by the cells that text takes", () => {
    expect(table(rows)).toBe("変数  1\nLang  2\ne\u0301     変数変数\n");
  });

  test("has no line that is wider than asked for", () => {
    expect(table(rows, 10)).toBe("変数  1\nLang  2\ne\u0301     変…\n");
  });
});
