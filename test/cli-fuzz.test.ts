import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ownSpelling } from "../src/cli/fuzz-arguments.ts";
import { sha1 } from "../src/cli/fuzz-files.ts";
import { type FuzzOptions, huntOf } from "../src/cli/fuzz-options.ts";
import { again } from "../src/cli/fuzz-text.ts";
import { xenefi } from "./support/cli.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "xenefi-fuzz-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A GetVariable of 1 byte. */
const CALL = Buffer.from([...Array(32).fill(0), 6, 0, 0, 0, 0, 0, 1, ...Array(25).fill(0)]);

test("a search keeps its corpus as files named by their SHA-1, and says what it did", async () => {
  const { exit, out } = await xenefi("fuzz", "variables", folder, "--runs", "400", "--seed", "3", "--variables", "0");
  expect(out).toMatch(
    /^variables: 400 runs \([\d,]+\/s\), [\d,]+ calls .* of \d+ edges, \d+ features, \d+ of \d+ reachable statements \(\d+\.\d %\), \d+ inputs kept\nno finding\n$/,
  );
  expect(exit).toBe(0);
  const names = readdirSync(folder);
  expect(names.length).toBeGreaterThan(50);
  for (const name of names) expect(sha1(readFileSync(join(folder, name)))).toBe(name);
});

test("what a corpus has shown is not found again", async () => {
  const search = () => xenefi("--json", "fuzz", "dispatch", folder, "--runs", "300", "--variables", "0");
  const first = JSON.parse((await search()).out);
  const second = JSON.parse((await search()).out);
  expect(first).toMatchObject({ schema: "xenefi.fuzz/1", target: "dispatch", jobs: 1, seed: 1, findings: [] });
  expect(first.reachable).toBeGreaterThan(first.reached);
  expect(second.covered).toBeGreaterThanOrEqual(first.covered);
  expect(second.runs).toBe(first.runs + first.corpus);
});

test("a single input is run and told", async () => {
  const path = join(folder, "input");
  writeFileSync(path, CALL);
  expect(await xenefi("fuzz", "variables", path)).toMatchObject({ exit: 0, out: `${path}: no finding\n` });
});

/** A module of somebody's own that fails for every input with a 7 in its first four bytes. */
const MODULE = `export const fuzz = (data) => { if (data.subarray(0, 4).includes(7)) throw new Error("a seven"); };`;

test("a module's finding is small, kept, and shown again by the line that is printed", async () => {
  const module = join(folder, "target.mjs");
  writeFileSync(module, MODULE);
  const result = await xenefi("fuzz", module, "--runs", "20000", "--findings", `${folder}/found-`);
  const [, text, line] = /^finding crash: (.*) \(run.*\)\n {2}xenefi (.*)$/m.exec(result.out) ?? [];
  expect([result.exit, text]).toEqual([1, "Error: a seven in fuzz"]);
  const path = `${folder}/found-crash-${sha1(Uint8Array.of(7))}`;
  expect(line).toBe(`fuzz ${module} ${path}`);
  expect([...readFileSync(path)]).toEqual([7]);
  expect(await xenefi(...(line as string).split(" "))).toMatchObject({ exit: 1, out: `${path}: crash: ${text}\n` });
});

test.each(["1", "2"])("a run without an end is kept, told, and ends the search: %s jobs", async (jobs) => {
  const module = join(folder, "loops.mjs");
  writeFileSync(module, `export const fuzz = (data) => { while (data[0] === 7); };`);
  const { exit, out } = await xenefi("fuzz", module, "-timeout=3", "--jobs", jobs, "--findings", `${folder}/`);
  expect(exit).toBe(1);
  expect(out).toMatch(/^finding timeout: no end within 3 s \(run \d+; \d+ bytes, of \d+ at first\)$/m);
  const [name] = readdirSync(folder).filter((file) => file.startsWith("timeout-"));
  expect(out).toContain(`  xenefi fuzz ${module} ${folder}/${name}\n`);
  expect(readFileSync(join(folder, name as string))[0]).toBe(7);
});

