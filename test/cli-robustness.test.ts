import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { Exit } from "../src/cli/io.ts";
import { FILE_BYTES_MAX } from "../src/files/bytes.ts";
import { serializeDirectory } from "../src/formats/efivarfs.ts";
import { detectFormat, FORMATS, formatNamed } from "../src/formats/index.ts";
import type { Variable } from "../src/formats/variable-set.ts";
import { GLOBAL_GUID } from "../src/guid.ts";
import { xenefi } from "./support/cli.ts";
import { compileLibrary } from "./support/compile.ts";
import { device } from "./support/devices.ts";
import { fixturePath } from "./support/fixtures.ts";
import { flips, type Mutilation, truncations } from "./support/mutilation.ts";
import { Random } from "./support/random.ts";
import { sampleBytes } from "./support/store-samples.ts";

const folder = mkdtempSync(join(tmpdir(), "xenefi-robust-"));
const library = compileLibrary();
afterAll(() => {
  rmSync(folder, { recursive: true });
  library.remove();
});

const CHILD = fileURLToPath(new URL("support/cli-child.mjs", import.meta.url));
const GUID = "11111111-2222-3333-4444-555555555555";
const JSON_STORE = fixturePath("stores/virt-fw-vars-firstboot.json");
const SET = [`Probe-${GUID}`, "--data", "00"];
const isRoot = process.getuid?.() === 0;

let count = 0;
/** A path that is not there yet. */
function fresh(name: string): string {
  const own = join(folder, String(count++));
  mkdirSync(own);
  return join(own, name);
}

function file(name: string, bytes: Uint8Array | string): string {
  const path = fresh(name);
  writeFileSync(path, bytes);
  return path;
}

function copy(): string {
  const path = fresh("vars.json");
  copyFileSync(JSON_STORE, path);
  return path;
}

/** The command line in a process of its own, which gets 30 seconds. */
function child(args: readonly string[]) {
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [CHILD, library.folder, ...args], {
    env: library.env,
    timeout: 30_000,
  });
  return { exit: status, signal, out: String(stdout), err: String(stderr) };
}

/** A sample a format. */
const FILES = [
  "ovmf-2m-stock.fd.gz",
  "ubootefi-1.var",
  "virt-fw-vars-firstboot.json",
  "virt-fw-vars-firstboot.aws",
  "efivarfs-firstboot.tar.gz",
  "boot0003.efivar",
  "shell-one.dmpstore",
  "varstored-firstboot.b64",
  "hyperv-nvram-firstboot.bin",
];

/** Six of each: three cut, three with a changed byte near the start, where headers are. */
function mutilated(name: string, n: number): Mutilation[] {
  const bytes = sampleBytes(name);
  const random = new Random(n);
  const all = [...truncations(bytes, [], n)];
  const cut = [1, 2, 3].map((quarter) => all[Math.floor((all.length * quarter) / 4)] as Mutilation);
  const offsets = [0, 1, 2].map(() => random.below(Math.min(bytes.length, 512)));
  return [...cut, ...[...flips(bytes, offsets)].filter((_, at) => at % 9 === 7)];
}

const MUTILATED = FILES.flatMap((name, n) => mutilated(name, n).map(({ what, bytes }) => ({ name, what, bytes })));

describe("a damaged store", () => {
  test("there are fifty of all formats", () => {
    expect(MUTILATED.length).toBeGreaterThanOrEqual(50);
    expect(new Set(FILES.map((name) => detectFormat(sampleBytes(name))))).toEqual(new Set(FORMATS));
  });

  test.each(MUTILATED)(
    "$name, $what: every command answers, or says in a line what it expected where",
    async (damaged) => {
      const path = file(damaged.name.replace(/\.gz$/, ""), damaged.bytes);
      const output = fresh("out.json");
      for (const args of [
        ["ls", path],
        ["info", path],
        ["check", path],
        ["dump", path],
        ["convert", "--lossy", path, output],
        ["set", "-o", `${output}~`, path, ...SET],
        ["sb", "status", path],
        ["boot", "list", path],
        ["info", "--map", path],
      ]) {
        const { exit, err } = await xenefi(...args);
        const isMap = args.includes("--map") && exit === Exit.Usage;
        if (!isMap) expect([Exit.Done, Exit.Negative, Exit.Unreadable, Exit.Refused], `${args} ${err}`).toContain(exit);
        if (exit !== Exit.Unreadable) continue;
        expect(err).toMatch(
          /^xenefi: [^\n]+: expected [^\n]+\n$|^xenefi: [^\n]+: [^\n]+ (room|bytes|variable)[^\n]*\n$/,
        );
        expect(err.startsWith(`xenefi: ${path}: `)).toBe(true);
        const asJson = await xenefi("--json", ...args);
        expect([asJson.err, JSON.parse(asJson.out)]).toEqual([
          "",
          expect.objectContaining({ exit, error: err.slice(8, -1) }),
        ]);
      }
      expect(Buffer.compare(readFileSync(path), damaged.bytes)).toBe(0);
      expect(readdirSync(join(path, "..")).length).toBe(1);
    },
  );
});

