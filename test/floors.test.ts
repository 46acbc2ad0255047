import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { expect, test } from "vitest";
import manifest from "../package.json" with { type: "json" };

/**
 * The architecture: a file imports from its own floor or from one below. A name is a file without its extension, a name
 * with a slash behind it all that lies in a folder.
 */
const FLOORS: Record<Tree, string[][]> = {
  assembly: [
    ["abi/"],
    ["state", "policy", "guest", "bytes", "name", "time", "host"],
    ["call", "store/"],
    ["services/"],
    ["dispatch", "capsule-call", "sched-op", "boot"],
    ["index", "internals", "fuzz/"],
  ],
  src: [
    [
      "../assembly/abi/",
      "bytes",
      "guid",
      "ucs2",
      "time",
      "hex",
      "attributes",
      "printable",
      "text-width",
      "guest-memory",
      "integer",
      "random",
    ],
    [
      "status",
      "op",
      "core-bytes",
      "core",
      "core-exports",
      "core-instance",
      "flash-device",
      "clock",
      "shutdown",
      "capsules",
      "profiles",
      "platform",
      "snapshot",
      "policy-block",
      "crypto/",
      "policies/",
      "formats/",
    ],
    ["faults/"],
    ["machine", "decoders/"],
    ["client", "machine-image", "core-words", "trace/", "boot-options", "secure-boot/", "variable-check", "handover/"],
    ["index", "stores", "files/", "bench/", "pictures/", "testing/", "protocol/", "vitest"],
    ["fuzz/"],
    ["cli/"],
  ],
};
/** What other files stand for in browsers. */
const REPLACED = Object.keys(manifest.browser).flatMap((path) => /^\.\/src\/(.+)\.ts$/.exec(path)?.[1] ?? []);
/** Where the host may import from Node itself; everything else also runs in a browser. */
const NODE_ALLOWED = [
  ...REPLACED,
  "cli/",
  "files/",
  "fuzz/fuzz-core",
  "fuzz/lane",
  "fuzz/worker",
  "fuzz/worker-lane",
  "fuzz/qemu/process",
  "fuzz/qemu/qtest",
  "crypto/node-verifier",
  "crypto/signer",
  "crypto/identity",
  "crypto/image-digest",
  "decoders/certificate",
];

type Tree = "assembly" | "src";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

interface Source {
  tree: Tree;
  /** Path in the tree, without extension. */
  name: string;
  /** As written in the import lines. */
  imports: string[];
}

const sources = (["assembly", "src"] as const).flatMap(readTree);

