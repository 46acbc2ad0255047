import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { Exit } from "../src/cli/io.ts";
import { parseDirectory } from "../src/formats/efivarfs.ts";
import { detectFormat, FORMATS } from "../src/formats/index.ts";
import type { Variable } from "../src/formats/variable-set.ts";
import { xenefi } from "./support/cli.ts";
import { fixturePath } from "./support/fixtures.ts";
import { listed, type StoreSample, sampleBytes, storeSamples } from "./support/store-samples.ts";

const folder = mkdtempSync(join(tmpdir(), "xenefi-stores-"));
afterAll(() => rmSync(folder, { recursive: true }));

const GUID = "11111111-2222-3333-4444-555555555555";
const FIRST_BOOT = fixturePath("stores/ovmf-4m-firstboot.fd.gz");
const SIGNED = fixturePath("stores/ovmf-4m-ms.fd.gz");

const SAMPLES: StoreSample[] = storeSamples(
  "edk2-fv",
  "uboot-efi-var",
  "json-v2",
  "efivarfs-dir",
  "efivar-export",
  "dmpstore",
  "varstored-v2-base64",
  "hyperv-nvram",
);

let count = 0;
/** A path that is not there yet. */
function fresh(name: string): string {
  const own = join(folder, String(count++));
  mkdirSync(own);
  return join(own, name);
}

/** A copy of a sample that can be changed. */
function copy(file: string): string {
  const path = fresh(file);
  copyFileSync(fixturePath(`stores/${file}`), path);
  return path;
}

function variablesIn(path: string): Variable[] {
  const bytes = new Uint8Array(readFileSync(path));
  return detectFormat(bytes).parse(bytes);
}

describe("ls", () => {
  test.each(SAMPLES)("$file is listed as its manifest says", async ({ file, variables }) => {
    const { exit, out } = await xenefi("ls", "--json", fixturePath(`stores/${file}`));
    expect(exit).toBe(Exit.Done);
    const rows = JSON.parse(out).variables;
    const got = rows.map(({ name, guid, attr, size, sha256, time }: Record<string, unknown>) => {
      return { name, guid, attr, size, sha256, ...(time === undefined ? {} : { time }) };
    });
    expect(got).toEqual(
      variables.map(({ name, guid, attr, size, sha256, time }) => {
        return { name, guid, attr, size, sha256, ...(time === undefined ? {} : { time }) };
      }),
    );
  });

  test("--from reads a file as another format, which then says what is wrong", async () => {
    const { exit, err } = await xenefi("ls", "--from", "json", FIRST_BOOT);
    expect([exit, err]).toEqual([Exit.Unreadable, expect.stringMatching(/^xenefi: .*fd\.gz: .*: expected /)]);
  });

  test("[0-9] and [!0-9] stand for one character", async () => {
    const names = async (glob: string) =>
      JSON.parse((await xenefi("ls", "--json", "--name", glob, FIRST_BOOT)).out).variables.map((v: Variable) => v.name);
    expect(await names("Boot000[12]")).toEqual(["Boot0001", "Boot0002"]);
    expect(await names("Boot[!0]*")).toEqual(["BootOrder"]);
  });
});

