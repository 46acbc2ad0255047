import { expect, test } from "vitest";
import { FormatError } from "../src/formats/variable-set.ts";
import { parseTrace } from "../src/trace/format.ts";

test("an integer past 2^53 within a wrong value is refused with its line, not by JSON", () => {
  const header = '{"format":"xenefi-trace","version":1,"abi":"x86_64"}';
  const read = () => parseTrace(`${header}\n{"fn":"set_time","in":{"x":{"y":9007199254740993}},"out":{}}`);
  expect(read).toThrow(FormatError);
  expect(read).toThrow(/^line 2: in\.x: a known field, not \{"y":\d+\}$/);
});
