import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { compileLibrary } from "../support/compile.ts";
import { fresh, need, run, runWith } from "./support/tools.ts";

need("gcc", "python3");

const library = compileLibrary();
afterAll(library.remove);

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const server = [process.execPath, path("../support/cli-child.mjs"), library.folder, "serve"];
const env = { XENEFI_CORE: library.env.XENEFI_CORE };

const CLIENT = fresh();
const EXAMPLE = fresh();

beforeAll(() => {
  const warnings = ["-std=gnu11", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-fsanitize=address,undefined"];
  for (const [source, output] of [
    ["support/serve-client.c", CLIENT],
    ["../../examples/c-client/read-variable.c", EXAMPLE],
  ] as const) {
    run("gcc", ...warnings, "-o", output, path(source));
  }
});

/** What the C client prints of a machine that is new to it. */
const SAID = `set, regions along: ret 0 status 0x0 size 33 attributes 7 handles kept
get, regions along: ret 0 status 0x0 size 33 attributes 7 handles kept
data 01 20 cc
get, asked for: ret 0 status 0x0 size 33 attributes 7 handles kept
get, too small: ret 0 status 0x8000000000000005 size 33 attributes 7 handles kept
set, asked for: ret 0 status 0x0 size 20 attributes 7 handles kept
get, NULL data: ret -14 status 0x0 size 40 attributes 0 handles kept
get, NULL name: ret -14 status 0x0 size 40 attributes 0 handles kept
{"reason":"the name is not mapped up to its terminator"}
{"variable":{"name":"FromC","guid":"00030201-0000-0000-0000-000000000000","attr":7,"data":"000102030405060708090a0b0c0d0e0f10111213"}}
{"error":"clock.advance: an integer, not -1.5"}
`;

test("the C header spawns a server and has its calls answered, with its regions and without", () => {
  expect(runWith({ env }, CLIENT as never, ...server, "--stdio")).toBe(SAID);
});

test("the C header goes to a socket", async () => {
  const socket = fresh();
  const [node, ...args] = server as [string, ...string[]];
  const child = spawn(node, [...args, "--unix", socket], { env: { ...process.env, ...env } });
  try {
    await once(child.stderr, "data");
    expect(runWith({}, CLIENT as never, `unix:${socket}`)).toBe(SAID);
    expect(runWith({}, EXAMPLE as never, "Lang", `unix:${socket}`)).toBe(
      "ret 0 status 0x0 size 4 attributes 7\n656e6700\n",
    );
  } finally {
    child.kill("SIGTERM");
    await once(child, "close");
  }
});

test("a client in Python that knows no layout has the same answers", () => {
  const said = runWith({ env }, "python3", path("support/serve-client.py"), ...server, "--stdio");
  expect(said.split("\n")).toEqual([
    "1",
    "(0, 0, 5)",
    "(0, 0, 5) b'value\\x00'",
    "(-14, 0, 5)",
    "76616c7565",
    "get: an object, not 1",
    "0",
    "",
  ]);
});
