import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { CONTROLS } from "../src/protocol/control.ts";
import * as layout from "../src/protocol/layout.ts";

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");
const page = read("docs/protocol.md");

/** The cells of the first table below a heading that has such a header. */
function table(heading: string, header: string): string[][] {
  const part = page.slice(page.indexOf(heading));
  const rows = part.slice(part.indexOf(`| ${header} |`)).split("\n\n", 1)[0] as string;
  return rows
    .split("\n")
    .slice(2)
    .map((row) =>
      row
        .split("|")
        .map((cell) => cell.trim())
        .slice(1, -1),
    );
}

const { HELLO, CALL, NEED, HAVE, RESULT, CTL, REPLY, ERROR } = layout;
const TYPES = { HELLO, CALL, NEED, HAVE, RESULT, CTL, REPLY, ERROR };

test("the page has the types of frames", () => {
  expect(table("## Frames", "type | name").map(([type, name]) => [Number(type), name])).toEqual(
    Object.entries(TYPES).map(([name, type]) => [type, name]),
  );
});

test.each([
  ["## Frames", [layout.LENGTH, layout.TYPE, layout.FLAGS, layout.TAG], layout.HEAD_BYTES],
  [
    "### HELLO",
    [layout.HELLO_MAGIC, layout.HELLO_VERSION, layout.HELLO_ABI, layout.HELLO_ZERO, layout.HELLO_UNMAPPED_BELOW],
    layout.HELLO_BYTES,
  ],
  [
    "### CALL",
    [layout.CALL_NUMBER, layout.CALL_OP_BYTES, layout.CALL_REGIONS, layout.CALL_OP_ADDRESS, layout.CALL_OP],
    layout.CALL_OP,
  ],
  [
    "A region says",
    [layout.REGION_ADDRESS, layout.REGION_LENGTH, layout.REGION_GIVEN, layout.REGION_BYTES],
    layout.REGION_BYTES,
  ],
  ["### NEED", [layout.NEED_RANGES, layout.NEED_FIRST], layout.NEED_FIRST],
  ["### HAVE", [layout.HAVE_FIRST], layout.HAVE_FIRST],
  ["### RESULT", [layout.RESULT_RET, layout.RESULT_WRITES, layout.RESULT_FIRST], layout.RESULT_FIRST],
  ["### ERROR", [layout.ERROR_OFFSET, layout.ERROR_TEXT], layout.ERROR_TEXT],
])("the offsets of %s are the code's, and each field ends where the next begins", (heading, offsets, end) => {
  const rows = table(heading, "offset | type");
  expect(rows.map(([offset]) => Number(offset))).toEqual(offsets);
  const ends = rows.map(([offset, type]) => Number(offset) + Number(/\d+/.exec(type ?? "")?.[0] ?? 0) / 8);
  expect(ends).toEqual([...offsets.slice(1), end]);
});

test("the limits of the page are the code's", () => {
  for (const limit of [
    `8 to ${layout.FRAME_BYTES_MAX}`,
    `regions: 0 to ${layout.REGIONS_MAX}`,
    `the length; ${layout.NOT_MAPPED}:`,
    `version: ${layout.VERSION}`,
    `at most ${layout.BUFFER_BYTES_MAX} bytes`,
  ]) {
    expect(page).toContain(limit);
  }
  expect(read("src/cli/serve-unix.ts")).toContain("CLIENTS_MAX = 64;");
});

test("the page has each control request", () => {
  const asked = table("## Control", "request | answer").map(([request]) => /\{"(\w+)"/.exec(request ?? "")?.[1]);
  expect([...new Set(asked)]).toEqual(Object.keys(CONTROLS));
});

describe("the C client", () => {
  const header = read("examples/c-client/xenefi-client.h");

  test("is one header of at most 200 lines", () => {
    expect(header.trimEnd().split("\n").length).toBeLessThanOrEqual(200);
  });

  test("numbers frames as the server does, and knows its limits", () => {
    expect(header).toContain(
      `enum { XENEFI_HELLO = 1, ${Object.keys(TYPES)
        .slice(1)
        .map((name) => `XENEFI_${name}`)
        .join(", ")} };`,
    );
    expect(header).toContain(`XENEFI_FRAME_MAX = 0x${layout.FRAME_BYTES_MAX.toString(16)}`);
    expect(header).toContain(`XENEFI_REGIONS_MAX = ${layout.REGIONS_MAX} `);
  });
});