describe("an edit goes through SetVariable, whatever the format, and is the only change", () => {
  // An efivar export has one variable, and no room for another.
  const editable = SAMPLES.filter(({ kind }) => kind !== "efivar-export").map(({ file }) => file);

  test.each(editable)("%s", async (file) => {
    const path = copy(file);
    const old = fixturePath(`stores/${file}`);
    const set = await xenefi("set", "-i", path, `Probe-${GUID}`, "--type", "str", "--data", "hi");
    expect(set).toMatchObject({ exit: Exit.Done, err: `Probe-${GUID}: set, 3 bytes\n` });
    const { exit, out } = await xenefi("diff", "--json", old, path);
    expect(exit).toBe(Exit.Negative);
    expect(JSON.parse(out).changes).toEqual([
      {
        name: "Probe",
        guid: GUID,
        change: "added",
        aspects: ["variable"],
        before: null,
        after: { attr: 7, data: "686900", time: "" },
      },
    ]);
    expect(await xenefi("rm", "-i", path, `Probe-${GUID}`)).toMatchObject({ exit: Exit.Done });
    expect(await xenefi("diff", old, path)).toMatchObject({ exit: Exit.Done, out: "" });
  });

  test("a refusal is the firmware's own, and leaves the file", async () => {
    const path = copy("ubootefi-host.var");
    const refused = await xenefi("set", "-i", path, `Probe-${GUID}`, "--attr", "nv,bs,rt,at", "--data", "00");
    expect(refused.exit).toBe(Exit.Refused);
    expect(refused.err).toContain("INVALID_PARAMETER");
    expect(readFileSync(path)).toEqual(readFileSync(fixturePath("stores/ubootefi-host.var")));
  });

  test("--policy lets another firmware judge", async () => {
    const path = copy("virt-fw-vars-firstboot.json");
    const attributes = ["--attr", "NV", "--data", "00"];
    const judged = async (policy: string) =>
      (await xenefi("set", "-i", path, `Probe-${GUID}`, "--policy", policy, ...attributes)).err;
    expect(await judged("qemu-uefi-vars")).toContain("ACCESS_DENIED");
    expect(await judged("ovmf-4m")).toContain("INVALID_PARAMETER");
  });

  test("--force asks no firmware: what it would refuse is written", async () => {
    const path = copy("virt-fw-vars-firstboot.json");
    const change = ["global:SecureBoot", "--attr", "7", "--data", "01"];
    expect(await xenefi("set", "-i", path, ...change)).toMatchObject({ exit: Exit.Refused });
    expect(await xenefi("set", "-i", "--force", path, ...change)).toMatchObject({ exit: Exit.Done });
    expect((await xenefi("get", "--hex", path, "SecureBoot")).out).toBe("01\n");
    await xenefi("set", "-i", "--force", "--append", path, ...change);
    expect((await xenefi("get", "--hex", path, "SecureBoot")).out).toBe("0101\n");
    await xenefi("rm", "-i", "--force", path, "SecureBoot");
    expect(await xenefi("diff", path, fixturePath("stores/virt-fw-vars-firstboot.json"))).toMatchObject({ out: "" });
  });

  test("--force writes nothing that the format cannot keep", async () => {
    const path = copy("hyperv-nvram-firstboot.bin");
    const { exit, err } = await xenefi("set", "-i", "--force", path, `V-${GUID}`, "--attr", "BS+RT", "--data", "00");
    expect([exit, err]).toEqual([
      Exit.Negative,
      `xenefi: ${path}: hyperv cannot keep V-${GUID}: the variable: it is volatile\n`,
    ]);
  });

  test("a value is --data or --auth, not both and not none", async () => {
    const path = copy("ubootefi-1.var");
    expect(await xenefi("set", "-i", path, "V")).toMatchObject({ exit: Exit.Usage });
    expect(await xenefi("set", "-i", path, "V", "--data", "00", "--auth", path)).toMatchObject({ exit: Exit.Usage });
  });

  test("a directory is read as efivarfs alone", async () => {
    const path = fresh("efivars");
    mkdirSync(path);
    const { exit, err } = await xenefi("ls", "--from", "json", path);
    expect([exit, err]).toEqual([Exit.Unreadable, `xenefi: ${path}: directory: expected a file of format json\n`]);
  });

  test("a bare name that two variables have is not guessed", async () => {
    const path = copy("ubootefi-1.var");
    const other = GUID.replaceAll("1", "2");
    for (const guid of [GUID, other]) await xenefi("set", "-i", path, `Twin-${guid}`, "--data", "00");
    const { exit, err } = await xenefi("rm", "-i", path, "Twin");
    expect([exit, err]).toEqual([
      Exit.Usage,
      `xenefi: Twin: more than one variable has this name: Twin-${GUID}, Twin-${other}\n`,
    ]);
  });

  test("-i and -o together are wrong usage: which one was meant?", async () => {
    const path = copy("ubootefi-1.var");
    const both = await xenefi("set", "-i", path, "-o", fresh("x.var"), "V", "--data", "00");
    expect([both.exit, both.err]).toEqual([Exit.Usage, expect.stringContaining("not both")]);
    expect(await xenefi("set", path, "V", "--data", "00")).toMatchObject({ exit: Exit.Usage });
  });

  test("packed files stay packed", async () => {
    const path = copy("ovmf-4m-firstboot.fd.gz");
    await xenefi("set", "-i", path, `Probe-${GUID}`, "--data", "01");
    expect([...readFileSync(path).subarray(0, 2)]).toEqual([0x1f, 0x8b]);
  });
});

