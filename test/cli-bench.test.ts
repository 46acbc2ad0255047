import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Report } from "../src/bench/report.ts";
import { Exit } from "../src/cli/io.ts";
import { sha256 } from "../src/files/bytes.ts";
import { readTar } from "../src/formats/tar-reader.ts";
import { xenefi } from "./support/cli.ts";
import { fixtureBytes, fixturePath } from "./support/fixtures.ts";
import { parseXml } from "./support/xml.ts";

const folder = mkdtempSync(join(tmpdir(), "xenefi-bench-"));
afterAll(() => rmSync(folder, { recursive: true }));

const FIRST_BOOT = fixturePath("stores/ovmf-4m-firstboot.fd.gz");
const TRACE = fixturePath("traces/time.jsonl");
/** As short as it can be: no test looks at how long anything took. */
const SHORT = ["--time", "0.05"];

/** A file of its own with this text. */
function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

async function measured(...args: string[]): Promise<Report> {
  const { exit, out, err } = await xenefi("bench", ...args, ...SHORT, "--json");
  expect([exit, err]).toEqual([Exit.Done, ""]);
  return JSON.parse(out);
}

/** A report whose ratios are multiplied, by more than any noise of the next run. */
function baselineOf(report: Report, factor: number, changes: object = {}): string {
  const rows = report.rows.map((row) => ({ ...row, ratio: row.ratio * factor }));
  return file(`baseline-${factor}.json`, JSON.stringify({ ...report, rows, ...changes }));
}

