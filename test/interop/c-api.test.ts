import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { LAYOUT_VERSION, STATE, WINDOW } from "../../assembly/abi/layout.ts";
import { ByteWriter } from "../../src/formats/byte-writer.ts";
import { crc32 } from "../../src/formats/crc.ts";
import { Machine, machineImage } from "../../src/index.ts";
import { C_PACKAGES, compile, SANITIZED } from "./support/c.ts";
import { file, fresh, need, run } from "./support/tools.ts";

need(...C_PACKAGES, "clang-19", "libcmocka-dev");

let program: string | undefined;

/** What xenefi_open says of a file. */
function openInC(path: string): string {
  program ??= compile("gcc", [], "api-test.c", "-lcmocka");
  return run(program as "gcc", path).trim();
}

describe("the interface in C", () => {
  test.each([
    ["gcc", "gcc", []],
    ["gcc, without optimisation, checking each access", "gcc", ["-O0", "-DWASM_RT_MEMCHECK_SIGNAL_HANDLER=0"]],
    ["clang, under its address sanitizer", "clang-19", SANITIZED],
  ] as const)("keeps its promises, compiled by %s", (_, compiler, args) => {
    const said = run(compile(compiler, args, "api-test.c", "-lcmocka") as "gcc");
    expect(said).toContain("Running 14 test(s)");
    expect(said).not.toContain("FAILED");
  });
});

test("the program of c/README.md prints what stands below it", () => {
  const page = readFileSync(new URL("../../c/README.md", import.meta.url), "utf8");
  const [source, printed] = ["c", "text"].map((language) => page.split(`\`\`\`${language}\n`)[1]?.split("```")[0]);
  expect(run(compile("gcc", [], file(source as string, ".c")) as "gcc")).toBe(printed);
});

/** An image with these runs, whole in all else. */
function imageOf(...fields: number[]): Uint8Array {
  const runs = new ByteWriter();
  for (const field of fields) runs.u32(field);
  const body = runs.done();
  return new ByteWriter().u32(0x49464558).u32(LAYOUT_VERSION).u32(crc32(body)).u32(body.length).bytes(body).done();
}

function changed(image: Uint8Array, offset: number): Uint8Array {
  const copy = image.slice();
  copy[offset] = (copy[offset] as number) ^ 1;
  return copy;
}

describe("xenefi_open", () => {
  const image = machineImage(new Machine());
  const NONE = /offset 0x0: expected a machine image \("XEFI"\)$/;

  test("opens what machineImage has made", () => {
    expect(openInC(file(image))).toBe("a machine");
  });

  test.each([
    ["an empty file", new Uint8Array(0), NONE],
    ["15 bytes", image.subarray(0, 15), NONE],
    ["another file", changed(image, 0), NONE],
    ["another layout", changed(image, 4), /offset 0x4: expected an image of layout \d+, made by .*, not \d+$/],
    ["a shortened image", image.subarray(0, -1), /offset 0xc: expected \d+ bytes behind the header, not \d+$/],
    ["a damaged image", changed(image, 1000), /offset 0x8: expected the CRC-32 .*: the image is damaged$/],
    ["a run below the core's state", imageOf(STATE - 4, 4, 0), /offset 0x10: expected a run of core memory$/],
    ["a run into the window", imageOf(WINDOW - 4, 8, 0), /offset 0x10: expected a run/],
    ["a run beyond 2^32", imageOf(0xfffffff0, 0x20, 0), /offset 0x10: expected a run/],
    ["a filler of two bytes", imageOf(STATE, 4, 0, STATE, 4, 0x101), /offset 0x1c: expected a run/],
    ["literal bytes that end early", imageOf(STATE, 5, 0x100, 0), /offset 0x10: expected a run/],
    ["literal bytes of 2^32 - 1", imageOf(STATE, 0xffffffff, 0x100), /offset 0x10: expected a run/],
    ["a run that ends early", imageOf(STATE, 4), /offset 0x10: expected a run/],
  ])("says where and why it refuses %s", (_, bytes, message) => {
    const path = file(bytes);
    const said = openInC(path);
    expect(said.startsWith(`${path}: offset 0x`)).toBe(true);
    expect(said).toMatch(message);
  });

  test("says why a file cannot be read", () => {
    expect(openInC(fresh())).toMatch(/: No such file or directory$/);
    expect(openInC("/tmp")).toMatch(NONE);
  });
});
