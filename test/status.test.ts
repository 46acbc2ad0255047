import { expect, test } from "vitest";
import { EfiCode, efiStatus, errnoName, foldStatus, namedStatus, statusName } from "../src/status.ts";

test.each([
  [EfiCode.Success, "SUCCESS"],
  [EfiCode.InvalidParameter, "INVALID_PARAMETER"],
  [EfiCode.BufferTooSmall, "BUFFER_TOO_SMALL"],
  [EfiCode.CompromisedData, "COMPROMISED_DATA"],
])("%i is %s, in 64 bits and folded to 32", (code, name) => {
  const status = efiStatus(code);
  expect(statusName(status)).toBe(name);
  expect(statusName(foldStatus(status))).toBe(name);
  expect(namedStatus(name)).toBe(status);
});

test.each([
  ["an unknown code", 0x8000000000000010n],
  ["a code without the error bit", 5n],
  ["the error bit alone", 0x8000000000000000n],
  ["the error bit alone, folded", 0x80000000n],
])("%s is told by its number", (_, status) => {
  expect(statusName(status)).toBe(`0x${status.toString(16)}`);
});

test.each([
  [0, "0"],
  [-14, "-EFAULT"],
  [-2, "-2"],
  [14, "14"],
])("the result %i is %s", (ret, name) => {
  expect(errnoName(ret)).toBe(name);
});