describe("over generated variables", () => {
  let report: Report;
  beforeAll(async () => {
    report = await measured("--variables", "7", "--seed", "3");
  });

  test("the document says what was measured, and on what", () => {
    expect(report.schema).toBe("xenefi.bench/1");
    expect(report.subject).toEqual({
      store: null,
      variables: 7,
      policy: "ovmf-4m",
      abi: "x86_64",
      seed: 3,
      trace: null,
    });
    expect(report.machine).toMatchObject({ node: process.version, core: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(report.seconds).toBe(0.05);
    expect(report.noise).toEqual({
      floorVariation: expect.any(Number),
      rounds: expect.any(Number),
      clockNs: expect.any(Number),
    });
  });

  test("the document has a row an operation, by p20, p50 and ratio, with the batch", () => {
    expect(report.rows.map(({ group }) => group).filter((group, i, all) => group !== all[i - 1])).toEqual([
      "store",
      "growth",
      "size",
    ]);
    expect(report.rows).toHaveLength(11 + 4 * 4 + 6 + 5);
    const floor = report.rows[0];
    expect(floor).toMatchObject({ group: "store", operation: "rejected dispatch", batch: 1000, ratio: 1 });
    for (const { p20Ns, p50Ns, ratio, samples } of report.rows) {
      expect(p20Ns).toBeGreaterThan(0);
      expect(p50Ns).toBeGreaterThanOrEqual(p20Ns);
      expect(ratio).toBeCloseTo(p20Ns / (floor?.p20Ns as number), 1);
      expect(samples).toBeGreaterThanOrEqual(3);
    }
    expect(report.skipped).toEqual([]);
  });

  test("the document has the distribution over variables and the stalls", () => {
    expect(report.distribution).toMatchObject({ batch: 64, spread: expect.any(Object) });
    expect(report.distribution?.variables).toHaveLength(7);
    expect(report.stalls?.with.perMillion).toHaveLength(3);
  });

  test("--baseline: ratios as before are exit 0", async () => {
    const baseline = baselineOf(report, 1000);
    const { exit, out } = await xenefi("bench", "--variables", "7", ...SHORT, "--baseline", baseline);
    expect(exit).toBe(Exit.Done);
    expect(out).toMatch(/\n0 of 38 operations slower than the baseline by more than [0-9.]+ %\n$/);
    expect(out).toMatch(/\nfaster: GetTime: [0-9.]+ -> [0-9.]+ times a rejected dispatch \([0-9.]+ times as fast\)\n/);
  });

  test("--baseline: larger ratios are exit 1, and it is said of what and by how much", async () => {
    const baseline = baselineOf(report, 0.001, { machine: { ...report.machine, node: "v1.2.3" } });
    const html = join(folder, "slower.html");
    const args = ["--variables", "7", ...SHORT, "--baseline", baseline, "--html", html];
    const { exit, out, err } = await xenefi("bench", ...args);
    expect([exit, err]).toEqual([Exit.Negative, ""]);
    expect(out).toMatch(/\nslower: GetTime: [0-9.]+ -> [0-9.]+ times a rejected dispatch \([0-9.]+ times as slow\)\n/);
    expect(out).toMatch(/\n38 of 38 operations slower than the baseline by more than [0-9.]+ %\n/);
    expect(out).toMatch(/\nthe baseline is of another machine: .*, Node v1\.2\.3\n$/);
    expect(readFileSync(html, "utf8")).toContain('<tr class="slower"><td>GetTime</td>');
  });

  test("--baseline --json has the verdicts in the document, which is a baseline again", async () => {
    const baseline = baselineOf(report, 0.001);
    const { exit, out } = await xenefi("bench", "--variables", "7", ...SHORT, "--baseline", baseline, "--json");
    expect(exit).toBe(Exit.Negative);
    const { comparison } = JSON.parse(out);
    expect(comparison.verdicts).toHaveLength(38);
    expect(comparison.verdicts[1]).toMatchObject({ group: "store", operation: "GetVariable, one", verdict: "slower" });
    expect(comparison).toMatchObject({ onlyBefore: [], onlyNow: [], room: expect.any(Number) });
    const again = await xenefi("bench", "--variables", "7", ...SHORT, "--baseline", file("again.json", out));
    expect([Exit.Done, Exit.Negative]).toContain(again.exit);
  });

  test("--baseline of another subject is exit 3, before anything is measured", async () => {
    const baseline = baselineOf(report, 1);
    const { exit, out, err } = await xenefi("bench", "--time", "3600", "--baseline", baseline);
    expect([exit, out]).toEqual([Exit.Unreadable, ""]);
    expect(err).toBe(`xenefi: ${baseline}: subject.variables: expected 50, which is measured now, not 7\n`);
  });
});

test("for people, a table of operations, the series, and what may be read from it", async () => {
  const html = join(folder, "report.html");
  const { exit, out, err } = await xenefi("bench", FIRST_BOOT, "--trace", TRACE, ...SHORT, "--html", html);
  expect([exit, err]).toEqual([Exit.Done, ""]);
  const lines = out.split("\n");
  expect(lines[0]).toBe(
    'ovmf-4m-firstboot.fd.gz (edk2): 31 variables, firmware ovmf-4m, x86_64; "one" is Key0000 of 14 B',
  );
  expect(lines[1]).toBe("trace time.jsonl: 294 calls timed");
  for (const text of [
    /\noperation +ns, p20 +ns, p50 +: rejected +calls a batch\nrejected dispatch +[0-9.]+ +[0-9.]+ +1\.00 +1000\n/,
    /\nwhole replay +[0-9.]+ +[0-9.]+ +[0-9.]+ +294\n/,
    /\nvariables in the store, ns at p20 +10 +50 +300 +3000\n/,
    /\nbytes of data, ns at p20 +0 +8 +64 +512 +4096 +32768\n/,
    /\nover 31 variables +min +p50 +p90 +p99 +max\n/,
    /\nstalls per million turns, longer than +1 us +10 us +100 us +ns a turn\n/,
    /\nNoise: the rejected dispatch varied by [0-9.]+ % over \d+ rounds/,
    /no single call was timed, so there is no p99 of one\.\n/,
  ]) {
    expect(out).toMatch(text);
  }
  const page = readFileSync(html, "utf8");
  parseXml(page.slice(page.indexOf("<body>"), page.indexOf("</body>") + 7));
  for (const name of ["GetNextHighMonotonicCount", "get_time", "whole replay"]) expect(page).toContain(name);
});

test("the trace's facts and kinds are in the document", async () => {
  const { subject, rows } = await measured(FIRST_BOOT, "--trace", TRACE);
  const digest = (path: string) => sha256(new Uint8Array(readFileSync(path)));
  expect(subject.trace).toEqual({ file: "time.jsonl", sha256: digest(TRACE), timedCalls: 294, playedCalls: 0 });
  expect(subject.store).toEqual({
    file: "ovmf-4m-firstboot.fd.gz",
    format: "edk2",
    sha256: sha256(fixtureBytes("stores/ovmf-4m-firstboot.fd.gz")),
  });
  const kinds = rows.filter(({ group }) => group === "trace").map(({ operation }) => operation);
  expect(kinds).toEqual(expect.arrayContaining(["whole replay", "get_time", "set_time"]));
});

describe("a store in any format", () => {
  const directory = join(folder, "efivars");
  beforeAll(() => {
    mkdirSync(directory);
    const files = readTar(fixtureBytes("stores/efivarfs-firstboot.tar.gz"));
    for (const [name, bytes] of files) writeFileSync(join(directory, name.replace(/^.*\//, "")), bytes);
  });

  test.each([
    ["ovmf-2m-stock.fd.gz", "edk2", "ovmf-2m", []],
    ["aavmf-firstboot.fd.gz", "edk2", "aavmf", []],
    ["ubootefi-1.var", "uboot", "uboot", ["GetNextHighMonotonicCount", "GetTime"]],
    ["virt-fw-vars-firstboot.json", "json", "ovmf-4m", []],
    ["boot0003.efivar", "efivar", "ovmf-4m", []],
    ["ovmf-4m-firstboot.dmpstore", "dmpstore", "ovmf-4m", []],
    ["varstored-firstboot.b64", "varstored", "varstored", []],
    ["hyperv-nvram-firstboot.bin", "hyperv", "openvmm", ["QueryVariableInfo"]],
    ["efivarfs-firstboot.tar.gz", "efivarfs", "ovmf-4m", []],
  ])("%s is measured as its firmware has it", async (name, format, policy, skipped) => {
    const { subject, skipped: not } = await measured(fixturePath(`stores/${name}`));
    expect(subject).toMatchObject({ policy, store: { format } });
    expect(not.filter(({ group }) => group === "store").map(({ operation }) => operation)).toEqual(skipped);
  });

  test("a directory, too; --policy and --abi as they are asked for", async () => {
    const { subject } = await measured(directory, "--policy", "spec", "--abi", "x86_32");
    expect(subject).toMatchObject({ policy: "spec", abi: "x86_32", store: { file: "efivars", format: "efivarfs" } });
  });
});

describe("what cannot be", () => {
  const junk = file("junk.fd", "x".repeat(4096));
  const old = file("old.json", '{"schema":"xenefi.bench/1","node":"v20","rows":[],"headlines":{}}');
  const trace = file("bad.jsonl", '{"format":"xenefi-trace","version":1,"abi":"x86_64"}\n{"fn":"get_tome"}');

  test.each([
    [[junk], Exit.Unreadable, `${junk}: offset 0x0: expected a store`],
    [["/no/such/file"], Exit.Unreadable, "ENOENT"],
    [["--baseline", old], Exit.Unreadable, `${old}: subject: expected an object, not nothing`],
    [["--baseline", junk], Exit.Unreadable, `${junk}: offset 0x0: expected JSON`],
    [["--baseline", "/no/such/file"], Exit.Unreadable, "ENOENT"],
    [["--trace", trace], Exit.Unreadable, `${trace}: line 2: expected fn: a function's name`],
    [["--variables", "0"], Exit.Usage, '--variables: an integer from 1 to 3000, not "0"'],
    [["--variables", "3001"], Exit.Usage, '--variables: an integer from 1 to 3000, not "3001"'],
    [["--variables", "1e3"], Exit.Usage, '--variables: an integer from 1 to 3000, not "1e3"'],
    [[FIRST_BOOT, "--variables", "9"], Exit.Usage, "--variables: how many are generated where no store is given"],
    [["--time", "0"], Exit.Usage, '--time: seconds from 0.05 to 3600, not "0"'],
    [["--time", "soon"], Exit.Usage, '--time: seconds from 0.05 to 3600, not "soon"'],
    [["--seed", "-1"], Exit.Usage, '--seed: an integer from 0 to 4294967295, not "-1"'],
    [["--policy", "nope"], Exit.Usage, "option '--policy <name>' argument 'nope' is invalid"],
    [[FIRST_BOOT, "--html", FIRST_BOOT], Exit.Usage, `${FIRST_BOOT}: this is an input; name another file for the page`],
    [["--html", TRACE, "--trace", TRACE], Exit.Usage, `${TRACE}: this is an input; name another file for the page`],
  ])("%j is exit %i", async (args, exit, message) => {
    const got = await xenefi("bench", ...args, ...(args.includes("--time") ? [] : ["--time", "3600"]));
    expect([got.exit, got.out]).toEqual([exit, ""]);
    expect(got.err.startsWith(`xenefi: ${message}`)).toBe(true);
    expect(got.err.trimEnd().split("\n")).toHaveLength(1);
  });
});