describe("convert", () => {
  test.each(FORMATS.filter(({ name }) => name !== "efivar").map(({ name }) => name))(
    "to %s: what is lost is named, refused without --lossy, and the rest arrives",
    async (to) => {
      const output = fresh("out.tar");
      const refused = await xenefi("convert", "--to", to, FIRST_BOOT, fresh("out.tar"));
      const lossy = await xenefi("convert", "--lossy", "--to", to, FIRST_BOOT, output);
      expect(lossy.exit).toBe(Exit.Done);
      const lost = lossy.err.split("\n").filter((line) => line.startsWith("lost: ")).length;
      expect(refused.exit).toBe(lost === 0 ? Exit.Done : Exit.Negative);
      if (lost > 0) expect(refused.err).toMatch(/ cannot keep .*; --lossy leaves it out\n$/);
      expect(variablesIn(output).length).toBe(29 - lost);
      expect(lossy.err).toContain(`: ${to}, ${29 - lost} variables\n`);
    },
  );

  test("a directory gets a file a variable, and reads back", async () => {
    const output = `${fresh("efivars")}/`;
    await xenefi("convert", "--lossy", FIRST_BOOT, output);
    const files = new Map(readdirSync(output).map((name) => [name, new Uint8Array(readFileSync(join(output, name)))]));
    const wanted = listed(variablesIn(unpackedFirstBoot())).filter(({ attr }) => attr & 4);
    const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);
    expect(listed(parseDirectory(files)).sort(byName)).toEqual(wanted.map(({ time: _, ...rest }) => rest).sort(byName));
    await xenefi("rm", "-i", output, "Boot0003");
    expect(existsSync(join(output, "Boot0003-8be4df61-93ca-11d2-aa0d-00e098032b8c"))).toBe(false);
    expect(readdirSync(output)).toHaveLength(files.size - 1);
  });

  test("an output that is there is kept, unless --overwrite", async () => {
    const output = fresh("there.json");
    writeFileSync(output, "mine");
    const { exit, err } = await xenefi("convert", FIRST_BOOT, output);
    expect([exit, err]).toEqual([Exit.Usage, `xenefi: ${output} is there already: --overwrite replaces it\n`]);
    expect(readFileSync(output, "utf8")).toBe("mine");
    expect(await xenefi("convert", "--overwrite", FIRST_BOOT, output)).toMatchObject({ exit: Exit.Done });
  });

  test("--base keeps what is not a variable: dead records stay, and equal variables give equal bytes", async () => {
    const output = fresh("out.fd");
    expect(await xenefi("convert", "--base", FIRST_BOOT, FIRST_BOOT, output)).toMatchObject({ exit: Exit.Done });
    expect(Buffer.compare(readFileSync(output), sampleBytes("ovmf-4m-firstboot.fd.gz"))).toBe(0);
    const { exit, err } = await xenefi("convert", "--base", FIRST_BOOT, "--to", "json", FIRST_BOOT, fresh("x"));
    expect(exit).toBe(Exit.Usage);
    expect(err).toContain("has format edk2, not json");
  });

  test.each([
    ["ovmf-4m", 0x84000],
    ["ovmf-2m", 0x20000],
    ["aavmf", 0x4000000],
  ])("--layout %s has %i bytes", async (layout, bytes) => {
    const output = fresh("out.fd");
    await xenefi("convert", "--layout", layout, fixturePath("stores/ubootefi-1.var"), output);
    expect(readFileSync(output).length).toBe(bytes);
  });

  test("an ending that says nothing asks for --to", async () => {
    expect(await xenefi("convert", FIRST_BOOT, fresh("out.xyz"))).toMatchObject({ exit: Exit.Usage });
  });
});

