import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { bundle } from "./support/bundle.ts";
import { installPackage, output, ROOT, TSC } from "./support/installed.ts";

const STORE = "test/fixtures/stores/ovmf-4m-firstboot.fd.gz";
const TIMEOUT = 180_000;

let folder: string;
let user: string;
let tarball: string;
let version: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "xenefi-package-"));
  ({ user, tarball, version } = await installPackage(folder));
}, TIMEOUT);

afterAll(() => rm(folder, { recursive: true, force: true }));

test("the command says its version, and its core's hash", { timeout: TIMEOUT }, async () => {
  const said = await output(user, join(user, "node_modules/.bin/xenefi"), "--version");
  const core = createHash("sha256").update(await readFile(join(ROOT, "build/release.wasm")));
  expect(said).toBe(`${version} (core sha256 ${core.digest("hex")})\n`);
});

test("the command is a bundle that needs none of what it was made from", { timeout: TIMEOUT }, async () => {
  const { dependencies } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8"));
  const installed = await readdir(join(user, "node_modules"));
  expect(dependencies).not.toHaveProperty("commander");
  expect(installed).not.toContain("commander");
  const said = await output(user, join(user, "node_modules/.bin/xenefi"), "ls", join(ROOT, STORE), "--json");
  expect(JSON.parse(said).variables.length).toBeGreaterThan(20);
});

test("the fuzzer comes along, its threads too", { timeout: TIMEOUT }, async () => {
  const options = ["--runs", "400", "--jobs", "2", "--checks", "none", "--variables", "0"];
  const said = await output(user, join(user, "node_modules/.bin/xenefi"), "fuzz", "variables", ...options, "--json");
  expect(JSON.parse(said)).toMatchObject({ jobs: 2, findings: [] });
});

test.each([
  ["SIGINT", 130],
  ["SIGTERM", 0],
] as const)(
  "%s ends a search early: what it kept stays, and it says what it did",
  { timeout: TIMEOUT },
  async (signal, code) => {
    const corpus = await mkdtemp(join(folder, "corpus-"));
    const options = ["--time", "100", "--checks", "none", "--variables", "0"];
    const bin = join(user, "node_modules/.bin/xenefi");
    const search = spawn(bin, ["fuzz", "variables", corpus, ...options], {
      cwd: user,
      stdio: ["ignore", "pipe", "inherit"],
    });
    let said = "";
    search.stdout.on("data", (part) => {
      said += part;
    });
    await vi.waitUntil(async () => (await readdir(corpus)).length > 0, { timeout: TIMEOUT });
    search.kill(signal);
    expect((await once(search, "close"))[0]).toBe(code);
    expect(said).toMatch(/^variables: [\d,]+ runs .* inputs kept\nno finding\n$/);
  },
);

test("the library is imported by its name and boots a machine", { timeout: TIMEOUT }, async () => {
  const script = `import { Machine } from "xenefi"; console.log(new Machine().flash().length);`;
  const said = await output(user, process.execPath, "--input-type=module", "--eval", script);
  expect(said.trim()).toBe("540672");
});

test("a machine on a file comes from its own entry", { timeout: TIMEOUT }, async () => {
  const script = `import { openMachine } from "xenefi/file";
const machine = openMachine("vars.fd", { create: true });
console.log(machine.flash().length);
machine.close();`;
  expect((await output(user, process.execPath, "--input-type=module", "--eval", script)).trim()).toBe("540672");
});

test("kernel shims are tested with an entry of its own", { timeout: TIMEOUT }, async () => {
  const empty = "Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)";
  const script = `import { loadShim } from "xenefi/testing"; await loadShim(${empty}).catch((e) => console.log(e.message))`;
  const said = await output(user, process.execPath, "--input-type=module", "--eval", script);
  expect(said.trim()).toBe("the shim exports no memory");
});

test.each([
  ["xenefi/stores", "detectFormat(new TextEncoder().encode('[]')).parse(new TextEncoder().encode('[]')).length", "0"],
  ["xenefi/crypto", "nodeVerifier.hasRsaKey(new Uint8Array(1))", "false"],
])("%s is an entry", { timeout: TIMEOUT }, async (entry, expression, answer) => {
  const name = expression.slice(0, expression.search(/\W/));
  const script = `import { ${name} } from "${entry}"; console.log(${expression});`;
  expect((await output(user, process.execPath, "--input-type=module", "--eval", script)).trim()).toBe(answer);
});

