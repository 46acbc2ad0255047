import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { RUNTIME_ACCESS } from "../../assembly/abi/variable.ts";
import { directoryLosses, parseDirectory, serializeDirectory } from "../../src/formats/efivarfs.ts";
import { keyOf } from "../../src/formats/variable-set.ts";
import { GLOBAL_GUID, type Variable } from "../../src/index.ts";
import { fixtureBytes } from "../support/fixtures.ts";
import { file, fresh, need, read, runWith } from "./support/tools.ts";
import { changes, oddVariables, storedVariables } from "./support/variables.ts";

/** Writes variables into a new folder that stands for efivarfs; its path. */
function exported(variables: readonly Variable[]): string {
  const folder = fresh();
  mkdirSync(folder);
  for (const [name, bytes] of serializeDirectory(variables)) writeFileSync(join(folder, name), bytes);
  return folder;
}

function imported(folder: string): Variable[] {
  return parseDirectory(new Map(readdirSync(folder).map((name) => [name, read(join(folder, name))])));
}

/** Runs a tool on a folder; the tools want its name to end in a slash. */
function on(folder: string, tool: "efivar" | "efibootmgr", ...args: string[]): string {
  return runWith({ env: { EFIVARFS_PATH: `${folder}/` } }, tool, ...args);
}

/** What a real firmware left at its first boot, as far as Linux sees it. */
function firstBoot(): Variable[] {
  const all = storedVariables(fixtureBytes("stores/ovmf-4m-firstboot.fd.gz"));
  return all.filter(({ attributes }) => attributes & RUNTIME_ACCESS);
}

/** What of odd variables a directory can hold. */
function held(): Variable[] {
  const all = oddVariables(7);
  const left = directoryLosses(all).filter(({ what }) => what.startsWith("the variable"));
  const keys = new Set(left.map(({ variable }) => keyOf(variable)));
  return all.filter((variable) => !keys.has(keyOf(variable)));
}

const nameOf = ({ guid, name }: Variable) => `${guid}-${name}`;
const hexadecimal = (folder: string, name: string, guid = GLOBAL_GUID) =>
  Buffer.from(imported(folder).find((v) => v.name === name && v.guid === guid)?.data ?? []).toString("hex");

describe("efivar", () => {
  need("efivar");

  test("lists exactly the variables that were exported", () => {
    const variables = held();
    expect(variables.length).toBeGreaterThan(10);
    const listed = on(exported(variables), "efivar", "--list").trimEnd().split("\n");
    expect(listed.sort()).toEqual(variables.map(nameOf).sort());
  });

  test("prints the attributes and the value of every variable that was exported", () => {
    // Its command line takes neither a name of one letter nor the GUID that is all zeros.
    const odd = held().filter(({ name, guid }) => name.length > 1 && !guid.startsWith("00000000"));
    expect(odd.length).toBeGreaterThan(5);
    const variables = [...firstBoot(), ...odd];
    const folder = exported(variables);
    const words = ["Non-Volatile", "Boot Service Access", "Runtime Service Access"];
    const authenticated = "Time-Based Authenticated Write Access";
    for (const variable of variables) {
      const printed = on(folder, "efivar", "--print", "-n", nameOf(variable));
      const bytes = [...printed.matchAll(/^[0-9a-f]{8} {2}([0-9a-f ]{47,48}) /gm)].map(([, line]) => line).join("");
      expect([variable.name, bytes.replaceAll(" ", "")]).toEqual([
        variable.name,
        Buffer.from(variable.data).toString("hex"),
      ]);
      const attributes = [...printed.matchAll(/^\t(.+)$/gm)].map(([, word]) => word);
      expect(attributes).toEqual(variable.attributes & 0x20 ? [...words, authenticated] : words);
    }
  });

  test("writes a variable, and xenefi reads exactly that change", () => {
    const folder = exported(firstBoot());
    const name = "11111111-2222-3333-4444-555555555555-New-one";
    on(folder, "efivar", "--write", "-n", name, "-t", "7", "-f", file("some text"));
    expect(changes(firstBoot(), imported(folder))).toEqual({ added: ["New-one"], changed: [], removed: [] });
    expect(Buffer.from(hexadecimal(folder, "New-one", name.slice(0, 36)), "hex").toString()).toBe("some text");
  });
});

describe("efibootmgr", () => {
  need("efibootmgr");

  test("shows the boot options, order and timeout of an export", () => {
    const shown = on(exported(firstBoot()), "efibootmgr", "-v").split("\n");
    expect(shown[0]).toBe("Timeout: 0 seconds");
    expect(shown[1]).toBe("BootOrder: 0000,0003,0001,0002");
    expect(shown.filter((line) => line.startsWith("Boot0")).map((line) => line.split("\t")[0])).toEqual([
      "Boot0000* UiApp",
      "Boot0001* UEFI Non-Block Boot Device",
      "Boot0002* EFI Internal Shell",
      "Boot0003* Hello entry",
    ]);
  });

  const added = { added: ["BootNext"], changed: [], removed: [] };
  const changed = (...names: string[]) => ({ added: [], changed: names, removed: [] });
  test.each([
    ["-o", ["-o", "2,1,3,0"], changed("BootOrder"), { BootOrder: "0200010003000000" }],
    ["-n", ["-n", "3"], added, { BootNext: "0300" }],
    ["-t", ["-t", "258"], changed("Timeout"), { Timeout: "0201" }],
    ["-A", ["-b", "3", "-A"], changed("Boot0003"), {}],
    ["-O", ["-O"], { added: [], changed: [], removed: ["BootOrder"] }, {}],
    // A real efivarfs would replace the value: in a plain folder the tail of a longer one stays.
    [
      "-B",
      ["-b", "1", "-B"],
      { added: [], changed: ["BootOrder"], removed: ["Boot0001"] },
      { BootOrder: "0000030002000200" },
    ],
  ] as const)("changes an export by %s, and xenefi reads exactly that change", (_, args, expected, values) => {
    const folder = exported(firstBoot());
    on(folder, "efibootmgr", ...args);
    expect(changes(firstBoot(), imported(folder))).toEqual(expected);
    for (const [name, value] of Object.entries(values))
      expect([name, hexadecimal(folder, name)]).toEqual([name, value]);
  });

  test("makes a boot option inactive by its first attribute bit alone", () => {
    const folder = exported(firstBoot());
    const before = hexadecimal(folder, "Boot0003");
    on(folder, "efibootmgr", "-b", "3", "-A");
    expect(hexadecimal(folder, "Boot0003")).toBe(before.replace(/^01/, "00"));
  });

  test("shows a boot option that xenefi's export brings in", () => {
    const option = { ...(firstBoot().find(({ name }) => name === "Boot0003") as Variable), name: "Boot00AF" };
    const shown = on(exported([...firstBoot(), option]), "efibootmgr");
    expect(shown).toContain("\nBoot00AF* Hello entry");
  });
});