/** The sample unpacked. */
function unpackedFirstBoot(): string {
  const path = fresh("first.fd");
  writeFileSync(path, sampleBytes("ovmf-4m-firstboot.fd.gz"));
  return path;
}

describe("diff", () => {
  test("shows what is new, gone and changed, decoded, and --ignore leaves names out", async () => {
    const path = copy("virt-fw-vars-firstboot.json");
    await xenefi("set", "-i", path, "Timeout", "--type", "u16", "--data", "5");
    await xenefi("rm", "-i", path, "Boot0003");
    const other = fixturePath("stores/virt-fw-vars-firstboot.json");
    const { exit, out } = await xenefi("diff", other, path);
    expect(exit).toBe(Exit.Negative);
    expect(out).toBe(
      [
        "! Timeout  global: data",
        "  - Timeout  global  NV+BS+RT  2 bytes  0 seconds",
        "  + Timeout  global  NV+BS+RT  2 bytes  5 seconds",
        "- Boot0003  global  NV+BS+RT  96 bytes  * Hello entry  PciRoot(0x0)/Pci(0x1,0x0)/File(\\EFI\\BOOT\\HELLO.EFI)",
        "",
      ].join("\n"),
    );
    expect((await xenefi("diff", "--ignore", "Boot*", "--ignore", "Time*", other, path)).exit).toBe(Exit.Done);
    expect((await xenefi("diff", "--no-exit-code", other, path)).exit).toBe(Exit.Done);
    expect((await xenefi("diff", "--exit-code", other, path)).exit).toBe(Exit.Negative);
  });
});

describe("dump and get --decode", () => {
  test("a certificate is told by subject, issuer, validity and thumb print", async () => {
    const { out } = await xenefi("dump", SIGNED, "--name", "KEK");
    expect(out).toMatch(/^KEK {2}global {2}NV\+BS\+RT\+AT {2}2565 bytes {2}2025-03-10T02:53:39/);
    expect(out).toContain("CN=Microsoft Corporation KEK CA 2011  owner Microsoft\n");
    expect(out).toContain("valid    2011-06-24T20:41:29Z to 2026-06-24T20:51:29Z\n");
    expect(out).toContain("SHA-256  a1117f516a32cefcba3f2d1ace10a87972fd6bbe8fe0d0b996e09e65d802a503\n");
    expect((await xenefi("get", "--decode", SIGNED, "KEK")).out).toContain("Microsoft Corporation KEK CA 2011");
  });

  test("--json has the same as data, and the bytes", async () => {
    const { variables } = JSON.parse((await xenefi("dump", "--json", FIRST_BOOT, "--name", "BootOrder")).out);
    expect(variables).toEqual([
      {
        name: "BootOrder",
        guid: "8be4df61-93ca-11d2-aa0d-00e098032b8c",
        attr: 7,
        size: 8,
        data: "0000030001000200",
        kind: "option order",
        value: { entries: expect.arrayContaining([{ number: "0003", description: "Hello entry" }]) },
      },
    ]);
  });

  test("-x has the bytes, too", async () => {
    expect((await xenefi("dump", "-x", FIRST_BOOT, "--name", "Lang")).out).toBe(
      "Lang  global  NV+BS+RT  4 bytes\n  eng\n  00000000  65 6e 67 00                                      eng.\n",
    );
  });
});