describe("what is no store at all", () => {
  const pipe = fresh("pipe");
  execFileSync("mkfifo", [pipe]);
  const big = file("big.fd", "");
  truncateSync(big, 5 * 2 ** 30);
  const loop = fresh("loop");
  symlinkSync(loop, loop);
  const links = fresh("links");
  mkdirSync(links);
  symlinkSync(JSON_STORE, join(links, `Link-${GUID}`));
  const bomb = file("bomb.fd.gz", gzipSync(new Uint8Array(FILE_BYTES_MAX + 1), { level: 1 }));

  test.each([
    [pipe, "file type: expected a regular file, not a pipe"],
    [device(folder, "zero"), "file type: expected a regular file, not a device"],
    [big, `size: expected at most ${FILE_BYTES_MAX} bytes, not 5368709120`],
    [bomb, `gzip: expected at most ${FILE_BYTES_MAX} bytes unpacked`],
    [
      file("cut.gz", gzipSync("x".repeat(99)).subarray(0, 20)),
      "offset 0x0: expected sound gzip (unexpected end of file)",
    ],
    [file("empty", ""), "offset 0x0: expected a store of one of these formats"],
    [loop, "ELOOP"],
    [links, `file "Link-${GUID}": expected a plain file`],
  ])("%s is told as such, at once, and as JSON", (path, message) => {
    const { exit, err } = child(["ls", path]);
    expect([exit, err]).toEqual([Exit.Unreadable, expect.stringContaining(message)]);
    expect(err).toContain(path);
    expect(err.split("\n")).toHaveLength(2);
    expect(JSON.parse(child(["ls", path, "--json"]).out)).toMatchObject({ exit, error: err.slice(8, -1) });
  });

  test.each([
    ["--data", `@${pipe}`],
    ["--auth", pipe],
    ["--dictionary", pipe, "--data", "00"],
  ])("%s %s waits for nothing either", (...options) => {
    const { exit, err } = child(["set", "-i", JSON_STORE, "P", ...options]);
    expect([exit, err]).toEqual([Exit.Unreadable, `xenefi: ${pipe}: file type: expected a regular file, not a pipe\n`]);
  });

  test("neither do other commands", () => {
    for (const args of [["check"], ["replay"], ["record"], ["call", "get_time", "--store"], ["boot", "list"]]) {
      expect(child([...args, pipe])).toMatchObject({ exit: Exit.Unreadable, signal: null });
    }
  });

  test("standard input without end is read to a limit", () => {
    const { exit, err } = child(["ls", "-"]);
    expect([exit, err]).toEqual([
      Exit.Unreadable,
      expect.stringContaining("standard input: offset 0x0: expected a store"),
    ]);
    const endless = `exec "$0" "$1" "$2" ls - < /dev/zero`;
    const { status, stderr } = spawnSync("sh", ["-c", endless, process.execPath, CHILD, library.folder], {
      env: library.env,
    });
    expect([status, String(stderr)]).toEqual([
      Exit.Unreadable,
      `xenefi: standard input: size: expected at most ${FILE_BYTES_MAX} bytes, not more\n`,
    ]);
  });

  test.each([
    ["a file", 1, 0x100001, "at most 1048576 bytes, not 1048577"],
    ["all files together", 257, 0x100000, `at most ${FILE_BYTES_MAX} bytes in all files`],
  ])("a directory is not read if %s would be too long", async (_, files, bytes, message) => {
    const path = fresh("efivars");
    mkdirSync(path);
    for (let n = 0; n < files; n++) {
      writeFileSync(join(path, `Long${n}-${GUID}`), "");
      truncateSync(join(path, `Long${n}-${GUID}`), bytes);
    }
    const { exit, err } = await xenefi("ls", path);
    expect([exit, err]).toEqual([
      Exit.Unreadable,
      expect.stringMatching(`file "Long\\d+-${GUID}": expected ${message}`),
    ]);
  });

  test("standard input is one store", async () => {
    expect(await xenefi("diff", "-", "-")).toMatchObject({
      exit: Exit.Usage,
      err: expect.stringContaining("standard input can be one"),
    });
  });
});

