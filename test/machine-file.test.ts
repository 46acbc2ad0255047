import { type ChildProcess, spawn } from "node:child_process";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import pc from "picocolors";
import { afterAll, describe, expect, test } from "vitest";
import { Exit } from "../src/cli/io.ts";
import { run } from "../src/cli/run.ts";
import { Client } from "../src/client.ts";
import { FlashError, LockedError, openMachine } from "../src/files/machine-file.ts";
import { formatVolume, OVMF_2M, OVMF_4M } from "../src/formats/edk2-store.ts";
import { FormatError } from "../src/formats/variable-set.ts";
import { Machine } from "../src/machine.ts";
import { ovmf2m } from "../src/policies/ovmf.ts";
import { compileLibrary } from "./support/compile.ts";
import { bare, contents, dirtyStore } from "./support/cut-scenarios.ts";
import { device } from "./support/devices.ts";

const GUID = "11111111-2222-3333-4444-555555555555";
const CHILD = fileURLToPath(new URL("support/lock-child.mjs", import.meta.url));

const folder = mkdtempSync(join(tmpdir(), "xenefi-file-"));
const library = compileLibrary();
afterAll(() => {
  rmSync(folder, { recursive: true });
  library.remove();
});

let count = 0;

/** The path of a new file, in a folder of its own. */
function file(bytes?: Uint8Array): string {
  const own = mkdtempSync(join(folder, `${count++}-`));
  const path = join(own, "vars.fd");
  if (bytes !== undefined) writeFileSync(path, bytes);
  return path;
}

function lockOf(path: string): string {
  return path.replace(/vars\.fd$/, ".vars.fd.lock");
}

const blank = formatVolume(OVMF_4M);
const one = Uint8Array.of(1);

describe("openMachine", () => {
  test("the file has what the machine has after each call, and a new machine finds it", () => {
    const path = file(blank);
    const machine = openMachine(path);
    const dom0 = new Client(machine);
    for (let i = 0; i < 5; i++) {
      dom0.setVariable("A", GUID, 7, Uint8Array.of(i));
      expect(Buffer.compare(readFileSync(path), machine.flash())).toBe(0);
    }
    machine.close();
    const again = openMachine(path);
    expect(again.variable("A", GUID)?.data).toEqual(Uint8Array.of(4));
    again.close();
  });

  test("a volume inside a larger image is written in its place, the rest of it never", () => {
    const image = new Uint8Array(0x1000 + blank.length + 0x1000).fill(0x5a);
    image.set(blank, 0x1000);
    const path = file(image);
    const machine = openMachine(path);
    new Client(machine).setVariable("A", GUID, 7, one);
    machine.close();
    const after = readFileSync(path);
    expect(Buffer.compare(after, machine.flash())).toBe(0);
    expect(after.subarray(0, 0x1000).every((byte) => byte === 0x5a)).toBe(true);
    expect(after.subarray(0x1000 + blank.length).every((byte) => byte === 0x5a)).toBe(true);
  });

  test("a symbolic link leads to the file and its lock", () => {
    const path = file(blank);
    const link = `${path}.link`;
    symlinkSync(path, link);
    const machine = openMachine(link);
    expect(machine.path).toBe(path);
    expect(() => openMachine(path)).toThrow(LockedError);
    machine.close();
  });

  test("`create` makes a blank store of the policy's layout, and leaves one that is there", () => {
    const path = file();
    expect(() => openMachine(path)).toThrow("ENOENT");
    expect(readdirSync(join(path, ".."))).toEqual([]);
    const machine = openMachine(path, { create: true, policy: ovmf2m });
    new Client(machine).setVariable("A", GUID, 7, one);
    machine.close();
    expect(statSync(path).size).toBe(OVMF_2M.volumeBytes);
    const again = openMachine(path, { create: true, policy: ovmf2m });
    expect(again.variable("A", GUID)?.data).toEqual(one);
    again.close();
    expect(readdirSync(join(path, ".."))).toEqual(["vars.fd"]);
  });

  test("refuses what is no regular file or larger than any store, without reading it", () => {
    const path = join(mkdtempSync(join(tmpdir(), "xenefi-large-")), "vars.fd");
    expect(() => openMachine(device(join(path, ".."), "zero"))).toThrow(/no regular file/);
    writeFileSync(path, "");
    truncateSync(path, 5 * 2 ** 30);
    expect(() => openMachine(path)).toThrow(/5368709120 bytes are no store/);
    rmSync(join(path, ".."), { recursive: true });
  });

  test.each([
    ["a packed store", gzipSync(blank), FormatError, "gzip"],
    ["no store", new Uint8Array(100), FormatError, "blank flash"],
    [
      "a store without fault-tolerant-write areas",
      formatVolume({ ...OVMF_4M, volumeBytes: 0x50000, storeEnd: 0x3f000, workBytes: 0, spareBytes: 0 }),
      RangeError,
      "fault-tolerant",
    ],
  ])("refuses %s, and leaves file and lock as they were", (_, bytes, type, message) => {
    const path = file(bytes);
    expect(() => openMachine(path)).toThrow(type);
    expect(() => openMachine(path)).toThrow(message);
    expect(Buffer.compare(readFileSync(path), bytes)).toBe(0);
    expect(existsSync(lockOf(path))).toBe(false);
  });

  test("after `close` a write fails, and close does nothing", () => {
    const path = file(blank);
    const machine = openMachine(path);
    machine.close();
    machine.close();
    const bytes = readFileSync(path);
    expect(() => new Client(machine).setVariable("A", GUID, 7, one)).toThrow(FlashError);
    expect(Buffer.compare(readFileSync(path), bytes)).toBe(0);
  });

  test("the end of a `using` block closes it", () => {
    const path = file(blank);
    openMachine(path)[Symbol.dispose]();
    openMachine(path).close();
  });
});