describe("check", () => {
  const guarded = async (path: string, ...options: string[]) => {
    const { exit, out } = await xenefi("check", "--json", ...options, path);
    return { exit, findings: JSON.parse(out).findings };
  };

  // Its db holds no signature lists.
  const sound = SAMPLES.filter(({ file }) => file !== "ubootefi-host.var");

  test.each(sound)("$file has no error", async ({ file }) => {
    const { exit, findings } = await guarded(fixturePath(`stores/${file}`));
    expect(findings.filter(({ severity }: { severity: string }) => severity === "error")).toEqual([]);
    expect(exit).toBe(Exit.Done);
  });

  test.each([
    ["an order's dangling number", "global:BootOrder", "7", "0900", "warning", "names Boot0009, which is not there"],
    ["a next boot's", "global:BootNext", "7", "0900", "warning", "names Boot0009, which is not there"],
    ["odd attributes", "global:Timeout", "3", "0000", "warning", "has attributes NV+BS, not NV+BS+RT"],
    [
      "a malformed option",
      "global:Boot0000",
      "7",
      "01",
      "error",
      "offset 0x0: a load option's header of 6 bytes, not 1",
    ],
    ["a malformed list", "security:db", "0x27", "01", "error", expect.stringContaining("offset 0x0")],
  ])("finds %s", async (_, variable, attr, data, severity, text) => {
    const path = copy("ubootefi-1.var");
    await xenefi("set", "-i", "--force", path, variable, "--attr", attr, "--data", data);
    const { exit, findings } = await guarded(path);
    expect(findings).toEqual([{ place: expect.stringContaining("-"), severity, text }]);
    expect(exit).toBe(severity === "error" ? Exit.Negative : Exit.Done);
    expect((await guarded(path, "--strict")).exit).toBe(Exit.Negative);
  });

  test("goes on behind a volume's first error, and says where each is", async () => {
    const bytes = sampleBytes("ovmf-4m-firstboot.fd.gz").slice();
    bytes[0x32] = (bytes[0x32] as number) ^ 1;
    bytes[0x66] = 0x55;
    const path = fresh("bad.fd");
    writeFileSync(path, bytes);
    const { exit, out } = await xenefi("check", path);
    expect(exit).toBe(Exit.Negative);
    const lines = out.trimEnd().split("\n");
    expect(lines[0]).toMatch(/: offset 0x32: error: /);
    expect(lines.some((line) => /: offset 0x66: error: /.test(line))).toBe(true);
  });
});

