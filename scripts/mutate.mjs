// Removes one check of the core at a time and runs the tests: node scripts/mutate.mjs [part of a path...]
// A check is an `if` whose body refuses the call, or answers false or 0, or skips one of a list; or what a
// predicate answers. Works on a copy of the tree, whose core is compiled once, with every check under a switch: a number
// in its memory names the one that is removed. Prints the mutants that no test noticed.
import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { copyTree, SWITCH, withSwitches, writeSwitches } from "./switched-core.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
/** Tests that run the core, the quick ones first. */
const TESTS = [
  "traces",
  "auth",
  "boot",
  "languages",
  "quotas",
  "defined-content",
  "variable-policies",
  "reset",
  "profile",
  "snapshot",
  "stores",
  "scenarios",
  "flash-writes",
  "faults",
  "capsules",
  "personalities",
  "abis",
  "capsule-lists",
  "weaknesses",
  "foreign",
  "model",
  "hostile",
];
/** The tests take some 30 seconds. */
const LIMIT_MS = 300_000;
const COPIED = ["assembly", "docs", "src", "test", "scripts", "asconfig.json", "package.json", "tsconfig.json"];
/** What the copy's core asks at what a predicate answers. */
const ANSWERED = `export function answered(check: i32, answer: bool): bool {
  return isOn(check) ? true : isOn(check + 1) ? false : answer;
}
`;
/**
 * How the copy's tests run, on cores that do without the check of XENEFI_REMOVED: the listed ones, in their order but for
 * those that are named like its file.
 */
const CONFIG = `import { BaseSequencer } from "vitest/node";
const TESTS = ${JSON.stringify(TESTS)};
const word = process.env.XENEFI_REMOVED_FROM.split("-")[0];
const nameOf = ({ moduleId }) => moduleId.slice(moduleId.lastIndexOf("/") + 1, -".test.ts".length);
const place = (test) => (nameOf(test).startsWith(word) ? -1 : TESTS.indexOf(nameOf(test)));
class InOrder extends BaseSequencer {
  async sort(files) { return files.toSorted((a, b) => place(a) - place(b)); }
}
export default { test: {
  include: TESTS.map((name) => "test/" + name + ".test.ts"),
  setupFiles: "./remove-check.ts",
  env: { XENEFI_CORE: "build/debug.wasm" },
  sequence: { sequencer: InOrder },
  isolate: false,
  pool: "threads",
  bail: 1,
  testTimeout: 60_000,
} };
`;
const SETUP = `WebAssembly.Memory = new Proxy(WebAssembly.Memory, {
  construct(Memory, args, target) {
    const memory = Reflect.construct(Memory, args, target);
    new DataView(memory.buffer).setInt32(${SWITCH}, Number(process.env.XENEFI_REMOVED), true);
    return memory;
  },
});
`;
/** `if (condition)` with a body that gives an error; the condition may span lines. */
const CHECK =
  /if \(((?:[^()]|\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))*)\)(?= (?:return |\{\n\s+return )(?:refuse|refused|fail|malformed)\(| (?:return (?:false|0)|continue);)/g;
/** `condition ? refuse(…) : Success` and the other way round; the condition may span lines. */
const CHOICE = /(?<=return )([^;?{]+?)(?=\s+\? (?:refuse|EfiCode\.Success))/g;
/** A predicate, and what it answers. */
const PREDICATE = /function \w+\([^)]*\): bool \{\n([\s\S]*?)\n\}/g;
const ANSWER = /(?<=return )(?!true;|false;)[^;]+(?=;)/g;

const folder = copyTree(COPIED);
writeSwitches(folder, ANSWERED);
writeFileSync(join(folder, "vitest.config.ts"), CONFIG);
writeFileSync(join(folder, "remove-check.ts"), SETUP);
const mutants = [];
for (const file of sources().filter(isWanted)) putSwitches(file);
execFileSync(process.execPath, ["scripts/build-core.mjs", "debug"], { cwd: folder, stdio: "inherit" });

if (outcome(0, "") !== "SURVIVED") throw new Error("the tests fail as they are");
const survivors = [];
for (const [i, mutant] of mutants.entries()) {
  const end = outcome(i + 1, mutant);
  console.log(`${end} ${mutant}`);
  if (end === "SURVIVED") survivors.push(mutant);
}
rmSync(folder, { recursive: true });
console.log(`\n${mutants.length} mutants, ${survivors.length} survived`);
for (const mutant of survivors) console.log(`  ${mutant}`);

function sources() {
  const services = readdirSync(join(ROOT, "assembly/services")).map((name) => `assembly/services/${name}`);
  return ["assembly/dispatch.ts", "assembly/capsule-call.ts", "assembly/sched-op.ts", ...services];
}

function isWanted(file) {
  const parts = process.argv.slice(2);
  return parts.length === 0 || parts.some((part) => file.includes(part));
}

/** Puts a switch into each check of a file of the copy, and its mutants, "file:line what it was", into the list. */
function putSwitches(file) {
  const path = join(folder, file);
  const text = readFileSync(path, "utf8");
  let changed = "";
  let end = 0;
  for (const { at, was, notes, write } of checksOf(text)) {
    const line = text.slice(0, at).split("\n").length;
    changed += text.slice(end, at) + write(mutants.length + 1);
    end = at + was.length;
    for (const note of notes) mutants.push(`${file}:${line} ${oneLine(was)}${note}`);
  }
  writeFileSync(path, withSwitches(file, "answered, isOn", changed + text.slice(end)));
}

/** The checks of a source in order, each with what takes its place: it has the number of the check's first mutant. */
function checksOf(text) {
  const checks = [];
  for (const { index: at, 0: was, 1: condition } of text.matchAll(CHECK)) {
    checks.push({ at, was, notes: [""], write: (n) => `if (!isOn(${n}) && (${condition}))` });
  }
  for (const { index: at, 0: was } of text.matchAll(CHOICE)) {
    const good = !/^\s+\? refuse/.test(text.slice(at + was.length));
    checks.push({ at, was, notes: [""], write: (n) => `(isOn(${n}) ? ${good} : (${was}))` });
  }
  for (const predicate of text.matchAll(PREDICATE)) {
    for (const { index, 0: was } of predicate[0].matchAll(ANSWER)) {
      const notes = [" is true", " is false"];
      checks.push({ at: predicate.index + index, was, notes, write: (n) => `answered(${n}, ${was})` });
    }
  }
  return checks.sort((a, b) => a.at - b.at);
}

function oneLine(text) {
  return text.replaceAll(/\s+/g, " ");
}

/** "set-variable" of "assembly/services/set-variable.ts:12 what it was". */
function fileOf(mutant) {
  return mutant.replace(/\.ts:.*/, "").replace(/.*\//, "");
}

/** What becomes of the tests without the check of that number; a walk that never ends is noticed by its time. */
function outcome(check, mutant) {
  const vitest = join(ROOT, "node_modules/vitest/vitest.mjs");
  const env = { ...process.env, XENEFI_REMOVED: String(check), XENEFI_REMOVED_FROM: fileOf(mutant) };
  const options = { cwd: folder, env, stdio: "ignore", timeout: LIMIT_MS, killSignal: "SIGKILL" };
  const { status, signal } = spawnSync(process.execPath, [vitest, "run"], options);
  if (signal !== null) return "endless ";
  return status === 0 ? "SURVIVED" : "noticed ";
}