test("every entry is imported by its name", { timeout: TIMEOUT }, async () => {
  const { exports } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8"));
  // ./vitest needs its peer.
  const entries = Object.keys(exports).filter((entry) => !["./package.json", "./vitest"].includes(entry));
  expect(entries).toEqual([".", "./crypto", "./file", "./testing", "./stores"]);
  const script = entries.map((entry) => `await import("xenefi${entry.slice(1)}");`).join("\n");
  expect(await output(user, process.execPath, "--input-type=module", "--eval", script)).toBe("");
});

test("entries share their classes", { timeout: TIMEOUT }, async () => {
  const script = `import { FormatError, Machine, NO_VERIFIER } from "xenefi";
import * as crypto from "xenefi/crypto";
import { openMachine } from "xenefi/file";
import * as stores from "xenefi/stores";
const machine = openMachine("shared.fd", { create: true });
console.log(machine instanceof Machine, FormatError === stores.FormatError, NO_VERIFIER === crypto.NO_VERIFIER);
machine.close();`;
  const said = await output(user, process.execPath, "--input-type=module", "--eval", script);
  expect(said.trim()).toBe("true true true");
});

test.each(["xenefi", "xenefi/testing"])("%s makes a bundle for browsers", async (entry) => {
  const { text } = await bundle(`export * from "${entry}";`, user);
  expect(text.length).toBeGreaterThan(100_000);
  expect(text).not.toContain("node:");
});

test("its types need neither the DOM nor Node's types", { timeout: TIMEOUT }, async () => {
  const options = { target: "ES2022", lib: ["ES2022"], types: [], module: "NodeNext", strict: true, noEmit: true };
  await writeFile(
    join(user, "tsconfig.json"),
    JSON.stringify({ compilerOptions: { ...options, skipLibCheck: false }, files: ["user.ts"] }),
  );
  await writeFile(
    join(user, "user.ts"),
    `import { Machine } from "xenefi";
const machine = new Machine({ abi: "arm64" });
export const snapshot: Uint8Array = machine.snapshot();
export const flashBytes: number = machine.flash().length;
`,
  );
  expect(await output(user, process.execPath, TSC, "-p", ".")).toBe("");
});

test("the tarball holds the library, the release and fuzzing cores, what builds a shim, the C library, and no sources or tests", {
  timeout: TIMEOUT,
}, async () => {
  const said = await output(folder, "tar", "-tzf", tarball);
  const files = said.trim().split("\n");
  const wanted = [
    ...["dist/cli/LICENSES.txt", "dist/lib/LICENSES.txt"],
    ...["LICENSE", "README.md", "build/core-bytes.js", "dist/lib/index.js", "dist/src/index.d.ts"],
    ...["examples/shim/shim.c", "shim/build.sh", "shim/glue.c", "c/xenefi.h", "c/xenefi.c", "c/xenefi-ctl.c"],
    "examples/privcmd/play.c",
  ];
  expect(files).toEqual(expect.arrayContaining(wanted.map((file) => `package/${file}`)));
  // Else the library is bundles, for a hundred modules take a while to load.
  const apart = ["core-bytes", "testing/fetched", "testing/resource"].map((name) => `package/dist/src/${name}.js`);
  expect(files.filter((file) => /^package\/dist\/(src|assembly)\/.*\.js$/.test(file)).sort()).toEqual(apart);
  const cores = ["fuzz-bare", "fuzz", "release"].map((name) => `package/build/${name}.wasm`);
  expect(files.filter((file) => file.endsWith(".wasm")).sort()).toEqual(cores);
  const allowed =
    /^package\/((package\.json|[A-Z]+(\.md)?|examples\/(shim|privcmd)\/[\w.]+)$|(build|c|shim|dist\/src|dist\/assembly\/abi|dist\/cli|dist\/lib)\/)/;
  expect(files.filter((file) => !allowed.test(file))).toEqual([]);
});