describe("boot", () => {
  const OPTION = [
    "--label",
    "Debian",
    "--path",
    "HD(1,GPT,12345678-1234-1234-1234-123456789abc,0x800,0x100000)/File(\\EFI\\d.efi)",
  ];
  const listing = async (path: string) => (await xenefi("boot", "list", path)).out.split("\n");
  const order = async (path: string) => (await xenefi("get", "--hex", path, "BootOrder")).out.trimEnd();

  test("list prints what efibootmgr -v prints", async () => {
    expect(await listing(FIRST_BOOT)).toContain(
      "Boot0003* Hello entry  PciRoot(0x0)/Pci(0x1,0x0)/File(\\EFI\\BOOT\\HELLO.EFI)",
    );
  });

  test("add takes the lowest free number and the first place; --last, --no-order, --number and --no-active say otherwise", async () => {
    const path = copy("virt-fw-vars-firstboot.json");
    expect(await xenefi("boot", "add", "-i", path, ...OPTION)).toMatchObject({ exit: Exit.Done });
    expect(await order(path)).toBe("04000000030001000200");
    await xenefi("boot", "add", "-i", path, "--last", "--number", "00A0", "--no-active", ...OPTION);
    expect(await order(path)).toBe("04000000030001000200a000");
    await xenefi("boot", "add", "-i", path, "--no-order", "--label", "File", "--loader", "\\x.efi", "--data", "hi");
    expect(await order(path)).toBe("04000000030001000200a000");
    const lines = await listing(path);
    expect(lines).toContain(`Boot0004* Debian  ${OPTION[3]}`);
    expect(lines).toContain(`Boot00A0  Debian  ${OPTION[3]}`);
    expect(lines).toContain('Boot0005* File  File(\\x.efi)  "hi"');
  });

  test("rm takes the option out of the order and of BootNext, too", async () => {
    const path = copy("virt-fw-vars-firstboot.json");
    await xenefi("boot", "next", "-i", path, "0003");
    expect((await xenefi("get", "--hex", path, "BootNext")).out).toBe("0300\n");
    await xenefi("boot", "rm", "-i", path, "0003");
    expect(await order(path)).toBe("000001000200");
    expect((await xenefi("get", path, "BootNext")).exit).toBe(Exit.Negative);
    expect(await xenefi("boot", "rm", "-i", path, "0003")).toMatchObject({ exit: Exit.Negative });
  });

  test("order, next and timeout are set and deleted; the verb may follow the store", async () => {
    const path = copy("virt-fw-vars-firstboot.json");
    await xenefi("boot", path, "order", "-i", "0002,0000");
    expect(await order(path)).toBe("02000000");
    await xenefi("boot", "order", "-i", path, "--delete");
    expect((await xenefi("get", path, "BootOrder")).exit).toBe(Exit.Negative);
    await xenefi("boot", "timeout", "-i", path, "300");
    expect((await xenefi("get", "--hex", path, "Timeout")).out).toBe("2c01\n");
    await xenefi("boot", "next", "-i", path, "0001");
    await xenefi("boot", "next", "-i", path, "--delete");
    expect((await xenefi("get", path, "BootNext")).exit).toBe(Exit.Negative);
  });

  test("activate and deactivate change the mark alone", async () => {
    const path = copy("virt-fw-vars-firstboot.json");
    const old = readFileSync(path);
    await xenefi("boot", "deactivate", "-i", path, "0003");
    expect((await listing(path)).find((line) => line.startsWith("Boot0003"))).toMatch(/^Boot0003 {2}Hello/);
    await xenefi("boot", "activate", "-i", path, "0003");
    expect(readFileSync(path)).toEqual(old);
  });

  test.each([
    [["boot", "next", "-i", FIRST_BOOT], "give a value, or --delete"],
    [["boot", "next", "-i", FIRST_BOOT, "1"], "four hexadecimal digits"],
    [["boot", "timeout", "-i", FIRST_BOOT, "65536"], "seconds, from 0 to 65535"],
    [["boot", "add", "-i", FIRST_BOOT, "--label", "x"], "--path DEVICE_PATH, or --loader FILE"],
    [["boot", "add", "-i", FIRST_BOOT, "--label", "x", "--path", "Nonsense"], "device path: "],
  ])("%j is wrong usage", async (args, message) => {
    const { exit, err } = await xenefi(...args);
    expect(exit).toBe(Exit.Usage);
    expect(err).toContain(message);
  });
});

describe("completion", () => {
  /** What bash offers behind these words; the last one is being typed. */
  async function offered(...words: string[]): Promise<string[]> {
    const { out } = await xenefi("completion", "bash");
    const script = `${out}\nCOMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _xenefi; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return execFileSync("bash", ["-c", script, "bash", "xenefi", ...words], { cwd: folder })
      .toString()
      .trimEnd()
      .split("\n");
  }

  test("bash completes commands, their verbs, options, and what options take", async () => {
    expect(await offered("co")).toEqual(["convert", "completion"]);
    expect(await offered("boot", "tim")).toEqual(["timeout"]);
    expect(await offered("ls", "--na")).toEqual(["--name"]);
    expect(await offered("ls", "--from", "ef")).toEqual(["efivarfs", "efivar"]);
    expect(await offered("set", "--policy", "ov")).toEqual(["ovmf-4m", "ovmf-2m"]);
    expect(await offered("serve", "--profile", "xen-")).toEqual(["xen-arm-mainline"]);
    expect(await offered("completion", "f")).toEqual(["fish"]);
  });

  test("where no word fits it offers files", async () => {
    writeFileSync(join(folder, "vars.fd"), "");
    expect(await offered("ls", "va")).toEqual([basename("vars.fd")]);
  });

  test("zsh and fish get scripts of their own", async () => {
    expect((await xenefi("completion", "zsh")).out).toMatch(/^autoload -U \+X bashcompinit/);
    const { out } = await xenefi("completion", "fish");
    expect(out).toContain("complete -c xenefi -n '__fish_use_subcommand' -a ls -d ");
    expect(out).toContain("complete -c xenefi -n '__fish_seen_subcommand_from ls' -l from -xa 'edk2 uboot");
    expect(await xenefi("completion", "csh")).toMatchObject({ exit: Exit.Usage });
  });
});
