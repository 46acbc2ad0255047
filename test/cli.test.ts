import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { Exit } from "../src/cli/io.ts";
import { sha256 } from "../src/files/bytes.ts";
import { xenefi } from "./support/cli.ts";
import { fixtureBytes, fixturePath } from "./support/fixtures.ts";

const folder = mkdtempSync(join(tmpdir(), "xenefi-cli-"));
afterAll(() => rmSync(folder, { recursive: true }));

const GUID = "11111111-2222-3333-4444-555555555555";
const FIRST_BOOT = fixturePath("stores/ovmf-4m-firstboot.fd.gz");

/** A file of its own with these bytes. */
function file(name: string, bytes: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

describe("ls", () => {
  test("prints a line a variable in enumeration order", async () => {
    const { exit, out } = await xenefi("ls", FIRST_BOOT);
    const lines = out.trimEnd().split("\n");
    expect(exit).toBe(Exit.Done);
    expect(lines).toHaveLength(30);
    expect(lines[0]).toMatch(/^name +vendor +attributes +size +data$/);
    expect(lines.find((line) => line.startsWith("Lang "))).toMatch(/global +NV\+BS\+RT +4 +eng$/);
  });

  test("--json has the documented fields", async () => {
    const { out } = await xenefi("ls", "--json", FIRST_BOOT);
    const { schema, variables } = JSON.parse(out);
    expect(schema).toBe("xenefi.ls/1");
    expect(variables.find((v: { name: string }) => v.name === "Lang")).toMatchObject({
      nameHex: "4c0061006e006700",
      guid: "8be4df61-93ca-11d2-aa0d-00e098032b8c",
      attr: 7,
      size: 4,
      sha256: sha256(new TextEncoder().encode("eng\0")),
    });
  });

  test.each([
    [["--name", "Boot000?"], 4],
    [["--guid", "mtc"], 1],
    [["--all"], 56],
    [["--name", "Boot[0]"], 0],
  ])("%j selects %i", async (options, count) => {
    const { variables } = JSON.parse((await xenefi("ls", "--json", ...options, FIRST_BOOT)).out);
    expect(variables).toHaveLength(count);
  });

  test("--sort size puts the largest first", async () => {
    const { variables } = JSON.parse((await xenefi("ls", "--json", "--sort", "size", FIRST_BOOT)).out);
    expect(variables[0].size).toBe(1049);
  });
});

describe("get", () => {
  test.each([
    "Lang",
    "global:Lang",
    "Lang-8be4df61-93ca-11d2-aa0d-00e098032b8c",
    "8be4df61-93ca-11d2-aa0d-00e098032b8c:Lang",
  ])("finds %s", async (variable) => {
    expect(await xenefi("get", "--hex", FIRST_BOOT, variable)).toMatchObject({ exit: Exit.Done, out: "656e6700\n" });
  });

  test("--raw gives the bytes, -o writes them to a file", async () => {
    const { bytes } = await xenefi("get", "--raw", FIRST_BOOT, "Lang");
    expect(bytes).toEqual([new Uint8Array([0x65, 0x6e, 0x67, 0])]);
    const path = join(folder, "lang.bin");
    await xenefi("get", "-o", path, FIRST_BOOT, "Lang");
    expect(readFileSync(path, "latin1")).toBe("eng\0");
  });

  test("an absent variable is exit 1", async () => {
    const { exit, err } = await xenefi("get", FIRST_BOOT, "Nope");
    expect(exit).toBe(Exit.Negative);
    expect(err).toContain("no variable Nope-8be4df61-93ca-11d2-aa0d-00e098032b8c");
  });
});

describe("set and rm", () => {
  test("write through the emulated SetVariable: one record more, nothing else changed", async () => {
    const path = file("set.fd", fixtureBytes("stores/ovmf-4m-firstboot.fd.gz"));
    const before = readFileSync(path);
    expect(await xenefi("set", "-i", "--data", "0102", path, `Test-${GUID}`)).toMatchObject({ exit: Exit.Done });
    const after = readFileSync(path);
    const changed = [...after.keys()].filter((i) => after[i] !== before[i]);
    expect(changed[0]).toBeGreaterThanOrEqual(0x64 + 11492 + 4792);
    expect((changed.at(-1) as number) - (changed[0] as number)).toBeLessThan(60 + 10 + 2);
    expect((await xenefi("get", "--hex", path, "Test")).out).toBe("0102\n");
    expect(await xenefi("rm", "-i", path, "Test")).toMatchObject({ exit: Exit.Done });
    expect((await xenefi("get", path, "Test")).exit).toBe(Exit.Negative);
  });

  test.each([
    ["u8", "255", "ff"],
    ["u16", "0x1234", "3412"],
    ["u32", "1", "01000000"],
    ["u64", "18446744073709551615", "ffffffffffffffff"],
    ["str", "en", "656e00"],
    ["str16", "en", "65006e000000"],
    ["hex", "01:02 03", "010203"],
  ])("--type %s %s is %s", async (type, value, hex) => {
    const path = file(`${type}.fd`, fixtureBytes("stores/ovmf-4m-stock.fd.gz"));
    expect(await xenefi("set", "-i", "--type", type, "--data", value, path, `V-${GUID}`)).toMatchObject({
      exit: Exit.Done,
    });
    expect((await xenefi("get", "--hex", path, "V")).out).toBe(`${hex}\n`);
  });

  test("@FILE is a file's bytes, --append appends, --backup keeps the old store", async () => {
    const path = file("append.fd", fixtureBytes("stores/ovmf-4m-stock.fd.gz"));
    const data = file("data.bin", "abc");
    await xenefi("set", "-i", "--data", `@${data}`, path, `V-${GUID}`);
    const old = readFileSync(path);
    await xenefi("set", "-i", "--backup", "--append", "--data", "64", path, `V-${GUID}`);
    expect((await xenefi("get", "--hex", path, "V")).out).toBe("61626364\n");
    expect(Buffer.compare(readFileSync(`${path}~`), old)).toBe(0);
  });

  test("a refusal is exit 4 with status and reason, and the file is untouched", async () => {
    const path = file("refused.fd", fixtureBytes("stores/ovmf-4m-firstboot.fd.gz"));
    const before = readFileSync(path);
    const { exit, err } = await xenefi("set", "-i", "--data", "01", path, "global:SecureBoot");
    expect(exit).toBe(Exit.Refused);
    expect(err).toBe(
      `xenefi: ${path}: WRITE_PROTECTED (0x8000000000000008): the variable is read-only by definition\n`,
    );
    expect(Buffer.compare(readFileSync(path), before)).toBe(0);
  });

  test("nothing is overwritten unless -o or -i says so, and the mode is kept", async () => {
    const path = file("mode.fd", fixtureBytes("stores/ovmf-4m-stock.fd.gz"));
    const { exit, err } = await xenefi("set", "--data", "01", path, `V-${GUID}`);
    expect([exit, err]).toEqual([
      Exit.Usage,
      "xenefi: say where the changed store goes: -o FILE, or -i to change it in place\n",
    ]);
    writeFileSync(path, readFileSync(path), { mode: 0o600 });
    const mode = statSync(path).mode;
    await xenefi("set", "-i", "--data", "01", path, `V-${GUID}`);
    expect(statSync(path).mode).toBe(mode);
    const { bytes } = await xenefi("set", "-o", "-", "--data", "02", path, `V-${GUID}`);
    expect(bytes[0]?.length).toBe(540672);
    expect((await xenefi("get", "--hex", path, "V")).out).toBe("01\n");
  });
});

describe("info", () => {
  test("--json tells layout, space by class, and modes", async () => {
    const { out } = await xenefi("info", "--json", FIRST_BOOT);
    expect(JSON.parse(out)).toMatchObject({
      schema: "xenefi.info/1",
      layout: "ovmf-4m",
      variables: 29,
      deadRecords: 27,
      secureBoot: { enabled: false, setupMode: true },
      query: [{ attr: 7, status: "SUCCESS", maxStoreSize: "0x3ff9c" }, { attr: 6 }, { attr: 39 }],
    });
  });

  test("a store with keys is in user mode with Secure Boot on", async () => {
    const { out } = await xenefi("info", fixturePath("stores/ovmf-4m-ms.fd.gz"));
    expect(out).toMatch(/^Secure Boot +on, user mode$/m);
  });
});

describe("call", () => {
  test("prints result, status and fields", async () => {
    const { exit, out } = await xenefi("call", "get_variable", "name=BootOrder", "guid=global", "size=16");
    expect(exit).toBe(Exit.Done);
    expect(out).toMatch(/^returns +0$/m);
    expect(out).toMatch(/^status +SUCCESS \(0x0000000000000000\)$/m);
    expect(out).toMatch(/^data +010000000200$/m);
  });

  test("a status that is an error is exit 4 and says why", async () => {
    const { exit, out } = await xenefi("call", "set_variable", "name=V", `guid=${GUID}`, "misc=BS+RT", "data=01");
    expect(exit).toBe(Exit.Refused);
    expect(out).toMatch(/^status +INVALID_PARAMETER/m);
    expect(out).toMatch(/^because +at run time only/m);
  });

  test("--trace makes a trace that replays", async () => {
    const path = join(folder, "call.jsonl");
    await xenefi("call", "--trace", path, "get_next_high_monotonic_count");
    await xenefi("call", "--trace", path, "--abi", "x86_64", "query_variable_info", "attr=7");
    expect(readFileSync(path, "utf8").trimEnd().split("\n")).toHaveLength(3);
  });
});

describe("record and replay", () => {
  test("a recorded trace replays without a difference; a changed one differs with exit 1, by line and name", async () => {
    const calls = file(
      "calls.jsonl",
      [
        { fn: "set_variable", in: { misc: 7, name: "V", guid: GUID, size: 2, data: "0102" } },
        { fn: "get_variable", in: { misc: 0, name: "V", guid: GUID, size: 1 } },
        { fn: "get_variable", in: { misc: 0, nameHex: "00d80000", guid: GUID, size: 4 } },
        { fn: "get_next_variable_name", in: { misc: 0, name: "", guid: GUID, size: 64 } },
        { fn: "get_time", in: { misc: 0 } },
        { fn: "firmware_info", in: { type: 4, index: 2, bufsz: 100 } },
        { fn: "reset" },
        { fn: "get_variable", in: { misc: 0, name: "V", guid: GUID, size: 8 } },
      ]
        .map((call) => JSON.stringify(call))
        .join("\n"),
    );
    const trace = join(folder, "recorded.jsonl");
    expect(await xenefi("record", "-o", trace, calls)).toMatchObject({ exit: Exit.Done });
    expect(await xenefi("replay", trace)).toMatchObject({ exit: Exit.Done });
    writeFileSync(
      trace,
      readFileSync(trace, "utf8").replace('"status":"0x8000000000000005"', '"status":"0x800000000000000e"'),
    );
    const { exit, out } = await xenefi("replay", trace);
    expect(exit).toBe(Exit.Negative);
    expect(out).toContain(
      `${trace}:3 get_variable status: expected NOT_FOUND (0x800000000000000e), actual BUFFER_TOO_SMALL (0x8000000000000005)\n`,
    );
    const report = join(folder, "report.xml");
    const { out: json } = await xenefi("replay", "--json", "--junit", report, trace);
    expect(JSON.parse(json)).toMatchObject({
      schema: "xenefi.replay/1",
      traces: [{ calls: 8, differences: [{ line: 3, fn: "get_variable", field: "status" }] }],
    });
    expect(readFileSync(report, "utf8")).toMatch(/<testsuite .* tests="1" failures="1">/);
  });

  test("--flash compares the image at the end, and names record and field of the first difference", async () => {
    const trace = fixturePath("traces/lifecycle.jsonl");
    const image = fixturePath("traces/lifecycle.after.fd.gz");
    expect(await xenefi("replay", "--flash", image, trace)).toMatchObject({ exit: Exit.Done });
    expect(await xenefi("replay", trace, "--flash")).toMatchObject({ exit: Exit.Done });
    const bytes = fixtureBytes("traces/lifecycle.after.fd.gz");
    bytes[0x64 + 0x54 + 4] = 0x26;
    const { exit, out } = await xenefi("replay", "--flash", file("changed.fd", bytes), trace);
    expect(exit).toBe(Exit.Negative);
    expect(out).toContain(
      'flash offset 0xbc, record 1 certdb-d9bee56e-75dc-49d9-b4d7-b534210f637a, attributes: expected "26000000", actual "27000000"',
    );
  });

  test("--store must be the store that the header names", async () => {
    const store = file("other.fd", fixtureBytes("stores/ovmf-4m-firstboot.fd.gz"));
    const { exit, err } = await xenefi("replay", "--store", store, fixturePath("traces/time.jsonl"));
    expect(exit).toBe(Exit.Unreadable);
    expect(err).toContain("line 1: expected vars_before_sha256 5d2ac383");
  });
});

describe("errors are one line that names the input", () => {
  const junk = file("junk.fd", new Uint8Array(4096).fill(1));
  const cut = file("cut.fd", fixtureBytes("stores/ovmf-4m-stock.fd.gz").slice(0, 0x8000));
  const trace = file(
    "bad.jsonl",
    '{"format":"xenefi-trace","version":1,"abi":"x86_64"}\n{"fn":"get_time","in":{"misc":"x"}}',
  );

  test.each([
    [["ls", junk], Exit.Unreadable, `xenefi: ${junk}: offset 0x0: expected a store of one of these formats: uboot (`],
    [["info", cut], Exit.Unreadable, `xenefi: ${cut}: offset 0x20: expected a volume of at most 0x8000 bytes`],
    [["ls", "/no/such/file"], Exit.Unreadable, "xenefi: ENOENT: no such file or directory, stat '/no/such/file'"],
    [["replay", trace], Exit.Unreadable, `xenefi: ${trace}: line 2: expected in.misc: an integer of 32 bits, not "x"`],
    [["replay", "/no/such/trace"], Exit.Unreadable, "xenefi: ENOENT"],
    [["nope"], Exit.Usage, "xenefi: unknown command 'nope'"],
    [["ls"], Exit.Usage, "xenefi: missing required argument 'store'"],
    [["ls", "--nope", junk], Exit.Usage, "xenefi: unknown option '--nope'"],
    [["ls", "--guid", "x", FIRST_BOOT], Exit.Usage, 'xenefi: --guid: "x" is no GUID and no short name'],
    [["ls", "--sort", "x", FIRST_BOOT], Exit.Usage, 'xenefi: --sort: name, size or file, not "x"'],
    [
      ["set", "-i", "--data", "0g", FIRST_BOOT, "V"],
      Exit.Usage,
      'xenefi: --data: offset 1: "g" is no hexadecimal digit',
    ],
    [
      ["set", "-i", "--attr", "XX", "--data", "00", FIRST_BOOT, "V"],
      Exit.Usage,
      'xenefi: --attr: attributes: "XX" is none of',
    ],
    [["set", "-i", "--type", "u8", "--data", "256", FIRST_BOOT, "V"], Exit.Usage, "xenefi: --data: 256 is no u8"],
    [["call", "get_tome"], Exit.Usage, 'xenefi: fn: a function\'s name or number, not "get_tome"'],
    [["call", "get_variable", "size"], Exit.Usage, 'xenefi: "size": inputs are FIELD=VALUE'],
    [["call", "get_variable", "guid=x"], Exit.Usage, 'xenefi: guid: "x" is no GUID'],
    [["call", "set_time", "time=now"], Exit.Usage, 'xenefi: time: "now" is not of the form'],
  ])("%j is exit %i", async (args, exit, message) => {
    const got = await xenefi(...args);
    expect(got.exit).toBe(exit);
    expect(got.err.startsWith(message)).toBe(true);
    expect(got.err.trimEnd()).not.toMatch(/\n.*at /);
    expect(got.err.trimEnd().split("\n")).toHaveLength(1);
  });

  test.each([
    [["ls", junk], Exit.Unreadable, /offset 0x0: expected a store/],
    [["ls", "--al", junk], Exit.Usage, /^unknown option '--al' \(Did you mean --all\?\)$/],
    [["get", FIRST_BOOT], Exit.Usage, /^missing required argument 'variable'$/],
    [["lss"], Exit.Usage, /^unknown command 'lss' \(Did you mean ls\?\)$/],
    [["boot"], Exit.Usage, /^say which command; --help lists them$/],
    [[], Exit.Usage, /^say which command/],
  ])("--json tells the error of %j as an object", async (args, exit, message) => {
    const got = await xenefi(...args, "--json");
    expect(JSON.parse(got.out)).toEqual({ schema: "xenefi.error/1", exit, error: expect.stringMatching(message) });
    expect([got.exit, got.err]).toEqual([exit, ""]);
  });

  test("the inputs are untouched", () => {
    expect(readFileSync(junk)).toEqual(Buffer.alloc(4096, 1));
    expect(statSync(cut).size).toBe(0x8000);
    expect(existsSync("/no/such/file")).toBe(false);
  });
});

test.each([["ls"], ["boot", "add"], ["sb", "enroll"]])(
  "the help of %j has the options of all commands, too",
  async (...args) => {
    const { exit, out } = await xenefi(...args, "--help");
    expect(exit).toBe(Exit.Done);
    expect(out).toMatch(/^ +--json +one JSON document on standard output$/m);
  },
);

test("--version and --help end with 0; the help has the exit codes", async () => {
  expect(await xenefi("--version")).toMatchObject({
    exit: Exit.Done,
    out: expect.stringMatching(/^1\.2\.3 \(core sha256 [0-9a-f]{64}\)\n$/),
  });
  const { exit, out } = await xenefi("--help");
  expect(exit).toBe(Exit.Done);
  expect(out).toContain("4    the service refused");
});