function readTree(tree: Tree): Source[] {
  return readdirSync(join(ROOT, tree), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts"))
    .map((path) => ({ tree, name: path.slice(0, -3), imports: importsOf(join(ROOT, tree, path)) }));
}

/** Everything that a file imports or exports from, types too. */
function importsOf(path: string): string[] {
  return ts.preProcessFile(readFileSync(path, "utf8"), true, true).importedFiles.map((file) => file.fileName);
}

/** Path from the tree's root, without extension, of a relative import. */
function target(source: Source, specifier: string): string {
  return posix.join(dirname(source.name), specifier).replace(/\.ts$/, "");
}

function isRelative(specifier: string): boolean {
  return specifier.startsWith(".");
}

/** The imports of files in the project, as paths from the tree's root. */
function targets(source: Source): string[] {
  return source.imports.filter(isRelative).map((specifier) => target(source, specifier));
}

function matches(name: string, entries: string[]): boolean {
  return entries.some((entry) => (entry.endsWith("/") ? name.startsWith(entry) : name === entry));
}

/** Number of the floor, -1 if the table has none. */
function floor(tree: Tree, name: string): number {
  return FLOORS[tree].findIndex((entries) => matches(name, entries));
}

/** Files of a cycle that starts at `name`, found by walking down; undefined if there is none. */
function cycleFrom(name: string, graph: Map<string, string[]>, path: string[] = []): string[] | undefined {
  const seen = path.indexOf(name);
  if (seen !== -1) return [...path.slice(seen), name];
  for (const next of graph.get(name) ?? []) {
    const cycle = cycleFrom(next, graph, [...path, name]);
    if (cycle !== undefined) return cycle;
  }
  // All below is free of cycles: no need to look again.
  graph.set(name, []);
  return undefined;
}

/** Imports within the project that `isBad` finds so, as "file -> imported". */
function badImports(isBad: (source: Source, to: string) => boolean): string[] {
  return sources.flatMap((source) =>
    targets(source)
      .filter((to) => isBad(source, to))
      .map((to) => `${source.tree}/${source.name} -> ${to}`),
  );
}

/** Imports of a tree's files that `isBad` finds so, as "file -> what is written there". */
function badSpecifiers(tree: Tree, isBad: (source: Source, specifier: string) => boolean): string[] {
  return sources
    .filter((source) => source.tree === tree)
    .flatMap((source) =>
      source.imports
        .filter((specifier) => isBad(source, specifier))
        .map((specifier) => `${tree}/${source.name} -> ${specifier}`),
    );
}

function isOutside(source: Source, specifier: string): boolean {
  return isRelative(specifier) && target(source, specifier).startsWith("..");
}

test("every file has a floor", () => {
  expect(sources.length).toBeGreaterThan(0);
  const lost = sources.filter(({ tree, name }) => floor(tree, name) === -1);
  expect(lost.map(({ tree, name }) => `${tree}/${name}`)).toEqual([]);
});

test("no file imports from a higher floor", () => {
  expect(badImports(({ tree, name }, to) => floor(tree, to) > floor(tree, name))).toEqual([]);
});

test("every import is a file with a floor", () => {
  const known = ({ tree }: Source, to: string) => floor(tree, to) !== -1 && existsSync(join(ROOT, tree, `${to}.ts`));
  expect(badImports((source, to) => !known(source, to))).toEqual([]);
});

test.each(["assembly", "src"] as const)("%s has no cycles", (tree) => {
  const graph = new Map(sources.filter((s) => s.tree === tree).map((s) => [s.name, targets(s)]));
  for (const name of graph.keys()) expect(cycleFrom(name, graph)?.join(" -> ")).toBeUndefined();
});

test("assembly/abi imports nothing", () => {
  const abi = sources.filter((s) => s.tree === "assembly" && s.name.startsWith("abi/"));
  expect(abi.length).toBeGreaterThan(0);
  expect(abi.flatMap((s) => s.imports)).toEqual([]);
});

test("the core imports only its own files", () => {
  const isForeign = (source: Source, specifier: string) => !isRelative(specifier) || isOutside(source, specifier);
  expect(badSpecifiers("assembly", isForeign)).toEqual([]);
});

test("the host imports nothing of the core but assembly/abi, and nothing else outside src", () => {
  const isForeign = (source: Source, specifier: string) =>
    isOutside(source, specifier) && !target(source, specifier).startsWith("../assembly/abi/");
  expect(badSpecifiers("src", isForeign)).toEqual([]);
});

/** All files that a file needs, itself too. */
function closure(name: string, found = new Set<string>()): Set<string> {
  if (found.has(name)) return found;
  found.add(name);
  const source = sources.find((candidate) => candidate.tree === "src" && candidate.name === name);
  for (const next of source === undefined ? [] : targets(source)) closure(next, found);
  return found;
}

test("what reads stores needs nothing of Node but what reads certificates, and no machine", () => {
  const needed = [...closure("stores")];
  expect(needed.length).toBeGreaterThan(20);
  expect(needed.filter((name) => matches(name, [...NODE_ALLOWED, "machine"]))).toEqual(["decoders/certificate"]);
});

test.each(["ls", "get", "check", "dump", "convert", "diff", "completion"])("xenefi %s loads no machine", (name) => {
  const needed = [...closure(`cli/commands/${name}`)];
  expect(needed.length).toBeGreaterThan(1);
  expect(needed.filter((file) => ["machine", "crypto/node-verifier", "crypto/signer"].includes(file))).toEqual([]);
});

test("the command line imports commands when they are called, not before", () => {
  const early = ts.preProcessFile(
    readFileSync(join(ROOT, "src/cli/commands.ts"), "utf8").replaceAll(/await import\(.*?\)/g, ""),
  );
  expect(early.importedFiles.map(({ fileName }) => fileName)).toEqual(["commander", "./io.ts"]);
  expect(sources.find(({ name }) => name === "cli/run")?.imports.filter((file) => file.includes("commands/"))).toEqual(
    [],
  );
});

test("only the command line, the files on disk, the verifier and what browsers have another file for import from Node", () => {
  const isNodes = ({ name }: Source, specifier: string) =>
    specifier.startsWith("node:") && !matches(name, NODE_ALLOWED);
  expect(badSpecifiers("src", isNodes)).toEqual([]);
});
