import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readDevicePath } from "../../src/decoders/device-path.ts";
import { parseDevicePath } from "../../src/decoders/device-path-text.ts";
import { type LoadOption, readLoadOption, writeLoadOption } from "../../src/decoders/load-option.ts";
import { writeSignatureList } from "../../src/decoders/signature-list.ts";
import { GLOBAL_GUID } from "../../src/guid.ts";
import { fromHex, toHex } from "../../src/hex.ts";
import { AS_PRINTED, DIFFERENT } from "../support/device-paths.ts";
import { file, fresh, keyOf, need, output, read, run, runWith } from "./support/tools.ts";

need("efibootmgr", "efitools", "efivar", "openssl");

const NV_BS_RT = [7, 0, 0, 0];
const END = "7fff0400";
const NOTHING = new Uint8Array(0);

/** A directory as efivarfs shows it: attributes and data of each variable, with BootOrder. */
function directory(options: readonly Uint8Array[]): string {
  const path = fresh();
  mkdirSync(path);
  const put = (name: string, data: Iterable<number>) =>
    writeFileSync(join(path, `${name}-${GLOBAL_GUID}`), Uint8Array.from([...NV_BS_RT, ...data]));
  for (const [i, option] of options.entries()) put(bootName(i), option);
  put(
    "BootOrder",
    options.flatMap((_, i) => [i & 0xff, i >> 8]),
  );
  return path;
}

function bootName(number: number): string {
  return `Boot${number.toString(16).toUpperCase().padStart(4, "0")}`;
}

/** What `efibootmgr -v` says of each option: mark, label, path with optional data. */
function listed(options: readonly Uint8Array[]): Map<string, { mark: string; label: string; path: string }> {
  const said = runWith({ env: { EFIVARFS_PATH: `${directory(options)}/` } }, "efibootmgr", "-v");
  const lines = said.matchAll(/^(Boot[0-9A-F]{4})(.) ([^\t\n]*)\t(.*)$/gm);
  return new Map(
    [...lines].map(([, name, mark, label, path]) => [
      `${name}`,
      { mark: `${mark}`, label: `${label}`, path: `${path}` },
    ]),
  );
}

function option(parts: Partial<LoadOption>): Uint8Array {
  const paths = parseDevicePath("Pci(0x1,0x0)");
  return writeLoadOption({ attributes: 1, description: "X", paths, optionalData: NOTHING, ...parts });
}

function pathsOf(nodes: readonly string[]): (string | undefined)[] {
  const options = nodes.map((node) => option({ paths: fromHex(node + END) }));
  const said = listed(options);
  return options.map((_, i) => said.get(bootName(i))?.path);
}

describe("efibootmgr prints", () => {
  test("each node kind as we do", () => {
    const printed = pathsOf(AS_PRINTED.map(([node]) => node));
    const ours = AS_PRINTED.map(([node]) => readDevicePath(fromHex(node + END)).text);
    expect(ours).toEqual(printed);
    expect(printed).toEqual(AS_PRINTED.map(([, text]) => text));
  });

  test("the texts that we do not follow as they are written down here", () => {
    const known = DIFFERENT.filter(([, , , theirs]) => theirs !== undefined);
    expect(pathsOf(known.map(([, node]) => node))).toEqual(known.map(([, , , theirs]) => theirs));
  });

  test.each([
    ["a partition's file", "HD(1,GPT,c4c14101-4c50-9240-aca9-41f936934328,0x800,0x100000)/File(\\EFI\\xen\\xen.efi)"],
    ["a disk", "PciRoot(0x0)/Pci(0x1f,0x2)/Sata(0,65535,0)/HD(2,MBR,0x12345678,0x800,0x100000)"],
    ["a memory", "PciRoot(0x0)/Pci(0x3,0x0)/NVMe(0x1,01-02-03-04-05-06-07-08)"],
    ["a network", "PciRoot(0x0)/Pci(0x2,0x0)/MAC(525400123456,1)/Uri(http://192.168.0.1/boot.efi)"],
  ])("%s as the text that it was made of", (_, path) => {
    expect(listed([option({ paths: parseDevicePath(path) })]).get("Boot0000")?.path).toBe(path);
  });

  test.each([
    [0x00000001, "*"],
    [0x00000000, " "],
    [0x00000109, "*"],
  ])("the mark and the label of an option with attributes %i", (attributes, mark) => {
    const { mark: shown, label } = listed([option({ attributes, description: "Xen Dom0" })]).get("Boot0000") ?? {};
    expect([shown, label]).toEqual([mark, "Xen Dom0"]);
  });

  test("optional data behind the path", () => {
    const optionalData = new TextEncoder().encode("console=hvc0");
    expect(listed([option({ optionalData })]).get("Boot0000")?.path).toBe("Pci(0x1,0x0)console=hvc0");
  });
});

test("efivar prints the bytes of an option as they were written", () => {
  const data = option({ description: "Dom0" });
  const said = runWith(
    { env: { EFIVARFS_PATH: `${directory([data])}/` } },
    "efivar",
    "-p",
    "-n",
    `${GLOBAL_GUID}-Boot0000`,
  );
  const digits = [...said.matchAll(/^[0-9a-f]{8} {2}((?:[0-9a-f]{2} {1,2})+)/gm)].map(([, bytes]) =>
    bytes?.replace(/ /g, ""),
  );
  expect(digits.join("")).toBe(toHex(data));
  expect(readLoadOption(data).description).toBe("Dom0");
});

test("a signature list is written as cert-to-efi-sig-list does, and sig-list-to-certs reads it", () => {
  const { certificate, der } = keyOf("Owner");
  const owner = "11111111-2222-3333-4444-555555555555";
  const list = writeSignatureList("a5c059a1-94e4-4aa7-87b5-ab155c2bf072", owner, [der]);
  expect(list).toEqual(output("cert-to-efi-sig-list", "-g", owner, certificate));
  const base = fresh();
  const said = run("sig-list-to-certs", file(list), base);
  expect(said).toContain(`Guid ${owner}`);
  expect(read(/^file (.*): Guid/m.exec(said)?.[1] ?? "")).toEqual(der);
});