describe("outputs", () => {
  const nodes = fresh("nodes");
  mkdirSync(nodes);
  const [full, nothing] = [device(nodes, "full"), device(nodes, "null")];

  test.each([
    ["no folder", join(folder, "none/vars.fd"), /none\/vars\.fd: cannot be locked: ENOENT/],
    ["a directory", folder, /EISDIR/],
    ["a full disk", full, /^xenefi: .*\/full: ENOSPC/],
  ])("%s is told, and the store stays", async (_, output, message) => {
    const { exit, err } = await xenefi("set", JSON_STORE, "-o", output, ...SET);
    expect([exit, err]).toEqual([Exit.Unreadable, expect.stringMatching(message)]);
    const converted = await xenefi("convert", JSON_STORE, output, "--overwrite", "--lossy", "--to", "json");
    expect(converted).toMatchObject({ exit: Exit.Unreadable });
  });

  test("a device stays one", async () => {
    expect(await xenefi("set", JSON_STORE, "-o", nothing, ...SET)).toMatchObject({ exit: Exit.Done });
    expect(await xenefi("convert", JSON_STORE, nothing, "--to", "json")).toMatchObject({ exit: Exit.Done });
    expect(await xenefi("get", JSON_STORE, "Lang", "-o", nothing)).toMatchObject({ exit: Exit.Done });
    expect(lstatSync(nothing).isCharacterDevice()).toBe(true);
    expect(readdirSync(dirname(nothing)).filter((name) => name.endsWith(".lock"))).toEqual([]);
  });

  test("standard output that is full is an error, one that is closed is none", () => {
    const shell = (command: string) =>
      spawnSync("bash", ["-c", command, process.execPath, CHILD, library.folder, JSON_STORE], { env: library.env });
    const run = `"$0" "$1" "$2" dump "$3"`;
    const full = shell(`${run} > /dev/full`);
    expect([full.status, String(full.stderr)]).toEqual([
      Exit.Unreadable,
      expect.stringMatching(/^xenefi: standard output: ENOSPC[^\n]*\n$/),
    ]);
    const asJson = shell(`${run} --json > /dev/full`);
    expect([asJson.status, String(asJson.stderr)]).toEqual([
      Exit.Unreadable,
      expect.stringMatching(/^xenefi: standard output: ENOSPC[^\n]*\n$/),
    ]);
    const closed = shell(`${run} | true; exit "\${PIPESTATUS[0]}"`);
    expect([closed.status, String(closed.stderr)]).toEqual([Exit.Done, ""]);
    const unheard = shell(`"$0" "$1" "$2" ls /no/such/file 2> >(exec true) >/dev/null`);
    expect(unheard.status).toBe(Exit.Unreadable);
  });

  test("a directory with other files in it is nobody's to write to", async () => {
    const path = fresh("notes.txt");
    writeFileSync(path, "mine");
    const { exit, err } = await xenefi("convert", "--overwrite", "--lossy", JSON_STORE, join(path, "../"));
    expect([exit, err]).toEqual([
      Exit.Unreadable,
      expect.stringContaining('file "notes.txt": expected a file that is called Name-GUID'),
    ]);
    expect(readdirSync(join(path, ".."))).toEqual(["notes.txt"]);
  });

  test("a range that runs backwards is wrong usage", async () => {
    expect(await xenefi("ls", JSON_STORE, "--name", "[z-a]")).toMatchObject({ exit: Exit.Usage });
  });
});

