import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pc from "picocolors";
import { beforeAll, expect, test } from "vitest";
import { run } from "../src/cli/run.ts";
import { fixtureBytes } from "./support/fixtures.ts";

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
