import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { isTar, readTar } from "../../src/formats/tar-reader.ts";
import { writeTar } from "../../src/formats/tar-writer.ts";
import { lengthened, patched, utf8 } from "../support/bytes.ts";

const FILES = new Map([
  ["plain", utf8("1")],
  ["with space = and\\backslash", utf8("22")],
  ["l".repeat(200), new Uint8Array(512).fill(3)],
  ["Umlaut\u00e4\u20ac", new Uint8Array(513).fill(4)],
  ["line\nfeed", new Uint8Array()],
  ["..-x", utf8("5")],
]);
const ONE = writeTar("d", new Map([["a", utf8("1")]]));

const folder = mkdtempSync(join(tmpdir(), "xenefi-tar-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** The header at `at` with other bytes and its sum made right. */
function resealed(bytes: Uint8Array, offset: number, values: readonly number[], at = 0): Uint8Array {
  const changed = patched(bytes, at + offset, values);
  changed.fill(0x20, at + 148, at + 156);
  const sum = changed.subarray(at, at + 512).reduce((total, byte) => total + byte, 0);
  return patched(changed, at + 148, [...utf8(`${sum.toString(8).padStart(6, "0")}\0 `)]);
}

test("files come back with names and bytes as they are, in order", () => {
  const bytes = writeTar("d", FILES);
  expect(isTar(bytes)).toBe(true);
  expect([...readTar(bytes)]).toEqual([...FILES]);
});

const hasGnuTar = spawnSync("tar", ["--version"], { encoding: "utf8" }).stdout?.includes("GNU tar") ?? false;

describe.skipIf(!hasGnuTar)("GNU tar", () => {
  test("unpacks what we write", () => {
    writeFileSync(join(folder, "ours.tar"), writeTar("ours", FILES));
    execFileSync("tar", ["-xf", "ours.tar"], { cwd: folder });
    const names = readdirSync(join(folder, "ours"));
    expect(names.sort()).toEqual([...FILES.keys()].sort());
    for (const [name, data] of FILES) expect(new Uint8Array(readFileSync(join(folder, "ours", name)))).toEqual(data);
  });

  test.each(["gnu", "pax", "oldgnu"])("writes in its format %s what we read", (format) => {
    const bytes = execFileSync("tar", [`--format=${format}`, "-cf", "-", "ours"], { cwd: folder });
    expect(new Map([...readTar(new Uint8Array(bytes))].sort())).toEqual(new Map([...FILES].sort()));
  });

  test("writes in its format ustar what we read, a directory's long name apart from the file's", () => {
    const options = ["--format=ustar", "--exclude=lll*", `--transform=s,^ours,${"d".repeat(40)}/${"e".repeat(70)},`];
    const files = readTar(new Uint8Array(execFileSync("tar", [...options, "-cf", "-", "ours"], { cwd: folder })));
    expect([...files.keys()].sort()).toEqual([...FILES.keys()].filter((name) => !name.startsWith("lll")).sort());
  });
});

test.each([
  ["a changed header", patched(ONE, 0, [0x65]), "offset 0x94: a header sum of "],
  ["a sum that is no number", patched(ONE, 148, [0x39]), "offset 0x94: a number in octal digits"],
  ["another magic", resealed(ONE, 257, [0x55]), "offset 0x101: ustar"],
  ["a negative size", resealed(ONE, 124, [0x2d]), "offset 0x7c: a number in octal digits"],
  ["a size past the end", resealed(ONE, 126, [0x37]), "offset 0x7c: at most 9728 bytes, not "],
  ["a link", resealed(ONE, 156, [0x32]), "offset 0x9c: a file or directory, not type 2"],
  ["a name that is no UTF-8", resealed(ONE, 2, [0xff]), "offset 0x2: a file name in UTF-8"],
  ["no end", ONE.slice(0, 1024), "offset 0x400: a block of 512 bytes"],
  ["half a block at the end", ONE.slice(0, 1300), "offset 0x400: a block of 512 bytes"],
  ["bytes behind the end", patched(lengthened(ONE), ONE.length, [1]), "offset 0x400: zeros to the end"],
  ["an empty file", new Uint8Array(), "offset 0x0: a block of 512 bytes"],
  [
    "a file in another directory",
    Uint8Array.of(...ONE.subarray(0, 1024), ...writeTar("e", FILES)),
    'offset 0x400: a file in "d/", not "e/plain"',
  ],
  ["a file twice", Uint8Array.of(...ONE.subarray(0, 1024), ...ONE), 'offset 0x400: one file "a", not a second'],
])("%s is refused", (_, bytes, message) => {
  expect(() => readTar(bytes)).toThrow(message);
});

test.each([
  ["a length of 0", "0 path=x\n"],
  ["no number", "path=x\n"],
  ["a length too small", "5 path=x\n"],
  ["a length past its end", "99 path=x\n"],
  ["no line feed", "8 path=x"],
  ["no equal sign", "9 pathxx\n"],
])("a pax header with %s is refused", (_, record) => {
  const pax = resealed(writeTar("d", new Map([["a", utf8(record)]])), 156, [0x78]);
  expect(() => readTar(pax)).toThrow('offset 0x200: a record "LENGTH KEY=VALUE" with line feed');
});