test("a finding of a shim is shown again with the shim", () => {
  const path = join(folder, "shim.wasm");
  writeFileSync(path, "");
  const { words, inputs } = huntOf("shim", [path, "corpus"], { maxSteps: 8 } as FuzzOptions);
  expect([again(words, "crash-1"), inputs]).toEqual([`xenefi fuzz shim ${path} crash-1`, ["corpus"]]);
});

test("no input is longer than -max_len= says, whatever the target", async () => {
  const module = join(folder, "target.mjs");
  writeFileSync(
    module,
    `export const fuzz = (data) => { if (data.length > 64) throw new Error("long"); return data.length; };`,
  );
  expect(await xenefi("fuzz", module, "-runs=5000", "-max_len=64")).toMatchObject({ exit: 0 });
  const { exit } = await xenefi("fuzz", module, "-runs=5000", "-max_len=65", "--findings", `${folder}/`);
  expect(exit).toBe(1);
});

test("a merge keeps of all inputs what shows something new", async () => {
  for (const name of ["a", "b", "c"]) writeFileSync(join(folder, name), CALL);
  const out = join(folder, "out");
  const result = await xenefi("fuzz", "variables", "-merge=1", out, folder);
  expect(result).toMatchObject({ exit: 0, out: `${out}: 1 of 3 inputs, 64 bytes\n` });
  expect(readdirSync(out)).toEqual([sha1(CALL)]);
});

test("libFuzzer's flags mean what they mean there", () => {
  const flags = [
    "-runs=5",
    "-max_total_time=9",
    "-timeout=8",
    "-max_len=96",
    "-seed=7",
    "-workers=2",
    "-artifact_prefix=x/",
  ];
  expect(ownSpelling(["fuzz", "variables", ...flags, "-merge=1", "-minimize_crash=1", "-merge=0", "-other=1"])).toEqual(
    [
      ...["fuzz", "variables", "--runs", "5", "--time", "9", "--timeout", "8", "--max-len", "96"],
      ...["--seed", "7", "--jobs", "2"],
      ...["--findings", "x/", "--merge", "--minimise", "-merge=0", "-other=1"],
    ],
  );
  expect(ownSpelling(["ls", "-runs=5"])).toEqual(["ls", "-runs=5"]);
});

test.each([
  [["fuzz", "nothing"], 2, "xenefi: nothing: no target; there are "],
  [
    ["fuzz", "variables", "--runs", "many"],
    2,
    "xenefi: option '--runs <n>' argument 'many' is invalid. A whole number.",
  ],
  [["fuzz", "variables", "-max_len=63"], 2, "xenefi: --max-len: at least 64, the head and a step"],
  [["fuzz", "variables", "/nowhere/at/all"], 3, "xenefi: ENOENT: no such file or directory"],
  [["fuzz", "variables", "--jobs", "0"], 2, "xenefi: --jobs: at least 1"],
  [["fuzz", "stores", "--timeout", "0"], 2, "xenefi: --timeout: at least 1"],
  [["fuzz", "variables", "--merge", "out"], 2, "xenefi: --merge: OUT and at least one IN"],
  [["fuzz", "variables", "--minimise"], 2, "xenefi: --minimise: at least one failing input"],
])("wrong usage is told: %j", async (args, code, text) => {
  const { exit, err } = await xenefi(...args);
  expect(err).toContain(text);
  expect(exit).toBe(code);
});

test("an input that shows nothing cannot be made smaller", async () => {
  const path = join(folder, "input");
  writeFileSync(path, CALL);
  const { exit, err } = await xenefi("fuzz", "variables", "--minimise", path);
  expect([exit, err]).toEqual([1, `xenefi: ${path}: shows no finding\n`]);
});
