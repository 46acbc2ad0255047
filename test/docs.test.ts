import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pc from "picocolors";
import { afterAll, beforeAll, expect, test } from "vitest";
import { run } from "../src/cli/run.ts";
import { xenefi } from "./support/cli.ts";
import { fixtureBytes, fixturePath, traceNames } from "./support/fixtures.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

beforeAll(() => {
  execFileSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"], { cwd: ROOT });
}, 180_000);

/** The fenced blocks of a page in one language. */
function blocks(page: string, language: string): string[] {
  const text = readFileSync(join(ROOT, page), "utf8");
  return [...text.matchAll(new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``, "g"))].map((match) => match[1] as string);
}

const scripts = ["README.md", "docs/guide.md", "docs/stores.md"].flatMap((page) =>
  blocks(page, "js").map((code, i) => ({ page, i, code })),
);

test.each(scripts)("script $i of $page prints what its comments say", ({ code }) => {
  const { XENEFI_CORE: _, ...env } = process.env;
  const out = execFileSync(process.execPath, ["--input-type=module", "-e", code], { cwd: ROOT, env, encoding: "utf8" });
  const said = [...code.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map((match) => match[1]);
  expect(said.length).toBeGreaterThan(0);
  expect(out.trimEnd().split("\n")).toEqual(said);
});

/** Files of the commands, which lie in a folder of their own. */
const FILE = /^(\w+\.(fd|json)|efivars\/)$/;

test.each(["README.md", "docs/stores.md"])("the commands of %s print what stands below them", async (page) => {
  const folder = mkdtempSync(join(tmpdir(), "xenefi-docs-"));
  writeFileSync(join(folder, "vars.fd"), fixtureBytes("stores/ovmf-4m-stock.fd.gz"));
  for (const block of blocks(page, "console")) {
    for (const part of block.split(/^\$ xenefi /m).slice(1)) {
      const [command, ...expected] = part.split("\n");
      const args = (command as string).split(" ").map((arg) => (FILE.test(arg) ? `${folder}/${arg}` : arg));
      let printed = "";
      const print = (text: string) => {
        printed += text.replaceAll(`${folder}/`, "");
      };
      const io = {
        out: print,
        err: print,
        outBytes: () => {},
        showsProgress: false,
        colors: pc.createColors(false),
        columns: undefined,
      };
      await run(args, io, "0.0.0");
      expect(printed.replaceAll(`${folder}/`, "")).toBe(expected.join("\n"));
    }
  }
  rmSync(folder, { recursive: true });
});

const [FD, OTHER] = ["stores/ovmf-4m-firstboot.fd.gz", "stores/ovmf-4m-stock.fd.gz"].map(fixturePath) as [
  string,
  string,
];
const GUID = "11111111-2222-3333-4444-555555555555";
const outputs = mkdtempSync(join(tmpdir(), "xenefi-schemas-"));
afterAll(() => rmSync(outputs, { recursive: true }));
const OUT = join(outputs, "out.fd");

test.each([
  ["ls/1", ["ls", FD]],
  ["get/1", ["get", FD, "Lang"]],
  ["set/1", ["set", FD, `V-${GUID}`, "--data", "00", "-o", OUT]],
  ["rm/1", ["rm", FD, "Boot0003", "-o", OUT]],
  ["info/1", ["info", "--map", FD]],
  ["check/1", ["check", FD]],
  ["dump/1", ["dump", FD]],
  ["convert/1", ["convert", FD, OUT, "--overwrite", "--to", "edk2"]],
  ["diff/1", ["diff", FD, OTHER]],
  ["boot/1", ["boot", "list", FD]],
  ["boot/1", ["boot", "timeout", FD, "3", "-o", OUT]],
  ["sb-status/1", ["sb", "status", FD]],
  ["sb-certs/1", ["sb", "certs", FD]],
  ["sb-enroll/1", ["sb", "enroll", FD, "--db-hash", "00".repeat(32), "-o", OUT]],
  ["call/1", ["call", "get_time"]],
  ["handover/1", ["handover", "--preset", "arm-acpi", "--qemu"]],
  ["handover-show/1", ["handover", "show", fixturePath("handover/ovmf-system-table.bin")]],
  ["replay/1", ["replay", fixturePath(`traces/${traceNames("traces")[0]}`)]],
  ["bench/1", ["bench", "--variables", "5", "--time", "1"]],
  ["fuzz/1", ["fuzz", "dispatch", "--runs", "20", "--checks", "none"]],
  ["shim-init/1", ["shim", "init", join(outputs, "shim")]],
  ["error/1", ["ls", "/no/such/file"]],
])("the fields of xenefi.%s are those of the page", async (name, args) => {
  const schema = `xenefi.${name}`;
  const row =
    page("docs/stores.md").find((line) => line.startsWith("| `xenefi.") && line.includes(`\`${schema}\``)) ?? "";
  const { schema: said, ...fields } = JSON.parse((await xenefi("--json", ...args)).out);
  expect(said).toBe(schema);
  for (const field of [...Object.keys(fields), ...Object.keys(firstOf(fields))]) expect(row).toContain(`\`${field}\``);
});

test("every schema of the source is in the page's table", () => {
  const sources = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" }).filter((path) =>
    /\.ts$/.test(path),
  );
  const used = sources.flatMap(
    (path) =>
      page(`src/${path}`)
        .join()
        .match(/xenefi\.[a-z-]+\/\d+/g) ?? [],
  );
  const documented =
    page("docs/stores.md")
      .join()
      .match(/`xenefi\.[a-z-]+\/\d+`/g) ?? [];
  expect(new Set(documented)).toEqual(new Set(used.map((schema) => `\`${schema}\``)));
});

function page(path: string): string[] {
  return readFileSync(join(ROOT, path), "utf8").split("\n");
}

/** The first object of the list that the table describes. */
function firstOf({ variables, findings, changes, signatures, traces, rows }: Record<string, unknown>): object {
  const list = [variables, findings, changes, signatures, traces, rows].find(Array.isArray);
  return list?.[0] ?? {};
}
