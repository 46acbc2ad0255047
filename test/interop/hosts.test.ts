import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundle, smokeScript } from "../support/bundle.ts";
import { installPackage, output } from "../support/installed.ts";
import { compileSmallShim } from "../support/shim.ts";
import { chromium } from "./support/chromium.ts";
import { NODES, nodeOf } from "./support/nodes.ts";
import { need } from "./support/tools.ts";

let folder: string;
let user: string;
let shim: string;
/** What this Node says. */
let expected: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "xenefi-hosts-"));
  ({ user } = await installPackage(folder));
  shim = Buffer.from(await compileSmallShim()).toString("base64");
  await writeFile(join(user, "package.mjs"), await printing({ platform: "node", packages: "external" }));
  await writeFile(join(user, "bundle.mjs"), await printing({ platform: "browser" }));
  expected = await output(user, process.execPath, "package.mjs");
}, 300_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

/** The smoke test as a script that prints what came out. */
async function printing(options: Parameters<typeof bundle>[2]): Promise<string> {
  const script = smokeScript(`smoke("${shim}").then((said) => console.log(said));`);
  return (await bundle(script, user, options)).text;
}

test("the smoke test gets answers to compare", () => {
  const { machine, shims } = JSON.parse(expected);
  expect(machine).toMatchObject({ statusName: "SUCCESS", data: [1, 0, 0, 0, 2, 0] });
  expect(shims.map(({ log }: { log: unknown[] }) => log.length)).toEqual([3, 3, 3]);
});

test.each(NODES)("Node %s gives the same answers, from the package and from a bundle for browsers", async (version) => {
  const node = nodeOf(version);
  expect((await output(user, node, "--version")).trim()).toBe(`v${version}`);
  for (const script of ["package.mjs", "bundle.mjs"]) expect(await output(user, node, script)).toBe(expected);
});

describe("Chromium", () => {
  need("chromium");

  test("gives the same answers from a bundle for browsers", async () => {
    const script = smokeScript(`const show = (text) => document.querySelector("pre").append(text);
smoke("${shim}").then(show, (error) => show(String(error)));`);
    const { text } = await bundle(script, user);
    const dom = chromium(
      `<pre></pre><script type="module">${text}</script>`,
      "html",
      "--virtual-time-budget=20000",
      "--dump-dom",
    );
    const said = /<pre>(.*?)<\/pre>/s.exec(dom)?.[1];
    expect(said?.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&")).toBe(expected.trimEnd());
  });
});