describe("replacing a file", () => {
  test("a link stays and leads to the new store, whose mode stays; another name of the old one keeps it", async () => {
    const path = copy();
    const [link, twin] = [fresh("link.json"), fresh("twin.json")];
    symlinkSync(path, link);
    linkSync(path, twin);
    chmodSync(path, 0o666);
    expect(await xenefi("set", "-i", "--backup", link, ...SET)).toMatchObject({ exit: Exit.Done });
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(statSync(path).mode & 0o777).toBe(0o666);
    expect((await xenefi("get", "--hex", path, `Probe-${GUID}`)).out).toBe("00\n");
    expect(readFileSync(twin)).toEqual(readFileSync(JSON_STORE));
    expect(readFileSync(`${link}~`)).toEqual(readFileSync(JSON_STORE));
  });

  test("-o that names the store in another way is still the store", async () => {
    const path = copy();
    const link = fresh("link.json");
    symlinkSync(path, link);
    await xenefi("set", path, "-o", link, "--backup", ...SET);
    expect(readFileSync(`${link}~`)).toEqual(readFileSync(JSON_STORE));
  });

  test("what a killed writer left in a directory is passed over", async () => {
    const path = fresh("efivars");
    mkdirSync(path);
    writeFileSync(join(path, `Lang-${GLOBAL_GUID}`), Uint8Array.of(7, 0, 0, 0, 1));
    writeFileSync(join(path, ".xenefi-123-mwwb5oj1"), "half");
    expect(await xenefi("set", "-i", path, ...SET)).toMatchObject({ exit: Exit.Done });
    expect(JSON.parse((await xenefi("ls", "--json", path)).out).variables).toHaveLength(2);
  });

  test.runIf(isRoot)("the owner is kept, and who may not write does not", () => {
    const path = copy();
    chownSync(join(path, ".."), 65534, 65534);
    chownSync(path, 65534, 65534);
    expect(child(["set", "-i", path, ...SET]).exit).toBe(Exit.Done);
    expect(statSync(path).uid).toBe(65534);
    chmodSync(path, 0o444);
    for (const open of [folder, library.folder]) chmodSync(open, 0o755);
    const before = readFileSync(path);
    const script = `process.setgid(65534); process.setuid(65534); await import(${JSON.stringify(CHILD)});`;
    const node = [
      "--input-type=module",
      "-e",
      script,
      "",
      library.folder,
      "set",
      "-i",
      path,
      `Probe-${GUID}`,
      "--data",
      "01",
    ];
    const { status, stderr } = spawnSync(process.execPath, node, { env: library.env });
    expect([status, String(stderr)]).toEqual([
      Exit.Unreadable,
      expect.stringMatching(/^xenefi: EACCES: permission denied, .*vars\.json'\n$/),
    ]);
    expect(readFileSync(path)).toEqual(before);
    expect(readdirSync(join(path, ".."))).toEqual(["vars.json"]);
  });
});

describe("twenty writers of one store at once", () => {
  /** What each of them said, and its exit. */
  async function race(store: string): Promise<{ exit: number | null; err: string }[]> {
    const writers = Array.from({ length: 20 }, (_, n) => {
      const args = [CHILD, library.folder, "set", "-i", store, `Writer${n}-${GUID}`, "--data", "01"];
      return spawn(process.execPath, args, { env: library.env });
    });
    return Promise.all(writers.map(outcome));
  }

  function outcome(writer: ChildProcess): Promise<{ exit: number | null; err: string }> {
    return new Promise((resolve) => {
      let err = "";
      writer.stderr?.on("data", (text) => {
        err += text;
      });
      writer.on("close", (exit) => resolve({ exit, err }));
    });
  }

  test.each([
    ["a file", copy],
    [
      "a directory",
      () => {
        const path = fresh("efivars");
        mkdirSync(path);
        writeFileSync(join(path, `Lang-${GLOBAL_GUID}`), Uint8Array.of(7, 0, 0, 0, 1));
        return path;
      },
    ],
  ])("%s: who is told that it is done has done it, the others are told why not", async (_, make) => {
    const store = make();
    const outcomes = await race(store);
    const lines = (await xenefi("ls", store, "--name", "Writer*")).out.split("\n");
    for (const [n, { exit, err }] of outcomes.entries()) {
      expect(lines.some((line) => line.startsWith(`Writer${n} `))).toBe(exit === Exit.Done);
      if (exit === Exit.Done) continue;
      expect(exit).toBe(Exit.Unreadable);
      expect(err).toMatch(/is held by process \d+ since |: changed by somebody else since it was read\n$/);
    }
    expect(outcomes.filter(({ exit }) => exit === Exit.Done).length).toBeGreaterThan(0);
    expect(readdirSync(join(store, "..")).length).toBe(1);
  });

  test("a lock whose process was killed is taken over", async () => {
    const store = fresh("vars.fd");
    await xenefi("convert", "--lossy", JSON_STORE, store);
    const holder = spawn(
      process.execPath,
      [fileURLToPath(new URL("support/lock-child.mjs", import.meta.url)), library.folder, store],
      {
        env: library.env,
      },
    );
    await new Promise((resolve) => holder.stdout.once("data", resolve));
    const held = { exit: Exit.Unreadable, err: expect.stringContaining(`is held by process ${holder.pid} since`) };
    expect(await xenefi("set", "-i", store, ...SET)).toMatchObject(held);
    expect(await xenefi("convert", "--overwrite", "--lossy", JSON_STORE, store)).toMatchObject(held);
    const ended = new Promise((resolve) => holder.once("close", resolve));
    holder.kill("SIGKILL");
    await ended;
    expect(await xenefi("set", "-i", store, ...SET)).toMatchObject({ exit: Exit.Done });
  });
});

describe("hostile names", () => {
  const NAMES = [
    "..",
    ".",
    "a/b",
    "../../etc/passwd",
    "x".repeat(300),
    "\ud800",
    "y\udc00z",
    "-v",
    "--json",
    "line\nfeed",
    "\u202egnp.exe",
    "cd\\",
    "\\u000a",
    "\u001b[2J\u009b2J",
    "*",
    "$(touch x)",
    "€ 日本 😀",
  ];
  const VARIABLES: Variable[] = NAMES.map((name) => ({ name, guid: GUID, attributes: 7, data: Uint8Array.of(1) }));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: nothing of these may reach a terminal
  const DANGEROUS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]|[\ud800-\udbff](?![\udc00-\udfff])/;

  function store(format: (typeof FORMATS)[number]): { path: string; held: string[] } {
    const lost = new Set(format.losses(VARIABLES).map(({ variable }) => variable.name));
    return { path: file("vars", format.serialize(VARIABLES)), held: NAMES.filter((name) => !lost.has(name)) };
  }

  test.each(FORMATS.filter(({ name }) => name !== "efivar"))(
    "$name: they are printed without harm, and addressed as they are printed",
    async (format) => {
      const { path, held } = store(format);
      expect(held.length).toBeGreaterThan(10);
      const { out } = await xenefi("ls", path);
      expect(out).not.toMatch(DANGEROUS);
      const shown = out
        .split("\n")
        .slice(1, -1)
        .map((line) => line.slice(0, line.indexOf(`  ${GUID}`)).trimEnd());
      expect(new Set(shown).size).toBe(held.length);
      for (const name of shown) {
        const place = `${name}-${GUID}`;
        expect(await xenefi("get", "--hex", path, "--", place)).toMatchObject({ exit: Exit.Done, out: "01\n" });
        const removed = await xenefi("rm", "-o", `${path}2`, path, "--", place);
        expect([removed.exit, removed.err]).toEqual([Exit.Done, `${place}: deleted\n`]);
        const left = JSON.parse((await xenefi("ls", "--json", `${path}2`)).out).variables;
        expect(left).toHaveLength(held.length - 1);
        const set = await xenefi("set", "-i", `${path}2`, "--data", "01", "--", place);
        expect([set.exit, set.err]).toEqual([Exit.Done, `${place}: set, 1 byte\n`]);
        expect(await xenefi("diff", path, `${path}2`)).toMatchObject({ out: "" });
      }
      for (const args of [["dump"], ["check"], ["ls", "--json"], ["dump", "--json"]]) {
        const said = await xenefi(...args, path);
        expect(said.exit).toBe(Exit.Done);
        expect(said.out + said.err).not.toMatch(DANGEROUS);
      }
      const names = JSON.parse((await xenefi("ls", "--json", path)).out).variables.map((v: Variable) => v.name);
      expect(names).toEqual(held);
    },
  );

  test("an exported directory has all its files in itself, and each is a variable's", async () => {
    const output = fresh("efivars");
    const { err } = await xenefi("convert", "--lossy", store(formatNamed("hyperv")).path, `${output}/`);
    expect(err).not.toMatch(DANGEROUS);
    expect(readdirSync(join(output, ".."))).toEqual(["efivars"]);
    expect(new Set(readdirSync(output))).toEqual(new Set(serializeDirectory(VARIABLES).keys()));
    expect(existsSync(join(output, `..-${GUID}`))).toBe(true);
    expect(err.match(/^lost: /gm)).toHaveLength(5);
  });

  test("what is not there, or cannot be, is told without harm", async () => {
    const absent = await xenefi("get", JSON_STORE, "\u202e\u001b[2J");
    expect([absent.exit, absent.err]).toEqual([Exit.Negative, expect.stringContaining("\\u202e\\u001b[2J")]);
    expect(absent.err).not.toMatch(DANGEROUS);
    for (const name of ["", "\\u0000", "a\\u0000b"]) {
      expect(await xenefi("get", JSON_STORE, name)).toMatchObject({ exit: Exit.Usage });
    }
  });
});