/** A process that opens the store; what it says first. */
async function opener(path: string): Promise<{ child: ChildProcess; said: string }> {
  const child = spawn(process.execPath, [CHILD, library.folder, path], { env: library.env });
  const said = await new Promise<string>((resolve) => {
    child.stdout.once("data", (data: Buffer) => resolve(data.toString().trim()));
  });
  return { child, said };
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once("exit", () => resolve());
  });
}

describe("one writer at a time", () => {
  test("a second opener in the process is told who has the file, and since when", () => {
    const path = file(blank);
    const machine = openMachine(path);
    const since = new Date().toISOString().slice(0, 13);
    expect(() => openMachine(path)).toThrow(`${path} is held by process ${process.pid} since ${since}`);
    machine.close();
    openMachine(path).close();
  });

  test("a killed process's lock is taken over, a living one's is not", async () => {
    const path = file(blank);
    const { child, said } = await opener(path);
    expect(said).toBe("held");
    expect(() => openMachine(path)).toThrow(`${path} is held by process ${child.pid} since`);
    child.kill("SIGKILL");
    await ended(child);
    openMachine(path).close();
  });

  test("of eight processes that find a dead one's lock, one has the file", async () => {
    for (let round = 0; round < 2; round++) {
      const path = file(blank);
      const dead = await opener(path);
      dead.child.kill("SIGKILL");
      await ended(dead.child);
      const all = await Promise.all(Array.from({ length: 8 }, () => opener(path)));
      const said = all.map((each) => each.said).sort();
      expect(said.filter((line) => line === "held")).toHaveLength(1);
      expect(said.filter((line) => line.startsWith("LockedError: "))).toHaveLength(7);
      for (const { child } of all) child.kill("SIGKILL");
      await Promise.all(all.map(({ child }) => ended(child)));
    }
  });

  const holder = { pid: process.pid, host: hostname(), since: "2024-01-02T03:04:05Z", token: "0".repeat(36) };

  test("a process that was given the holder's number later is another one", () => {
    const path = file(blank);
    writeFileSync(lockOf(path), JSON.stringify({ ...holder, start: "boot 1" }));
    openMachine(path).close();
    expect(existsSync(lockOf(path))).toBe(false);
  });

  test("another host's processes count as alive", () => {
    const path = file(blank);
    writeFileSync(lockOf(path), JSON.stringify({ ...holder, pid: 2 ** 22 + 1, host: "elsewhere" }));
    expect(() => openMachine(path)).toThrow(`on elsewhere (if it is gone, remove ${lockOf(path)}) since 2024-01-02`);
  });

  test("a right to succeed that a dead process had is taken over, too", () => {
    const path = file(blank);
    const dead = { ...holder, start: "boot 1" };
    const successor = { ...dead, token: "1".repeat(36) };
    writeFileSync(lockOf(path), JSON.stringify(dead));
    writeFileSync(`${lockOf(path)}.${dead.token}`, JSON.stringify(successor));
    openMachine(path).close();
    expect(readdirSync(join(path, ".."))).toEqual(["vars.fd"]);
  });

  test.each(["", "1234\n", JSON.stringify({ ...holder, token: "../../x" }), JSON.stringify({ ...holder, pid: -1 })])(
    "a lock that is none is named, and stays: %j",
    (text) => {
      const path = file(blank);
      writeFileSync(lockOf(path), text);
      expect(() => openMachine(path)).toThrow(`${lockOf(path)}: not a lock of xenefi`);
      expect(readFileSync(lockOf(path), "utf8")).toBe(text);
    },
  );
});

describe("the command line", () => {
  async function xenefi(...args: string[]): Promise<{ exit: Exit; err: string }> {
    let err = "";
    const io = {
      out: () => {},
      outBytes: () => {},
      err: (text: string) => {
        err += text;
      },
      showsProgress: false,
      colors: pc.createColors(false),
      columns: undefined,
    };
    return { exit: await run(args, io, "0"), err };
  }

  test("an edit in place of a store that a machine holds is refused; one into another file is not", async () => {
    const path = file(blank);
    const machine = openMachine(path);
    const bytes = readFileSync(path);
    const edit = ["set", path, `A-${GUID}`, "--data", "01"];
    const { exit, err } = await xenefi(...edit, "-i");
    expect(exit).toBe(Exit.Unreadable);
    expect(err).toContain(`${path} is held by process ${process.pid} since`);
    expect((await xenefi("set", "-i", path, `A-${GUID}`, "--data", "01")).exit).toBe(Exit.Unreadable);
    expect(Buffer.compare(readFileSync(path), bytes)).toBe(0);
    expect((await xenefi(...edit, "-o", `${path}.new`)).exit).toBe(Exit.Done);
    machine.close();
    expect((await xenefi(...edit, "-i")).exit).toBe(Exit.Done);
    expect(existsSync(lockOf(path))).toBe(false);
  });

  test("a store whose reclaim was cut is read as the next boot finds it, and an edit stays", async () => {
    const policy = bare(OVMF_4M);
    const store = dirtyStore(OVMF_4M, 200);
    const wanted = contents(new Machine({ policy, store }));
    let cuts = 0;
    // The target's first blocks are written when the spare area is complete.
    for (const after of [1, 3, 5]) {
      const path = file(cutReclaim(store, after));
      expect((await xenefi("ls", path)).exit).toBe(Exit.Done);
      expect((await xenefi("set", path, `A-${GUID}`, "--data", "01", "-i")).exit).toBe(Exit.Done);
      const found = contents(new Machine({ policy, store: readFileSync(path) }));
      expect([...found.values()].sort()).toEqual([...wanted.values(), "01"].sort());
      cuts++;
    }
    expect(cuts).toBe(3);
  });

  /** The file of a machine that was killed after so many writes to the variable area, in a reclaim at boot. */
  function cutReclaim(store: Uint8Array, writes: number): Uint8Array {
    const left = store.slice();
    let done = 0;
    const write = (offset: number, bytes: Uint8Array) => {
      if (offset < OVMF_4M.storeEnd && ++done > writes) throw new Error("killed");
      left.set(bytes, offset);
    };
    const boot = () => new Machine({ policy: bare(OVMF_4M), store, flash: { write, sync: () => {} } });
    expect(boot).toThrow("killed");
    return left;
  }
});
